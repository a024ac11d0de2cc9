"""CogVideoX, described: three checkpoints that make clips from words, with their published defaults.

"final" is the published parameter set. Imports no framework.
Source: Yang et al. 2024, arXiv:2408.06072; defaults of diffusers' CogVideoXPipeline and its guide.
"""

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType

from models.checkpoint_folder import Layout
from models.diffusion_cost import TransformerSize, cogvideox_decoding, with_guidance
from reelhouse.capabilities import EngineSpec, Sizes
from reelhouse.clips import Parameter
from reelhouse.timing import FrameCounts

TEXT_TOKENS = 226
_T5 = 4_762_310_656
_VAE = 215_583_907

PRESETS: Mapping[str, Mapping[str, Parameter]] = MappingProxyType(
    {
        name: {"num_inference_steps": steps, "guidance_scale": 6.0}
        for name, steps in (("draft", 20), ("standard", 30), ("final", 50))
    }
)


def _spec(
    name: str,
    *,
    title: str,
    repository: str,
    licence: str,
    size: TransformerSize,
    sizes: tuple[tuple[int, int], ...] = ((720, 480),),
    frame_counts: FrameCounts | None = None,
    frame_rate: int = 8,
    smaller: EngineSpec | None = None,
) -> EngineSpec:
    return EngineSpec(
        name=name,
        title=title,
        code_version="1",
        weights_id=f"{repository}",
        licence=licence,
        sizes=Sizes(listed=sizes),
        frame_counts=frame_counts or FrameCounts(49, 49, step=8),
        frame_rates=(Fraction(frame_rate),),
        references=(0, 0),
        takes_first_frame=False,
        takes_last_frame=False,
        presets=PRESETS,
        cost=size.cost,
        needs_gpu=True,
        smaller=smaller,
    )


def _size(parameters: int, *, layers: int, width: int, frames_per_token: int = 1) -> TransformerSize:
    return TransformerSize(
        parameters=parameters,
        text_parameters=_T5,
        float32_parameters=_VAE,
        # Four products of attention and eight of feed-forward; two modulations of 512 numbers to 6 widths.
        block_parameters=12 * width**2 + 12 * 512 * width,
        token_parameters=layers * 12 * width**2,
        layers=layers,
        width=width,
        text_tokens=TEXT_TOKENS,
        token_bytes=53 * width,  # with and without guidance run side by side
        forwards=with_guidance,
        decoding=cogvideox_decoding,
        frames_per_token=frames_per_token,
    )


_SMALL = _spec(
    "cogvideox-2b",
    title="CogVideoX 2B",
    repository="THUDM/CogVideoX-2b",
    licence="Apache-2.0",
    size=_size(1_693_783_872, layers=30, width=1920),
)
SPECS: Mapping[str, EngineSpec] = MappingProxyType(
    {
        "cogvideox-2b": _SMALL,
        "cogvideox-5b": _spec(
            "cogvideox-5b",
            title="CogVideoX 5B",
            repository="THUDM/CogVideoX-5b",
            licence="LicenseRef-CogVideoX",
            size=_size(5_570_283_072, layers=42, width=3072),
            smaller=_SMALL,
        ),
        "cogvideox-1.5-5b": _spec(
            "cogvideox-1.5-5b",
            title="CogVideoX 1.5 5B",
            repository="THUDM/CogVideoX1.5-5B",
            licence="LicenseRef-CogVideoX",
            size=_size(5_570_676_352, layers=42, width=3072, frames_per_token=2),
            sizes=((1360, 768),),
            frame_counts=FrameCounts(81, 161, step=80),
            frame_rate=16,
        ),
    }
)
ARCHITECTURES: Mapping[str, Mapping[str, int | None]] = MappingProxyType(
    {
        "cogvideox-2b": {
            "num_layers": 30,
            "num_attention_heads": 30,
            "in_channels": 16,
            "patch_size_t": None,
        },
        "cogvideox-5b": {
            "num_layers": 42,
            "num_attention_heads": 48,
            "in_channels": 16,
            "patch_size_t": None,
        },
        "cogvideox-1.5-5b": {
            "num_layers": 42,
            "num_attention_heads": 48,
            "in_channels": 16,
            "patch_size_t": 2,
        },
    }
)


def layout(name: str) -> Layout:
    """What the folder of a checkpoint holds."""
    return Layout(
        pipeline="CogVideoXPipeline",
        denoiser="transformer",
        architecture=ARCHITECTURES[name],
        weights=("transformer", "text_encoder", "vae"),
        companions=("tokenizer", "scheduler"),
    )
