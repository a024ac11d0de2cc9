"""Parity of pictures: the VAE both ways, and the reference pictures' preprocessing, to the bit."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from numpy.typing import NDArray
from PIL import Image

from models import wan_vae
from models.golden import Golden
from models.parity_rows import Row, difference, differing
from models.reference_images import letterbox
from reelhouse.errors import InputError

_VAE = 2e-5
_PILLOW_WITH_GOLDEN_BITS = 13


def check_vae(golden: Golden, vae: AutoencoderKLWan) -> Iterator[Row]:
    """Yield the rows of vae.safetensors."""
    tensors = golden.tensors("vae")
    for name in ("latents_mean", "latents_std"):
        yield difference(f"vae.{name}", torch.tensor(vae.config[name]), tensors[name], 0.0)
    picture = tensors["image_u8"].cpu().numpy()
    image = wan_vae.picture_tensor(picture, device=golden.device)
    yield difference("vae.image", image, tensors.batched("image"), 1e-6)
    latent = wan_vae.encode_references(vae, [picture])
    yield difference("vae.image_latent", latent, tensors.batched("image_latent"), _VAE)
    latent = wan_vae.encode_video(vae, tensors.batched("video"))
    yield difference("vae.video_latent", latent, tensors.batched("video_latent"), _VAE)
    video = torch.cat(list(wan_vae.stream_video(vae, tensors.batched("decode_latent"))), dim=2)
    yield difference("vae.decoded_video", video, tensors.batched("decoded_video"), _VAE)


def check_preprocessing(directory: Path) -> Iterator[Row]:
    """Yield a row for every case of preprocess/cases.json and each of its sizes."""
    try:
        cases = json.loads((directory / "cases.json").read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{directory}: a readable cases.json is wanted ({error})") from error
    for case in cases:
        yield from _check_case(directory, case)


def _check_case(directory: Path, case: Mapping[str, Any]) -> Iterator[Row]:
    source = open_rgb(directory / case["input"])
    found = letterbox(source, height=case["target_height"], width=case["target_width"])
    wanted = np.array(open_rgb(directory / case["output"]))
    name = f"preprocess.{case['output']}"
    # Pillow before 13 rounds LANCZOS by up to one level differently when it shrinks.
    pillow = int(Image.__version__.partition(".")[0])
    if pillow >= _PILLOW_WITH_GOLDEN_BITS or case["bytes_differing_with_pillow_10_to_12"] == 0:
        yield differing(name, torch.from_numpy(np.array(found)), torch.from_numpy(wanted))
    else:
        yield Row(name, levels_apart(np.array(found), wanted), 1.0, "levels")
    for size, sha256 in case["large_output_rgb_sha256"].items():
        width, height = map(int, size.split("x"))
        large = letterbox(source, height=height, width=width)
        same = hashlib.sha256(large.tobytes()).hexdigest() == sha256
        yield Row(f"preprocess.{case['input']} at {size}", 0.0 if same else 1.0, 0.0, "differing")


def levels_apart(found: NDArray[np.uint8], wanted: NDArray[np.uint8]) -> float:
    """The largest difference of two pictures in levels of 255."""
    if found.shape != wanted.shape:
        return float("inf")
    return float(np.abs(found.astype(np.int16) - wanted).max())


def open_rgb(file: Path) -> Image.Image:
    """Open a golden picture.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with Image.open(file) as picture:
            return picture.convert("RGB")
    except OSError as error:
        raise InputError(f"the golden picture {file} cannot be read: {error}") from error
