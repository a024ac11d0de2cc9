"""Joining: the windows of a long scene as one clip, colours kept, one frame after the other.

Where two windows overlap, the later one's colours are fitted to what stands before it, a gain and an offset a
channel, and the frames melt into each other. Every later frame of that window is corrected alike, so a drift
from window to window does not add up. Only the frames of two overlaps are held at a time.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from reelhouse.errors import MediaError

Frame: TypeAlias = NDArray[np.uint8]
Statistics: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]

# What a drift of colour may be; more is another picture, and is not forced to be this one.
MAX_GAIN = 1.25
MAX_SHIFT = 24.0  # levels of 255


@dataclass(frozen=True, slots=True)
class ColourMatch:
    """How a window's levels are corrected: red, green and blue, level → gain x level + offset.

    Attributes:
        bounded: whether more correction was wanted than a drift of colour explains.
    """

    gain: tuple[float, float, float]
    offset: tuple[float, float, float]
    bounded: bool

    @classmethod
    def fit(cls, wanted: Sequence[Frame], found: Sequence[Frame]) -> "ColourMatch":
        """The correction that gives `found` the mean and the spread of `wanted`, frames [H, W, 3] each.

        Moments are compared, not pixels: what moved a little between the two must not cost contrast.
        """
        (mean, spread), (found_mean, found_spread) = _statistics(wanted), _statistics(found)
        flat = np.minimum(spread, found_spread) < 1.0
        asked_gain = np.where(flat, 1.0, spread / np.maximum(found_spread, 1e-9))
        asked_shift = mean - found_mean
        gain = np.clip(asked_gain, 1 / MAX_GAIN, MAX_GAIN)
        shift = np.clip(asked_shift, -MAX_SHIFT, MAX_SHIFT)
        offset = found_mean + shift - gain * found_mean
        bounded = bool((gain != asked_gain).any() or (shift != asked_shift).any())
        return cls(_three(gain), _three(offset), bounded)

    def applied(self, frame: Frame) -> NDArray[np.float32]:
        """The corrected levels of a frame [H, W, 3], not yet rounded."""
        return frame * np.asarray(self.gain, np.float32) + np.asarray(self.offset, np.float32)


def joined(
    windows: Sequence[Iterable[Frame]], overlap: int, on_match: Callable[[ColourMatch], None]
) -> Iterator[Frame]:
    """The frames [H, W, 3] uint8 RGB of one clip made of windows that overlap by `overlap` frames.

    Frame i of an overlap shows (i + 1) / (overlap + 1) of the later window.

    Args:
        windows: the frames of each, read once and in order.
        overlap: at least 1.
        on_match: told how each window after the first was corrected.

    Raises:
        MediaError: a window is no longer than the overlap.
    """
    held: deque[Frame] = deque()
    for number, window in enumerate(windows):
        frames = iter(window)
        if number:
            head = list(islice(frames, overlap))
            match = ColourMatch.fit(held, head) if len(head) == len(held) == overlap else None
            if match is None:
                raise MediaError(f"window {number + 1} or the one before has fewer than {overlap} frames")
            on_match(match)
            held = deque(_melted(held, [match.applied(frame) for frame in head]))
            frames = (_rounded(match.applied(frame)) for frame in frames)
        for frame in frames:
            held.append(frame)
            if len(held) > overlap:
                yield held.popleft()
    yield from held


def _melted(leaving: Iterable[Frame], coming: Sequence[NDArray[np.float32]]) -> Iterator[Frame]:
    for place, (before, after) in enumerate(zip(leaving, coming, strict=True), 1):
        share = np.float32(place / (len(coming) + 1))
        yield _rounded(before + share * (after - before))


def _rounded(levels: NDArray[np.floating]) -> Frame:
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def _statistics(frames: Iterable[Frame]) -> Statistics:
    """Mean and standard deviation of each channel over all frames."""
    sums, squares, count = np.zeros(3), np.zeros(3), 0
    for frame in frames:
        sums += frame.sum(axis=(0, 1), dtype=np.float64)
        squares += np.square(frame, dtype=np.float32).sum(axis=(0, 1), dtype=np.float64)
        count += frame.shape[0] * frame.shape[1]
    mean = sums / count
    return mean, np.sqrt(np.maximum(squares / count - mean**2, 0))


def _three(values: NDArray[np.float64]) -> tuple[float, float, float]:
    red, green, blue = (round(float(value), 4) for value in values)
    return red, green, blue
