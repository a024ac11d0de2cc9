"""The parts of a checkpoint folder, loaded: every key present and of its shape, from safetensors, or none."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import PreTrainedModel

from models.checkpoint_folder import read_json
from reelhouse.errors import EngineError

_NAMED = 4  # wrong keys that a message names
_NO_WEIGHT = ".position_ids"  # older files hold this table; the models count for themselves


@dataclass(frozen=True, slots=True)
class CheckpointParts:
    """One folder in diffusers' layout."""

    folder: Path

    def network(self, part: str, network_class: Any, *, dtype: torch.dtype) -> Any:
        """Return a diffusers or transformers network on the CPU, ready to run.

        Raises:
            EngineError: a weight is missing, extra or of another shape, or a file cannot be read.
        """
        # transformers names a weight of another shape only in the report, which it gives when told to go on.
        reported = issubclass(network_class, PreTrainedModel)
        options = {"ignore_mismatched_sizes": True} if reported else {}
        with _explained(self.folder / part, network_class):
            network, report = network_class.from_pretrained(
                self.folder / part,
                dtype=dtype,
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
                **options,
            )
        extra = [key for key in report["unexpected_keys"] if not key.endswith(_NO_WEIGHT)]
        wrong = [
            *(f"{key} is missing" for key in sorted(report["missing_keys"])),
            *(f"{key} is not part of it" for key in sorted(extra)),
            *(f"{entry} is of another shape" for entry in sorted(map(str, report["mismatched_keys"]))),
        ]
        if wrong:
            more = f"; and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
            raise EngineError(
                f"{self.folder / part} does not fit {network_class.__name__}: "
                f"{'; '.join(wrong[:_NAMED])}{more}; "
                "these are another model's weights or a damaged file: download them again"
            )
        return network.eval().requires_grad_(False)

    def companion(self, part: str, companion_class: Any) -> Any:
        """Return a tokenizer, scheduler or image processor.

        Raises:
            EngineError: it is not there, or cannot be read.
        """
        with _explained(self.folder / part, companion_class):
            return companion_class.from_pretrained(self.folder / part, local_files_only=True)

    def class_of(self, part: str) -> str:
        """Return the class that the folder's `model_index.json` states for a part."""
        stated = read_json(self.folder / "model_index.json", engine="the engine").get(part)
        return str(stated[1]) if isinstance(stated, list) and len(stated) == 2 else ""


@contextmanager
def _explained(part: Path, wanted: Any) -> Iterator[None]:
    """Translate what diffusers, transformers and safetensors raise while they read."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError, SafetensorError) as error:
        # Their messages run over many lines; the rest is in the cause.
        reason = str(error).strip().partition("\n")[0]
        raise EngineError(
            f"{part} could not be loaded as {wanted.__name__} ({type(error).__name__}: {reason}): download "
            "it again, or name the right folder"
        ) from error
