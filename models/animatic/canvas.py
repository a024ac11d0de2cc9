"""Paper and brush: one strip of premultiplied RGBA that repeats to the left and right for ever.

Everything is drawn in world units: one unit is the height of the frame, x grows to the right, y downwards
from the top of the frame. A shape that crosses one end of the strip comes back in at the other, so a camera
may travel along it without end. The canvas knows nothing of light, style or what is drawn.
"""

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from models.animatic.shapes import Points

Pixels: TypeAlias = MatLike  # always uint8 here; OpenCV promises no more than an array
Colour: TypeAlias = tuple[float, float, float]

_SHIFT = 4  # sub-pixel bits of OpenCV's polygon coordinates

# All in pixels. What is so small is drawn more simply, and nobody can tell.
_SPECK = 0.4  # not at all
_FLAT = 4.0  # without shading
_GLAZE = 14.0  # a translucent shape as an opaque one of the mixed colour
TINY = 100.0  # pixels a unit: in a frame so small everything but the land itself is flat


def _between(first: Colour, second: Colour, share: float) -> Colour:
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return red, green, blue


class Canvas:
    """A strip `period` units long, from `top` to `bottom`, at `scale` pixels a unit.

    `pixels` [h, w, 4] uint8 is premultiplied RGBA: drawing an opaque, anti-aliased shape is then the same
    blend in all four channels, which is what OpenCV does.
    """

    def __init__(self, *, period: float, top: float, bottom: float, scale: float) -> None:
        self.top = top
        self.scale = scale
        width = max(8, round(period * scale))
        self.period = width / scale
        self.pixels: Pixels = np.zeros((max(2, round((bottom - top) * scale)), width, 4), np.uint8)

    def fill(self, points: Points, colour: Colour, below: Colour | None = None, opacity: float = 1.0) -> None:
        """Fill a closed outline [N, 2], shaded downwards from `colour` to `below` where that is given."""
        (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        wide, tall = (right - left) * self.scale, (bottom - top) * self.scale
        if max(wide, tall) < _SPECK:
            return
        if below is not None and (tall < _FLAT or (self.scale < TINY and bottom - top < 0.4)):
            colour, below = _between(colour, below, 0.5), None
        if opacity < 1.0 and below is None and max(wide, tall) < _GLAZE:
            under = self._at((left + right) / 2, (top + bottom) / 2)
            if under is not None:
                colour, opacity = _between(under, colour, opacity), 1.0
        if below is None and opacity >= 1.0:
            for turn in self._turns(left, right):
                shifted = self._fixed(points + np.array([turn, 0.0]))
                cv2.fillPoly(self.pixels, [shifted], (*colour, 255.0), cv2.LINE_AA, _SHIFT)
        else:
            self.union([points], colour, below, opacity)

    def union(
        self,
        outlines: Sequence[Points],
        colour: Colour,
        below: Colour | None = None,
        opacity: float = 1.0,
        blur: float = 0.0,
    ) -> None:
        """Fill several overlapping outlines as one shape, shaded together; `blur` units soften its edge."""
        every = np.concatenate(list(outlines))
        low, high = every.min(axis=0) - blur * 2, every.max(axis=0) + blur * 2
        for turn in self._turns(float(low[0]), float(high[0])):
            self._stamp(outlines, turn, (low, high), (colour, below or colour), opacity, blur)

    def strokes(self, lines: NDArray[np.float64], colour: Colour, width: float) -> None:
        """Draw many open lines [L, N, 2] of one colour and `width` units, never thinner than a pixel."""
        if not len(lines):
            return
        left, right = lines[..., 0].min(axis=1), lines[..., 0].max(axis=1)
        step = np.array([self.period, 0.0])
        every = np.concatenate([lines, lines[left < 0] + step, lines[right > self.period] - step])
        thickness = max(1, round(width * self.scale))
        cv2.polylines(
            self.pixels, list(self._fixed(every)), False, (*colour, 255.0), thickness, cv2.LINE_AA, _SHIFT
        )

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float = 1.0) -> None:
        """A round light that fades to nothing at `radius`, laid over what is there."""
        for turn in self._turns(x - radius, x + radius):
            box = self._box(
                np.array([x - radius + turn, y - radius]), np.array([x + radius + turn, y + radius])
            )
            if box is None:
                continue
            left, top, right, bottom = box
            dx = (np.arange(left, right) + 0.5) / self.scale - x - turn
            dy = (np.arange(top, bottom) + 0.5) / self.scale + self.top - y
            fall = np.clip(1 - np.hypot(dx[None], dy[:, None]) / radius, 0, 1) ** 2
            mask = (fall * fall * (3 - 2 * fall) * 255 * strength).astype(np.uint8)
            self._blend(box, mask, np.array([[colour]], np.float32))

    def wash(self, colours: NDArray[np.float32], rng: np.random.Generator) -> None:
        """Cover the whole strip with one colour a row [h, 3], dithered so that no bands show."""
        height, width = self.pixels.shape[:2]
        self.pixels[..., 3] = 255
        speckle = rng.random((min(height, 96), min(width, 192), 1), dtype=np.float32)
        # A block at a time: the whole strip as floats would not fit the cache.
        for top in range(0, height, len(speckle)):
            rows = colours[top : top + len(speckle), None]
            block = (rows + speckle[: len(rows)]).astype(np.uint8)
            for left in range(0, width, block.shape[1]):
                shown = block[:, : width - left]
                self.pixels[top : top + len(rows), left : left + shown.shape[1], :3] = shown

    def _turns(self, left: float, right: float) -> list[float]:
        """How far to shift a shape that spans left … right so that every visible copy of it is drawn."""
        turns = [turn * self.period for turn in (-1, 0, 1)]
        return [turn for turn in turns if right + turn > 0 and left + turn < self.period]

    def _at(self, x: float, y: float) -> Colour | None:
        """The colour at a point, or None where it is not opaque."""
        row, column = int((y - self.top) * self.scale), int((x % self.period) * self.scale)
        if not (0 <= row < self.pixels.shape[0] and column < self.pixels.shape[1]):
            return None
        red, green, blue, alpha = self.pixels[row, column].tolist()
        return (red, green, blue) if alpha == 255 else None

    def _fixed(self, points: NDArray[np.float64]) -> NDArray[np.int32]:
        # OpenCV's integer coordinates are pixel centres, ours pixel corners: half a pixel apart.
        pixels = (points - (0.0, self.top)) * self.scale - 0.5
        return np.rint(pixels * (1 << _SHIFT)).astype(np.int32)

    def _box(self, low: Points, high: Points) -> tuple[int, int, int, int] | None:
        height, width = self.pixels.shape[:2]
        left, right = int(low[0] * self.scale) - 2, int(high[0] * self.scale) + 3
        top, bottom = int((low[1] - self.top) * self.scale) - 2, int((high[1] - self.top) * self.scale) + 3
        box = max(0, left), max(0, top), min(width, right), min(height, bottom)
        return box if box[0] < box[2] and box[1] < box[3] else None

    def _stamp(
        self,
        outlines: Sequence[Points],
        turn: float,
        bounds: tuple[Points, Points],
        shades: tuple[Colour, Colour],
        opacity: float,
        blur: float,
    ) -> None:
        shift = np.array([turn, 0.0])
        box = self._box(bounds[0] + shift, bounds[1] + shift)
        if box is None:
            return
        left, top, right, bottom = box
        mask = np.zeros((bottom - top, right - left), np.uint8)
        corner = np.array([left, top]) * (1 << _SHIFT)
        for outline in outlines:
            fixed = self._fixed(outline + shift) - corner.astype(np.int32)
            cv2.fillPoly(mask, [fixed], 255.0, cv2.LINE_AA, _SHIFT)
        if blur * self.scale > 0.3:
            mask = cv2.GaussianBlur(mask, (0, 0), blur * self.scale)
        if opacity < 1.0:
            mask = cv2.convertScaleAbs(mask, alpha=opacity)
        rows = (np.arange(top, bottom) + 0.5) / self.scale + self.top
        span = max(float(bounds[1][1] - bounds[0][1]), 1e-6)
        share = np.clip((rows - bounds[0][1]) / span, 0, 1).astype(np.float32)[:, None, None]
        first, last = (np.array(shade, np.float32) for shade in shades)
        self._blend(box, mask, first + (last - first) * share)

    def _blend(self, box: tuple[int, int, int, int], mask: Pixels, colours: NDArray[np.float32]) -> None:
        """Lay colours [h or 1, 1, 3] over the pixels of a box through mask [h, w]."""
        left, top, right, bottom = box
        under = self.pixels[top:bottom, left:right]
        paint = np.full((*mask.shape, 4), 255, np.uint8)
        paint[..., :3] = np.clip(colours + 0.5, 0, 255)
        cover = cv2.merge([mask, mask, mask, mask])
        kept = cv2.multiply(under, cv2.bitwise_not(cover), scale=1 / 255)
        under[:] = cv2.add(kept, cv2.multiply(paint, cover, scale=1 / 255))
