"""The names of the weights: official Wan2.1 and Phantom files → diffusers and transformers classes.

No tensor is transposed, split or merged; only names differ. A name that no rule knows is kept, so that strict
loading names it as extra.
Source: the modules of Wan-Video/Wan2.1 (`wan/modules/model.py`, `vae.py`, `t5.py`) set beside the classes.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

Rename: TypeAlias = Callable[[str], str]

_TRANSFORMER_TOP = MappingProxyType(
    {
        "text_embedding.0": "condition_embedder.text_embedder.linear_1",
        "text_embedding.2": "condition_embedder.text_embedder.linear_2",
        "time_embedding.0": "condition_embedder.time_embedder.linear_1",
        "time_embedding.2": "condition_embedder.time_embedder.linear_2",
        "time_projection.1": "condition_embedder.time_proj",
        "head.head": "proj_out",
        "head.modulation": "scale_shift_table",
    }
)
_TRANSFORMER_BLOCK = MappingProxyType(
    {
        **{
            f"{theirs}_attn.{old}": f"{ours}.{new}"
            for theirs, ours in (("self", "attn1"), ("cross", "attn2"))
            for old, new in (("q", "to_q"), ("k", "to_k"), ("v", "to_v"), ("o", "to_out.0"))
        },
        **{
            f"{theirs}_attn.{norm}": f"{ours}.{norm}"
            for theirs, ours in (("self", "attn1"), ("cross", "attn2"))
            for norm in ("norm_q", "norm_k")
        },
        # The only norm with parameters stands before cross-attention; diffusers counts it second.
        "norm3": "norm2",
        "ffn.0": "ffn.net.0.proj",
        "ffn.2": "ffn.net.2",
        "modulation": "scale_shift_table",
    }
)
_VAE_TOP = MappingProxyType({"conv1": "quant_conv", "conv2": "post_quant_conv"})
_VAE_CODER = MappingProxyType(
    {
        "conv1": "conv_in",
        "head.0": "norm_out",
        "head.2": "conv_out",
        "middle.0": "mid_block.resnets.0",
        "middle.1": "mid_block.attentions.0",
        "middle.2": "mid_block.resnets.1",
    }
)
_VAE_RESIDUAL = MappingProxyType(
    {
        "residual.0": "norm1",
        "residual.2": "conv1",
        "residual.3": "norm2",
        "residual.6": "conv2",
        "shortcut": "conv_shortcut",
    }
)
_UMT5_TOP = MappingProxyType({"token_embedding": "shared", "norm": "encoder.final_layer_norm"})
_UMT5_BLOCK = MappingProxyType(
    {
        "norm1": "layer.0.layer_norm",
        "norm2": "layer.1.layer_norm",
        **{f"attn.{letter}": f"layer.0.SelfAttention.{letter}" for letter in "qkvo"},
        "pos_embedding.embedding": "layer.0.SelfAttention.relative_attention_bias",
        "ffn.gate.0": "layer.1.DenseReluDense.wi_0",
        "ffn.fc1": "layer.1.DenseReluDense.wi_1",
        "ffn.fc2": "layer.1.DenseReluDense.wo",
    }
)


def transformer_key(key: str) -> str:
    """Return diffusers' name in `WanTransformer3DModel` of an official transformer weight."""
    if block := re.fullmatch(r"blocks\.(\d+)\.(.+)", key):
        return f"blocks.{block[1]}.{_renamed(block[2], _TRANSFORMER_BLOCK)}"
    return _renamed(key, _TRANSFORMER_TOP)


def vae_key(key: str) -> str:
    """Return diffusers' name in `AutoencoderKLWan` of an official VAE weight.

    Units: the decoder's flat numbering counts three residual blocks and an upsampler for every level, so it
    holds for two residual blocks a level (three with the extra one of a decoder), as every Wan VAE has.
    """
    coder = re.fullmatch(r"(encoder|decoder)\.(.+)", key)
    if not coder:
        return _renamed(key, _VAE_TOP)
    rest = re.sub(r"^downsamples\.", "down_blocks.", coder[2])
    if up := re.fullmatch(r"upsamples\.(\d+)\.(.+)", rest):
        level, place = divmod(int(up[1]), 4)
        part = "upsamplers.0" if place == 3 else f"resnets.{place}"
        rest = f"up_blocks.{level}.{part}.{up[2]}"
    rest = _renamed(rest, _VAE_CODER)
    for old, new in _VAE_RESIDUAL.items():
        rest = rest.replace(f".{old}.", f".{new}.")
    return f"{coder[1]}.{rest}"


def umt5_key(key: str) -> str:
    """Return transformers' name in `UMT5EncoderModel` of an official text encoder weight."""
    if block := re.fullmatch(r"blocks\.(\d+)\.(.+)", key):
        return f"encoder.block.{block[1]}.{_renamed(block[2], _UMT5_BLOCK)}"
    return _renamed(key, _UMT5_TOP)


def _renamed(key: str, names: Mapping[str, str]) -> str:
    """Replace the module path at the front of a key, whole parts only."""
    for old, new in names.items():
        if key == old or key.startswith(f"{old}."):
            return new + key[len(old) :]
    return key
