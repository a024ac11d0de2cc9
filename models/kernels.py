"""Which kernels a Wan transformer runs on: the attention backend, and whether its blocks are compiled.

The choice is a table of what was measured in public, read by pure functions. Every backend in it computes the
same attention up to rounding; quantised ones (SageAttention) do not and are never chosen here.
Source: Shah et al. 2024, "FlashAttention-3", arXiv:2407.08608: at 16k tokens and 128 channels a head an H100
does 370 TFLOP/s with FlashAttention 2, 595 with cuDNN, 648 with FlashAttention 3; on A100 and Blackwell the
order of torch itself is the faster one (huggingface/transformers, issue 48163).
"""

import logging
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import torch
from diffusers.models.attention_dispatch import attention_backend
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel

_log = logging.getLogger(__name__)

_HALF = frozenset({torch.bfloat16, torch.float16})
_HOPPER = (9, 0)
_AMPERE = (8, 0)  # the first with bfloat16 products, for which compiling is worth its minutes
_COMPILES_SINCE = (2, 13)  # torch; the first whose compiled functions have recompile limits of their own
_RECOMPILE_LIMIT = 32  # graphs: three kinds of blocks, each again for other sizes
_PACKAGES = ("flash_attn_interface", "triton")


@dataclass(frozen=True, slots=True)
class Machine:
    """What the choice depends on.

    Attributes:
        device: "cuda", "cpu" or another of torch's device types.
        capability: the GPU's compute capability; None without one.
        dtype: of the products.
        torch_version: major and minor.
        packages: those of interest that can be imported, by module name.
    """

    device: str
    capability: tuple[int, int] | None
    dtype: torch.dtype
    torch_version: tuple[int, int]
    packages: frozenset[str]

    @classmethod
    def on(cls, device: torch.device, dtype: torch.dtype) -> "Machine":
        """Look at this machine, for products in `dtype` on one of its devices."""
        major, minor = torch.__version__.split(".")[:2]
        return cls(
            device=device.type,
            capability=torch.cuda.get_device_capability(device) if device.type == "cuda" else None,
            dtype=dtype,
            torch_version=(int(major), int(minor)),
            packages=frozenset(name for name in _PACKAGES if find_spec(name) is not None),
        )


@dataclass(frozen=True, slots=True)
class Kernels:
    """What to run on.

    Attributes:
        attention_backend: a name of diffusers' `AttentionBackendName`.
        compiles_blocks: whether elementwise work is fused; the first clip waits minutes for it.
    """

    attention_backend: str
    compiles_blocks: bool

    def __str__(self) -> str:
        return f"attention {self.attention_backend}, blocks {'compiled' if self.compiles_blocks else 'eager'}"


@dataclass(frozen=True, slots=True)
class _Backend:
    """A backend, and the GPU and package that it needs to be the best choice."""

    name: str
    capability: tuple[int, int]
    package: str | None


# The first that fits; none fits a CPU, float32 or another generation: there torch's own choice is right.
_BACKENDS = (
    _Backend("_flash_3", _HOPPER, "flash_attn_interface"),
    _Backend("_native_cudnn", _HOPPER, None),
)


def choose_kernels(machine: Machine, *, compiles: bool) -> Kernels:
    """Return the fastest kernels that compute the same.

    Args:
        compiles: whether blocks may be compiled, where that can be done.
    """
    half = machine.device == "cuda" and machine.dtype in _HALF
    backend = next(
        (
            backend.name
            for backend in _BACKENDS
            if half
            and machine.capability == backend.capability
            and (backend.package is None or backend.package in machine.packages)
        ),
        "native",
    )
    able = (
        half
        and machine.capability is not None
        and machine.capability >= _AMPERE
        and machine.torch_version >= _COMPILES_SINCE
        and "triton" in machine.packages
    )
    return Kernels(backend, compiles and able)


def install(kernels: Kernels, transformer: WanTransformer3DModel, *, compiler: Any = "inductor") -> None:
    """Make a transformer run on these kernels, once and for all; other models keep their backend.

    Args:
        compiler: torch's name of a compiler, or a function that stands in for one.
    """
    # `set_attention_backend` changes the whole process's default as well; leaving the context undoes that.
    with attention_backend("native"):
        transformer.set_attention_backend(kernels.attention_backend)
    if kernels.compiles_blocks:
        # The inner forward, so that hooks and caches around a block stay outside of its graph.
        for block in transformer.blocks:
            compiled = torch.compile(  # pyright: ignore[reportCallIssue] -- an overload lacks the limit
                block.forward, fullgraph=True, backend=compiler, recompile_limit=_RECOMPILE_LIMIT
            )
            block.forward = compiled
    _log.info("transformer of %d blocks: %s", len(transformer.blocks), kernels)
