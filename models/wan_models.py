"""The three networks of a Wan model, loaded strictly from the official files or from the diffusers layout.

The arithmetic's dtype is the caller's; the VAE is always float32.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from diffusers.models.transformers.transformer_wan import WanRotaryPosEmbed, WanTransformer3DModel
from transformers import UMT5Config, UMT5EncoderModel

from models import wan_keys
from models.numerics import Mode, parameter_dtype
from models.wan_weights import load_strictly, read_tensors
from reelhouse.errors import EngineError

_TIED = "encoder.embed_tokens.weight"
# Not fed by any text longer than 512 tokens; the official encoder's sizes.
UMT5_XXL: Mapping[str, Any] = {
    "vocab_size": 256384,
    "d_model": 4096,
    "d_kv": 64,
    "d_ff": 10240,
    "num_heads": 64,
    "num_layers": 24,
    "relative_attention_num_buckets": 32,
    "relative_attention_max_distance": 128,
    "feed_forward_proj": "gated-gelu",
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of a Wan transformer under the official program's names."""

    dim: int
    ffn_dim: int
    num_heads: int
    num_layers: int
    freq_dim: int = 256
    text_dim: int = 4096

    @property
    def config(self) -> Mapping[str, Any]:
        """The same as arguments of diffusers' class."""
        return {
            "num_attention_heads": self.num_heads,
            "attention_head_dim": self.dim // self.num_heads,
            "text_dim": self.text_dim,
            "freq_dim": self.freq_dim,
            "ffn_dim": self.ffn_dim,
            "num_layers": self.num_layers,
        }


def load_transformer(
    weights: Path, config: Mapping[str, Any], *, mode: Mode, dtype: torch.dtype, official: bool
) -> WanTransformer3DModel:
    """Load a transformer from a file or index; `official` says whose names its keys have.

    Raises:
        EngineError: the file cannot be read, or does not fit.
    """
    model = load_strictly(
        lambda: WanTransformer3DModel(**config),
        _renamed(read_tensors(weights), wan_keys.transformer_key if official else None),
        source=str(weights),
        dtype_of=lambda name: parameter_dtype(name, mode, dtype),
    )
    # Its tables are computed, not stored, and were built without memory.
    settings = model.config
    model.rope = WanRotaryPosEmbed(
        settings["attention_head_dim"], settings["patch_size"], settings["rope_max_seq_len"]
    )
    return model


def load_vae(weights: Path, config: Mapping[str, Any], *, official: bool) -> AutoencoderKLWan:
    """Load a VAE in float32; arguments and errors as `load_transformer`."""
    return load_strictly(
        lambda: AutoencoderKLWan(**config),
        _renamed(read_tensors(weights), wan_keys.vae_key if official else None),
        source=str(weights),
        dtype_of=lambda _: torch.float32,
    )


def load_text_encoder(
    weights: Path, config: Mapping[str, Any], *, dtype: torch.dtype, official: bool
) -> UMT5EncoderModel:
    """Load the text encoder; arguments and errors as `load_transformer`."""
    tensors = _renamed(read_tensors(weights), wan_keys.umt5_key if official else None)
    model = load_strictly(
        lambda: UMT5EncoderModel(UMT5Config(**config)),
        tensors,
        source=str(weights),
        dtype_of=lambda _: dtype,
        may_lack=frozenset({_TIED}),
    )
    model.encoder.set_input_embeddings(model.shared)
    return model


def folder_weights(folder: Path) -> Path:
    """Return the file or index of a component's folder in the diffusers layout.

    Raises:
        EngineError: there is none.
    """
    for stem in ("diffusion_pytorch_model.safetensors", "model.safetensors"):
        for name in (f"{stem}.index.json", stem):
            if (folder / name).is_file():
                return folder / name
    raise EngineError(f"there are no safetensors weights in {folder}; download the whole folder again")


def _renamed(
    tensors: Mapping[str, torch.Tensor], rename: Callable[[str], str] | None
) -> Mapping[str, torch.Tensor]:
    return tensors if rename is None else {rename(key): tensor for key, tensor in tensors.items()}
