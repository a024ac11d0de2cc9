"""LoRA files beside an engine's weights: named by speed, known by SHA-256, one at a time in the network.

A network without its LoRA is to the bit what it was before: the LoRA is not fused into the weights, since
taking it out again would leave rounding behind.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from models.weights_identity import file_digests
from reelhouse.clips import Parameter
from reelhouse.errors import EngineError

FOLDER = "loras"


def named_by_digest(
    speeds: Mapping[str, Mapping[str, Parameter]], weights: Path
) -> Mapping[str, Mapping[str, Parameter]]:
    """Return the speeds, each LoRA that is at hand named `NAME@sha256:DIGEST`: other bytes, other takes."""
    digests = file_digests(weights)

    def named(lora: Parameter) -> Parameter:
        digest = digests.get(f"{FOLDER}/{lora}.safetensors")
        return f"{lora}@sha256:{digest}" if digest else lora

    return {
        speed: {name: named(value) if name == "lora" else value for name, value in changes.items()}
        for speed, changes in speeds.items()
    }


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
        if self._held:
            pipeline.unload_lora_weights()
            self._held = ""
        if wanted:
            self._load(pipeline, wanted)
            self._held = wanted

    def _load(self, pipeline: Any, wanted: str) -> None:
        name, _, digest = wanted.partition("@sha256:")
        file = self._weights / FOLDER / f"{name}.safetensors"
        if not file.is_file():
            raise EngineError(
                f"{self._engine} at the speed {name} runs a distilled model, whose LoRA {file} is not there: "
                "put one made for Wan 2.1 there, or use the speed exact or fast"
            )
        if file_digests(self._weights)[f"{FOLDER}/{file.name}"] != digest:
            raise EngineError(f"{file} is not the file that was planned with: run the same command again")
        try:
            pipeline.load_lora_weights(file.parent, weight_name=file.name, local_files_only=True)
        except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise EngineError(
                f"{file} cannot be put into {self._engine} ({type(error).__name__}: {reason}): get a LoRA "
                "that was made for its base model; LoRAs need the package peft"
            ) from error
        if not pipeline.get_active_adapters():
            raise EngineError(f"{file} changes no layer of {self._engine}: it was made for another model")
