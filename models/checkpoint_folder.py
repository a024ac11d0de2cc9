"""Checkpoint folders in diffusers' layout, judged before anything is loaded: the right model, and whole.

Reads only JSON and the headers of safetensors files, so neither torch nor a large file is touched.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from reelhouse.errors import EngineError

Stated: TypeAlias = int | float | str | list[int] | None
_HEADER_BYTES = 8  # a safetensors file begins with the length of its header


@dataclass(frozen=True, slots=True)
class Layout:
    """What an engine's checkpoint folder holds.

    Attributes:
        pipeline: the class that its `model_index.json` states.
        denoiser: the folder of the network that denoises.
        architecture: what that network's `config.json` states; this tells the family's checkpoints apart.
        weights: the folders that hold weights.
        companions: the folders that hold a tokenizer, a scheduler or an image processor.
    """

    pipeline: str
    denoiser: str
    architecture: Mapping[str, Stated]
    weights: tuple[str, ...]
    companions: tuple[str, ...]


def check_folder(folder: Path, layout: Layout, *, engine: str, tiny: bool) -> None:
    """Refuse a folder that is not the engine's, or not complete.

    Args:
        tiny: the architecture is not compared; a tiny checkpoint has the real classes at its own sizes.

    Raises:
        EngineError: another pipeline's or model's checkpoint, or something is missing or cut short.
    """
    index = read_json(folder / "model_index.json", engine=engine)
    if index.get("_class_name") != layout.pipeline:
        raise EngineError(
            f"{folder} holds a {index.get('_class_name')}, {engine} needs a {layout.pipeline}: name the "
            f"folder of {engine}'s own weights, or the engine that these belong to"
        )
    for part in (*layout.weights, *layout.companions):
        if not (folder / part).is_dir():
            raise EngineError(f"{folder} has no folder {part}, which {engine} needs: download it again")
    if not tiny:
        _check_architecture(folder, layout, engine)
    for part in layout.weights:
        count_parameters(folder / part)


def count_parameters(part: Path) -> int:
    """Return how many numbers a folder's weights hold, from their headers.

    Raises:
        EngineError: there are no safetensors, or a file is cut short or is something else.
    """
    return sum(_file_parameters(file) for file in weight_files(part))


def weight_files(part: Path) -> list[Path]:
    """Return the safetensors files of a folder; of a sharded set, those its index lists.

    Raises:
        EngineError: there are none.
    """
    for index in part.glob("*.safetensors.index.json"):
        shards = read_json(index, engine="the engine")["weight_map"].values()
        return [part / name for name in sorted(set(shards))]
    # A name with a second dot is a variant in half precision beside the full one.
    files = [file for file in sorted(part.glob("*.safetensors")) if file.name.count(".") == 1]
    if files:
        return files
    pickled = sorted(
        file.name for pattern in ("*.bin", "*.pth", "*.pt", "*.ckpt") for file in part.glob(pattern)
    )
    if pickled:
        raise EngineError(
            f"{part} holds {pickled[0]} and no safetensors; such files can run code when they are opened and "
            "are refused: get the safetensors"
        )
    raise EngineError(f"there are no weights in {part}: download it again")


def read_json(file: Path, *, engine: str) -> dict[str, Any]:
    """Return a JSON object from a checkpoint folder.

    Raises:
        EngineError: the file is missing or is no JSON object.
    """
    try:
        stated = json.loads(file.read_text())
    except FileNotFoundError as error:
        raise EngineError(
            f"there is no {file}: {engine} needs a checkpoint folder in diffusers' layout, with "
            "model_index.json and a folder for each part"
        ) from error
    except (OSError, ValueError) as error:
        raise EngineError(f"{file} cannot be read ({error}): download it again") from error
    if not isinstance(stated, dict):
        raise EngineError(f"{file} is no JSON object: download it again")
    return stated


def _check_architecture(folder: Path, layout: Layout, engine: str) -> None:
    config = read_json(folder / layout.denoiser / "config.json", engine=engine)
    for name, wanted in layout.architecture.items():
        if config.get(name) != wanted:
            raise EngineError(
                f"{folder / layout.denoiser} states {name} {config.get(name)}, {engine} has {wanted}: these "
                "are another model's weights; name the folder of the right ones, or the engine they belong to"
            )


def _file_parameters(file: Path) -> int:
    try:
        size = file.stat().st_size
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(_HEADER_BYTES), "little")
            header = json.loads(opened.read(length)) if length < size else None
        if header is None:
            raise ValueError("the header is longer than the file")
        tensors = [entry for name, entry in header.items() if name != "__metadata__"]
        end = max((entry["data_offsets"][1] for entry in tensors), default=0) + _HEADER_BYTES + length
        counts = [math.prod(entry["shape"]) for entry in tensors]
    except FileNotFoundError as error:
        raise EngineError(f"the weights {file} are missing: download them again") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EngineError(
            f"{file} is no safetensors file, or cut short ({error}): download it again"
        ) from error
    if end != size:
        raise EngineError(f"{file} is cut short: {size} of {end} bytes are there; download it again")
    return sum(counts)
