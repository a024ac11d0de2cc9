"""Exact savings of a Wan transformer's forwards: keep what is known already, leave out what nobody reads.

Text enters a block after its self-attention, so the first block's answers to latents and timestep alone, and
the text's keys and values are the text's alone: both are kept. The last block and the output layer need only
the rows whose prediction is read. All of it is done in hooks around the blocks, whose own code stays without
state and compiles to one graph for the first, one for the last and one for all between.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel, WanTransformerBlock
from torch import nn
from torch.nn import functional

from models.wan_attention import KeysValues, SelfAttention, keys_values

_TEXTS_KEPT = 2  # the prompt and the negative prompt
_Inputs: TypeAlias = tuple[torch.Tensor, Any, torch.Tensor, Any]


@dataclass(slots=True, eq=False)
class _Text:
    """One text and what was made of it."""

    given: torch.Tensor
    embedded: torch.Tensor | None = None
    keys_values: dict[nn.Module, KeysValues] = field(default_factory=dict)


class Savings:
    """The savings of one clip.

    Args:
        shares: keep what forwards have in common. That uses a block's weights just before the block is
            entered, so it cannot be had where blocks come to the GPU only when they are run.
        unread_frames: latent frames at the end whose prediction is not read; it is zero there.
    """

    def __init__(self, *, shares: bool, unread_frames: int) -> None:
        self._shares = shares
        self._unread_frames = unread_frames
        self._frames = 0
        self._left_out = 0
        self._input: tuple[torch.Tensor, torch.Tensor] | None = None
        self._attended: torch.Tensor | None = None
        self._texts: list[_Text] = []
        self._text: _Text | None = None

    def begin(self, latents: torch.Tensor, timestep: torch.Tensor, text: torch.Tensor) -> None:
        """Note what the coming forward is given; tensors count as the same when they are one object."""
        self._frames = latents.shape[2]
        before, self._input = self._input, (latents, timestep)
        if before is None or before[0] is not latents or before[1] is not timestep:
            self._attended = None
        known = next((known for known in self._texts if known.given is text), None)
        if known is None:
            known = _Text(text)
            self._texts = [*self._texts[1 - _TEXTS_KEPT :], known]
        self._text = known

    def install(self, transformer: WanTransformer3DModel) -> Callable[[], None]:
        """Begin to save, and return what ends it."""
        first, last = transformer.blocks[0], transformer.blocks[-1]
        embedder = transformer.condition_embedder
        whole = embedder.text_embedder
        handles = []
        if self._unread_frames:
            handles.append(last.register_forward_pre_hook(self._leave_out))
            handles.append(transformer.proj_out.register_forward_hook(self._fill_in))
        if self._shares:
            handles.append(first.register_forward_pre_hook(self._answer))
            handles += [block.register_forward_pre_hook(self._tell_text) for block in transformer.blocks]
            embedder.register_module("text_embedder", _EmbedsOnce(whole, self._embed))

        def restore() -> None:
            for handle in handles:
                handle.remove()
            embedder.register_module("text_embedder", whole)

        return restore

    def _leave_out(self, block: WanTransformerBlock, inputs: _Inputs) -> _Inputs:
        """Run the last block on the rows that are read; the others give it keys and values alone."""
        hidden, text, modulation, angles = inputs
        rows = hidden.shape[1]
        self._left_out = rows // self._frames * self._unread_frames
        read, others = hidden.split([rows - self._left_out, self._left_out], dim=1)
        more = _attention_input(block, others, modulation)
        return read, text, modulation, SelfAttention(*angles)._replace(more=more)

    def _fill_in(self, _module: nn.Module, _inputs: object, output: torch.Tensor) -> torch.Tensor:
        return functional.pad(output, (0, 0, 0, self._left_out))

    def _answer(self, block: WanTransformerBlock, inputs: _Inputs) -> _Inputs:
        """Give the first block the answer of its self-attention, computed or kept."""
        hidden, text, modulation, angles = inputs
        if self._attended is None:
            given = _attention_input(block, hidden, modulation)
            self._attended = block.attn1(given, None, None, angles)
        return hidden, text, modulation, SelfAttention(*angles)._replace(answer=self._attended)

    def _tell_text(self, block: WanTransformerBlock, inputs: _Inputs) -> _Inputs:
        """Give a block the text's keys and values in place of the text."""
        hidden, embedded, modulation, angles = inputs
        known = self._begun.keys_values
        if block not in known:
            known[block] = keys_values(block.attn2, embedded)
        return hidden, known[block], modulation, angles

    def _embed(self, embedder: nn.Module, text: torch.Tensor) -> torch.Tensor:
        known = self._begun
        embedded = known.embedded = embedder(text) if known.embedded is None else known.embedded
        return embedded

    @property
    def _begun(self) -> _Text:
        if self._text is None:
            raise RuntimeError("a forward was run without `begin`: call the denoiser, not its transformer")
        return self._text


class _EmbedsOnce(nn.Module):
    """A text embedder that asks first whether the text is known."""

    def __init__(self, embedder: nn.Module, embed: Callable[[nn.Module, torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.embedder = embedder
        self._embed = embed

    def forward(self, text: torch.Tensor) -> torch.Tensor:
        """Return the embedding [B, L, D] of a text [B, L, E]."""
        return self._embed(self.embedder, text)


def _attention_input(
    block: WanTransformerBlock, hidden: torch.Tensor, modulation: torch.Tensor
) -> torch.Tensor:
    """Return rows [B, N, D] as a block's self-attention is given them: normed, scaled and shifted.

    Source: Peebles and Xie 2023, "DiT", arXiv:2212.09748, adaLN; with the rounding of diffusers' block.
    """
    # The block may not have been fetched to the GPU yet; of its weights only this small table is used.
    table = block.scale_shift_table.to(hidden.device)
    shift, scale = (table + modulation.float()).chunk(6, dim=1)[:2]
    return (block.norm1(hidden.float()) * (1 + scale) + shift).type_as(hidden)
