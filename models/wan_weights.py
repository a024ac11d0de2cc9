"""Wan and Phantom weights: read from safetensors or `.pth`, loaded strictly, known by their SHA-256.

Nothing in a file is ever executed, and no key may be missing, extra or of another shape: the official loader
takes any file in silence.
"""

import hashlib
import json
import pickle
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file of weights, for the lineage; `revision` is the hub's commit, where a download noted it."""

    name: str
    sha256: str
    size_bytes: int
    revision: str | None

    @classmethod
    def measure(cls, path: Path) -> "WeightFile":
        """Read the whole file once.

        Raises:
            EngineError: it cannot be read.
        """
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            return cls(path.name, digest, path.stat().st_size, _revision(path))
        except OSError as error:
            raise EngineError(f"the weights {path} cannot be read: {error.strerror}") from error


def identity(files: Iterable[WeightFile]) -> str:
    """Return one name for weights: the revision where all agree, and a SHA-256 over the files' own."""
    files = sorted(files, key=lambda file: (file.name, file.sha256))
    listing = json.dumps([[file.name, file.sha256] for file in files], separators=(",", ":"))
    revisions = {file.revision for file in files}
    revision = next(iter(revisions)) if len(revisions) == 1 else None
    digest = f"sha256:{hashlib.sha256(listing.encode()).hexdigest()}"
    return f"{revision}+{digest}" if revision else digest


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


def _revision(path: Path) -> str | None:
    """The commit that `hf download --local-dir` notes beside a file, on the first line."""
    for folder in (path.parent, path.parent.parent):
        note = folder / ".cache/huggingface/download" / f"{path.relative_to(folder)}.metadata"
        if note.is_file():
            return note.read_text().partition("\n")[0].strip() or None
    return None


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
