"""The two Phantom engines as data: what they make, at what cost. Imports no framework.

Sizes and counts are those the published weights were trained for.
Source: Phantom-video/Phantom README and `phantom_wan/configs`, `wan_s2v_1_3B.py` and `wan_s2v_14B.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from models.diffusion_cost import TransformerSize, wan_decoding, wan_token_bytes, wan_token_parameters
from models.wan_speeds import DRAFT, EXACT, FAST, TURBO
from reelhouse.capabilities import EngineSpec, Sizes
from reelhouse.clips import Parameter
from reelhouse.timing import FrameCounts

OFFICIAL_FLOW_SHIFT = 5.0
TEXT_TOKENS = 512
_UMT5 = 5_680_910_336
_VAE = 126_892_531


def _forwards(parameters: Mapping[str, Parameter]) -> int:
    """Without, with the pictures, with the words besides; the same scale twice needs no middle one."""
    scales = {float(parameters["guidance_scale_image"]), float(parameters["guidance_scale_text"])}
    return 1 if scales == {1.0} else 1 + len(scales)


@dataclass(frozen=True, slots=True)
class Network:
    """The sizes of a transformer, and where its weights are published."""

    dim: int
    ffn_dim: int
    num_heads: int
    num_layers: int
    parameters: int
    file: str

    @property
    def block_parameters(self) -> int:
        """Of one block: eight products of attention, two of the feed-forward, biases, norms, modulation."""
        return 8 * self.dim**2 + 2 * self.dim * self.ffn_dim + 21 * self.dim + self.ffn_dim

    @property
    def size(self) -> TransformerSize:
        """Its cost, with the text encoder and VAE of Wan beside it."""
        return TransformerSize(
            parameters=self.parameters,
            text_parameters=_UMT5,
            float32_parameters=_VAE,
            block_parameters=self.block_parameters,
            token_parameters=wan_token_parameters(
                layers=self.num_layers, width=self.dim, ffn_width=self.ffn_dim
            ),
            layers=self.num_layers,
            width=self.dim,
            text_tokens=TEXT_TOKENS,
            token_bytes=wan_token_bytes(width=self.dim, ffn_width=self.ffn_dim),
            forwards=_forwards,
            decoding=wan_decoding,
            kept_texts=2,
            frames_per_reference=1,
        )


SMALL = Network(
    dim=1536,
    ffn_dim=8960,
    num_heads=12,
    num_layers=30,
    parameters=1_418_996_800,
    file="Phantom-Wan-1.3B.pth",
)
LARGE = Network(
    dim=5120,
    ffn_dim=13824,
    num_heads=40,
    num_layers=40,
    parameters=14_288_491_584,
    file="Phantom_Wan_14B.safetensors.index.json",
)


def _preset(num_inference_steps: int) -> Mapping[str, Parameter]:
    return MappingProxyType(
        {
            "num_inference_steps": num_inference_steps,
            "guidance_scale_image": 5.0,
            "guidance_scale_text": 7.5,
            "flow_shift": OFFICIAL_FLOW_SHIFT,
            "numeric_mode": "exact",
            **EXACT,
        }
    )


SPEEDS: Mapping[str, Mapping[str, Parameter]] = MappingProxyType(
    {
        "exact": {},
        "parity": {"numeric_mode": "parity"},
        "fast": FAST,
        # With both scales alike two passes are enough, and with both 1 a single one.
        "turbo": {**TURBO, "guidance_scale_image": 2.0, "guidance_scale_text": 2.0},
        "draft": {**DRAFT, "guidance_scale_image": 1.0, "guidance_scale_text": 1.0},
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
    speeds=SPEEDS,
    cost=SMALL.size.cost,
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
    speeds=SPEEDS,
    cost=LARGE.size.cost,
    smaller=PHANTOM_1_3B,
    needs_gpu=True,
    takes_overlap=True,
)
NETWORKS: Mapping[str, Network] = MappingProxyType({PHANTOM_1_3B.name: SMALL, PHANTOM_14B.name: LARGE})
