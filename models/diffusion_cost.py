"""What a clip of a diffusion transformer is expected to cost, by arithmetic on its published sizes.

An estimate to plan by, good to a factor of about two; the house replaces it with what it has measured. It is
for one H100-class GPU with everything resident, at the nominal speed below.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from reelhouse.capabilities import ClipShape, Cost
from reelhouse.clips import Parameter

CostFunction: TypeAlias = Callable[[ClipShape, Mapping[str, Parameter]], Cost]

NOMINAL_FLOPS = 400e12  # bfloat16 a second: two fifths of an H100's peak
_DECODE_SECONDS_PER_PIXEL = 8e-8  # a float32 video VAE


@dataclass(frozen=True, slots=True)
class TransformerSize:
    """The published numbers of a video transformer and its companions.

    Attributes:
        parameters, text_parameters: kept in bfloat16.
        float32_parameters: the VAE's and an image encoder's.
        layers, width: of the transformer.
        text_tokens: that every frame token also reads.
        patch: pixels a side that one token stands for.
        frames_per_token: latent frames that one token stands for.
    """

    parameters: int
    text_parameters: int
    float32_parameters: int
    layers: int
    width: int
    text_tokens: int
    patch: int = 16
    frames_per_token: int = 1

    @property
    def weight_bytes(self) -> int:
        """Memory of everything loaded."""
        return 2 * (self.parameters + self.text_parameters) + 4 * self.float32_parameters

    def tokens(self, shape: ClipShape) -> int:
        """Tokens of a clip whose VAE folds four frames into one latent frame."""
        latent_frames = (shape.num_frames - 1) // 4 + 1
        depth = -(-latent_frames // self.frames_per_token)
        return depth * (shape.height // self.patch) * (shape.width // self.patch)

    def cost(self, shape: ClipShape, parameters: Mapping[str, Parameter]) -> Cost:
        """Matrix products by parameters, and attention by the square of the tokens; twice with guidance."""
        tokens = self.tokens(shape)
        products = 2 * self.parameters * tokens
        attention = 4 * self.layers * self.width * tokens * (tokens + self.text_tokens)
        passes = 2 if float(parameters["guidance_scale"]) > 1 else 1
        steps = int(parameters["num_inference_steps"])
        pixels = shape.num_frames * shape.height * shape.width
        seconds = steps * passes * (products + attention) / NOMINAL_FLOPS
        seconds += pixels * _DECODE_SECONDS_PER_PIXEL
        held = 24 * tokens * self.width + 2_400 * shape.height * shape.width * 4
        return Cost(tokens=tokens, seconds=seconds, memory_bytes=self.weight_bytes + held)
