"""Phantom's weights folder, in either layout, and the pipeline loaded from it.

Official: `Phantom-Wan-1.3B.pth` or the 14B shards with their index, beside the folder `Wan2.1-T2V-1.3B` that
gives text encoder, tokenizer and VAE to both. diffusers: a folder with `model_index.json`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from models import wan_models, wan_sampler
from models.numerics import Mode
from models.phantom.pipeline import PhantomPipeline
from models.phantom.spec import OFFICIAL_FLOW_SHIFT, Network
from models.wan_models import UMT5_XXL, Sizes
from reelhouse.errors import EngineError

_WAN = "Wan2.1-T2V-1.3B"
_VAE: Mapping[str, Any] = {"base_dim": 96}


@dataclass(frozen=True, slots=True)
class PhantomWeights:
    """Where each part of the weights is.

    Attributes:
        official: whether keys and layout are the published program's; else diffusers'.
        transformer, vae, text_encoder: a file, or the index of shards.
        tokenizer: a folder.
    """

    official: bool
    transformer: Path
    vae: Path
    text_encoder: Path
    tokenizer: Path

    @classmethod
    def find(cls, folder: Path, network: Network) -> "PhantomWeights":
        """Find the parts.

        Raises:
            EngineError: the folder has neither layout, or a part is missing.
        """
        if (folder / "model_index.json").is_file():
            transformer, vae, text_encoder = (
                wan_models.folder_weights(folder / name) for name in ("transformer", "vae", "text_encoder")
            )
            found = cls(False, transformer, vae, text_encoder, folder / "tokenizer")
        else:
            found = cls._official(folder, network)
        if not found.tokenizer.is_dir():
            raise EngineError(f"there is no tokenizer at {found.tokenizer}; download the whole folder again")
        return found

    @classmethod
    def _official(cls, folder: Path, network: Network) -> "PhantomWeights":
        wan = folder / _WAN
        inside = [path / network.file for path in (folder, folder / "Phantom-Wan-Models")]
        transformer = next((path for path in inside if path.is_file()), inside[0])
        parts = (transformer, wan / "Wan2.1_VAE.pth", wan / "models_t5_umt5-xxl-enc-bf16.pth")
        missing = [str(path.relative_to(folder)) for path in parts if not path.is_file()]
        if missing:
            raise EngineError(
                f"the weights folder {folder} lacks {', '.join(missing)}; it should hold {network.file} and "
                f"the folder {_WAN}, or be one in the diffusers layout with model_index.json"
            )
        return cls(True, *parts, wan / "google" / "umt5-xxl")

    def load(self, network: Network, *, mode: Mode, dtype: torch.dtype) -> PhantomPipeline:
        """Load everything, strictly, on the CPU.

        Raises:
            EngineError: a part cannot be read, or is not what its name says.
        """
        official = self.official
        transformer = self._config(self.transformer, _sizes(network))
        vae = self._config(self.vae, dict(_VAE))
        text_encoder = self._config(self.text_encoder, dict(UMT5_XXL))
        pipeline = PhantomPipeline(
            tokenizer=load_tokenizer(self.tokenizer),
            text_encoder=wan_models.load_text_encoder(
                self.text_encoder, text_encoder, dtype=dtype, official=official
            ),
            transformer=wan_models.load_transformer(
                self.transformer, transformer, mode=mode, dtype=dtype, official=official
            ),
            vae=wan_models.load_vae(self.vae, vae, official=official),
            scheduler=wan_sampler.make_scheduler(OFFICIAL_FLOW_SHIFT),
        )
        pipeline.numeric_mode = mode
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    def _config(self, part: Path, official: dict[str, Any]) -> dict[str, Any]:
        """A network's own settings: the published sizes, or what the diffusers layout says."""
        if self.official:
            return official
        try:
            settings = json.loads((part.parent / "config.json").read_text())
            return {key: value for key, value in settings.items() if not key.startswith("_")}
        except (OSError, ValueError, AttributeError) as error:
            raise EngineError(
                f"{part.parent / 'config.json'} cannot be read ({error}); download the folder again"
            ) from error


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer from its folder.

    Raises:
        EngineError: it is not there, or its files cannot be read.
    """
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, ImportError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise EngineError(
            f"the tokenizer in {folder} cannot be loaded: {reason}; it comes with the weights, "
            "download them whole"
        ) from error


def _sizes(network: Network) -> dict[str, Any]:
    sizes = Sizes(network.dim, network.ffn_dim, network.num_heads, network.num_layers)
    return dict(sizes.config)
