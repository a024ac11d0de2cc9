"""The animatic engine: films the storyboard itself, to judge timing and framing before a GPU hour is spent.

There is no network in it. Cut-out subjects act out the verbs of the scene's words over a drawn, layered
setting, filmed by the camera the scene asks for, faster than real time on a CPU. Every frame is marked as an
animatic in its corner, and the engine's name marks the clip in lineage.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import MappingProxyType

import cv2
import numpy as np

from models.animatic.passage import Passage
from models.animatic.shoot import Shoot
from models.engine import Conditioning, EngineEvent, Frames, Sampled
from reelhouse.capabilities import ClipShape, Cost, EngineSpec, Sizes
from reelhouse.clips import ClipRequest, Parameter, Reference
from reelhouse.timing import FrameCounts

CHUNK = 8  # frames handed over at a time
_THREADS = 2  # frames do not depend on one another, and OpenCV lets go of the interpreter
_TINY = 128 * 128  # pixels
_PREVIEW_WIDTH = 208  # pixels

PRESETS: Mapping[str, Mapping[str, Parameter]] = MappingProxyType(
    {
        "draft": MappingProxyType({"supersampling": 0.85}),
        "standard": MappingProxyType({"supersampling": 1.0}),
        "final": MappingProxyType({"supersampling": 1.4}),
    }
)


def _cost(shape: ClipShape, parameters: Mapping[str, Parameter]) -> Cost:
    """Measured on two shared cores at 832x480: painting the scenery, then a little for every pixel filmed."""
    pixels = shape.height * shape.width
    scale = float(parameters["supersampling"])
    painting = 0.02 + 1.1e-6 * pixels * scale**2
    filming = shape.num_frames * pixels * 1.9e-8
    held = pixels * scale**2 * 4 * 2.8 * 8 + CHUNK * pixels * 3
    return Cost(tokens=0, seconds=painting + filming, memory_bytes=int(80e6 + held))


SPEC = EngineSpec(
    name="animatic",
    title="Animatic: the storyboard itself, filmed on paper",
    code_version="1",
    weights_id="",
    licence="Apache-2.0",
    sizes=Sizes(multiple_of=16, minimum=64, maximum=1920),
    frame_counts=FrameCounts(minimum=5, maximum=1921),
    frame_rates=(),
    references=(0, 4),
    takes_first_frame=True,
    takes_last_frame=True,
    presets=PRESETS,
    cost=_cost,
    needs_gpu=False,
)


class AnimaticEngine:
    """Makes animatics. It holds nothing between requests."""

    @property
    def spec(self) -> EngineSpec:
        """What it can make."""
        return SPEC

    def prepare(self, request: ClipRequest) -> None:
        """There is nothing to do ahead."""

    def rest(self) -> None:
        """It has no GPU."""

    def generate(self, request: ClipRequest) -> Iterator[EngineEvent]:
        """Yield what is being drawn, then the frames, eight at a time.

        Of several pictures of one subject the first is filmed: the subject is there once.

        Raises:
            EngineError: a reference picture, the first or the last frame cannot be read.
        """
        yield Conditioning("reading the scene's words and painting its setting")
        shoot = _prepared(request)
        total = -(-request.num_frames // CHUNK)
        # For tiny frames a second thread costs more than it saves.
        with ThreadPoolExecutor(_THREADS if request.height * request.width > _TINY else 1) as crew:
            for step, start in enumerate(range(0, request.num_frames, CHUNK), 1):
                stop = min(start + CHUNK, request.num_frames)
                frames = np.empty((stop - start, request.height, request.width, 3), np.uint8)
                for place, frame in enumerate(crew.map(shoot.frame, range(start, stop))):
                    frames[place] = frame
                yield Sampled(step, total, _preview(frames[-1]))
                yield Frames(frames)


def _prepared(request: ClipRequest) -> Shoot | Passage:
    """The scene itself, or where both its ends are given the way from the one to the other."""
    if request.first_frame is not None and request.last_frame is not None:
        return Passage.prepare(request, request.first_frame, request.last_frame)
    return Shoot.prepare(replace(request, references=_one_each(request.references)))


def _preview(frame: np.ndarray) -> np.ndarray:
    height, width = frame.shape[:2]
    if width <= _PREVIEW_WIDTH:
        return frame
    size = _PREVIEW_WIDTH, max(1, round(height * _PREVIEW_WIDTH / width))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)


def _one_each(references: Sequence[Reference]) -> tuple[Reference, ...]:
    first = {reference.name: reference for reference in reversed(references)}
    return tuple(reference for reference in references if first[reference.name] is reference)
