"""Phantom's sampling loop: three predictions a step, guided by pictures and by text.

Source: Liu et al. 2025, "Phantom", arXiv:2502.11079; Phantom-video/Phantom `phantom_wan/subject2video.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from diffusers.schedulers.scheduling_unipc_multistep import UniPCMultistepScheduler

from models import wan_sampler
from models.numerics import Denoiser
from reelhouse.errors import InputError

TEXT_LENGTH = 512  # rows; shorter texts end in rows of zeros, which the model attends to


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """What a clip is made from.

    Attributes:
        prompt, negative: text embeddings [1, 512, D].
        references: normalised latents [1, 16, n, H, W] float32, n at least 1.
    """

    prompt: torch.Tensor
    negative: torch.Tensor
    references: torch.Tensor


@dataclass(frozen=True, slots=True)
class Scales:
    """How hard the clip is pulled towards the reference pictures, and towards the prompt."""

    image: float = 5.0
    text: float = 7.5


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """The three flows of one step, each [1, 16, F + n, H, W] float32; nobody reads the last n frames.

    Attributes:
        pos_it: with references and prompt.
        pos_i: with references and the negative prompt.
        neg: with zeros for references and the negative prompt.
    """

    pos_it: torch.Tensor
    pos_i: torch.Tensor
    neg: torch.Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One finished step; `latents` [1, 16, F + n, H, W] still end in n frames that mean nothing."""

    number: int
    predictions: Predictions
    latents: torch.Tensor


def pad_text(embedding: torch.Tensor) -> torch.Tensor:
    """Return a text's embedding [L, D] as [1, 512, D], zeros past its length.

    The zeros are no mask: the model's text layers answer them with their biases, and all 512 are attended to.
    """
    padded = embedding.new_zeros(1, TEXT_LENGTH, embedding.shape[1])
    padded[0, : embedding.shape[0]] = embedding[:TEXT_LENGTH]
    return padded


def noise_shape(
    *, num_frames: int, height: int, width: int, references: int, channels: int = 16
) -> tuple[int, int, int, int, int]:
    """Return the shape of a clip's noise: its latent frames, then one for each reference."""
    return 1, channels, (num_frames - 1) // 4 + 1 + references, height // 8, width // 8


def draw_noise(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    """Draw the noise on the CPU, all of it in one draw, so that a seed is one clip on every machine.

    The reference frames are drawn too, though they are overwritten: without them every other value moves.
    """
    return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed), dtype=torch.float32)


def with_references(latents: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """Return the latents with their last n frames replaced."""
    return torch.cat((without_references(latents, references), references), dim=2)


def without_references(latents: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """Return the clip's own frames of the latents."""
    return latents[:, :, : latents.shape[2] - references.shape[2]]


def three_passes(
    denoiser: Denoiser, latents: torch.Tensor, timestep: torch.Tensor, conditions: Conditions
) -> Predictions:
    """Predict thrice; the first two share their latents."""
    shown = with_references(latents, conditions.references)
    # Zero in the normalised latent space, which is no picture; an encoded white one is 35 % off.
    hidden = with_references(latents, torch.zeros_like(conditions.references))
    return Predictions(
        pos_it=denoiser(shown, timestep, conditions.prompt),
        pos_i=denoiser(shown, timestep, conditions.negative),
        neg=denoiser(hidden, timestep, conditions.negative),
    )


def guided_flow(
    denoiser: Denoiser, latents: torch.Tensor, timestep: torch.Tensor, conditions: Conditions, scales: Scales
) -> torch.Tensor:
    """Return the guided flow of one step; a pass that has no weight in it is not run.

    Equal scales take away the pass with references and the negative prompt; a scale of 1 the other negative
    one as well, which is how distilled models are run.
    """
    if scales.image != scales.text:
        return combine(three_passes(denoiser, latents, timestep, conditions), scales)
    pos_it = denoiser(with_references(latents, conditions.references), timestep, conditions.prompt)
    if scales.text == 1.0:
        return pos_it
    hidden = with_references(latents, torch.zeros_like(conditions.references))
    neg = denoiser(hidden, timestep, conditions.negative)
    return neg + scales.text * (pos_it - neg)


def combine(predictions: Predictions, scales: Scales) -> torch.Tensor:
    """Return the guided flow, in float32: neg + s_image (pos_i - neg) + s_text (pos_it - pos_i)."""
    pos_it, pos_i, neg = predictions.pos_it, predictions.pos_i, predictions.neg
    return neg + scales.image * (pos_i - neg) + scales.text * (pos_it - pos_i)


def denoise(
    denoiser: Denoiser,
    scheduler: UniPCMultistepScheduler,
    noise: torch.Tensor,
    conditions: Conditions,
    scales: Scales,
    num_inference_steps: int,
) -> Iterator[Step]:
    """Yield every step, from the first; closing the generator stops between two.

    Shapes: noise [1, 16, F + n, H, W] float32.
    Raises:
        InputError: there is no reference; Phantom has none to leave out then.
    """
    if not conditions.references.shape[2]:
        raise InputError(
            "Phantom needs one to four reference pictures; without any, use a text-to-video engine"
        )
    timesteps = wan_sampler.start(scheduler, num_inference_steps, device=denoiser.device)
    latents = noise.to(denoiser.device)
    for number, timestep in enumerate(timesteps, 1):
        predictions = three_passes(denoiser, latents, timestep, conditions)
        (latents,) = scheduler.step(combine(predictions, scales), timestep, latents, return_dict=False)
        yield Step(number, predictions, latents)
