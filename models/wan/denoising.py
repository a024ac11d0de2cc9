"""One Wan clip from noise to frames: a guided prediction and a UniPC step at a time.

The parts are those of diffusers' WanPipeline and WanImageToVideoPipeline and the loop is theirs to the bit,
but for the sigmas, which are the official program's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from models.engine import FrameArray
from models.wan_sampler import make_scheduler, start
from models.wan_vae import frames_of, stream_video
from reelhouse.clips import ClipRequest


@dataclass(frozen=True, slots=True)
class WanConditions:
    """What every prediction is told.

    Attributes:
        prompt_embeds, negative_embeds: [1, 512, D]; the second None without guidance.
        image_embeds: [n, tokens, D] of the one or two pictures, or None.
        picture_latents: [1, 20, F, h, w] float32, four mask channels before the pictures' own, or None.
    """

    prompt_embeds: torch.Tensor
    negative_embeds: torch.Tensor | None
    image_embeds: torch.Tensor | None
    picture_latents: torch.Tensor | None


class WanDenoising:
    """Latents [1, 16, F, h, w] float32 on their way through the official schedule."""

    def __init__(
        self,
        transformer: Any,
        vae: Any,
        *,
        latents: torch.Tensor,
        conditions: WanConditions,
        request: ClipRequest,
    ) -> None:
        self._transformer = transformer
        self._vae = vae
        self._latents = latents
        self._conditions = conditions
        self._guidance_scale = float(request.parameters["guidance_scale"])
        self._scheduler = make_scheduler(float(request.parameters["flow_shift"]))
        steps = int(request.parameters["num_inference_steps"])
        self._timesteps = start(self._scheduler, steps, device=latents.device)
        self._done = 0

    @property
    def num_inference_steps(self) -> int:
        """How many steps the schedule has."""
        return len(self._timesteps)

    @torch.no_grad()
    def advance(self) -> torch.Tensor:
        """Take one step; return the clean latents [16, F, h, w] that this step's prediction points to."""
        timestep = self._timesteps[self._done]
        sigma = self._scheduler.sigmas[self._done]
        conditions = self._conditions
        prediction = self._predict(timestep, conditions.prompt_embeds)
        if conditions.negative_embeds is not None:
            without = self._predict(timestep, conditions.negative_embeds)
            prediction = without + self._guidance_scale * (prediction - without)
        clean = self._latents - sigma.to(self._latents.device) * prediction
        (self._latents,) = self._scheduler.step(prediction, timestep, self._latents, return_dict=False)
        self._done += 1
        return clean[0]

    def frames(self) -> Iterator[FrameArray]:
        """Yield the first frame, then four for each further latent frame."""
        for video in stream_video(self._vae, self._latents):
            yield frames_of(video)

    def _predict(self, timestep: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        """Return the flow [1, 16, F, h, w] float32, so that guidance subtracts no rounded numbers."""
        given = self._latents
        if self._conditions.picture_latents is not None:
            given = torch.cat([given, self._conditions.picture_latents], dim=1)
        (flow,) = self._transformer(
            hidden_states=given.to(self._transformer.dtype),
            timestep=timestep.expand(given.shape[0]),
            encoder_hidden_states=text,
            encoder_hidden_states_image=self._conditions.image_embeds,
            return_dict=False,
        )
        return flow.float()
