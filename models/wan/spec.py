"""Wan 2.1, described: five checkpoints with their published sizes, defaults and parameter counts.

"final" is the published parameter set; the drafts take fewer of the same steps. Imports no framework.
Source: Wan-Video/Wan2.1 `generate.py` and `wan/configs`; counts from diffusers' own classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from models.checkpoint_folder import Layout, Stated
from models.diffusion_cost import (
    TransformerSize,
    wan_decoding,
    wan_token_bytes,
    wan_token_parameters,
    with_guidance,
)
from models.wan_speeds import DRAFT, EXACT, FAST, TURBO
from reelhouse.capabilities import EngineSpec, Sizes
from reelhouse.clips import Parameter
from reelhouse.timing import FrameCounts

TEXT_TOKENS = 512
_UMT5 = 5_680_910_336
_VAE = 126_892_531
_CLIP = 630_766_080
_480P = ((832, 480), (480, 832))
_720P = ((1280, 720), (720, 1280))
_STEPS = {"draft": 0.4, "standard": 0.6, "final": 1.0}  # of the published number


SPEEDS: Mapping[str, Mapping[str, Parameter]] = MappingProxyType(
    {
        "exact": {},
        "fast": FAST,
        "turbo": {**TURBO, "guidance_scale": 2.0},
        "draft": {**DRAFT, "guidance_scale": 1.0},
    }
)


@dataclass(frozen=True, slots=True)
class WanModel:
    """One checkpoint: what it is told apart by, and how it is used."""

    title: str
    repository: str
    sizes: tuple[tuple[int, int], ...]
    steps: int
    guidance_scale: float
    flow_shift: float
    layers: int
    heads: int
    ffn_width: int
    parameters: int
    block_parameters: int
    pictures: int  # 0: words alone; 1: a first frame; 2: first and last frame

    def presets(self) -> Mapping[str, Mapping[str, Parameter]]:
        """The full parameter sets."""
        return MappingProxyType(
            {
                name: {
                    "num_inference_steps": round(self.steps * share),
                    "guidance_scale": self.guidance_scale,
                    "flow_shift": self.flow_shift,
                    **EXACT,
                }
                for name, share in _STEPS.items()
            }
        )

    def layout(self) -> Layout:
        """What its folder holds."""
        architecture: dict[str, Stated] = {
            "num_layers": self.layers,
            "num_attention_heads": self.heads,
            "in_channels": 36 if self.pictures else 16,
            # The two ends' 257 CLIP tokens each have places of their own; nothing else tells flf2v from i2v.
            "pos_embed_seq_len": 514 if self.pictures == 2 else None,
        }
        extra = ("image_encoder",) if self.pictures else ()
        return Layout(
            pipeline="WanImageToVideoPipeline" if self.pictures else "WanPipeline",
            denoiser="transformer",
            architecture=architecture,
            weights=("transformer", "text_encoder", "vae", *extra),
            companions=("tokenizer", *(("image_processor",) if self.pictures else ())),
        )

    @property
    def size(self) -> TransformerSize:
        """What decides its cost."""
        width = self.heads * 128
        return TransformerSize(
            parameters=self.parameters,
            text_parameters=_UMT5,
            float32_parameters=_VAE + (_CLIP if self.pictures else 0),
            block_parameters=self.block_parameters,
            token_parameters=wan_token_parameters(layers=self.layers, width=width, ffn_width=self.ffn_width),
            layers=self.layers,
            width=width,
            text_tokens=TEXT_TOKENS,
            token_bytes=wan_token_bytes(width=width, ffn_width=self.ffn_width),
            forwards=with_guidance,
            decoding=wan_decoding,
            kept_texts=2,
        )

    def spec(self, name: str, smaller: EngineSpec | None = None) -> EngineSpec:
        """Its description; `smaller` is the next smaller engine for the same work."""
        return EngineSpec(
            name=name,
            title=self.title,
            code_version="1",
            weights_id=f"{self.repository}",
            licence="Apache-2.0",
            sizes=Sizes(listed=self.sizes),
            frame_counts=FrameCounts(5, 81),
            frame_rates=(Fraction(16),),
            references=(0, 1) if self.pictures else (0, 0),
            takes_first_frame=self.pictures > 0,
            takes_last_frame=self.pictures == 2,
            presets=self.presets(),
            speeds=SPEEDS,
            cost=self.size.cost,
            smaller=smaller,
            needs_gpu=True,
            takes_overlap=self.pictures == 0,
            needs_last_frame=self.pictures == 2,
        )


def _model(
    task: str,
    *,
    title: str | None = None,
    sizes: tuple[tuple[int, int], ...],
    steps: int = 50,
    guidance_scale: float = 5.0,
    flow_shift: float = 5.0,
    large: bool = True,
    parameters: int,
    pictures: int = 0,
) -> WanModel:
    return WanModel(
        title=f"Wan 2.1 {title or task}",
        repository=f"Wan-AI/Wan2.1-{task}-Diffusers",
        sizes=sizes,
        steps=steps,
        guidance_scale=guidance_scale,
        flow_shift=flow_shift,
        layers=40 if large else 30,
        heads=40 if large else 12,
        ffn_width=13824 if large else 8960,
        parameters=parameters,
        block_parameters=(403_838_464 if pictures else 351_394_304) if large else 46_440_704,
        pictures=pictures,
    )


MODELS: Mapping[str, WanModel] = MappingProxyType(
    {
        "wan-t2v-1.3b": _model("T2V-1.3B", sizes=_480P, large=False, parameters=1_418_996_800),
        "wan-t2v-14b": _model("T2V-14B", sizes=_720P + _480P, parameters=14_288_491_584),
        "wan-i2v-14b-480p": _model(
            "I2V-14B-480P", sizes=_480P, steps=40, flow_shift=3.0, parameters=16_394_878_784, pictures=1
        ),
        "wan-i2v-14b-720p": _model(
            "I2V-14B-720P", sizes=_720P, steps=40, parameters=16_394_878_784, pictures=1
        ),
        "wan-flf2v-14b-720p": _model(
            "FLF2V-14B-720P",
            title="FLF2V-14B: from a first to a last frame, trained at 720p only",
            sizes=_720P + _480P,  # the program offers 480p; its page says that the model was trained at 720p
            guidance_scale=5.5,  # the program's class; its command line says 5.0
            flow_shift=16.0,
            parameters=16_395_536_704,
            pictures=2,
        ),
    }
)


def _specs() -> Mapping[str, EngineSpec]:
    small = MODELS["wan-t2v-1.3b"].spec("wan-t2v-1.3b")
    smaller = {"wan-t2v-14b": small}
    return {small.name: small} | {
        name: model.spec(name, smaller.get(name)) for name, model in MODELS.items() if name != small.name
    }


SPECS: Mapping[str, EngineSpec] = MappingProxyType(_specs())
