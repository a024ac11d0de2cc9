"""The camera: its path through a scene, and where a point of the world lands in the frame.

World units are frame heights; x = 0 is the frame's left edge and y = 0 its top while the camera rests.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.animatic.words import Move

Floats = NDArray[np.float64]
OVERSCAN = 1.035  # a little closer than the drawing, so that no move shows its edge


@dataclass(frozen=True, slots=True)
class View:
    """Where the camera is at one moment.

    Attributes:
        x, y: how far it has moved, in units at the subject's plane.
        zoom: magnification at the subject's plane.
        roll: radians.
        focus: the world point (x, y) that a zoom closes in on.
    """

    x: float
    y: float
    zoom: float
    roll: float
    focus: tuple[float, float]

    def matrix(self, depth: float, height: int) -> Floats:
        """The affine map [2, 3] from world units at a depth to pixels of a frame `height` pixels high."""
        # What is far takes part in every movement only a little; in a zoom and a tilt it takes part somewhat.
        zoom = 1 + (self.zoom - 1) * (0.45 + 0.55 * depth)
        a, b = math.cos(self.roll) * zoom * height, math.sin(self.roll) * zoom * height
        x = self.focus[0] + self.x * depth
        y = self.focus[1] + self.y * (0.35 + 0.65 * depth)
        return np.array(
            [
                [a, -b, self.focus[0] * height - a * x + b * y],
                [b, a, self.focus[1] * height - b * x - a * y],
            ]
        )


@dataclass(frozen=True, slots=True)
class Framing:
    """What a zoom closes in on, and by how much it may: the subjects stay in the frame."""

    focus: tuple[float, float]
    reach: float


def frame_up(box: tuple[float, float, float, float], aspect: float) -> Framing:
    """Frame subjects that fill a box (left, top, right, bottom) of a frame `aspect` wide and 1 high."""
    left, top, right, bottom = box
    wide, tall = max(right - left, 0.05), max(bottom - top, 0.05)
    zoom = min(1.40, aspect * 0.95 / wide, 0.93 / tall)
    zoom = max(zoom, 1.10) * OVERSCAN
    x = _kept((left + right) / 2, left, right, zoom, 0.02 * aspect, 0.98 * aspect)
    y = _kept((top + bottom) / 2, top, bottom, zoom, 0.03, 0.955)
    return Framing((x, y), zoom / OVERSCAN - 1)


def _kept(wanted: float, low: float, high: float, zoom: float, first: float, last: float) -> float:
    """The fixed point of a zoom, nearest to `wanted`, that keeps low … high between first and last."""
    least, most = (high * zoom - last) / (zoom - 1), (low * zoom - first) / (zoom - 1)
    if least > most:
        # It does not fit: the lower end, where the feet are, matters more.
        return float(np.clip(least, first, last))
    return float(np.clip(wanted, max(least, first), max(min(most, last), max(least, first))))


def ease(share: Floats | float) -> Floats:
    """Start and stop softly: 0 … 1 to 0 … 1, with no speed and no force at either end."""
    u = np.clip(share, 0.0, 1.0)
    return u * u * u * (u * (6 * u - 15) + 10)


def glide(share: Floats, soft: float = 0.2) -> Floats:
    """Move evenly, easing only over the first and the last `soft` of the way."""
    u = np.clip(share, 0.0, 1.0)
    peak = 1 / (1 - soft)
    ramp_in = peak * u * u / (2 * soft)
    ramp_out = 1 - peak * (1 - u) ** 2 / (2 * soft)
    even = peak * (u - soft / 2)
    return np.where(u < soft, ramp_in, np.where(u > 1 - soft, ramp_out, even))


def film(
    moves: Sequence[Move],
    times: Floats,
    scroll: Floats | None,
    *,
    heading: int,
    aspect: float,
    framing: "Framing",
    rng: np.random.Generator,
) -> list[View]:
    """One view a frame. `times` [F] are seconds; `scroll` [F] is how far a followed subject has travelled."""
    share = times / max(float(times[-1]), 1e-6)
    x, y, roll = np.zeros_like(times), np.zeros_like(times), np.zeros_like(times)
    zoom = np.full_like(times, OVERSCAN)
    reach = 0.16 * min(aspect, 1.8)
    for move in moves:
        if move in (Move.PAN_LEFT, Move.PAN_RIGHT):
            x += (1 if move is Move.PAN_RIGHT else -1) * reach * 2 * (glide(share, 0.3) - 0.5)
        elif move in (Move.TRACK, Move.TRACK_LEFT, Move.TRACK_RIGHT) and scroll is None:
            side = {Move.TRACK_LEFT: -1, Move.TRACK_RIGHT: 1}.get(move, heading)
            x += side * reach * 1.5 * (glide(share, 0.3) - 0.5)
        elif move in (Move.ZOOM_IN, Move.ZOOM_OUT):
            way = glide(share, 0.35)
            zoom *= 1 + framing.reach * (way if move is Move.ZOOM_IN else 1 - way)
        elif move in (Move.TILT_UP, Move.TILT_DOWN):
            way = ease(share * 1.15)
            y += (-0.24 * (1 - way)) if move is Move.TILT_DOWN else 0.16 - 0.18 * way
        elif move is Move.ORBIT:
            x += reach * 1.3 * np.sin(np.pi * (glide(share, 0.25) - 0.5))
            zoom *= 1.04 + 0.05 * np.cos(np.pi * (share - 0.5))
        elif move is Move.HANDHELD:
            zoom *= 1.035
            x += 0.011 * _noise(times, 0.55, rng)
            y += 0.009 * _noise(times, 0.7, rng)
            roll += 0.006 * _noise(times, 0.5, rng)
        elif move is Move.CLOSE_UP:
            zoom *= 1 + framing.reach * (0.85 + 0.15 * glide(share, 0.3))
    if scroll is not None:
        x += scroll
        zoom *= 1.012 + 0.012 * np.cos(2 * np.pi * share)
    columns = zip(x.tolist(), y.tolist(), zoom.tolist(), roll.tolist(), strict=True)
    return [View(*row, framing.focus) for row in columns]


def _noise(times: Floats, rate: float, rng: np.random.Generator) -> Floats:
    """A smooth wander about 0, of size 1: four sines no two of which ever agree."""
    rates = rate * np.array([1.0, 1.73, 2.61, 4.2]) * rng.uniform(0.9, 1.1, 4)
    phases = rng.uniform(0, 2 * np.pi, 4)
    weights = np.array([0.6, 0.4, 0.22, 0.08])
    return (np.sin(2 * np.pi * times[:, None] * rates + phases) * weights).sum(axis=1)
