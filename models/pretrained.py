"""transformers weights: where they are, what identifies them, and loading that refuses what does not fit.

Imports torch and transformers, so only engine files that run a transformers model import it.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from models.loading import LOADING
from reelhouse.errors import EngineError


@dataclass(frozen=True, slots=True)
class Weights:
    """A folder, or a repository on the model hub with its revision.

    Attributes:
        location: the folder's path or the repository's name.
        revision: branch, tag or commit; None for a folder.
    """

    location: str
    revision: str | None

    @classmethod
    def parse(cls, text: str) -> "Weights":
        """Read `path/of/folder` or `repository@revision`; without a revision it is `main`."""
        if Path(text).is_dir():
            return cls(text, None)
        location, _, revision = text.partition("@")
        return cls(location, revision or "main")

    @property
    def identity(self) -> str:
        """What the lineage calls them; a folder is named by the SHA-256 over its files' own."""
        if self.revision is not None:
            return f"{self.location}@{self.revision}"
        digests = {path.name: _sha256(path) for path in sorted(Path(self.location).glob("*.safetensors"))}
        listing = json.dumps(digests, sort_keys=True, separators=(",", ":"))
        return f"{Path(self.location).name}@sha256:{hashlib.sha256(listing.encode()).hexdigest()}"

    def load(self, model_class: Any, *, device: torch.device, dtype: torch.dtype) -> Any:
        """Return the model, ready to run; only safetensors, only complete.

        Raises:
            EngineError: nothing there, or weights missing or of another shape.
        """
        with LOADING, explained(self):
            model, report = model_class.from_pretrained(
                self.location,
                revision=self.revision or "main",
                dtype=dtype,
                use_safetensors=True,
                output_loading_info=True,
            )
        wrong = sorted(report["missing_keys"]) + sorted(str(entry) for entry in report["mismatched_keys"])
        if wrong:
            raise EngineError(
                f"{self.location} does not fit {model_class.__name__}: {len(wrong)} weights are missing "
                f"or of another shape, the first is {wrong[0]}; download it again, or name the right one"
            )
        return model.to(device).eval()

    def load_part(self, part_class: Any) -> Any:
        """Return a tokenizer or image processor from beside the weights.

        Raises:
            EngineError: it is not there.
        """
        with explained(self):
            return part_class.from_pretrained(self.location, revision=self.revision or "main")


@contextmanager
def explained(weights: Weights) -> Iterator[None]:
    """Translate what transformers raises while it reads weights or their companions."""
    try:
        yield
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        # transformers' messages run over many lines; the rest is in the cause.
        reason = str(error).strip().partition("\n")[0]
        raise EngineError(
            f"the model {weights.location} could not be loaded ({type(error).__name__}: {reason}); give a "
            "folder with config.json, safetensors, tokenizer and preprocessor files, or a repository that "
            "this machine may download"
        ) from error


def choose_device(device: str) -> torch.device:
    """Return the device for "auto", "cpu", "cuda" or "cuda:N".

    Raises:
        EngineError: torch knows no such device, or this machine has none.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise EngineError(f"there is no device called {device!r}; write auto, cpu or cuda") from error
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise EngineError(f"there is no CUDA GPU for the device {device}; write auto or cpu")
    return chosen


def natural_dtype(device: torch.device) -> torch.dtype:
    """Return bfloat16 on a GPU; float32 on a CPU, where half precision is slow."""
    return torch.bfloat16 if device.type == "cuda" else torch.float32


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
