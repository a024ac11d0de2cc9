"""Stable Video Diffusion, described: 14 frames (svd) or 25 (svd-xt) from one picture, without words.

"standard" is the published parameter set, decoding a few frames at a time; "final" decodes all at once, which
keeps neighbouring frames closest. Imports no framework.
Source: Blattmann et al. 2023, arXiv:2311.15127; defaults of diffusers' StableVideoDiffusionPipeline.
"""

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType

from models.checkpoint_folder import Layout
from reelhouse.capabilities import ClipShape, Cost, EngineSpec, Sizes
from reelhouse.clips import Parameter
from reelhouse.memory import Footprint, Placement, needed
from reelhouse.timing import FrameCounts

_UNET = 1_524_623_082
_UNET_OUTSIDE_BLOCKS = 190_281_927
_LARGEST_BLOCK = 489_498_886
_VAE = 97_742_847
_CLIP = 632_076_800
_DENOISING_BYTES = 18_100  # activations of the UNet, for one latent pixel of one frame of one forward
_DECODING_BYTES = 4_100  # of the float32 VAE, for one pixel of the frames decoded together
_FLOP_PER_LATENT = 3.0e8  # of the UNet, for one latent pixel of one frame: an estimate
_NOMINAL_FLOPS = 60e12  # its convolutions on an H100-class GPU: an estimate


def _passes(parameters: Mapping[str, Parameter]) -> int:
    """With and without the picture, side by side."""
    return 2 if float(parameters["max_guidance_scale"]) > 1 else 1


def _footprint(shape: ClipShape, parameters: Mapping[str, Parameter]) -> Footprint:
    pixels = shape.height * shape.width
    latents = shape.num_frames * pixels // 64
    return Footprint(
        transformer=2 * _UNET,
        offloaded=2 * (_UNET_OUTSIDE_BLOCKS + 2 * _LARGEST_BLOCK),
        encoder=4 * _CLIP,
        others=4 * _VAE,
        denoising=latents * _passes(parameters) * _DENOISING_BYTES,
        decoding=min(int(parameters["decode_chunk_size"]), shape.num_frames) * pixels * _DECODING_BYTES,
        tiled_decoding=None,
    )


def _cost(shape: ClipShape, parameters: Mapping[str, Parameter]) -> Cost:
    """Seconds are an estimate to plan by; no transformer over all tokens, so `tokens` is 0."""
    pixels = shape.height * shape.width
    latents = shape.num_frames * pixels / 64
    steps = int(parameters["num_inference_steps"])
    seconds = steps * _passes(parameters) * latents * _FLOP_PER_LATENT / _NOMINAL_FLOPS
    seconds += shape.num_frames * pixels * 2e-7
    footprint = _footprint(shape, parameters)
    return Cost(0, seconds, needed(footprint, Placement()), footprint)


def _presets(num_frames: int) -> Mapping[str, Mapping[str, Parameter]]:
    published: Mapping[str, Parameter] = {
        "num_inference_steps": 25,
        "min_guidance_scale": 1.0,
        "max_guidance_scale": 3.0,
        "motion_bucket_id": 127,
        "noise_aug_strength": 0.02,
        "decode_chunk_size": 8,
    }
    return MappingProxyType(
        {
            "draft": {**published, "num_inference_steps": 15, "decode_chunk_size": 4},
            "standard": published,
            "final": {**published, "decode_chunk_size": num_frames},
        }
    )


def _spec(name: str, *, num_frames: int, repository: str, smaller: EngineSpec | None = None) -> EngineSpec:
    return EngineSpec(
        name=name,
        title=f"Stable Video Diffusion, {num_frames} frames from a picture",
        code_version="1",
        weights_id=f"{repository}",
        licence="LicenseRef-Stability-AI-Community",
        sizes=Sizes(listed=((1024, 576),), multiple_of=64),
        frame_counts=FrameCounts(num_frames, num_frames, step=1, offset=0),
        frame_rates=(Fraction(7),),
        references=(0, 1),
        takes_first_frame=True,
        takes_last_frame=False,
        presets=_presets(num_frames),
        cost=_cost,
        needs_gpu=True,
        smaller=smaller,
    )


def layout(num_frames: int) -> Layout:
    """What the folder of a checkpoint holds; the UNet's stated frames tell the two apart."""
    return Layout(
        pipeline="StableVideoDiffusionPipeline",
        denoiser="unet",
        architecture={"num_frames": num_frames},
        weights=("unet", "image_encoder", "vae"),
        companions=("feature_extractor", "scheduler"),
    )


_SHORT = _spec("svd", num_frames=14, repository="stabilityai/stable-video-diffusion-img2vid")
SPECS: Mapping[str, EngineSpec] = MappingProxyType(
    {
        "svd": _SHORT,
        "svd-xt": _spec(
            "svd-xt",
            num_frames=25,
            repository="stabilityai/stable-video-diffusion-img2vid-xt",
            smaller=_SHORT,
        ),
    }
)
