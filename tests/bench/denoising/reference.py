"""The slow way, written for comparison: a Wan forward with the official program's semantics and no sharing.

Weights stay float32 and are rounded by autocast at every product; the residual stream, norms and modulation
are float32; positions are turned as complex numbers; each of the three passes computes everything. It reads a
diffusers transformer's weights and uses none of its forward code, so that agreeing with it means something.
Source: Wan 2025, "Wan: Open and Advanced Large-Scale Video Generative Models", arXiv:2503.20314, section 4.2;
Liu et al. 2025, "Phantom", arXiv:2502.11079.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
from diffusers.models.transformers.transformer_wan import (
    WanAttention,
    WanTransformer3DModel,
    WanTransformerBlock,
)
from torch import nn
from torch.nn import functional

from models.numerics import OfficialTimesteps, official_rotary


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Called with latents [1, 16, F, H, W] float32, a timestep [] and a text [1, 512, D], gives the flow.

    Attributes:
        transformer: all of its weights float32.
        dtype: of products: float32, or bfloat16 through autocast.
    """

    transformer: WanTransformer3DModel
    dtype: torch.dtype

    def __call__(self, latents: torch.Tensor, timestep: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        """Return the flow, float32, of the shape of the latents."""
        model, embedder = self.transformer, self.transformer.condition_embedder
        with torch.no_grad(), torch.autocast(latents.device.type, self.dtype, self.dtype != torch.float32):
            patches = model.patch_embedding(latents)
            grid = patches.shape[2:]
            rows = patches.flatten(2).transpose(1, 2)
            embedded = embedder.text_embedder(text.float())
            with torch.autocast(latents.device.type, enabled=False):
                sinusoid = OfficialTimesteps(model.config["freq_dim"])(timestep.expand(1))
                moment = embedder.time_embedder(sinusoid)
                modulation = embedder.time_proj(functional.silu(moment)).unflatten(1, (6, -1))
            turns = complex_turns(model.config["attention_head_dim"], grid, latents.device)
            for block in model.blocks:
                assert isinstance(block, WanTransformerBlock)
                rows = _block(block, rows, embedded, modulation, turns)
            with torch.autocast(latents.device.type, enabled=False):
                shift, scale = (model.scale_shift_table + moment[:, None]).chunk(2, dim=1)
                flow = model.proj_out(_layer_norm(rows.float(), model.norm_out) * (1 + scale) + shift)
        frames, high, wide = grid
        squares = flow.reshape(1, frames, high, wide, 2, 2, -1).permute(0, 6, 1, 2, 4, 3, 5)
        return squares.reshape(1, -1, frames, 2 * high, 2 * wide)


@lru_cache(maxsize=1)
def complex_turns(head_dim: int, grid: torch.Size, device: torch.device) -> torch.Tensor:
    """Return a unit complex number for each token and pair of channels, [1, N, 1, D / 2]."""
    frames, high, wide = grid
    cosines, sines = (table[:, ::2] for table in official_rotary(head_dim, max(grid)))
    plane = head_dim // 6
    time, height, width = torch.complex(cosines, sines).split(
        [head_dim // 2 - 2 * plane, plane, plane], dim=1
    )
    parts = (
        time[:frames, None, None].expand(-1, high, wide, -1),
        height[None, :high, None].expand(frames, -1, wide, -1),
        width[None, None, :wide].expand(frames, high, -1, -1),
    )
    return torch.cat(parts, dim=-1).reshape(1, frames * high * wide, 1, -1).to(device)


def _block(
    block: WanTransformerBlock,
    rows: torch.Tensor,
    text: torch.Tensor,
    modulation: torch.Tensor,
    turns: torch.Tensor,
) -> torch.Tensor:
    told = (block.scale_shift_table + modulation).chunk(6, dim=1)
    shift, scale, gate, ffn_shift, ffn_scale, ffn_gate = told
    given = _layer_norm(rows, block.norm1).float() * (1 + scale) + shift
    rows = rows + _attend(block.attn1, given, given, turns) * gate
    rows = rows + _attend(block.attn2, _layer_norm(rows, block.norm2), text, None)
    given = _layer_norm(rows, block.norm3).float() * (1 + ffn_scale) + ffn_shift
    return rows + block.ffn(given) * ffn_gate


def _attend(
    attn: WanAttention, rows: torch.Tensor, source: torch.Tensor, turns: torch.Tensor | None
) -> torch.Tensor:
    query = _rms_norm(attn.to_q(rows), attn.norm_q).unflatten(2, (attn.heads, -1))
    key = _rms_norm(attn.to_k(source), attn.norm_k).unflatten(2, (attn.heads, -1))
    value = attn.to_v(source).unflatten(2, (attn.heads, -1))
    if turns is not None:
        query, key = _turned(query, turns), _turned(key, turns)
    query, key, value = (states.to(value.dtype).transpose(1, 2) for states in (query, key, value))
    attended = functional.scaled_dot_product_attention(query, key, value)
    return attn.to_out[0](attended.transpose(1, 2).flatten(2))


def _turned(states: torch.Tensor, turns: torch.Tensor) -> torch.Tensor:
    pairs = torch.view_as_complex(states.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turns).flatten(-2)


def _layer_norm(rows: torch.Tensor, norm: nn.Module) -> torch.Tensor:
    assert isinstance(norm, nn.LayerNorm)
    weight = None if norm.weight is None else norm.weight.float()
    bias = None if norm.bias is None else norm.bias.float()
    normed = functional.layer_norm(rows.float(), norm.normalized_shape, weight, bias, norm.eps)
    return normed.type_as(rows)


def _rms_norm(rows: torch.Tensor, norm: nn.RMSNorm) -> torch.Tensor:
    wide = rows.float()
    assert norm.eps is not None
    normed = wide * torch.rsqrt(wide.pow(2).mean(dim=-1, keepdim=True) + norm.eps)
    return normed.type_as(rows) * norm.weight
