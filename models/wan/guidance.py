"""What a Wan transformer predicts of one step, guided by words.

The parts are those of diffusers' WanPipeline and WanImageToVideoPipeline; so is the arithmetic, to the bit.
"""

from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True, slots=True, eq=False)
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


@dataclass(frozen=True, slots=True, eq=False)
class GuidedFlow:
    """Called with latents [1, 16, F, h, w] float32 and a timestep, gives their guided flow."""

    transformer: Any
    conditions: WanConditions
    guidance_scale: float

    def __call__(self, latents: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        """Return the flow; without guidance one pass gives it."""
        prediction = self._predict(latents, timestep, self.conditions.prompt_embeds)
        if self.conditions.negative_embeds is None:
            return prediction
        without = self._predict(latents, timestep, self.conditions.negative_embeds)
        return without + self.guidance_scale * (prediction - without)

    def _predict(self, latents: torch.Tensor, timestep: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        """Return one pass's flow in float32, so that guidance subtracts no rounded numbers."""
        given = latents
        if self.conditions.picture_latents is not None:
            given = torch.cat([given, self.conditions.picture_latents], dim=1)
        (flow,) = self.transformer(
            hidden_states=given.to(self.transformer.dtype),
            timestep=timestep.expand(given.shape[0]),
            encoder_hidden_states=text,
            encoder_hidden_states_image=self.conditions.image_embeds,
            return_dict=False,
        )
        return flow.float()
