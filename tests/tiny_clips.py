"""Tiny checkpoints and the small requests that they answer in a second."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from PIL import Image

from models.catalog import ENGINES
from models.cogvideox.engine import CogVideoXEngine
from models.diffusion_engine import DiffusionEngine
from models.engine import EngineEvent, Frames
from models.phantom.engine import PhantomEngine
from models.svd.engine import SvdEngine
from models.tiny_checkpoints import write_tiny_checkpoint
from models.tiny_marker import spec_with_weights
from models.wan.engine import WanEndsEngine, WanPictureEngine, WanTextEngine
from reelhouse.clips import ClipRequest

SIDE = 64
AnyEngine: TypeAlias = DiffusionEngine[Any]
KINDS: dict[str, type[AnyEngine]] = {
    "phantom": PhantomEngine,
    "wan-t2v": WanTextEngine,
    "wan-i2v": WanPictureEngine,
    "wan-flf2v": WanEndsEngine,
    "cogvideox": CogVideoXEngine,
    "svd": SvdEngine,
}


def tiny_folder(name: str, folder: Path) -> Path:
    return write_tiny_checkpoint(name, folder / name, seed=1)


def tiny_engine(name: str, folder: Path, device: str = "auto") -> AnyEngine:
    kind = next(kind for prefix, kind in KINDS.items() if name.startswith(prefix))
    return kind(folder, spec_with_weights(ENGINES[name], folder), device=device)


def noise_picture(path: Path, *, seed: int, height: int = SIDE, width: int = SIDE) -> Path:
    levels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(levels).save(path)
    return path


def ask(name: str, folder: Path, **changes: Any) -> ClipRequest:
    """The smallest draft, with the pictures that the engine needs beside the checkpoint."""
    spec = spec_with_weights(ENGINES[name], folder)
    first, last = folder.parent / "first.png", folder.parent / "last.png"
    request: dict[str, Any] = {
        "scene": "one",
        "prompt": "a red ball rolls across a meadow",
        "negative_prompt": "blur",
        "action": "the ball rolls",
        "style": "",
        "camera": "",
        "references": (),
        "num_frames": spec.frame_counts.minimum,
        "frame_rate": spec.frame_rates[0],
        "height": SIDE,
        "width": SIDE,
        "seed": 5,
        "first_frame": noise_picture(first, seed=1) if spec.takes_first_frame else None,
        "last_frame": noise_picture(last, seed=2) if spec.takes_last_frame else None,
        "parameters": spec.presets["standard"],
    }
    return ClipRequest(**request | changes)


def frames_of(events: list[EngineEvent]) -> np.ndarray:
    return np.concatenate([event.frames for event in events if isinstance(event, Frames)])


@contextmanager
def one_thread() -> Iterator[None]:
    """As the engines run tiny checkpoints; sums over two threads round otherwise."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
