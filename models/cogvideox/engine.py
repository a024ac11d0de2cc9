"""The CogVideoX engines: words to clip."""

from dataclasses import dataclass
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
from models.cogvideox.spec import SPECS, layout
from models.diffusion_engine import DiffusionEngine
from models.latent_preview import LatentPreview
from models.pretrained import natural_dtype
from reelhouse.clips import ClipRequest
from reelhouse.errors import EngineError

_SCHEDULERS = {each.__name__: each for each in (CogVideoXDDIMScheduler, CogVideoXDPMScheduler)}


@dataclass(frozen=True, slots=True)
class CogVideoXNetworks:
    """diffusers' pipeline around the loaded networks, for its encoders; and the previews' map."""

    pipeline: Any
    preview: LatentPreview


class _CogVideoXEngine(DiffusionEngine[CogVideoXNetworks]):
    """What all three share."""

    def load(self, parts: CheckpointParts) -> CogVideoXNetworks:
        """Load the text encoder and transformer in bfloat16 on a GPU, the VAE in float32 everywhere."""
        dtype = natural_dtype(parts.device)
        scheduler_class = _SCHEDULERS.get(parts.class_of("scheduler"))
        if scheduler_class is None:
            raise EngineError(
                f"{parts.folder} states the scheduler {parts.class_of('scheduler')!r}, {self.base.name} "
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

        return CogVideoXNetworks(pipeline, LatentPreview(encode, device=parts.device))

    def begin(self, networks: CogVideoXNetworks, request: ClipRequest) -> CogVideoXDenoising:
        """Encode the words; the noise is drawn on the CPU in float32."""
        return CogVideoXDenoising(networks.pipeline, request)


class CogVideoX2B(_CogVideoXEngine):
    """cogvideox-2b."""

    base, layout = SPECS["cogvideox-2b"], layout("cogvideox-2b")


class CogVideoX5B(_CogVideoXEngine):
    """cogvideox-5b."""

    base, layout = SPECS["cogvideox-5b"], layout("cogvideox-5b")


class CogVideoX15(_CogVideoXEngine):
    """cogvideox-1.5-5b."""

    base, layout = SPECS["cogvideox-1.5-5b"], layout("cogvideox-1.5-5b")
