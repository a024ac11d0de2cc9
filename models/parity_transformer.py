"""Parity of single forwards: the transformer and everything inside it, and the three passes of one step."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from models import numerics
from models.golden import Golden, GoldenTensors
from models.numerics import Denoiser, Mode
from models.parity_rows import Row, difference, differing, relative
from models.phantom import guidance
from models.phantom.guidance import Conditions, Scales

_FLOAT32 = 1e-4


def check_forward(golden: Golden, mode: Mode) -> Iterator[Row]:
    """Yield the rows of dit_forward.safetensors, computed in float32, then those computed in bfloat16."""
    tensors = golden.tensors("dit_forward")
    contexts = sorted((key for key in golden_contexts(golden)), key=lambda key: int(key.split("_")[1]))
    with _opened(golden, mode, torch.float32) as denoiser:
        yield from _inside(denoiser, tensors, mode)
        found = torch.stack([_outputs(denoiser, tensors, context) for context in contexts])
        yield difference("dit_forward.output", found, tensors["output"], _FLOAT32)
    if "output_bf16_autocast" in tensors:
        with _opened(golden, mode, torch.bfloat16) as denoiser:
            found = _outputs(denoiser, tensors, contexts[1])
        wanted = tensors["output_bf16_autocast"]
        yield relative("dit_forward.output_bf16_autocast", found, wanted, 2e-2)


def golden_contexts(golden: Golden) -> list[str]:
    """The names of the text embeddings that dit_forward has, as config.json counts them."""
    return [f"context_{number}" for number in range(len(golden.config["forward"]["context_lengths"]))]


def check_three_passes(golden: Golden, mode: Mode) -> Iterator[Row]:
    """Yield the rows of three_pass.safetensors."""
    tensors = golden.tensors("three_pass")
    latents, references = tensors.batched("noise"), tensors.batched("ref_latents")
    conditions = Conditions(tensors.text("context_pos"), tensors.text("context_neg"), references)
    given: list[torch.Tensor] = []
    with _opened(golden, mode, torch.float32) as denoiser:
        watch = denoiser.transformer.register_forward_pre_hook(
            lambda _module, inputs: given.append(inputs[0])
        )
        predictions = guidance.three_passes(denoiser, latents, tensors["timestep"][0], conditions)
        watch.remove()
    # What the passes were really given, whatever built it.
    yield differing("three_pass.input_with_refs", given[0], tensors.batched("input_with_refs"))
    yield differing("three_pass.input_zero_refs", given[-1], tensors.batched("input_zero_refs"))
    for name in ("pos_it", "pos_i", "neg"):
        yield difference(f"three_pass.{name}", getattr(predictions, name), tensors.batched(name), _FLOAT32)
    for number in range(len(golden.config["three_pass"]["scales"])):
        image, text = tensors[f"guidance_{number}"].tolist()
        found = guidance.combine(predictions, Scales(image, text))
        wanted = tensors.batched(f"combined_{number}")
        yield difference(f"three_pass.combined_{number}", found, wanted, 5e-4)


@contextmanager
def _opened(golden: Golden, mode: Mode, dtype: torch.dtype) -> Iterator[Denoiser]:
    with numerics.denoiser(golden.transformer(mode, dtype), mode) as denoiser:
        yield denoiser


def _outputs(denoiser: Denoiser, tensors: GoldenTensors, context: str) -> torch.Tensor:
    latents, text = tensors.batched("latents"), tensors.text(context)
    return torch.cat([denoiser(latents, timestep, text) for timestep in tensors["timesteps"]])


def _inside(denoiser: Denoiser, tensors: GoldenTensors, mode: Mode) -> Iterator[Row]:
    """The golden intermediates: those of the first context, the hidden states at its second timestep."""
    model = denoiser.transformer
    embedder = model.condition_embedder
    seen: dict[str, list[Any]] = {}
    modules: dict[str, nn.Module] = {
        "time_sinusoid": embedder.timesteps_proj,
        "time_embedding": embedder.time_embedder,
        "time_modulation": embedder.time_proj,
        "text": embedder.text_embedder,
        "rope": model.rope,
        **{f"block {number}": block for number, block in enumerate(model.blocks)},
        "patches": model.blocks[0].get_submodule("norm1"),
    }
    watches = [
        module.register_forward_hook(
            lambda _module, inputs, output, name=name: seen.setdefault(name, []).append((inputs, output))
        )
        for name, module in modules.items()
    ]
    _outputs(denoiser, tensors, "context_0")
    for watch in watches:
        watch.remove()

    def outputs(name: str) -> torch.Tensor:
        return torch.cat([output for _, output in seen[name]])

    sinusoid = 1e-6 if mode == "parity" else _FLOAT32
    modulation = outputs("time_modulation").unflatten(1, (6, -1))
    cosines, sines = (table[0, :, 0] for table in seen["rope"][0][1])
    hidden = torch.cat([seen[f"block {number}"][1][1] for number in range(len(model.blocks))])
    for name, found, allowed in (
        ("time_sinusoid", outputs("time_sinusoid"), sinusoid),
        ("time_embedding", outputs("time_embedding"), _FLOAT32),
        ("time_modulation", modulation, _FLOAT32),
        ("text_embedded_context_0", seen["text"][0][1][0], 1e-5),
        ("rope_cos", cosines[:, 0::2], 2e-6),
        ("rope_sin", sines[:, 1::2], 2e-6),
        ("hidden_patch_embed", seen["patches"][0][0][0][0], 1e-5),
        ("hidden_after_blocks", hidden, _FLOAT32),
    ):
        yield difference(f"dit_forward.{name}", found, tensors[name], allowed)
