"""Wan and Phantom weights: read from safetensors or `.pth`, and loaded strictly.

Nothing in a file is ever executed, and no key may be missing, extra or of another shape: the official loader
takes any file in silence.
"""

import json
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from reelhouse.errors import EngineError

Tensors: TypeAlias = dict[str, torch.Tensor]
ModuleT = TypeVar("ModuleT", bound=nn.Module)
_NAMED = 4  # wrong keys that a message names


def weight_files(path: Path) -> list[Path]:
    """Return the files that hold the tensors of `path`: itself, or the shards that an index.json lists.

    Raises:
        EngineError: there is no such file, or the index cannot be read.
    """
    if not path.is_file():
        raise EngineError(f"there are no weights at {path}; download them, or name the folder they are in")
    if path.suffix != ".json":
        return [path]
    try:
        shards = sorted(set(json.loads(path.read_text())["weight_map"].values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EngineError(f"{path} is no index of weight files ({error}); download it again") from error
    return [path.parent / shard for shard in shards]


def read_tensors(path: Path) -> Tensors:
    """Return all tensors of a `.safetensors`, a `.pth` or a sharded set's `.index.json`, on the CPU.

    Raises:
        EngineError: a file is missing, cut short, holds code, or is something other than named tensors.
    """
    tensors: Tensors = {}
    for file in weight_files(path):
        tensors.update(_read_file(file))
    return tensors


def _read_file(file: Path) -> Tensors:
    if not file.is_file():
        raise EngineError(f"the shard {file} is missing; download it again")
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        tensors = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        raise EngineError(
            f"{file} holds something other than tensors and is refused, since opening it could run code: "
            f"{_first_line(error)}; get it from its publisher again, or convert it to safetensors"
        ) from error
    except (SafetensorError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise EngineError(
            f"{file} ({file.stat().st_size} bytes) cannot be read as weights, as if cut short: "
            f"{_first_line(error)}; download it again and compare its SHA-256"
        ) from error
    if not isinstance(tensors, dict) or not all(
        isinstance(value, torch.Tensor) for value in tensors.values()
    ):
        raise EngineError(f"{file} does not hold named tensors; name the file with the model's weights")
    return tensors


def load_strictly(
    build: Callable[[], ModuleT],
    tensors: Mapping[str, torch.Tensor],
    *,
    source: str,
    dtype_of: Callable[[str], torch.dtype],
    may_lack: frozenset[str] = frozenset(),
) -> ModuleT:
    """Build a module without memory and give it these very tensors, each in the dtype of its name.

    Args:
        build: makes the module; called with the meta device as default.
        source: what to call the weights in a message.
        may_lack: names that another weight is tied to; the builder ties them.

    Raises:
        EngineError: a key is missing, extra or of another shape; the message names it.
    """
    with torch.device("meta"):
        module = build()
    wanted = {name: tensor.shape for name, tensor in module.state_dict().items()}
    differences = [
        *(f"{name} is missing" for name in wanted if name not in tensors and name not in may_lack),
        *(f"{name} is not part of it" for name in tensors if name not in wanted),
        *(
            f"{name} is {list(tensors[name].shape)}, not {list(shape)}"
            for name, shape in wanted.items()
            if name in tensors and tensors[name].shape != shape
        ),
    ]
    if differences:
        more = len(differences) - _NAMED
        listed = "; ".join(differences[:_NAMED]) + (f"; and {more} more" if more > 0 else "")
        raise EngineError(
            f"{source} does not fit {type(module).__name__}: {listed}; these are another model's weights "
            "or a damaged file"
        )
    given = {name: tensor.to(dtype_of(name)) for name, tensor in tensors.items()}
    module.load_state_dict(given, strict=not may_lack, assign=True)
    return module.eval().requires_grad_(False)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
