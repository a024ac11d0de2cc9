"""Kernels follow from the machine, and compiled blocks are whole graphs that compute the same."""

from collections.abc import Iterator

import pytest
import torch
from diffusers.models.attention_dispatch import (
    AttentionBackendName,
    _AttentionBackendRegistry,
    attention_backend,
)
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from torch._dynamo.testing import CompileCounterWithBackend
from torch._dynamo.utils import counters

from models import kernels
from models.kernels import Kernels, Machine, choose_kernels
from models.numerics import MODES, Mode, denoiser, parameter_dtype
from models.wan_models import Sizes

BFLOAT16, FLOAT32 = torch.bfloat16, torch.float32
FLASH_3 = "flash_attn_interface"


@pytest.fixture(autouse=True)
def clean_compiler() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch._dynamo.reset()
    counters.clear()
    yield
    torch._dynamo.reset()
    torch.set_num_threads(threads)


def transformer(mode: Mode, dtype: torch.dtype) -> WanTransformer3DModel:
    torch.manual_seed(0)
    sizes = Sizes(dim=32, ffn_dim=32, num_heads=2, num_layers=4, freq_dim=16, text_dim=8)
    model = WanTransformer3DModel(**sizes.config).eval()
    for name, parameter in model.named_parameters():
        parameter.data = parameter.data.to(parameter_dtype(name, mode, dtype))
    return model


def backends(model: WanTransformer3DModel) -> set[object]:
    return {getattr(processor, "_attention_backend", None) for processor in model.attn_processors.values()}


def clip(model: WanTransformer3DModel, mode: Mode, *, frames: int, references: int) -> torch.Tensor:
    """One step of a clip: predictions [3, 16, F + n, 4, 4]."""
    source = torch.Generator().manual_seed(frames)
    shown = torch.randn(1, 16, frames + references, 4, 4, generator=source)
    hidden = shown.clone()
    hidden[:, :, frames:] = 0
    prompt, negative = torch.randn(2, 1, 512, 8, generator=source)
    timestep = torch.tensor(700)
    with denoiser(model, mode, unread_frames=references) as predict:
        passes = [(shown, prompt), (shown, negative), (hidden, negative)]
        return torch.cat([predict(given, timestep, text) for given, text in passes])


@pytest.mark.parametrize(
    ("device", "capability", "dtype", "packages", "wanted"),
    [
        ("cpu", None, FLOAT32, {"triton"}, Kernels("native", False)),
        ("cpu", None, BFLOAT16, {FLASH_3, "triton"}, Kernels("native", False)),
        ("cuda", (7, 5), BFLOAT16, {"triton"}, Kernels("native", False)),
        ("cuda", (8, 0), BFLOAT16, {FLASH_3, "triton"}, Kernels("native", True)),
        ("cuda", (8, 6), BFLOAT16, {"triton"}, Kernels("native", True)),
        ("cuda", (8, 9), BFLOAT16, {"triton"}, Kernels("native", True)),
        ("cuda", (9, 0), BFLOAT16, {"triton"}, Kernels("_native_cudnn", True)),
        ("cuda", (9, 0), torch.float16, set(), Kernels("_native_cudnn", False)),
        ("cuda", (9, 0), BFLOAT16, {FLASH_3, "triton"}, Kernels("_flash_3", True)),
        ("cuda", (9, 0), FLOAT32, {FLASH_3, "triton"}, Kernels("native", False)),
        ("cuda", (10, 0), BFLOAT16, {FLASH_3, "triton"}, Kernels("native", True)),
        ("cuda", (12, 0), BFLOAT16, {"triton"}, Kernels("native", True)),
        ("mps", None, torch.float16, set(), Kernels("native", False)),
    ],
)
def test_kernels_follow_from_the_machine(
    device: str,
    capability: tuple[int, int] | None,
    dtype: torch.dtype,
    packages: set[str],
    wanted: Kernels,
) -> None:
    machine = Machine(device, capability, dtype, (2, 13), frozenset(packages))
    assert choose_kernels(machine, compiles=True) == wanted
    assert choose_kernels(machine, compiles=False) == Kernels(wanted.attention_backend, False)
    assert wanted.attention_backend in {name.value for name in AttentionBackendName}


def test_blocks_are_not_compiled_by_a_torch_that_counts_recompilations_otherwise() -> None:
    older = Machine("cuda", (9, 0), BFLOAT16, (2, 11), frozenset({"triton"}))
    assert choose_kernels(older, compiles=True) == Kernels("_native_cudnn", False)


def test_this_machine_is_looked_at() -> None:
    machine = Machine.on(torch.device("cpu"), BFLOAT16)
    assert (machine.device, machine.capability, machine.dtype) == ("cpu", None, BFLOAT16)
    assert machine.torch_version >= (2, 0)
    assert FLASH_3 not in machine.packages


def test_installing_a_backend_reaches_our_layers_and_leaves_other_models_alone() -> None:
    model, other = transformer("exact", FLOAT32), transformer("exact", FLOAT32)
    kernels.install(Kernels("_native_math", False), model)
    with denoiser(model, "exact"):
        assert backends(model) == {"_native_math"}
    assert backends(other) == {None}
    # What is active where nothing was said stays active.
    with attention_backend("flex"):
        kernels.install(Kernels("_native_math", False), model)
        assert _AttentionBackendRegistry.get_active_backend()[0] == "flex"


@pytest.mark.parametrize("dtype", [FLOAT32, BFLOAT16], ids=str)
@pytest.mark.parametrize("mode", MODES)
def test_compiled_blocks_are_three_whole_graphs_that_a_second_clip_uses_again(
    mode: Mode, dtype: torch.dtype
) -> None:
    plain, compiled = transformer(mode, dtype), transformer(mode, dtype)
    compiler = CompileCounterWithBackend("aot_eager")
    kernels.install(Kernels("native", True), compiled, compiler=compiler)
    for _ in range(2):
        found = clip(compiled, mode, frames=3, references=1)
        assert torch.equal(found, clip(plain, mode, frames=3, references=1))
        # The first block, the last one, and the two between.
        assert compiler.frame_count == 3
    assert not counters["graph_break"]


def test_other_sizes_settle_on_graphs_for_all_sizes() -> None:
    plain, compiled = transformer("exact", BFLOAT16), transformer("exact", BFLOAT16)
    compiler = CompileCounterWithBackend("eager")
    kernels.install(Kernels("native", True), compiled, compiler=compiler)
    graphs = []
    for frames, references in ((3, 1), (2, 2), (4, 3), (1, 4), (5, 2), (6, 1)):
        found = clip(compiled, "exact", frames=frames, references=references)
        assert torch.equal(found, clip(plain, "exact", frames=frames, references=references))
        graphs.append(compiler.frame_count)
    assert graphs[2] == graphs[-1] <= 8
    assert not counters["graph_break"]


def test_what_was_chosen_is_said_for_the_record() -> None:
    assert str(Kernels("_native_cudnn", True)) == "attention _native_cudnn, blocks compiled"
    assert str(Kernels("native", False)) == "attention native, blocks eager"
