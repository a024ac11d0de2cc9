"""The seam every video engine fits: a description, and a generator of events that ends in frames.

The caller owns progress, memory and cancellation: closing the generator stops the work between two events.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reelhouse.capabilities import EngineSpec
from reelhouse.clips import ClipRequest

FrameArray: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Conditioning:
    """Work before the first step: loading, text or reference encoding; `what` is for people."""

    what: str


@dataclass(frozen=True, slots=True)
class MadeWith:
    """How the clip is being computed: device, kernels, placement, digests of weights; kept in the lineage."""

    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sampled:
    """One sampler step is done; `preview` is a cheap [H, W, 3] uint8 RGB look at it, where there is one."""

    step: int
    num_inference_steps: int
    preview: FrameArray | None = None


@dataclass(frozen=True, slots=True)
class Frames:
    """The next finished frames, in order: [F, H, W, 3] uint8 RGB."""

    frames: FrameArray


EngineEvent: TypeAlias = Conditioning | MadeWith | Sampled | Frames


class VideoEngine(Protocol):
    """Makes clips. One instance serves many requests, one at a time, and stays loaded between them."""

    @property
    def spec(self) -> EngineSpec:
        """What it can make, and what that costs."""
        ...

    def prepare(self, request: ClipRequest) -> None:
        """Do ahead what can be done while this engine makes another clip; may be called from any thread."""
        ...

    def rest(self) -> None:
        """Give the GPU back to another engine, until the next clip; not while one is made."""
        ...

    def generate(self, request: ClipRequest) -> Iterator[EngineEvent]:
        """Yield events; the `Frames` together hold exactly `request.num_frames` frames.

        A clip that was stopped goes on from `request.checkpoint` and comes out the same.

        Raises:
            EngineError: the clip could not be made; the message says what to do.
        """
        ...
