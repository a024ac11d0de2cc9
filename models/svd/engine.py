"""The Stable Video Diffusion engines: one picture comes to life; words are not read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
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
from models.diffusion_engine import DiffusionEngine, examine_folder
from models.latent_preview import LatentPreview
from models.placement import PlacedNetworks
from models.pretrained import natural_dtype
from models.start_frames import start_picture
from models.svd.denoising import SvdDenoising
from models.svd.spec import SPECS, layout
from reelhouse.clips import ClipRequest


@dataclass(frozen=True, slots=True)
class SvdNetworks:
    """diffusers' pipeline for its encoders, where its parts are, and the previews' map."""

    pipeline: Any
    placed: PlacedNetworks
    preview: LatentPreview


class SvdEngine(DiffusionEngine[SvdNetworks]):
    """svd with 14 frames, and svd-xt with 25."""

    conditioning = "looking at the picture the clip starts from; this engine reads no words"

    def check_pictures(self, request: ClipRequest) -> None:
        """Refuse a scene without a picture to start from."""
        start_picture(request, engine=self.spec.name)

    def examine(self) -> int:
        """Hold the folder against the model's layout."""
        frames = SPECS[self.spec.name].frame_counts.maximum
        return examine_folder(self._weights, layout(frames), engine=self.spec.name)

    def load(self, weights: Path, device: torch.device, variant: object) -> SvdNetworks:
        """Load the UNet in bfloat16 on a GPU, the image encoder and the VAE in float32 everywhere."""
        parts = CheckpointParts(weights)
        vae = parts.network("vae", AutoencoderKLTemporalDecoder, dtype=torch.float32)
        pipeline = StableVideoDiffusionPipeline(
            vae=vae,
            image_encoder=parts.network("image_encoder", CLIPVisionModelWithProjection, dtype=torch.float32),
            unet=parts.network("unet", UNetSpatioTemporalConditionModel, dtype=natural_dtype(device)),
            scheduler=parts.companion("scheduler", EulerDiscreteScheduler),
            feature_extractor=parts.companion("feature_extractor", CLIPImageProcessorPil),
        )

        def encode(picture: torch.Tensor) -> torch.Tensor:
            return vae.encode(picture).latent_dist.mode()[0] * vae.config.scaling_factor

        placed = PlacedNetworks(
            denoiser=pipeline.unet, encoder=pipeline.image_encoder, vae=vae, device=device
        )
        return SvdNetworks(pipeline, placed, LatentPreview(encode, device=vae.device))

    def encode_words(self, networks: SvdNetworks, request: ClipRequest) -> None:
        """There are no words, and a picture is rarely seen twice."""

    @contextmanager
    def denoising(self, networks: SvdNetworks, request: ClipRequest) -> Iterator[SvdDenoising]:
        """Encode the picture twice, by CLIP and by the VAE, and draw the noise on the CPU."""
        picture = start_picture(request, engine=self.spec.name)
        yield SvdDenoising(networks.pipeline, picture, request, device=self._device)
