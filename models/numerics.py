"""Numeric modes of a Wan transformer: `parity` computes as the official program, `exact` as diffusers.

In bfloat16 the official program keeps the residual stream, norms, timestep and output layers in float32 and
rounds only where a matrix product or attention begins; on a 30-layer random model that halves the error
against float32. In float32 the modes differ by two tables: the timestep sinusoid and the rotary angles.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Literal, TypeAlias, get_args

import torch
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from torch import nn

from models import wan_attention
from models.wan_savings import Savings
from reelhouse.errors import InputError

Mode: TypeAlias = Literal["parity", "exact"]
MODES: tuple[Mode, ...] = get_args(Mode)

# As WanTransformer3DModel._keep_in_fp32_modules, spelled out: a private name of diffusers may change.
_EXACT_FLOAT32 = frozenset({"rope", "time_embedder", "scale_shift_table", "norm1", "norm2", "norm3"})
_PARITY_FLOAT32 = _EXACT_FLOAT32 | {"time_proj", "proj_out", "norm_q", "norm_k"}


def parse_mode(text: str) -> Mode:
    """Return the mode of that name.

    Raises:
        InputError: there is none.
    """
    for mode in MODES:
        if text == mode:
            return mode
    raise InputError(f"there is no numeric mode {text!r}: choose one of {', '.join(MODES)}")


def parameter_dtype(name: str, mode: Mode, dtype: torch.dtype) -> torch.dtype:
    """Return the dtype in which a transformer parameter is held when products are computed in `dtype`.

    Products read their weights rounded, so holding those rounded changes nothing.
    """
    kept = _PARITY_FLOAT32 if mode == "parity" else _EXACT_FLOAT32
    return torch.float32 if kept.intersection(name.split(".")) else dtype


class OfficialTimesteps(nn.Module):
    """The timestep's sinusoid computed in float64, as official; diffusers computes it in float32."""

    def __init__(self, num_channels: int) -> None:
        super().__init__()
        self.num_channels = num_channels

    def forward(self, timesteps: torch.Tensor) -> torch.Tensor:
        """Return [B, C] float32, cosines before sines, of timesteps [B].

        Source: Wan-Video/Wan2.1 `wan/modules/model.py`, `sinusoidal_embedding_1d`.
        """
        half = self.num_channels // 2
        steps = torch.arange(half, dtype=torch.float64, device=timesteps.device) / half
        angles = torch.outer(timesteps.double(), torch.pow(10000, -steps))
        return torch.cat((angles.cos(), angles.sin()), dim=1).float()


def official_rotary(head_dim: int, positions: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return cosines and sines [positions, D] whose angles were computed in float32, every angle twice.

    Source: Phantom-video/Phantom `phantom_wan/modules/model.py`, `rope_params`; Wan2.1's own are float64.
    """
    plane = 2 * (head_dim // 6)
    angles = []
    for dim in (head_dim - 2 * plane, plane, plane):
        exponents = torch.arange(0, dim, 2).to(torch.float32).div(dim)
        angles.append(torch.outer(torch.arange(positions), 1.0 / torch.pow(10000.0, exponents)))
    # polar, not cos and sin: vectorised kernels of the two differ in the last bit.
    turns = torch.polar(
        torch.ones((), dtype=torch.float32).expand(positions, head_dim // 2), torch.cat(angles, dim=1)
    )
    return turns.real.repeat_interleave(2, dim=1), turns.imag.repeat_interleave(2, dim=1)


class Denoiser:
    """A transformer held to one numeric mode; called, it predicts the flow.

    Attributes:
        mode: see the module.
    """

    def __init__(self, transformer: WanTransformer3DModel, mode: Mode, savings: Savings) -> None:
        self.transformer = transformer
        self.mode: Mode = mode
        self._savings = savings
        self._dtype = transformer.patch_embedding.weight.dtype

    @property
    def device(self) -> torch.device:
        """Where the transformer is."""
        return self.transformer.patch_embedding.weight.device

    def __call__(self, latents: torch.Tensor, timestep: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        """Return the predicted flow [1, 16, F, H, W] float32.

        Shapes: latents [1, 16, F, H, W] float32; timestep [] int64; text [1, 512, D], zeros past its length.
        """
        self._savings.begin(latents, timestep, text)
        # In parity the first product rounds its input by itself; the text's dtype sets the timestep vector's.
        given = torch.float32 if self.mode == "parity" else self._dtype
        with torch.no_grad():
            (flow,) = self.transformer(
                latents.to(given), timestep.expand(latents.shape[0]), text.to(given), return_dict=False
            )
        return flow.float()


@contextmanager
def denoiser(
    transformer: WanTransformer3DModel, mode: Mode, *, shares: bool = True, unread_frames: int = 0
) -> Iterator[Denoiser]:
    """Hold a transformer to a mode for one clip, and leave it as it was found.

    Args:
        transformer: its parameters in the dtypes of `parameter_dtype`.
        shares, unread_frames: as `Savings` has them; either changes no bit of what is read.
    """
    rounds = mode == "parity" and transformer.patch_embedding.weight.dtype != torch.float32
    savings = Savings(shares=shares, unread_frames=unread_frames)
    with ExitStack() as undo:
        undo.callback(wan_attention.install(transformer, rounds=rounds))
        undo.callback(savings.install(transformer))
        if mode == "parity":
            undo.callback(_install_tables(transformer))
        if rounds:
            undo.callback(_install_rounding(transformer))
        yield Denoiser(transformer, mode, savings)


def _install_tables(transformer: WanTransformer3DModel) -> Callable[[], None]:
    embedder, rope = transformer.condition_embedder, transformer.rope
    sinusoid, buffers = embedder.timesteps_proj, dict(rope.named_buffers())
    embedder.register_module("timesteps_proj", OfficialTimesteps(transformer.config["freq_dim"]))
    tables = official_rotary(rope.attention_head_dim, rope.max_seq_len)
    for name, table in zip(("freqs_cos", "freqs_sin"), tables, strict=True):
        rope.register_buffer(name, table.to(buffers[name].device), persistent=False)

    def restore() -> None:
        embedder.register_module("timesteps_proj", sinusoid)
        for name, table in buffers.items():
            rope.register_buffer(name, table, persistent=False)

    return restore


def _install_rounding(transformer: WanTransformer3DModel) -> Callable[[], None]:
    """Round at the mouth of every reduced-precision product, and nowhere else."""
    dtype = transformer.patch_embedding.weight.dtype
    products = [
        module
        for module in transformer.modules()
        if isinstance(module, nn.Linear | nn.Conv3d) and module.weight.dtype == dtype
    ]
    handles = [module.register_forward_pre_hook(_rounded_input) for module in products]
    handles.append(transformer.patch_embedding.register_forward_hook(_as_float32))
    # The stream is still rounded when it enters the first block, and its norm returns the dtype it was given.
    first = transformer.blocks[0]
    assert isinstance(first, nn.Module)  # noqa: S101 -- for the type checker
    handles.append(first.get_submodule("norm1").register_forward_hook(_rounded_output(dtype)))

    def restore() -> None:
        for handle in handles:
            handle.remove()

    return restore


def _rounded_input(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    return (inputs[0].to(module.weight.dtype), *inputs[1:])


def _as_float32(_module: nn.Module, _inputs: tuple[Any, ...], output: torch.Tensor) -> torch.Tensor:
    return output.float()


def _rounded_output(dtype: torch.dtype) -> Callable[[nn.Module, tuple[Any, ...], torch.Tensor], torch.Tensor]:
    return lambda _module, _inputs, output: output.to(dtype).float()
