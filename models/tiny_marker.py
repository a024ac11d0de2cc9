"""Tiny checkpoints say what they are: a `tiny.json` in the folder, and a description that follows from it.

A tiny checkpoint has an engine's real classes with few, random weights. It takes the whole house from a
storyboard to a film on a CPU in seconds, and what it makes is noise. Imports no framework, so that a film is
planned for it as for any other.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from models.checkpoint_folder import read_json
from reelhouse.capabilities import ClipShape, Cost, EngineSpec, Sizes
from reelhouse.clips import Parameter
from reelhouse.errors import EngineError
from reelhouse.timing import FrameCounts

MARKER = "tiny.json"
_SIZES = Sizes(multiple_of=32, minimum=32, maximum=256)
_STEPS = {"draft": 2, "standard": 3, "final": 4}


def mark_tiny(folder: Path, engine: str) -> None:
    """Write the marker."""
    note = {"engine": engine, "weights": "tiny and random: every clip is noise"}
    (folder / MARKER).write_text(json.dumps(note, indent=2) + "\n")


def is_tiny(folder: Path) -> bool:
    """Whether the folder says that it is a tiny checkpoint."""
    return (folder / MARKER).is_file()


def spec_with_weights(spec: EngineSpec, folder: Path) -> EngineSpec:
    """Return what an engine can make with the weights in a folder; a tiny checkpoint makes tiny clips.

    Raises:
        EngineError: the folder holds a tiny checkpoint of another engine.
    """
    if not is_tiny(folder):
        return spec
    engine = read_json(folder / MARKER, engine=spec.name).get("engine")
    if engine != spec.name:
        raise EngineError(
            f"{folder} holds a tiny checkpoint of {engine}, not of {spec.name}: run reelhouse weights tiny "
            f"{spec.name} FOLDER"
        )
    counts = spec.frame_counts
    # Any clip that the VAE folds in time can be tried: 4n + 1 frames of Wan, 8n + 1 of CogVideoX.
    step = math.gcd(counts.step, 8)
    return replace(
        spec,
        title=f"{spec.title}, tiny random weights: the clip is noise",
        sizes=_SIZES,
        frame_counts=counts if step == 1 else FrameCounts(1 + step, counts.maximum, step=step),
        presets={
            name: {**preset, "num_inference_steps": _STEPS[name]} for name, preset in spec.presets.items()
        },
        cost=_cost,
        needs_gpu=False,
    )


def _cost(shape: ClipShape, parameters: Mapping[str, Parameter]) -> Cost:
    """Measured on two shared cores: about a second to decode 49 frames of 64x64, less for the steps."""
    pixels = shape.num_frames * shape.height * shape.width
    steps = int(parameters["num_inference_steps"])
    return Cost(
        tokens=0, seconds=0.5 + pixels * (5e-6 + 1e-6 * steps), memory_bytes=300_000_000 + 400 * pixels
    )
