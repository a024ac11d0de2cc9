"""One CogVideoX clip from noise to frames: a guided prediction and a DDIM or DPM step at a time.

The parts are those of diffusers' CogVideoXPipeline and the loop is its to the bit, but that latents are kept
in float32 between the steps on a GPU too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from diffusers.schedulers.scheduling_dpm_cogvideox import CogVideoXDPMScheduler

from models.checkpoints import State
from models.diffusion_engine import seeded, set_steps, to_frames
from models.engine import FrameArray
from reelhouse.clips import ClipRequest

_CHUNK = 16  # frames handed over at a time


@dataclass(frozen=True, slots=True)
class _Start:
    """Before the first step.

    Attributes:
        latents: [1, F, 16, h, w] float32 noise.
        padding: latent frames at the front that fill up a token of two, and are dropped before decoding.
        rotary: tables of places, or None where the places are learned.
    """

    latents: torch.Tensor
    padding: int
    rotary: tuple[torch.Tensor, torch.Tensor] | None


class CogVideoXDenoising:
    """Latents [1, F, 16, h, w] float32 on their way through the scheduler that the checkpoint states.

    Args:
        text: [B, 226, D]; with guidance B is 2, the negative prompt first.
    """

    def __init__(
        self, pipeline: Any, text: torch.Tensor, request: ClipRequest, *, device: torch.device
    ) -> None:
        self._pipeline = pipeline
        self._text = text
        self._guidance_scale = float(request.parameters["guidance_scale"])
        self._draw = seeded(request.seed)
        # Requests of one engine follow one another, so the pipeline's own scheduler serves each in turn.
        self._scheduler = pipeline.scheduler
        set_steps(self._scheduler, request, device=device)
        self._start = _begin(pipeline, request, self._draw, device)
        self._latents = self._start.latents
        self._clean: torch.Tensor | None = None
        self._done = 0

    @property
    def num_inference_steps(self) -> int:
        """How many steps the schedule has."""
        return len(self._scheduler.timesteps)

    @torch.no_grad()
    def advance(self) -> torch.Tensor:
        """Take one step; return the clean latents [16, F, h, w] that this step's prediction points to."""
        timestep = self._scheduler.timesteps[self._done]
        transformer, copies = self._pipeline.transformer, self._text.shape[0]
        given = self._scheduler.scale_model_input(torch.cat([self._latents] * copies), timestep)
        (prediction,) = transformer(
            hidden_states=given.to(transformer.dtype),
            encoder_hidden_states=self._text,
            timestep=timestep.expand(copies),
            image_rotary_emb=self._start.rotary,
            return_dict=False,
        )
        prediction = prediction.float()
        if copies == 2:
            without, with_words = prediction.chunk(2)
            prediction = without + self._guidance_scale * (with_words - without)
        clean = self._step(prediction, timestep)
        self._done += 1
        return clean[0].transpose(0, 1)

    def _step(self, prediction: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        """Move the latents on; return the clean ones foreseen, which the DPM solver also looks back on."""
        if isinstance(self._scheduler, CogVideoXDPMScheduler):
            before = self._scheduler.timesteps[self._done - 1] if self._done else None
            stepped = self._scheduler.step(
                prediction,
                self._clean,  # pyright: ignore[reportArgumentType] -- None before the first step
                timestep,  # pyright: ignore[reportArgumentType] -- its own pipeline passes tensors
                before,  # pyright: ignore[reportArgumentType] -- as above
                self._latents,
                generator=self._draw,
                return_dict=False,
            )
        else:
            stepped = self._scheduler.step(
                prediction, timestep, self._latents, generator=self._draw, return_dict=False
            )
        self._latents, self._clean = stepped[0].float(), stepped[1]
        return stepped[1]

    def state(self) -> State:
        """The latents, what the DPM solver looks back on, and where the noise is drawn from."""
        return {
            "done": self._done,
            "latents": self._latents,
            "clean": self._clean,
            "draw": self._draw.get_state(),
        }

    def resume(self, state: State) -> None:
        """Go on after the steps behind the state."""
        self._done = state["done"]
        self._latents = state["latents"].to(self._latents.device)
        self._clean = state["clean"].to(self._latents.device)
        self._draw.set_state(state["draw"])

    @torch.no_grad()
    def frames(self) -> Iterator[FrameArray]:
        """Decode all latents, then yield the frames in chunks."""
        kept = self._latents[:, self._start.padding :].to(self._pipeline.vae.dtype)
        video = self._pipeline.decode_latents(kept)[0].transpose(0, 1)
        for chunk in video.split(_CHUNK):
            yield to_frames(chunk)


@torch.no_grad()
def _begin(pipeline: Any, request: ClipRequest, draw: torch.Generator, device: torch.device) -> _Start:
    transformer = pipeline.transformer
    latent_frames = (request.num_frames - 1) // pipeline.vae_scale_factor_temporal + 1
    padding = -latent_frames % (transformer.config.patch_size_t or 1)
    latents = pipeline.prepare_latents(
        1,
        transformer.config.in_channels,
        request.num_frames + padding * pipeline.vae_scale_factor_temporal,
        request.height,
        request.width,
        torch.float32,
        device,
        draw,
    )
    rotary = (
        pipeline._prepare_rotary_positional_embeddings(
            request.height, request.width, latents.shape[1], device
        )
        if transformer.config.use_rotary_positional_embeddings
        else None
    )
    return _Start(latents, padding, rotary)
