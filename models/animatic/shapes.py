"""Outlines: points [N, 2] float64 in world units, for a canvas to fill. No colour, no canvas."""

from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Points: TypeAlias = NDArray[np.float64]


def ellipse(x: float, y: float, rx: float, ry: float, corners: int = 28) -> Points:
    """An ellipse about (x, y)."""
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], axis=1)


def box(left: float, top: float, right: float, bottom: float) -> Points:
    """An upright rectangle."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def rounded(left: float, top: float, right: float, bottom: float, radius: float) -> Points:
    """An upright rectangle with round corners."""
    radius = min(radius, (right - left) / 2, (bottom - top) / 2)
    turn = np.linspace(0, np.pi / 2, 6)
    centres = [(right - radius, bottom - radius), (left + radius, bottom - radius)]
    centres += [(left + radius, top + radius), (right - radius, top + radius)]
    arcs = [
        np.stack(
            [x + radius * np.cos(turn + k * np.pi / 2), y + radius * np.sin(turn + k * np.pi / 2)], axis=1
        )
        for k, (x, y) in enumerate(centres)
    ]
    return np.concatenate(arcs)


def polygon(*corners: tuple[float, float]) -> Points:
    """The outline through the corners given."""
    return np.array(corners, np.float64)


def smooth(points: Points, steps: int = 6) -> Points:
    """A closed curve through the points (uniform Catmull-Rom)."""
    around = (np.arange(len(points))[:, None] + (-1, 0, 1, 2)) % len(points)
    return (_catmull_rom(steps) @ points[around]).reshape(-1, 2)


@cache
def _catmull_rom(steps: int) -> NDArray[np.float64]:
    """Weights [steps, 4] of the points before, at, after and beyond."""
    t = np.arange(steps) / steps
    weights = [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2]
    return np.stack(weights, axis=1) / 2


def blob(x: float, y: float, rx: float, ry: float, rng: np.random.Generator, lumps: int = 9) -> Points:
    """A round, slightly irregular shape: a stone, a bush, a crown of leaves."""
    angle = np.linspace(0, 2 * np.pi, lumps, endpoint=False) + rng.uniform(0, 0.5)
    reach = rng.uniform(0.86, 1.12, lumps)
    return smooth(np.stack([x + rx * reach * np.cos(angle), y + ry * reach * np.sin(angle)], axis=1), 4)


def puff(x: float, y: float, width: float, height: float, rng: np.random.Generator) -> list[Points]:
    """A cumulus: round heads over a flat foot at y; overlapping outlines for one union."""
    heads = 5 + int(rng.integers(0, 3))
    place = np.linspace(-0.40, 0.40, heads) + rng.uniform(-0.04, 0.04, heads)
    tall = (1 - (place / 0.56) ** 2) * rng.uniform(0.75, 1.1, heads)
    parts = [
        ellipse(x + p * width, y - h * height * 0.42, width * (0.10 + 0.06 * h), height * (0.30 + 0.28 * h))
        for p, h in zip(place, tall, strict=True)
    ]
    parts.append(rounded(x - width / 2, y - height * 0.30, x + width / 2, y + height * 0.04, height * 0.2))
    # One flat foot for all heads: whatever hangs below it is lifted to it.
    return [np.minimum(part, [np.inf, y + height * 0.04]) for part in parts]


def skyline(period: float, level: float, swell: float, rng: np.random.Generator, waves: int = 3) -> Points:
    """A soft periodic ridge [N, 2] from x = 0 to `period`; close it with `down_to`."""
    x = np.linspace(0, period, 97)
    y = np.full_like(x, level)
    for wave in range(1, waves + 1):
        phase = rng.uniform(0, 2 * np.pi)
        y += swell / wave**1.2 * np.sin(2 * np.pi * wave * x / period + phase)
    return np.stack([x, y], axis=1)


def crags(period: float, level: float, height: float, rng: np.random.Generator, peaks: int) -> Points:
    """A jagged periodic ridge with `peaks` summits, each with broken flanks."""
    at = (np.arange(peaks) + rng.uniform(-0.28, 0.28, peaks)) * period / peaks + period / peaks / 2
    tops = level - height * rng.uniform(0.55, 1.0, peaks)
    valleys = level - height * rng.uniform(0.02, 0.22, peaks)
    corners = [(0.0, valleys[-1])]
    for k in range(peaks):
        right = (at[k] + at[k + 1]) / 2 if k + 1 < peaks else period
        corners += _flank(corners[-1], (at[k], tops[k]), rng) + _flank(
            (at[k], tops[k]), (right, valleys[k]), rng
        )
    return np.array(corners)


def _flank(
    start: tuple[float, float], end: tuple[float, float], rng: np.random.Generator
) -> list[tuple[float, float]]:
    broken = []
    for share in (0.3, 0.62):
        share += rng.uniform(-0.08, 0.08)
        lift = rng.uniform(-0.13, 0.13) * abs(end[1] - start[1])
        broken.append((start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share + lift))
    return [*broken, end]


def down_to(ridge: Points, bottom: float) -> Points:
    """Close a ridge line into an outline that reaches down to `bottom`, a little past both ends."""
    first, last = ridge[0], ridge[-1]
    return np.concatenate(
        [ridge, [[last[0] + 0.01, last[1]], [last[0] + 0.01, bottom], [first[0] - 0.01, bottom]]]
    )


def height_at(ridge: Points, x: float, period: float) -> float:
    """The y of a ridge at x, which may lie beyond either end."""
    return float(np.interp(x % period, ridge[:, 0], ridge[:, 1]))
