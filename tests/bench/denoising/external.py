"""Another program's Wan network beside ours: a checkout of the official one, from a path given by the caller.

Only its `modules/model.py` is imported. Its attention is replaced by torch's own, so that it runs without
flash-attn and without a GPU; its weights are ours under its names, since its output layer starts at zero.
"""

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from torch.nn import functional

from models.wan_keys import transformer_key
from models.wan_models import Sizes

_PACKAGE = "external_wan"


@dataclass(frozen=True, slots=True, eq=False)
class External:
    """Called as `Reference`, gives the flow of the other program's network."""

    network: Any
    dtype: torch.dtype

    def __call__(self, latents: torch.Tensor, timestep: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        """Return the flow, float32, of the shape of the latents."""
        _, _, frames, height, width = latents.shape
        with torch.no_grad(), torch.autocast(latents.device.type, self.dtype, self.dtype != torch.float32):
            (flow,) = self.network(
                [latents[0]], timestep.expand(1), [text[0].float()], frames * (height // 2) * (width // 2)
            )
        return flow.float()[None]


def load_external(
    source: Path, sizes: Sizes, weights: WanTransformer3DModel, *, dtype: torch.dtype
) -> External:
    """Build the network of a checkout with the weights of a diffusers transformer, all float32.

    Raises:
        FileNotFoundError: there is no one `modules/model.py` in the checkout.
    """
    model_file = _find(source)
    module = _import(model_file)
    with torch.device("meta"):
        network = module.WanModel(
            model_type="t2v",
            text_len=512,
            dim=sizes.dim,
            ffn_dim=sizes.ffn_dim,
            freq_dim=sizes.freq_dim,
            text_dim=sizes.text_dim,
            num_heads=sizes.num_heads,
            num_layers=sizes.num_layers,
            qk_norm=True,
            cross_attn_norm=True,
        )
    ours = weights.state_dict()
    state = {name: ours[transformer_key(name)].float() for name in network.state_dict()}
    network.load_state_dict(state, strict=True, assign=True)
    # A plain tensor made in its constructor, so it was built without memory too.
    head_dim = sizes.dim // sizes.num_heads
    plane = 2 * (head_dim // 6)
    tables = [module.rope_params(1024, dim) for dim in (head_dim - 2 * plane, plane, plane)]
    network.freqs = torch.cat(tables, dim=1).to(next(network.parameters()).device)
    return External(network.eval().requires_grad_(False), dtype)


def _find(source: Path) -> Path:
    found = sorted(source.rglob("modules/model.py"))
    if len(found) != 1:
        raise FileNotFoundError(
            f"one modules/model.py is wanted under {source}, {len(found)} were found; give the folder of one "
            "checkout"
        )
    return found[0]


def _import(model_file: Path) -> ModuleType:
    """Import the file alone: the package around it needs a GPU, and its attention needs flash-attn."""
    package, attention = ModuleType(_PACKAGE), ModuleType(f"{_PACKAGE}.attention")
    package.__path__ = []
    attention.flash_attention = _attention  # pyright: ignore[reportAttributeAccessIssue] -- a module made here
    spec = importlib.util.spec_from_file_location(f"{_PACKAGE}.model", model_file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.update({_PACKAGE: package, attention.__name__: attention, module.__name__: module})
    spec.loader.exec_module(module)
    return module


def _attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *_lengths: object, **_options: object
) -> torch.Tensor:
    """What its `flash_attention` computes of full sequences [B, N, heads, D]; ours have no other."""
    half = torch.is_autocast_enabled(q.device.type)
    dtype = torch.get_autocast_dtype(q.device.type) if half else v.dtype
    query, key, value = (states.to(dtype).transpose(1, 2) for states in (q, k, v))
    return functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).type_as(q)
