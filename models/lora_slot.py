"""The place for a LoRA in a pipeline of the Wan family: one at a time, out of the way when none is asked.

A network without its LoRA is to the bit what it was before: the LoRA is not fused into the weights, since
taking it out again would leave rounding behind.
"""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from models.loading import LOADING
from models.loras import FOLDER
from reelhouse.errors import EngineError
from reelhouse.identity import file_digest


class LoraSlot:
    """The place for one LoRA in a pipeline of the Wan family."""

    def __init__(self, weights: Path, *, engine: str) -> None:
        self._weights = weights
        self._engine = engine
        self._held = ""

    def hold(self, pipeline: Any, wanted: str) -> None:
        """Put the wanted LoRA in, or take out the one that is there; "" is none.

        Raises:
            EngineError: its file is missing, is not the one that was planned with, or does not fit.
        """
        if wanted == self._held:
            return
        with LOADING:
            if self._held:
                pipeline.unload_lora_weights()
                self._held = ""
            if wanted:
                self._load(pipeline, wanted)
                self._held = wanted

    def _load(self, pipeline: Any, wanted: str) -> None:
        name, _, digest = wanted.partition("@sha256:")
        file = self._weights / FOLDER / f"{Path(name).name}.safetensors"
        if not file.is_file():
            raise EngineError(
                f"{self._engine} at the speed {name} runs a distilled model, whose LoRA {file} is not there: "
                "put one made for Wan 2.1 there, or use the speed exact or fast"
            )
        if file_digest(file) != digest:
            raise EngineError(f"{file} is not the file that was planned with: run the same command again")
        try:
            pipeline.load_lora_weights(file.parent, weight_name=file.name, local_files_only=True)
        except torch.OutOfMemoryError:
            raise
        except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise EngineError(
                f"{file} cannot be put into {self._engine} ({type(error).__name__}: {reason}): get a LoRA "
                "that was made for its base model; LoRAs need the package peft"
            ) from error
        if not pipeline.get_active_adapters():
            raise EngineError(f"{file} changes no layer of {self._engine}: it was made for another model")
