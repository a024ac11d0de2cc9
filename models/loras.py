"""LoRA files beside an engine's weights: named by speed, known by SHA-256. Imports no framework."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from reelhouse.capabilities import EngineSpec
from reelhouse.clips import Parameter

FOLDER = "loras"


def spec_with_loras(spec: EngineSpec, weights: Path, digests: Mapping[str, str]) -> EngineSpec:
    """Return the spec with each LoRA named `NAME@sha256:DIGEST`, without the speeds whose LoRA is missing.

    Args:
        digests: of the files in the engine's folder of weights.
    """
    speeds: dict[str, Mapping[str, Parameter]] = {}
    lacking: dict[str, str] = {}
    for speed, changes in spec.speeds.items():
        file = f"{FOLDER}/{changes.get('lora')}.safetensors"
        if not changes.get("lora"):
            speeds[speed] = changes
        elif file in digests:
            speeds[speed] = {**changes, "lora": f"{changes['lora']}@sha256:{digests[file]}"}
        else:
            lacking[speed] = f"it runs a distilled model; put a LoRA for Wan 2.1 at {weights / file}"
    return replace(spec, speeds=speeds, lacking_speeds=lacking)
