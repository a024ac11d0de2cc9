"""Wan attention without state, which rounds where the official program rounds.

What a forward need not compute reaches it through its arguments (`models.wan_savings`): the text's keys and
values in place of the text, or the answer itself.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import torch
from diffusers.models.attention_dispatch import dispatch_attention_fn
from diffusers.models.transformers.transformer_wan import (
    WanAttention,
    WanTransformer3DModel,
    WanTransformerBlock,
)
from torch.nn import functional

KeysValues: TypeAlias = tuple[torch.Tensor, torch.Tensor]  # each [B, L, heads, D / heads]


class SelfAttention(NamedTuple):
    """What self-attention is told beside its rows; a transformer alone tells it the angles.

    Attributes:
        cosines, sines: of the rotary angles of all rows, [1, N, 1, D / heads], every angle twice.
        more: rows [B, M, D] after its own that give keys and values and get no answer.
        answer: what it is to return, where that is known.
    """

    cosines: torch.Tensor
    sines: torch.Tensor
    more: torch.Tensor | None = None
    answer: torch.Tensor | None = None


class WanProcessor:
    """Attention of one Wan layer without image keys, in the numerics of either mode.

    Attributes:
        rounds: whether queries and keys stay float32 through their norm and rotation, and are rounded to the
            values' dtype after it, as in the official mixed precision.
    """

    # diffusers' `set_attention_backend` and context parallelism write here.
    _attention_backend = None
    _parallel_config = None

    def __init__(self, *, rounds: bool = False) -> None:
        self.rounds = rounds

    def __call__(
        self,
        attn: WanAttention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | KeysValues | None = None,
        attention_mask: torch.Tensor | None = None,
        rotary_emb: tuple[torch.Tensor, ...] | None = None,
    ) -> torch.Tensor:
        """Attend to the rows themselves or to a text [B, L, D]; hidden_states [B, N, D] → [B, N, D]."""
        told = None if rotary_emb is None else SelfAttention(*rotary_emb)
        if told is not None and told.answer is not None:
            return told.answer
        query = self.normed(attn.to_q(hidden_states), attn.norm_q).unflatten(2, (attn.heads, -1))
        if isinstance(encoder_hidden_states, tuple):
            key, value = encoder_hidden_states
        else:
            source = hidden_states if encoder_hidden_states is None else encoder_hidden_states
            if told is not None and told.more is not None:
                source = torch.cat((source, told.more), dim=1)
            key, value = self.keys_values(attn, source)
        if told is not None:
            rows = hidden_states.shape[1]
            query = rotated(query, told.cosines[:, :rows], told.sines[:, :rows])
            key = rotated(key, told.cosines, told.sines)
        if self.rounds:
            query, key = query.to(value.dtype), key.to(value.dtype)
        attended = dispatch_attention_fn(
            query,
            key,
            value,
            attn_mask=attention_mask,
            dropout_p=0.0,
            is_causal=False,
            backend=self._attention_backend,
            parallel_config=self._parallel_config if encoder_hidden_states is None else None,
        )
        return attn.to_out[1](attn.to_out[0](attended.flatten(2, 3).type_as(query)))

    def keys_values(self, attn: WanAttention, source: torch.Tensor) -> KeysValues:
        """Return the keys and values of rows [B, L, D]; keys before their rotation."""
        key = self.normed(attn.to_k(source), attn.norm_k).unflatten(2, (attn.heads, -1))
        return key, attn.to_v(source).unflatten(2, (attn.heads, -1))

    def normed(self, projected: torch.Tensor, norm: torch.nn.RMSNorm) -> torch.Tensor:
        """Return queries or keys [B, N, D] after their norm."""
        if not self.rounds:
            return norm(projected)
        # The normed value is rounded, its product with the float32 weight is not.
        normed = functional.rms_norm(projected.float(), norm.normalized_shape, None, norm.eps)
        return normed.type_as(projected) * norm.weight


def keys_values(attn: WanAttention, source: torch.Tensor) -> KeysValues:
    """Return the keys and values of a text [B, L, D] in the numerics of the layer's own processor."""
    processor = attn.processor
    assert isinstance(processor, WanProcessor)  # noqa: S101 -- for the type checker
    return processor.keys_values(attn, source)


def rotated(states: torch.Tensor, cosines: torch.Tensor, sines: torch.Tensor) -> torch.Tensor:
    """Return states [B, N, heads, D] with each pair of channels turned by its token's angles.

    Shapes: cosines, sines [1, N, 1, D], every angle twice.
    Source: Su et al. 2021, "RoFormer", arXiv:2104.09864, eq. 34, over time, height and width.
    """
    cosines, sines = cosines[..., 0::2], sines[..., 1::2]
    even, odd = states.unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack((even * cosines - odd * sines, even * sines + odd * cosines), dim=-1)
    return turned.flatten(-2).type_as(states)


def install(transformer: WanTransformer3DModel, *, rounds: bool) -> Callable[[], None]:
    """Give every layer our processor, and return what puts the ones before back."""
    before = transformer.attn_processors
    backend = getattr(next(iter(before.values())), "_attention_backend", None)
    for block in transformer.blocks:
        assert isinstance(block, WanTransformerBlock)  # noqa: S101 -- for the type checker
        for layer in (block.attn1, block.attn2):
            processor = WanProcessor(rounds=rounds)
            processor._attention_backend = backend
            layer.set_processor(processor)  # pyright: ignore[reportArgumentType] -- diffusers lists only its own
    return lambda: transformer.set_attn_processor(before)
