"""What a clip of a diffusion transformer is expected to cost, by arithmetic on its published sizes.

Seconds are an estimate to plan by, good to a factor of about two, for one H100-class GPU at the nominal speed
below; the house replaces it with what it has measured. Bytes are tensors counted op by op on the full-size
networks without memory (tests/unit/test_memory_counts.py); what a GPU adds is in `reelhouse.memory`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from reelhouse.capabilities import ClipShape, Cost
from reelhouse.clips import Parameter
from reelhouse.memory import Footprint, Placement, needed

CostFunction: TypeAlias = Callable[[ClipShape, Mapping[str, Parameter]], Cost]

NOMINAL_FLOPS = 400e12  # bfloat16 a second: two fifths of an H100's peak
_REUSE_SPEEDUP = 2.5  # on Wan 2.1 1.3B, as published: Zhou et al. 2025, arXiv:2507.02860
_DECODE_SECONDS_PER_PIXEL = 8e-8  # a float32 video VAE
_LORA_SHARE = 0.03  # of a transformer's parameters
_HALF, _SINGLE = 2, 4  # bytes of a number


@dataclass(frozen=True, slots=True)
class Decoding:
    """Bytes of activations while frames are made; `tiled` is None where the decoder is not to be told."""

    whole: int
    tiled: int | None


def wan_decoding(shape: ClipShape) -> Decoding:
    """Wan's VAE: frames are streamed, so a clip's length counts for nothing; tiles are kept until joined."""
    per_pixel, tile = 19_520, 256 * 256
    frames = 3 * _SINGLE * shape.num_frames * shape.height * shape.width
    pixels = shape.height * shape.width
    tiled = max(per_pixel * min(tile, pixels) + int(1.3 * frames), int(4.7 * frames))
    return Decoding(per_pixel * pixels, tiled)


def cogvideox_decoding(shape: ClipShape) -> Decoding:
    """CogVideoX's VAE, which is always tiled: the published sizes would need tens of gigabytes."""
    frames = 3 * _SINGLE * shape.num_frames * shape.height * shape.width
    return Decoding(7_900_000_000 + int(1.03 * frames), None)


def with_guidance(parameters: Mapping[str, Parameter]) -> int:
    """Forwards a step: with the prompt, and without it if a guidance scale asks for both."""
    return 2 if float(parameters["guidance_scale"]) > 1 else 1


@dataclass(frozen=True, slots=True)
class TransformerSize:
    """The published numbers of a video transformer and its companions.

    Attributes:
        parameters, text_parameters: kept in bfloat16.
        float32_parameters: the VAE's and an image encoder's.
        block_parameters: of one repeated block.
        token_parameters: those that every frame token is multiplied with.
        layers, width: of the transformer.
        text_tokens: that every frame token also reads.
        token_bytes: activations of one forward, for one token.
        forwards: how many of them a step takes under a parameter set.
        decoding: activations of making frames.
        kept_texts: texts whose keys and values stay beside the weights.
        patch: pixels a side that one token stands for.
        frames_per_token: latent frames that one token stands for.
        frames_per_reference: latent frames that a reference picture adds.
    """

    parameters: int
    text_parameters: int
    float32_parameters: int
    block_parameters: int
    token_parameters: int
    layers: int
    width: int
    text_tokens: int
    token_bytes: int
    forwards: Callable[[Mapping[str, Parameter]], int]
    decoding: Callable[[ClipShape], Decoding]
    kept_texts: int = 0
    patch: int = 16
    frames_per_token: int = 1
    frames_per_reference: int = 0

    @property
    def weight_bytes(self) -> int:
        """Memory of all weights."""
        return _HALF * (self.parameters + self.text_parameters) + _SINGLE * self.float32_parameters

    def tokens(self, shape: ClipShape) -> int:
        """Tokens of one forward; the VAE folds four frames into one latent frame, the first stands alone."""
        latent_frames = (shape.num_frames - 1) // 4 + 1 + shape.references * self.frames_per_reference
        depth = -(-latent_frames // self.frames_per_token)
        return depth * (shape.height // self.patch) * (shape.width // self.patch)

    def flops(self, tokens: int) -> float:
        """Floating point operations of one forward: products by parameters, attention by pairs of tokens."""
        attention = 4 * self.layers * self.width * tokens * (tokens + self.text_tokens)
        return float(2 * self.token_parameters * tokens + attention)

    def footprint(self, shape: ClipShape, parameters: Mapping[str, Parameter]) -> Footprint:
        """What the clip needs on a GPU."""
        # Estimates: parity keeps the residual stream and much of a block in float32; a LoRA of rank 64 or so.
        token_bytes = self.token_bytes * (2 if parameters.get("numeric_mode") == "parity" else 1)
        lora = _LORA_SHARE * self.parameters if parameters.get("lora") else 0
        blocks = self.layers * self.block_parameters
        kept = self.kept_texts * self.layers * 2 * self.text_tokens * self.width
        decoding = self.decoding(shape)
        return Footprint(
            transformer=_HALF * (self.parameters + kept) + round(_HALF * lora),
            # While one block runs, the next is on its way.
            offloaded=_HALF * (self.parameters - blocks + 2 * self.block_parameters),
            encoder=_HALF * self.text_parameters,
            others=_SINGLE * self.float32_parameters,
            denoising=self.tokens(shape) * token_bytes,
            decoding=decoding.whole,
            tiled_decoding=decoding.tiled,
        )

    def cost(self, shape: ClipShape, parameters: Mapping[str, Parameter]) -> Cost:
        """The forwards of all steps, and the decoding."""
        tokens = self.tokens(shape)
        forwards = int(parameters["num_inference_steps"]) * self.forwards(parameters)
        if parameters.get("reuse_threshold"):
            forwards /= _REUSE_SPEEDUP
        pixels = shape.num_frames * shape.height * shape.width
        seconds = forwards * self.flops(tokens) / NOMINAL_FLOPS + pixels * _DECODE_SECONDS_PER_PIXEL
        footprint = self.footprint(shape, parameters)
        return Cost(tokens, seconds, needed(footprint, Placement()), footprint)


def wan_token_parameters(*, layers: int, width: int, ffn_width: int) -> int:
    """Of a Wan transformer: self-attention's four products, cross-attention's two, the feed-forward's two."""
    return layers * (6 * width**2 + 2 * width * ffn_width)


def wan_token_bytes(*, width: int, ffn_width: int) -> int:
    """Of a Wan block in bfloat16: the wider of self-attention and feed-forward, and the tables of places."""
    return max(22 * width, 8 * width + 4 * ffn_width) + 1_000
