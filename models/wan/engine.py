"""The Wan 2.1 engines: words to clip, picture to clip, and first and last frame to clip."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from diffusers.pipelines.wan.pipeline_wan import WanPipeline
from diffusers.pipelines.wan.pipeline_wan_i2v import WanImageToVideoPipeline
from transformers import AutoTokenizer, CLIPVisionModel, UMT5EncoderModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from models.checkpoint_parts import CheckpointParts
from models.diffusion_engine import DiffusionEngine, seeded
from models.expander import DEFAULT_NEGATIVE_PROMPT
from models.latent_preview import LatentPreview
from models.pretrained import natural_dtype
from models.start_frames import check_ends_differ, end_picture, start_picture
from models.wan.denoising import WanConditions, WanDenoising
from models.wan.spec import MODELS, SPECS, TEXT_TOKENS
from models.wan_sampler import make_scheduler
from models.wan_vae import encode_video
from reelhouse.clips import ClipRequest


@dataclass(frozen=True, slots=True)
class WanNetworks:
    """diffusers' pipeline around the loaded networks, for its encoders; and the previews' map."""

    pipeline: Any
    preview: LatentPreview


class _WanEngine(DiffusionEngine[WanNetworks]):
    """What all five share."""

    negative_prefix: ClassVar[str] = ""
    pipeline_class: ClassVar[Any] = WanPipeline

    def load(self, parts: CheckpointParts) -> WanNetworks:
        """Load the text encoder and transformer in bfloat16 on a GPU, the VAE in float32 everywhere."""
        dtype = natural_dtype(parts.device)
        vae = parts.network("vae", AutoencoderKLWan, dtype=torch.float32)
        pipeline = self.pipeline_class(
            tokenizer=parts.companion("tokenizer", AutoTokenizer),
            text_encoder=parts.network("text_encoder", UMT5EncoderModel, dtype=dtype),
            transformer=parts.network("transformer", WanTransformer3DModel, dtype=dtype),
            vae=vae,
            scheduler=make_scheduler(1.0),  # a clip makes its own, with its own flow shift
            **self._picture_parts(parts),
        )
        preview = LatentPreview(
            lambda picture: encode_video(vae, picture[:, :, None])[0, :, 0], device=parts.device
        )
        return WanNetworks(pipeline, preview)

    def begin(self, networks: WanNetworks, request: ClipRequest) -> WanDenoising:
        """Encode words and pictures; the noise is drawn on the CPU in float32."""
        pipeline = networks.pipeline
        conditions, latents = self._conditions(pipeline, request)
        return WanDenoising(
            pipeline.transformer, pipeline.vae, latents=latents, conditions=conditions, request=request
        )

    def _picture_parts(self, parts: CheckpointParts) -> dict[str, Any]:
        del parts
        return {}

    @torch.no_grad()
    def _conditions(self, pipeline: Any, request: ClipRequest) -> tuple[WanConditions, torch.Tensor]:
        prompt, negative = self._encode_words(pipeline, request)
        latents = pipeline.prepare_latents(
            1,
            pipeline.transformer.config.in_channels,
            request.height,
            request.width,
            request.num_frames,
            torch.float32,
            pipeline.device,
            seeded(request.seed),
        )
        return WanConditions(prompt, negative, None, None), latents

    def _encode_words(self, pipeline: Any, request: ClipRequest) -> tuple[torch.Tensor, torch.Tensor | None]:
        return pipeline.encode_prompt(
            prompt=request.prompt,
            negative_prompt=self.negative_prompt(request),
            do_classifier_free_guidance=float(request.parameters["guidance_scale"]) > 1,
            max_sequence_length=TEXT_TOKENS,
            device=pipeline.device,
            dtype=pipeline.transformer.dtype,
        )

    @classmethod
    def negative_prompt(cls, request: ClipRequest) -> str:
        """Return the scene's own; before the family's default goes what this model was tuned with besides."""
        if request.negative_prompt == DEFAULT_NEGATIVE_PROMPT:
            return cls.negative_prefix + request.negative_prompt
        return request.negative_prompt


class _WanPictureEngine(_WanEngine):
    """From a picture: the first frame is encoded by CLIP and by the VAE."""

    negative_prefix = "镜头晃动，"
    pipeline_class = WanImageToVideoPipeline
    conditioning = "reading the prompt and the first frame"

    def check_pictures(self, request: ClipRequest) -> None:
        """Refuse a scene without a picture to start from."""
        self._ends(request)

    def _ends(self, request: ClipRequest) -> list[Any]:
        return [start_picture(request, engine=self.base.name)]

    def _picture_parts(self, parts: CheckpointParts) -> dict[str, Any]:
        return {
            "image_encoder": parts.network("image_encoder", CLIPVisionModel, dtype=torch.float32),
            "image_processor": parts.companion("image_processor", CLIPImageProcessorPil),
        }

    @torch.no_grad()
    def _conditions(self, pipeline: Any, request: ClipRequest) -> tuple[WanConditions, torch.Tensor]:
        prompt, negative = self._encode_words(pipeline, request)
        ends = self._ends(request)
        pixels = [
            pipeline.video_processor.preprocess(end, height=request.height, width=request.width).to(
                pipeline.device, torch.float32
            )
            for end in ends
        ]
        latents, picture_latents = pipeline.prepare_latents(
            pixels[0],
            1,
            pipeline.vae.config.z_dim,
            request.height,
            request.width,
            request.num_frames,
            torch.float32,
            pipeline.device,
            seeded(request.seed),
            last_image=pixels[1] if len(pixels) > 1 else None,
        )
        image_embeds = pipeline.encode_image(ends, pipeline.device).to(pipeline.transformer.dtype)
        return WanConditions(prompt, negative, image_embeds, picture_latents), latents


class _WanEndsEngine(_WanPictureEngine):
    """From a first to a last frame."""

    negative_prefix = "镜头切换，镜头晃动，"
    conditioning = "reading the prompt, the first and the last frame"

    def _ends(self, request: ClipRequest) -> list[Any]:
        first = start_picture(request, engine=self.base.name)
        last = end_picture(request, engine=self.base.name)
        check_ends_differ(first, last, scene=request.scene)
        return [first, last]


class WanT2V1B(_WanEngine):
    """wan-t2v-1.3b."""

    base, layout = SPECS["wan-t2v-1.3b"], MODELS["wan-t2v-1.3b"].layout()


class WanT2V14B(_WanEngine):
    """wan-t2v-14b."""

    base, layout = SPECS["wan-t2v-14b"], MODELS["wan-t2v-14b"].layout()


class WanI2V14B480P(_WanPictureEngine):
    """wan-i2v-14b-480p."""

    base, layout = SPECS["wan-i2v-14b-480p"], MODELS["wan-i2v-14b-480p"].layout()


class WanI2V14B720P(_WanPictureEngine):
    """wan-i2v-14b-720p."""

    base, layout = SPECS["wan-i2v-14b-720p"], MODELS["wan-i2v-14b-720p"].layout()


class WanFLF2V14B720P(_WanEndsEngine):
    """wan-flf2v-14b-720p."""

    base, layout = SPECS["wan-flf2v-14b-720p"], MODELS["wan-flf2v-14b-720p"].layout()
