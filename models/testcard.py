"""The test card: an engine whose every frame says which clip and which frame it is.

It costs nothing, or a set time a frame, and needs nothing; with it the whole house is tried out, from a
storyboard to a film, and every frame of the film can be told by `read_code`.
"""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from models.engine import EngineEvent, FrameArray, Frames, Sampled
from reelhouse.capabilities import ClipShape, Cost, EngineSpec, Sizes
from reelhouse.clips import ClipRequest, Parameter
from reelhouse.timing import FrameCounts

BITS = 16
_CHUNK = 16


def _cost(shape: ClipShape, parameters: Mapping[str, Parameter]) -> Cost:
    frame_bytes = 3 * shape.height * shape.width
    seconds = shape.num_frames * (float(parameters["seconds_per_frame"]) + frame_bytes / 2e9)
    return Cost(tokens=0, seconds=seconds, memory_bytes=2 * _CHUNK * frame_bytes)


_PRESET: Mapping[str, Parameter] = {"seconds_per_frame": 0.0}
SPEC = EngineSpec(
    name="testcard",
    title="a test card that numbers its frames",
    code_version="1",
    weights_id="",
    licence="Apache-2.0",
    sizes=Sizes(minimum=64, maximum=4096),
    frame_counts=FrameCounts(5, 961),
    frame_rates=(),
    references=(0, 4),
    takes_first_frame=True,
    takes_last_frame=True,
    presets={"draft": _PRESET, "standard": _PRESET, "final": _PRESET},
    cost=_cost,
    needs_gpu=False,
)


class TestcardEngine:
    """Draws two rows of black and white blocks: the seed's lowest bits, and the frame's number."""

    @property
    def spec(self) -> EngineSpec:
        """What it can make."""
        return SPEC

    def prepare(self, request: ClipRequest) -> None:
        """There is nothing to do ahead."""

    def rest(self) -> None:
        """It has no GPU."""

    def generate(self, request: ClipRequest) -> Iterator[EngineEvent]:
        """Yield the numbered frames; a given first or last frame comes first or last as it is."""
        pause = float(request.parameters["seconds_per_frame"])
        for start in range(0, request.num_frames, _CHUNK):
            numbers = range(start, min(start + _CHUNK, request.num_frames))
            frames = np.stack([_frame(request, number) for number in numbers])
            if start == 0 and request.first_frame is not None:
                frames[0] = _read(request.first_frame)
            if numbers.stop == request.num_frames and request.last_frame is not None:
                frames[-1] = _read(request.last_frame)
            for number in numbers:
                if pause:
                    time.sleep(pause)
                yield Sampled(number + 1, request.num_frames)
            yield Frames(frames)


def _read(picture: Path) -> FrameArray:
    with Image.open(picture) as opened:
        return np.asarray(opened.convert("RGB"))


def _frame(request: ClipRequest, number: int) -> FrameArray:
    frame = np.full((request.height, request.width, 3), 128, np.uint8)
    half = request.height // 2
    for row, value in enumerate((request.seed, number)):
        for bit in range(BITS):
            left, right = (request.width * edge // BITS for edge in (bit, bit + 1))
            frame[row * half : (row + 1) * half, left:right] = 235 if value >> bit & 1 else 16
    return frame


def read_code(frame: FrameArray) -> tuple[int, int]:
    """What a frame says, even after lossy encoding: the clip's seed modulo 2**16, and the frame's number."""
    height, width, _ = frame.shape
    rows = [frame[height // 4], frame[height * 3 // 4]]
    values = [
        sum(int(row[width * (2 * bit + 1) // (2 * BITS)].mean() > 128) << bit for bit in range(BITS))
        for row in rows
    ]
    return values[0], values[1]
