"""The CogVideoX engines: words to clip."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_cogvideox import AutoencoderKLCogVideoX
from diffusers.models.transformers.cogvideox_transformer_3d import CogVideoXTransformer3DModel
from diffusers.pipelines.cogvideo.pipeline_cogvideox import CogVideoXPipeline
from diffusers.schedulers.scheduling_ddim_cogvideox import CogVideoXDDIMScheduler
from diffusers.schedulers.scheduling_dpm_cogvideox import CogVideoXDPMScheduler
from transformers import AutoTokenizer, T5EncoderModel

from models.checkpoint_parts import CheckpointParts
from models.cogvideox.denoising import CogVideoXDenoising
from models.cogvideox.spec import TEXT_TOKENS, layout
from models.diffusion_engine import DiffusionEngine, examine_folder
from models.latent_preview import LatentPreview
from models.placement import PlacedNetworks
from models.pretrained import natural_dtype
from models.recently_used import RecentlyUsed
from reelhouse.capabilities import EngineSpec
from reelhouse.clips import ClipRequest
from reelhouse.errors import EngineError

_KEPT = 32  # embeddings; a text's is 2 MB
_SCHEDULERS = {each.__name__: each for each in (CogVideoXDDIMScheduler, CogVideoXDPMScheduler)}


@dataclass(frozen=True, slots=True)
class CogVideoXNetworks:
    """diffusers' pipeline for its encoders, where its parts are, and the previews' map."""

    pipeline: Any
    placed: PlacedNetworks
    preview: LatentPreview


class CogVideoXEngine(DiffusionEngine[CogVideoXNetworks]):
    """cogvideox-2b, cogvideox-5b and cogvideox-1.5-5b."""

    def __init__(
        self, weights: Path, spec: EngineSpec, *, device: str = "auto", compiles: bool = False
    ) -> None:
        super().__init__(weights, spec, device=device, compiles=compiles)
        self._texts: RecentlyUsed[torch.Tensor] = RecentlyUsed(_KEPT)

    def examine(self) -> int:
        """Hold the folder against the model's layout."""
        return examine_folder(self._weights, layout(self.spec.name), engine=self.spec.name)

    def load(self, weights: Path, device: torch.device, variant: object) -> CogVideoXNetworks:
        """Load the text encoder and transformer in bfloat16 on a GPU, the VAE in float32 everywhere."""
        parts, dtype = CheckpointParts(weights), natural_dtype(device)
        scheduler_class = _SCHEDULERS.get(parts.class_of("scheduler"))
        if scheduler_class is None:
            raise EngineError(
                f"{parts.folder} states the scheduler {parts.class_of('scheduler')!r}, {self.spec.name} "
                f"samples with {' or '.join(_SCHEDULERS)}: download model_index.json and scheduler again"
            )
        vae = parts.network("vae", AutoencoderKLCogVideoX, dtype=torch.float32)
        # Whole frames of the published sizes would need tens of gigabytes; smaller clips are decoded untiled.
        vae.enable_tiling()
        pipeline = CogVideoXPipeline(
            tokenizer=parts.companion("tokenizer", AutoTokenizer),
            text_encoder=parts.network("text_encoder", T5EncoderModel, dtype=dtype),
            vae=vae,
            transformer=parts.network("transformer", CogVideoXTransformer3DModel, dtype=dtype),
            scheduler=parts.companion("scheduler", scheduler_class),
        )

        def encode(picture: torch.Tensor) -> torch.Tensor:
            mode = vae.encode(picture[:, :, None]).latent_dist.mode()
            return mode[0, :, 0] * vae.config.scaling_factor

        placed = PlacedNetworks(
            denoiser=pipeline.transformer, encoder=pipeline.text_encoder, vae=vae, device=device
        )
        return CogVideoXNetworks(pipeline, placed, LatentPreview(encode, device=vae.device))

    def encode_words(self, networks: CogVideoXNetworks, request: ClipRequest) -> None:
        """Keep the embeddings of both prompts."""
        self._text(networks.pipeline, request)

    @contextmanager
    def denoising(self, networks: CogVideoXNetworks, request: ClipRequest) -> Iterator[CogVideoXDenoising]:
        """Encode the words; the noise is drawn on the CPU in float32."""
        text = self._text(networks.pipeline, request)
        yield CogVideoXDenoising(networks.pipeline, text, request, device=self._device)

    def _text(self, pipeline: Any, request: ClipRequest) -> torch.Tensor:
        """[B, 226, D]; with guidance B is 2, the negative prompt first."""
        words = self._encode(pipeline, request.prompt)
        if float(request.parameters["guidance_scale"]) <= 1:
            return words
        return torch.cat([self._encode(pipeline, request.negative_prompt), words])

    def _encode(self, pipeline: Any, text: str) -> torch.Tensor:
        def make() -> torch.Tensor:
            embeds, _ = pipeline.encode_prompt(
                text,
                do_classifier_free_guidance=False,
                max_sequence_length=TEXT_TOKENS,
                device=self._device,
                dtype=pipeline.transformer.dtype,
            )
            return embeds

        with torch.no_grad():
            return self._texts.get(text, make)
