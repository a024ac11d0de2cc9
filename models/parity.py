"""Does this machine compute Phantom right? A golden directory's tensors against what is computed here.

A golden directory holds tiny random weights and what the official program made of them; its `config.json`
names sizes, step counts, scales and loops, and nothing here assumes one of them. Float32 rows show equality;
the bfloat16 rows can only show the absence of gross mistakes.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan

from models import numerics, parity_pictures, parity_transformer, wan_sampler, wan_vae
from models.golden import Golden, GoldenTensors, Loop
from models.numerics import Mode, parse_mode
from models.parity_rows import Row, difference, relative
from models.phantom import guidance
from models.phantom.guidance import Conditions, Scales, Step
from models.pretrained import choose_device
from models.reference_images import letterbox

__all__ = ["Row", "check_golden"]


def check_golden(directory: Path, *, device: str, mode: str) -> list[Row]:
    """Compute every tensor of a golden directory and return how far each is off.

    Args:
        device: "auto", "cpu", "cuda" or "cuda:N".
        mode: "parity" or "exact".

    Raises:
        InputError: the directory is incomplete, or there is no such mode.
        EngineError: there is no such device.
    """
    golden = Golden(directory, choose_device(device))
    return list(_check(golden, parse_mode(mode)))


def _check(golden: Golden, mode: Mode) -> Iterator[Row]:
    with _plain_float32():
        yield from parity_transformer.check_forward(golden, mode)
        yield from parity_transformer.check_three_passes(golden, mode)
        yield from _check_scheduler(golden)
        vae = golden.vae()
        yield from parity_pictures.check_vae(golden, vae)
        for name in golden.loops:
            yield from _check_loop(golden, vae, name, mode)
        yield _check_cpu_noise(golden)
        yield from parity_pictures.check_preprocessing(golden.directory / "preprocess")


@contextmanager
def _plain_float32() -> Iterator[None]:
    """Compute float32 products in float32: a GPU's TF32 keeps ten bits and would fail every row."""
    matmul, convolution = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = matmul, convolution


def _check_scheduler(golden: Golden) -> Iterator[Row]:
    """The sampler alone, fed fixed outputs (open) and those of a formula (closed)."""
    tensors = golden.tensors("scheduler")
    bias = tensors["bias"]
    for entry in golden.config["scheduler"]:
        key = entry["key"]
        for feed in ("open", "closed"):
            scheduler = wan_sampler.make_scheduler(entry["shift"])
            timesteps = wan_sampler.start(scheduler, entry["steps"], device=golden.device)
            if feed == "open":
                yield difference(f"scheduler.{key}.timesteps", timesteps, tensors[f"{key}.timesteps"], 0.0)
                yield difference(f"scheduler.{key}.sigmas", scheduler.sigmas, tensors[f"{key}.sigmas"], 1e-7)
            sample, samples = tensors["x_init"], []
            for number, timestep in enumerate(timesteps):
                if feed == "open":
                    output = tensors[f"{key}.open.model_outputs"][number]
                else:
                    output = 0.8 * sample - 0.5 * torch.sin(2 * sample + bias) + (timestep / 1000) * bias
                (sample,) = scheduler.step(output, timestep, sample, return_dict=False)
                samples.append(sample)
            wanted = tensors[f"{key}.{feed}.samples"]
            yield difference(f"scheduler.{key}.{feed}.samples", torch.stack(samples), wanted, 1e-5)


def _check_loop(golden: Golden, vae: AutoencoderKLWan, name: str, mode: Mode) -> Iterator[Row]:
    """A whole sampling run, from the reference pictures' files to the decoded clip."""
    tensors, loop = golden.tensors(name), golden.loops[name]
    pictures = _letterboxed(golden.directory, name, loop)
    apart = parity_pictures.levels_apart(np.stack(pictures), tensors["ref_images_u8"].cpu().numpy())
    yield Row(f"{name}.ref_images_u8", apart, 1.0, "levels")
    references = wan_vae.encode_references(vae, list(tensors["ref_images_u8"].cpu().numpy()))
    yield difference(f"{name}.ref_latents", references, tensors.batched("ref_latents"), 2e-5)
    noise = _noise(loop)
    # The same draw to the bit where torch has its vector kernels; without them up to 2e-6 away.
    yield difference(f"{name}.noise", noise, tensors.batched("noise"), 1e-5)
    conditions = Conditions(tensors.text("context_pos"), tensors.text("context_neg"), references)

    scheduler = wan_sampler.make_scheduler(loop.flow_shift)
    timesteps = wan_sampler.start(scheduler, loop.num_inference_steps, device=golden.device)
    yield difference(f"{name}.timesteps", timesteps, tensors["timesteps"], 0.0)
    yield difference(f"{name}.sigmas", scheduler.sigmas, tensors["sigmas"], 1e-7)

    steps = _sample(golden, loop, conditions, mode, torch.float32)
    yield from _check_steps(name, steps, references, tensors)
    final = guidance.without_references(steps[-1].latents, references)
    yield difference(f"{name}.final_latents", final, tensors.batched("final_latents"), 5e-4)
    yield relative(f"{name}.final_latents", final, tensors.batched("final_latents"), 5e-5)
    video = torch.cat(list(wan_vae.stream_video(vae, final)), dim=2)
    yield difference(f"{name}.video", video, tensors.batched("video"), 5e-4)
    if "final_latents_bf16_autocast" in tensors:
        steps = _sample(golden, loop, conditions, mode, torch.bfloat16)
        final = guidance.without_references(steps[-1].latents, references)
        wanted = tensors.batched("final_latents_bf16_autocast")
        yield relative(f"{name}.final_latents_bf16_autocast", final, wanted, 4e-2)


def _check_steps(
    name: str, steps: list[Step], references: torch.Tensor, tensors: GoldenTensors
) -> Iterator[Row]:
    """Predictions of the first and last step and the latents after each, in the clip's own frames."""
    for label, step, allowed in (("step0", steps[0], 1e-4), ("last", steps[-1], 5e-4)):
        for branch in ("pos_it", "pos_i", "neg"):
            if (key := f"{label}_{branch}") in tensors:
                found = guidance.without_references(getattr(step.predictions, branch), references)
                wanted = guidance.without_references(tensors.batched(key), references)
                yield difference(f"{name}.{key}", found, wanted, allowed)
    if "latents_after_step" in tensors:
        found = guidance.without_references(torch.cat([step.latents for step in steps]), references)
        wanted = guidance.without_references(tensors["latents_after_step"], references)
        yield difference(f"{name}.latents_after_step", found, wanted, 5e-4)


def _sample(golden: Golden, loop: Loop, conditions: Conditions, mode: Mode, dtype: torch.dtype) -> list[Step]:
    scales = Scales(loop.guidance_scale_image, loop.guidance_scale_text)
    scheduler = wan_sampler.make_scheduler(loop.flow_shift)
    with numerics.denoiser(golden.transformer(mode, dtype), mode) as denoiser:
        return list(
            guidance.denoise(denoiser, scheduler, _noise(loop), conditions, scales, loop.num_inference_steps)
        )


def _noise(loop: Loop) -> torch.Tensor:
    shape = guidance.noise_shape(
        num_frames=loop.num_frames, height=loop.height, width=loop.width, references=len(loop.ref_files)
    )
    return guidance.draw_noise(shape, loop.seed)


def _letterboxed(directory: Path, name: str, loop: Loop) -> list[np.ndarray]:
    """The loop's reference pictures, from its own folder or the one that loops share."""
    folder = directory / f"{name}_refs"
    pictures = []
    for file in loop.ref_files:
        path = folder / file if (folder / file).is_file() else directory / "loop_refs" / file
        rgb = parity_pictures.open_rgb(path)
        pictures.append(np.asarray(letterbox(rgb, height=loop.height, width=loop.width)))
    return pictures


def _check_cpu_noise(golden: Golden) -> Row:
    """A draw at the real latent size: by its hash, or within 1e-5 of its ends where kernels differ."""
    wanted = golden.config["cpu_noise"]
    noise = guidance.draw_noise(tuple(wanted["shape"]), wanted["seed"])
    if (
        hashlib.sha256(noise.numpy().astype("<f4").tobytes()).hexdigest()
        == wanted["sha256_little_endian_f32"]
    ):
        return Row("cpu_noise", 0.0, 1e-5, "max abs")
    flat = noise.flatten()
    ends = torch.cat((flat[: len(wanted["first8"])], flat[-len(wanted["last4"]) :]))
    return difference("cpu_noise", ends, torch.tensor(wanted["first8"] + wanted["last4"]), 1e-5)
