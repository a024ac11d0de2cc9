"""Phantom as a diffusers pipeline: reference pictures and a prompt in, a clip in which the subjects stay.

`save_pretrained`, `from_pretrained` and `load_lora_weights` are diffusers' own.
"""

import html
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import ftfy
import numpy as np
import torch
from diffusers.loaders.lora_pipeline import WanLoraLoaderMixin
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from diffusers.schedulers.scheduling_unipc_multistep import UniPCMultistepScheduler
from numpy.typing import NDArray
from PIL import Image
from transformers import PreTrainedTokenizerBase, UMT5EncoderModel

from models import numerics, wan_vae
from models.expander import DEFAULT_NEGATIVE_PROMPT
from models.numerics import Mode
from models.phantom import guidance
from models.phantom.guidance import Conditions, Scales, Step
from models.reference_images import letterbox
from reelhouse.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class PhantomOutput:
    """The clip: `frames` [F, H, W, 3] uint8 RGB, or latents [1, 16, F, H, W] where those were asked for."""

    frames: NDArray[np.uint8] | torch.Tensor


def clean_prompt(text: str) -> str:
    """Return the text as the encoder was trained on it: broken characters mended, white space single.

    Source: Wan-Video/Wan2.1 `wan/modules/tokenizers.py`, mode "whitespace".
    """
    mended = html.unescape(html.unescape(ftfy.fix_text(text)))
    return re.sub(r"\s+", " ", mended.strip()).strip()


class PhantomPipeline(DiffusionPipeline, WanLoraLoaderMixin):
    """Subjects to video.

    Attributes:
        numeric_mode: `exact` or `parity`; for parity below float32 the transformer's parameters must have
            the dtypes of `numerics.parameter_dtype`, as the engine loads them.
    """

    model_cpu_offload_seq = "text_encoder->transformer->vae"
    tokenizer: PreTrainedTokenizerBase
    text_encoder: UMT5EncoderModel
    transformer: WanTransformer3DModel
    vae: AutoencoderKLWan
    scheduler: UniPCMultistepScheduler

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        text_encoder: UMT5EncoderModel,
        transformer: WanTransformer3DModel,
        vae: AutoencoderKLWan,
        scheduler: UniPCMultistepScheduler,
    ) -> None:
        super().__init__()
        self.register_modules(
            tokenizer=tokenizer,
            text_encoder=text_encoder,
            transformer=transformer,
            vae=vae,
            scheduler=scheduler,
        )
        self.numeric_mode: Mode = "exact"

    @torch.no_grad()
    def encode_prompt(self, prompt: str) -> torch.Tensor:
        """Return a prompt's embedding [1, 512, D]: encoded to its true length, then zeros."""
        tokens = self.tokenizer(
            [clean_prompt(prompt)],
            padding="max_length",
            max_length=guidance.TEXT_LENGTH,
            truncation=True,
            add_special_tokens=True,
            return_attention_mask=True,
            return_tensors="pt",
        ).to(self._execution_device)
        encoded = self.text_encoder(tokens.input_ids, tokens.attention_mask).last_hidden_state
        # The encoder's padded rows are not zero; what the transformer was trained on is.
        return guidance.pad_text(encoded[0, : int(tokens.attention_mask.sum())])

    def encode_references(self, pictures: Sequence[Image.Image], *, height: int, width: int) -> torch.Tensor:
        """Return normalised latents [1, 16, n, H / 8, W / 8] of RGB pictures, letterboxed to the clip."""
        fitted = [np.asarray(letterbox(picture, height=height, width=width)) for picture in pictures]
        return wan_vae.encode_references(self.vae, fitted)

    def denoiser(
        self, *, shares: bool = True, unread_frames: int
    ) -> AbstractContextManager[numerics.Denoiser]:
        """Hold the transformer to the numeric mode for one clip; as `numerics.denoiser`."""
        return numerics.denoiser(
            self.transformer, self.numeric_mode, shares=shares, unread_frames=unread_frames
        )

    def denoise(
        self, noise: torch.Tensor, conditions: Conditions, scales: Scales, num_inference_steps: int
    ) -> Iterator[Step]:
        """Yield every step; shapes as in `guidance.denoise`."""
        # The references' own frames are overwritten before every forward and cut off at the end.
        with self.denoiser(unread_frames=conditions.references.shape[2]) as denoiser:
            yield from guidance.denoise(
                denoiser, self.scheduler, noise, conditions, scales, num_inference_steps
            )

    def __call__(
        self,
        prompt: str,
        image: Sequence[Image.Image],
        negative_prompt: str = DEFAULT_NEGATIVE_PROMPT,
        height: int = 480,
        width: int = 832,
        num_frames: int = 81,
        num_inference_steps: int = 50,
        guidance_scale_image: float = 5.0,
        guidance_scale_text: float = 7.5,
        seed: int = 0,
        output_type: str = "np",
        callback_on_step_end: Callable[[Any, int, Any, dict[str, torch.Tensor]], None] | None = None,
    ) -> PhantomOutput:
        """Make one clip.

        Args:
            image: one to four reference pictures, RGB, in order.
            seed: of the noise, which is drawn on the CPU.
            output_type: "np" for frames, "latent" for the latents before decoding.
            callback_on_step_end: called with the pipeline, the step from 0, its timestep and its latents.

        Raises:
            InputError: a size or frame count that the VAE does not have.
        """
        if height % 16 or width % 16 or num_frames % 4 != 1:
            raise InputError(
                f"sides in multiples of 16 and 4n + 1 frames are wanted, not "
                f"{num_frames} frames of {width}x{height}"
            )
        conditions = Conditions(
            prompt=self.encode_prompt(prompt),
            negative=self.encode_prompt(negative_prompt),
            references=self.encode_references(image, height=height, width=width),
        )
        shape = guidance.noise_shape(num_frames=num_frames, height=height, width=width, references=len(image))
        latents = noise = guidance.draw_noise(shape, seed)
        scales = Scales(guidance_scale_image, guidance_scale_text)
        with self.progress_bar(total=num_inference_steps) as progress:  # pyright: ignore[reportCallIssue] -- untyped there
            for step in self.denoise(noise, conditions, scales, num_inference_steps):
                latents = step.latents
                if callback_on_step_end is not None:
                    timestep = self.scheduler.timesteps[step.number - 1]
                    callback_on_step_end(self, step.number - 1, timestep, {"latents": latents})
                progress.update()
        latents = guidance.without_references(latents, conditions.references)
        if output_type == "latent":
            return PhantomOutput(latents)
        chunks = [wan_vae.frames_of(chunk) for chunk in wan_vae.stream_video(self.vae, latents)]
        return PhantomOutput(np.concatenate(chunks))
