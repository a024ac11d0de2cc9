"""The two Phantom engines as data: what they make, at what cost. Imports no framework.

Sizes and counts are those the published weights were trained for.
Source: Phantom-video/Phantom README and `phantom_wan/configs`, `wan_s2v_1_3B.py` and `wan_s2v_14B.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from reelhouse.capabilities import ClipShape, Cost, EngineSpec, Sizes
from reelhouse.clips import Parameter
from reelhouse.timing import FrameCounts

_FORWARDS_PER_STEP = 3
_TEXT_ROWS = 512
# What bfloat16 reaches on one H100 in the whole loop: an estimate, 60 % of its matrix products' rate.
_FLOPS_PER_SECOND = 470e12
_TEXT_ENCODER_BYTES = 11_400_000_000
_VAE_BYTES = 510_000_000
# Activations of the widest layer and the decoder's caches, by token and model width.
_BYTES_PER_TOKEN_AND_WIDTH = 40


@dataclass(frozen=True, slots=True)
class Network:
    """The sizes of a transformer, and where its weights are published."""

    dim: int
    ffn_dim: int
    num_heads: int
    num_layers: int
    parameters: int
    file: str

    def flops(self, tokens: int) -> float:
        """Floating point operations of one forward; agrees with torch's counter to 0.1 %."""
        dim = self.dim
        layer = (
            8 * tokens * dim**2  # self-attention's projections
            + 4 * tokens**2 * dim
            + 4 * tokens * dim**2  # cross-attention's queries and output
            + 4 * _TEXT_ROWS * dim**2
            + 4 * tokens * _TEXT_ROWS * dim
            + 4 * tokens * dim * self.ffn_dim
        )
        return float(self.num_layers * layer)


SMALL = Network(
    dim=1536,
    ffn_dim=8960,
    num_heads=12,
    num_layers=30,
    parameters=1_419_000_000,
    file="Phantom-Wan-1.3B.pth",
)
LARGE = Network(
    dim=5120,
    ffn_dim=13824,
    num_heads=40,
    num_layers=40,
    parameters=14_288_500_000,
    file="Phantom_Wan_14B.safetensors.index.json",
)


def clip_tokens(shape: ClipShape) -> int:
    """Tokens of one forward: latent frames and references, each of (height / 16) x (width / 16)."""
    latent_frames = (shape.num_frames - 1) // 4 + 1 + shape.references
    return latent_frames * (shape.height // 16) * (shape.width // 16)


def _cost(network: Network) -> Callable[[ClipShape, Mapping[str, Parameter]], Cost]:
    def cost(shape: ClipShape, parameters: Mapping[str, Parameter]) -> Cost:
        tokens = clip_tokens(shape)
        forwards = _FORWARDS_PER_STEP * int(parameters["num_inference_steps"])
        weights = 2 * network.parameters + _TEXT_ENCODER_BYTES + _VAE_BYTES
        return Cost(
            tokens=tokens,
            seconds=forwards * network.flops(tokens) / _FLOPS_PER_SECOND + 5.0,
            memory_bytes=weights + tokens * network.dim * _BYTES_PER_TOKEN_AND_WIDTH,
        )

    return cost


def _preset(num_inference_steps: int) -> Mapping[str, Parameter]:
    return MappingProxyType(
        {
            "num_inference_steps": num_inference_steps,
            "guidance_scale_image": 5.0,
            "guidance_scale_text": 7.5,
            "flow_shift": 5.0,
        }
    )


# The published step count is 50; fewer make another, rougher clip of the same scene.
PRESETS: Mapping[str, Mapping[str, Parameter]] = MappingProxyType(
    {"draft": _preset(20), "standard": _preset(50), "final": _preset(50)}
)

PHANTOM_1_3B = EngineSpec(
    name="phantom-1.3b",
    title="Phantom-Wan 1.3B: up to four subjects and a prompt, 480p",
    code_version="1",
    weights_id=f"bytedance-research/Phantom/{SMALL.file}",
    licence="Apache-2.0",
    sizes=Sizes(listed=((832, 480),)),
    frame_counts=FrameCounts(5, 81),
    frame_rates=(Fraction(16),),
    references=(1, 4),
    takes_first_frame=False,
    takes_last_frame=False,
    presets=PRESETS,
    cost=_cost(SMALL),
    needs_gpu=True,
    takes_overlap=True,
)
PHANTOM_14B = EngineSpec(
    name="phantom-14b",
    title="Phantom-Wan 14B: up to four subjects and a prompt, 480p and 720p",
    code_version="1",
    weights_id=f"bytedance-research/Phantom/{LARGE.file}",
    licence="Apache-2.0",
    sizes=Sizes(listed=((832, 480), (1280, 720))),
    frame_counts=FrameCounts(5, 121),
    # Trained at 24 frames a second; 16 works, a little less well.
    frame_rates=(Fraction(24), Fraction(16)),
    references=(1, 4),
    takes_first_frame=False,
    takes_last_frame=False,
    presets=PRESETS,
    cost=_cost(LARGE),
    needs_gpu=True,
    takes_overlap=True,
)
NETWORKS: Mapping[str, Network] = MappingProxyType({PHANTOM_1_3B.name: SMALL, PHANTOM_14B.name: LARGE})
