"""One Stable Video Diffusion clip from noise to frames: a guided prediction and an Euler step at a time.

The parts are those of diffusers' StableVideoDiffusionPipeline and the loop is its to the bit; the VAE stays
in float32.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

from models.checkpoints import State
from models.diffusion_engine import seeded, set_steps, to_frames
from models.engine import FrameArray
from reelhouse.clips import ClipRequest


@dataclass(frozen=True, slots=True)
class SvdConditions:
    """What every prediction is told; with guidance, first nothing, then the picture, along B = 2.

    Attributes:
        image_embeds: [B, 1, D] of the picture, from CLIP.
        image_latents: [B, F, 4, h, w] of the picture with a little noise.
        time_ids: [B, 3]: frame rate - 1, motion bucket, strength of that noise.
        guidance: [1, F, 1, 1, 1], rising over the frames; None without guidance.
    """

    image_embeds: torch.Tensor
    image_latents: torch.Tensor
    time_ids: torch.Tensor
    guidance: torch.Tensor | None


class SvdDenoising:
    """Latents [1, F, 4, h, w] on their way through the scheduler's sigmas."""

    def __init__(
        self, pipeline: Any, picture: Image.Image, request: ClipRequest, *, device: torch.device
    ) -> None:
        self._pipeline = pipeline
        self._decode_chunk_size = int(request.parameters["decode_chunk_size"])
        # Requests of one engine follow one another, so the pipeline's own scheduler serves each in turn.
        self._scheduler = pipeline.scheduler
        set_steps(self._scheduler, request, device=device)
        self._conditions, self._latents = _begin(pipeline, picture, request, device)
        self._done = 0

    @property
    def num_inference_steps(self) -> int:
        """How many steps the schedule has."""
        return len(self._scheduler.timesteps)

    @torch.no_grad()
    def advance(self) -> torch.Tensor:
        """Take one step; return the clean latents [4, F, h, w] that this step's prediction points to."""
        timestep = self._scheduler.timesteps[self._done]
        conditions = self._conditions
        copies = conditions.image_latents.shape[0]
        given = self._scheduler.scale_model_input(torch.cat([self._latents] * copies), timestep)
        (prediction,) = self._pipeline.unet(
            torch.cat([given, conditions.image_latents], dim=2),
            timestep,
            encoder_hidden_states=conditions.image_embeds,
            added_time_ids=conditions.time_ids,
            return_dict=False,
        )
        if conditions.guidance is not None:
            without, with_picture = prediction.chunk(2)
            prediction = without + conditions.guidance * (with_picture - without)
        stepped = self._scheduler.step(prediction, timestep, self._latents)
        self._latents = stepped.prev_sample
        self._done += 1
        return stepped.pred_original_sample[0].transpose(0, 1)

    def state(self) -> State:
        """The latents, and where the scheduler stands; it remembers nothing else."""
        return {"done": self._done, "latents": self._latents}

    def resume(self, state: State) -> None:
        """Go on after the steps behind the state."""
        self._done = state["done"]
        self._latents = state["latents"].to(self._latents.device)
        self._scheduler._step_index = self._done

    @torch.no_grad()
    def frames(self) -> Iterator[FrameArray]:
        """Yield as many frames at a time as `decode_chunk_size` says."""
        vae = self._pipeline.vae
        scaled = self._latents[0].to(vae.dtype) / vae.config.scaling_factor
        for chunk in scaled.split(self._decode_chunk_size):
            yield to_frames(vae.decode(chunk, num_frames=len(chunk)).sample)


@torch.no_grad()
def _begin(
    pipeline: Any, picture: Image.Image, request: ClipRequest, device: torch.device
) -> tuple[SvdConditions, torch.Tensor]:
    parameters, dtype = request.parameters, pipeline.unet.dtype
    highest = float(parameters["max_guidance_scale"])
    guided = highest > 1
    draw = seeded(request.seed)
    image_embeds = pipeline._encode_image(picture, device, 1, guided)
    pixels = pipeline.video_processor.preprocess(picture, height=request.height, width=request.width)
    # The picture's noise is drawn first, then the clip's: the order is part of what a seed means.
    strength = float(parameters["noise_aug_strength"])
    noisy = pixels + strength * torch.randn(pixels.shape, generator=draw, dtype=torch.float32)
    image_latents = pipeline._encode_vae_image(noisy, device, 1, guided).to(dtype)
    time_ids = pipeline._get_add_time_ids(
        int(request.frame_rate) - 1, int(parameters["motion_bucket_id"]), strength, dtype, 1, 1, guided
    )
    latents = pipeline.prepare_latents(
        1,
        request.num_frames,
        pipeline.unet.config.in_channels,
        request.height,
        request.width,
        dtype,
        device,
        draw,
    )
    lowest = float(parameters["min_guidance_scale"])
    rising = torch.linspace(lowest, highest, request.num_frames, dtype=torch.float32)
    conditions = SvdConditions(
        image_embeds=image_embeds.to(dtype),
        image_latents=image_latents.unsqueeze(1).repeat(1, request.num_frames, 1, 1, 1),
        time_ids=time_ids.to(device),
        guidance=rising.to(device, dtype).view(1, -1, 1, 1, 1) if guided else None,
    )
    return conditions, latents
