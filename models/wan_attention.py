"""Wan attention that does no work twice within a step, and rounds where the official program rounds.

The text's keys and values depend on the text alone, and the first block's self-attention on latents and
timestep alone: text enters after it. Both are kept and used again, bit for bit the same.
"""

from collections.abc import Callable

import torch
from diffusers.models.attention_dispatch import dispatch_attention_fn
from diffusers.models.transformers.transformer_wan import (
    WanAttention,
    WanTransformer3DModel,
    WanTransformerBlock,
)
from torch.nn import functional

_TEXTS_KEPT = 2  # the prompt and the negative prompt


class Kept:
    """What one forward is about: its text, and whether it is given the latents of the one before."""

    def __init__(self) -> None:
        self.text: torch.Tensor | None = None
        self.is_same_input = False
        self._input: tuple[torch.Tensor, torch.Tensor] | None = None

    def begin(self, latents: torch.Tensor, timestep: torch.Tensor, text: torch.Tensor) -> None:
        """Note what the coming forward is given; tensors count as the same when they are one object."""
        before, self._input = self._input, (latents, timestep)
        self.is_same_input = before is not None and before[0] is latents and before[1] is timestep
        self.text = text


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
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        rotary_emb: tuple[torch.Tensor, torch.Tensor] | None = None,
    ) -> torch.Tensor:
        """Attend; hidden_states [B, N, D] → [B, N, D], to itself or to the text [B, L, D]."""
        source = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        query = self._normed(attn.to_q(hidden_states), attn.norm_q).unflatten(2, (attn.heads, -1))
        key, value = self.keys_values(attn, source)
        if rotary_emb is not None:
            query, key = rotated(query, *rotary_emb), rotated(key, *rotary_emb)
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

    def keys_values(self, attn: WanAttention, source: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return keys and values [B, L, heads, D / heads]."""
        key = self._normed(attn.to_k(source), attn.norm_k).unflatten(2, (attn.heads, -1))
        return key, attn.to_v(source).unflatten(2, (attn.heads, -1))

    def _normed(self, projected: torch.Tensor, norm: torch.nn.RMSNorm) -> torch.Tensor:
        if not self.rounds:
            return norm(projected)
        # The normed value is rounded, its product with the float32 weight is not.
        normed = functional.rms_norm(projected.float(), norm.normalized_shape, None, norm.eps)
        return normed.type_as(projected) * norm.weight


class KeptTextProcessor(WanProcessor):
    """Cross-attention that projects each text once."""

    def __init__(self, kept: Kept, *, rounds: bool = False) -> None:
        super().__init__(rounds=rounds)
        self._kept = kept
        self._of_text: list[tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]] = []

    def keys_values(self, attn: WanAttention, source: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the kept keys and values of the text that the forward is about."""
        text = self._kept.text
        for known, keys_values in self._of_text:
            if known is text:
                return keys_values
        keys_values = super().keys_values(attn, source)
        if text is not None:
            self._of_text = [*self._of_text[1 - _TEXTS_KEPT :], (text, keys_values)]
        return keys_values


class KeptSelfProcessor(WanProcessor):
    """The first block's self-attention, kept while latents and timestep stay the same."""

    def __init__(self, kept: Kept, *, rounds: bool = False) -> None:
        super().__init__(rounds=rounds)
        self._kept = kept
        self._attended: torch.Tensor | None = None

    def __call__(
        self,
        attn: WanAttention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        rotary_emb: tuple[torch.Tensor, torch.Tensor] | None = None,
    ) -> torch.Tensor:
        """Attend, or return what the forward before came to; shapes as in `WanProcessor`."""
        if self._attended is None or not self._kept.is_same_input:
            self._attended = super().__call__(
                attn, hidden_states, encoder_hidden_states, attention_mask, rotary_emb
            )
        return self._attended


def rotated(states: torch.Tensor, cosines: torch.Tensor, sines: torch.Tensor) -> torch.Tensor:
    """Return states [B, N, heads, D] with each pair of channels turned by its token's angles.

    Shapes: cosines, sines [1, N, 1, D], every angle twice.
    Source: Su et al. 2021, "RoFormer", arXiv:2104.09864, eq. 34, over time, height and width.
    """
    cosines, sines = cosines[..., 0::2], sines[..., 1::2]
    even, odd = states.unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack((even * cosines - odd * sines, even * sines + odd * cosines), dim=-1)
    return turned.flatten(-2).type_as(states)


def install(transformer: WanTransformer3DModel, kept: Kept | None, *, rounds: bool) -> Callable[[], None]:
    """Give every layer its processor, and return what puts the ones before back.

    Args:
        kept: what the forwards share; None shares nothing.
    """
    before = transformer.attn_processors
    backend = getattr(next(iter(before.values())), "_attention_backend", None)
    for number, block in enumerate(transformer.blocks):
        assert isinstance(block, WanTransformerBlock)  # noqa: S101 -- for the type checker
        plain = WanProcessor(rounds=rounds)
        own = KeptSelfProcessor(kept, rounds=rounds) if kept and number == 0 else plain
        text = KeptTextProcessor(kept, rounds=rounds) if kept else WanProcessor(rounds=rounds)
        for layer, processor in ((block.attn1, own), (block.attn2, text)):
            processor._attention_backend = backend
            layer.set_processor(processor)  # pyright: ignore[reportArgumentType] -- diffusers lists only its own
    return lambda: transformer.set_attn_processor(before)
