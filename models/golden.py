"""A golden directory read and opened: its configuration, its tensors and its tiny networks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel

from models.numerics import Mode
from models.phantom.guidance import pad_text
from models.wan_models import Sizes, load_transformer, load_vae
from models.wan_weights import read_tensors
from reelhouse.errors import InputError


@dataclass(frozen=True, slots=True)
class Loop:
    """One whole sampling run as its entry in config.json describes it."""

    height: int
    width: int
    num_frames: int
    num_inference_steps: int
    flow_shift: float
    guidance_scale_image: float
    guidance_scale_text: float
    seed: int
    ref_files: tuple[str, ...]

    @classmethod
    def parse(cls, entry: Mapping[str, Any]) -> "Loop":
        """Read an entry of `loops`."""
        width, height = entry["size"]
        return cls(
            height=height,
            width=width,
            num_frames=entry["frame_num"],
            num_inference_steps=entry["steps"],
            flow_shift=entry["shift"],
            guidance_scale_image=entry["s_img"],
            guidance_scale_text=entry["s_txt"],
            seed=entry["seed"],
            ref_files=tuple(entry["ref_files"]),
        )


class Golden:
    """A golden directory, its tensors on a device.

    Raises:
        InputError: the directory has no readable config.json, or lacks a tensor that is asked for.
    """

    def __init__(self, directory: Path, device: torch.device) -> None:
        self.directory = directory
        self.device = device
        try:
            self.config: Mapping[str, Any] = json.loads((directory / "config.json").read_text())
        except (OSError, ValueError) as error:
            raise InputError(
                f"{directory} is no golden directory: a readable config.json is wanted ({error})"
            ) from error

    @cached_property
    def loops(self) -> Mapping[str, Loop]:
        """The sampling runs by name."""
        return {name: Loop.parse(entry) for name, entry in self.config["loops"].items()}

    def tensors(self, name: str) -> "GoldenTensors":
        """Read `name`.safetensors."""
        file = self.directory / f"{name}.safetensors"
        if not file.is_file():
            raise InputError(f"{self.directory} is no whole golden directory: {file.name} is missing")
        tensors = {key: tensor.to(self.device) for key, tensor in read_tensors(file).items()}
        return GoldenTensors(file, tensors)

    def transformer(self, mode: Mode, dtype: torch.dtype) -> WanTransformer3DModel:
        """Load the tiny transformer."""
        given = self.config["transformer"]
        sizes = Sizes(
            dim=given["dim"],
            ffn_dim=given["ffn_dim"],
            num_heads=given["num_heads"],
            num_layers=given["num_layers"],
            freq_dim=given["freq_dim"],
            text_dim=given["text_dim"],
        )
        shape = {
            "in_channels": given["in_channels"],
            "out_channels": given["out_channels"],
            "patch_size": tuple(given["patch_size"]),
            "cross_attn_norm": given["cross_attn_norm"],
            "eps": given["eps"],
        }
        file = self.directory / "dit_weights.safetensors"
        model = load_transformer(file, {**sizes.config, **shape}, mode=mode, dtype=dtype, official=True)
        return model.to(self.device)  # pyright: ignore[reportReturnType, reportArgumentType] -- mistyped there

    def vae(self) -> AutoencoderKLWan:
        """Load the tiny VAE."""
        given = self.config["vae"]
        config = {
            "base_dim": given["dim"],
            "z_dim": given["z_dim"],
            "dim_mult": given["dim_mult"],
            "num_res_blocks": given["num_res_blocks"],
            "attn_scales": given["attn_scales"],
            "temperal_downsample": given["temporal_downsample"],
        }
        vae = load_vae(self.directory / "vae_weights.safetensors", config, official=True)
        return vae.to(self.device)  # pyright: ignore[reportReturnType, reportArgumentType] -- mistyped there


class GoldenTensors:
    """The tensors of one file; without a batch axis unless `batched`."""

    def __init__(self, file: Path, tensors: Mapping[str, torch.Tensor]) -> None:
        self._file = file
        self._tensors = tensors

    def __getitem__(self, name: str) -> torch.Tensor:
        if name not in self._tensors:
            raise InputError(f"{self._file} has no tensor {name}; make the golden directory again")
        return self._tensors[name]

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def batched(self, name: str) -> torch.Tensor:
        """A tensor with a batch axis of 1 in front."""
        return self[name][None]

    def text(self, name: str) -> torch.Tensor:
        """A text embedding as the transformer takes it, [1, 512, D]."""
        return pad_text(self[name])
