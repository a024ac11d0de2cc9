"""The Wan 2.1 engines: words to clip, picture to clip, and first and last frame to clip."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from diffusers.pipelines.wan.pipeline_wan import WanPipeline
from diffusers.pipelines.wan.pipeline_wan_i2v import WanImageToVideoPipeline
from transformers import AutoTokenizer, CLIPVisionModel, UMT5EncoderModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from models.checkpoint_parts import CheckpointParts
from models.diffusion_engine import DiffusionEngine, examine_folder, seeded
from models.expander import DEFAULT_NEGATIVE_PROMPT
from models.kernels import Kernels, Machine, choose_kernels, install
from models.latent_preview import LatentPreview
from models.lora_slot import LoraSlot
from models.placement import PlacedNetworks
from models.pretrained import natural_dtype
from models.recently_used import RecentlyUsed
from models.start_frames import check_ends_differ, end_picture, start_picture
from models.wan.guidance import GuidedFlow, WanConditions
from models.wan.spec import MODELS, TEXT_TOKENS
from models.wan_clip import Start, WanClip, known_latents, preview_of
from models.wan_sampler import make_scheduler
from reelhouse.capabilities import EngineSpec
from reelhouse.clips import ClipRequest

_KEPT = 32  # embeddings; a text's is 4 MB at most


@dataclass(frozen=True, slots=True)
class WanNetworks:
    """diffusers' pipeline for its encoders, where its parts are, what they run on, and the previews' map."""

    pipeline: Any
    placed: PlacedNetworks
    kernels: Kernels
    lora: LoraSlot
    preview: LatentPreview


class WanTextEngine(DiffusionEngine[WanNetworks]):
    """From words; and what all engines of the family share."""

    negative_prefix: ClassVar[str] = ""
    pipeline_class: ClassVar[Any] = WanPipeline

    def __init__(
        self, weights: Path, spec: EngineSpec, *, device: str = "auto", compiles: bool = False
    ) -> None:
        super().__init__(weights, spec, device=device, compiles=compiles)
        self._texts: RecentlyUsed[torch.Tensor] = RecentlyUsed(_KEPT)

    def examine(self) -> int:
        """Hold the folder against the model's layout."""
        return examine_folder(self._weights, MODELS[self.spec.name].layout(), engine=self.spec.name)

    def load(self, weights: Path, device: torch.device, variant: object) -> WanNetworks:
        """Load the text encoder and transformer in bfloat16 on a GPU, the VAE in float32 everywhere."""
        parts, dtype = CheckpointParts(weights), natural_dtype(device)
        vae = parts.network("vae", AutoencoderKLWan, dtype=torch.float32)
        pictures = self._picture_parts(parts)
        pipeline = self.pipeline_class(
            tokenizer=parts.companion("tokenizer", AutoTokenizer),
            text_encoder=parts.network("text_encoder", UMT5EncoderModel, dtype=dtype),
            transformer=parts.network("transformer", WanTransformer3DModel, dtype=dtype),
            vae=vae,
            scheduler=make_scheduler(1.0),  # a clip makes its own, with its own flow shift
            **pictures,
        )
        kernels = choose_kernels(Machine.on(device, dtype), compiles=self._compiles)
        install(kernels, pipeline.transformer)
        placed = PlacedNetworks(
            denoiser=pipeline.transformer,
            encoder=pipeline.text_encoder,
            vae=vae,
            device=device,
            others=[part for part in pictures.values() if isinstance(part, torch.nn.Module)],
        )
        lora = LoraSlot(weights, engine=self.spec.name)
        return WanNetworks(pipeline, placed, kernels, lora, preview_of(vae))

    def made_with(self, networks: WanNetworks) -> dict[str, Any]:
        """The kernels."""
        return {"kernels": str(networks.kernels)}

    def encode_words(self, networks: WanNetworks, request: ClipRequest) -> None:
        """Keep the embeddings of both prompts."""
        self._encode_words(networks.pipeline, request)

    @contextmanager
    def denoising(self, networks: WanNetworks, request: ClipRequest) -> Iterator[WanClip]:
        """Encode words and pictures; the noise is drawn on the CPU in float32."""
        pipeline = networks.pipeline
        conditions, start = self._conditions(pipeline, request)
        networks.lora.hold(pipeline, str(request.parameters["lora"]))
        predict = GuidedFlow(pipeline.transformer, conditions, float(request.parameters["guidance_scale"]))
        yield WanClip(predict, pipeline.vae, start, request.parameters, device=self._device)

    def _picture_parts(self, parts: CheckpointParts) -> dict[str, Any]:
        del parts
        return {}

    @torch.no_grad()
    def _conditions(self, pipeline: Any, request: ClipRequest) -> tuple[WanConditions, Start]:
        prompt, negative = self._encode_words(pipeline, request)
        noise = pipeline.prepare_latents(
            1,
            pipeline.transformer.config.in_channels,
            request.height,
            request.width,
            request.num_frames,
            torch.float32,
            self._device,
            seeded(request.seed),
        )
        return WanConditions(prompt, negative, None, None), Start(noise, known_latents(pipeline.vae, request))

    def _encode_words(self, pipeline: Any, request: ClipRequest) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Both prompts' embeddings [1, 512, D]; without guidance the negative one is not read."""
        guided = float(request.parameters["guidance_scale"]) > 1
        prompt = self._encode(pipeline, request.prompt)
        return prompt, self._encode(pipeline, self.negative_prompt(request)) if guided else None

    def _encode(self, pipeline: Any, text: str) -> torch.Tensor:
        def make() -> torch.Tensor:
            embeds, _ = pipeline.encode_prompt(
                prompt=text,
                do_classifier_free_guidance=False,
                max_sequence_length=TEXT_TOKENS,
                device=self._device,
                dtype=pipeline.transformer.dtype,
            )
            return embeds

        with torch.no_grad():
            return self._texts.get(text, make)

    @classmethod
    def negative_prompt(cls, request: ClipRequest) -> str:
        """Return the scene's own; before the family's default goes what this model was tuned with besides."""
        if request.negative_prompt == DEFAULT_NEGATIVE_PROMPT:
            return cls.negative_prefix + request.negative_prompt
        return request.negative_prompt


class WanPictureEngine(WanTextEngine):
    """From a picture: the first frame is encoded by CLIP and by the VAE."""

    negative_prefix = "镜头晃动，"
    pipeline_class = WanImageToVideoPipeline
    conditioning = "reading the prompt and the first frame"

    def check_pictures(self, request: ClipRequest) -> None:
        """Refuse a scene without a picture to start from."""
        self._ends(request)

    def _ends(self, request: ClipRequest) -> list[Any]:
        return [start_picture(request, engine=self.spec.name)]

    def _picture_parts(self, parts: CheckpointParts) -> dict[str, Any]:
        return {
            "image_encoder": parts.network("image_encoder", CLIPVisionModel, dtype=torch.float32),
            "image_processor": parts.companion("image_processor", CLIPImageProcessorPil),
        }

    @torch.no_grad()
    def _conditions(self, pipeline: Any, request: ClipRequest) -> tuple[WanConditions, Start]:
        prompt, negative = self._encode_words(pipeline, request)
        ends = self._ends(request)
        pixels = [
            pipeline.video_processor.preprocess(end, height=request.height, width=request.width).to(
                self._device, torch.float32
            )
            for end in ends
        ]
        noise, picture_latents = pipeline.prepare_latents(
            pixels[0],
            1,
            pipeline.vae.config.z_dim,
            request.height,
            request.width,
            request.num_frames,
            torch.float32,
            self._device,
            seeded(request.seed),
            last_image=pixels[1] if len(pixels) > 1 else None,
        )
        image_embeds = pipeline.encode_image(ends, self._device).to(pipeline.transformer.dtype)
        return WanConditions(prompt, negative, image_embeds, picture_latents), Start(noise)


class WanEndsEngine(WanPictureEngine):
    """From a first to a last frame."""

    negative_prefix = "镜头切换，镜头晃动，"
    conditioning = "reading the prompt, the first and the last frame"

    def _ends(self, request: ClipRequest) -> list[Any]:
        first = start_picture(request, engine=self.spec.name)
        last = end_picture(request, engine=self.spec.name)
        check_ends_differ(first, last, scene=request.scene)
        return [first, last]
