"""The Stable Video Diffusion engines: one picture comes to life; words are not read."""

from dataclasses import dataclass
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_temporal_decoder import AutoencoderKLTemporalDecoder
from diffusers.models.unets.unet_spatio_temporal_condition import UNetSpatioTemporalConditionModel
from diffusers.pipelines.stable_video_diffusion.pipeline_stable_video_diffusion import (
    StableVideoDiffusionPipeline,
)
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from transformers import CLIPVisionModelWithProjection
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from models.checkpoint_parts import CheckpointParts
from models.diffusion_engine import DiffusionEngine
from models.latent_preview import LatentPreview
from models.pretrained import natural_dtype
from models.start_frames import start_picture
from models.svd.denoising import SvdDenoising
from models.svd.spec import SPECS, layout
from reelhouse.clips import ClipRequest


@dataclass(frozen=True, slots=True)
class SvdNetworks:
    """diffusers' pipeline around the loaded networks, for its encoders; and the previews' map."""

    pipeline: Any
    preview: LatentPreview


class _SvdEngine(DiffusionEngine[SvdNetworks]):
    """What both share."""

    conditioning = "looking at the picture the clip starts from; this engine reads no words"

    def check_pictures(self, request: ClipRequest) -> None:
        """Refuse a scene without a picture to start from."""
        start_picture(request, engine=self.base.name)

    def load(self, parts: CheckpointParts) -> SvdNetworks:
        """Load the UNet in bfloat16 on a GPU, the image encoder and the VAE in float32 everywhere."""
        vae = parts.network("vae", AutoencoderKLTemporalDecoder, dtype=torch.float32)
        pipeline = StableVideoDiffusionPipeline(
            vae=vae,
            image_encoder=parts.network("image_encoder", CLIPVisionModelWithProjection, dtype=torch.float32),
            unet=parts.network("unet", UNetSpatioTemporalConditionModel, dtype=natural_dtype(parts.device)),
            scheduler=parts.companion("scheduler", EulerDiscreteScheduler),
            feature_extractor=parts.companion("feature_extractor", CLIPImageProcessorPil),
        )

        def encode(picture: torch.Tensor) -> torch.Tensor:
            return vae.encode(picture).latent_dist.mode()[0] * vae.config.scaling_factor

        return SvdNetworks(pipeline, LatentPreview(encode, device=parts.device))

    def begin(self, networks: SvdNetworks, request: ClipRequest) -> SvdDenoising:
        """Encode the picture twice, by CLIP and by the VAE, and draw the noise on the CPU."""
        return SvdDenoising(networks.pipeline, start_picture(request, engine=self.base.name), request)


class Svd(_SvdEngine):
    """svd: 14 frames."""

    base, layout = SPECS["svd"], layout(14)


class SvdXt(_SvdEngine):
    """svd-xt: 25 frames."""

    base, layout = SPECS["svd-xt"], layout(25)
