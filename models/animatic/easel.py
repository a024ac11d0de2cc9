"""The easel: hands painters their sheets, and turns painted sheets into the layers that a camera films.

A sheet is a canvas at a distance: whatever is painted on it is lit and faded by the scene's palette. The
distance to the subject's plane is told as `depth`: 0 stands still at the horizon, 1 moves with the subject,
more than 1 passes before the lens.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.animatic.canvas import TINY, Canvas, Colour, Pixels
from models.animatic.palette import Palette
from models.animatic.shapes import Points
from models.animatic.words import Weather

BLOCK = 32  # pixels
AT_THE_HORIZON = 0.10  # the greatest depth that counts as such


@dataclass(frozen=True, slots=True)
class Layer:
    """One finished layer.

    Attributes:
        image: [h, w, 4] uint8 premultiplied RGBA, one period and a frame's width wide.
        top: the world y of its upper edge; `period` the world width after which it repeats.
        scale: its pixels per unit.
        depth: how much of the camera's movement it takes part in.
        drift: units a second it moves by itself.
        sway: how far, in units, its upper edge leans in the wind or, for water, it washes to and fro.
        washes: whether it sways as a whole, like water, instead of leaning like grass.
        in_front: whether it stands before the subjects.
        solid_from: the world y from which on downwards no pixel is transparent.
        crowns: for every `BLOCK` pixels of its width the row where anything painted begins.
    """

    image: Pixels
    top: float
    period: float
    scale: float
    depth: float
    drift: float
    sway: float
    washes: bool
    in_front: bool
    solid_from: float
    crowns: tuple[int, ...]

    @property
    def bottom(self) -> float:
        """The world y of its lower edge."""
        return self.top + self.image.shape[0] / self.scale


def crowns(image: Pixels) -> tuple[int, ...]:
    """For every `BLOCK` columns of an image [h, w, 4] the first row that is not clear; h where all is."""
    height, width = image.shape[:2]
    alpha = cv2.copyMakeBorder(image[..., 3], 0, 0, 0, -width % BLOCK, cv2.BORDER_CONSTANT, value=0)
    painted = alpha.reshape(height, -1, BLOCK).any(axis=2)
    return tuple(np.where(painted.any(axis=0), painted.argmax(axis=0), height).tolist())


class Sheet:
    """A canvas at a distance: the same brushes, in colours as they look from here."""

    def __init__(
        self,
        canvas: Canvas,
        palette: Palette,
        *,
        depth: float,
        haze: float = 0.0,
        drift: float = 0.0,
        sway: float = 0.0,
        washes: bool = False,
        in_front: bool = False,
        blur: float = 0.0,
    ) -> None:
        self.canvas = canvas
        self.palette = palette
        self.depth = depth
        self.haze = haze
        self.drift = drift
        self.sway = sway
        self.washes = washes
        self.in_front = in_front
        self.blur = blur

    @property
    def period(self) -> float:
        """The width after which the sheet repeats, in units."""
        return self.canvas.period

    def colour(self, colour: Colour, haze: float | None = None) -> Colour:
        """A local colour as it is seen on this sheet, or at another haze."""
        return self.palette.tone(colour, self.haze if haze is None else haze)

    def fill(self, points: Points, colour: Colour, below: Colour | None = None, opacity: float = 1.0) -> None:
        """Fill an outline, shaded down to `below` where given."""
        self.canvas.fill(points, self.colour(colour), None if below is None else self.colour(below), opacity)

    def ground(self, points: Points, colour: Colour, below: Colour, mist: float = 0.0) -> None:
        """Fill a ridge's outline, its foot lost in `mist` (0 … 1) before the next ridge begins."""
        foot = self.colour(below, min(1.0, self.haze + mist))
        self.canvas.union([points], self.colour(colour), foot)

    def union(
        self,
        outlines: Sequence[Points],
        colour: Colour,
        below: Colour | None = None,
        opacity: float = 1.0,
        blur: float = 0.0,
    ) -> None:
        """Fill several outlines as one."""
        shade = None if below is None else self.colour(below)
        self.canvas.union(outlines, self.colour(colour), shade, opacity, blur)

    def strokes(self, lines: NDArray[np.float64], colour: Colour, width: float) -> None:
        """Draw many lines [L, N, 2] in one colour."""
        self.canvas.strokes(lines, self.colour(colour), width)

    def shine(self, x: float, y: float, radius: float, colour: Colour, strength: float = 1.0) -> None:
        """Lay a glow that lights itself."""
        self.canvas.glow(x, y, radius, self.palette.raw(colour), strength)

    def lamp(self, points: Points, colour: Colour, opacity: float = 1.0) -> None:
        """Fill an outline that lights itself: a window at night, the moon."""
        self.canvas.fill(points, self.palette.raw(colour), None, opacity)


class Easel:
    """Everything a painter needs for one scene: paper, palette, dice."""

    def __init__(
        self,
        palette: Palette,
        rng: np.random.Generator,
        *,
        weather: Weather,
        aspect: float,
        scale: float,
    ) -> None:
        self.palette = palette
        self.rng = rng
        self.weather = weather
        self.aspect = aspect
        self.scale = scale
        self.period = max(aspect * 1.75, 1.6)
        self._sheets: list[Sheet] = []
        self._detail = palette.pigments.detail * min(1.0, max(0.08, scale / 380))

    def sheet(self, *, top: float, bottom: float, depth: float, **manner: float | bool) -> Sheet:
        """A fresh sheet before all earlier ones, from world y `top` to `bottom`.

        What lies at the horizon and moves no more than the sky does is painted onto the sky itself: a layer
        less to film.
        """
        if self._sheets and depth <= AT_THE_HORIZON and not manner.keys() - {"haze"}:
            sky = self._sheets[0]
            return Sheet(sky.canvas, self.palette, depth=sky.depth, haze=manner.get("haze", 0.0))
        canvas = Canvas(period=self.period, top=top, bottom=bottom, scale=self.scale)
        sheet = Sheet(canvas, self.palette, depth=depth, **manner)  # pyright: ignore[reportArgumentType] -- one mapping of floats and flags
        self._sheets.append(sheet)
        return sheet

    def count(self, wanted: float) -> int:
        """How many of `wanted` small things to draw at this size and in this style; at least one."""
        return max(1, round(wanted * self._detail))

    def spread(self, number: int, jitter: float = 0.35) -> NDArray[np.float64]:
        """`number` places along the period, evenly with some chance; half as many in a tiny frame."""
        number = -(-number // 2) if self.scale < TINY else number
        gaps = np.arange(number) + 0.5 + self.rng.uniform(-jitter, jitter, number)
        return gaps * self.period / max(number, 1)

    def layers(self) -> tuple[Layer, ...]:
        """The sheets painted so far, textured, cut to film and in order from the horizon to the lens."""
        texture = _paper(self.period, self.scale, self.palette.pigments.grain, self.rng)
        if self.scale < TINY:
            return tuple(self._layer(sheet, texture) for sheet in self._sheets)
        with ThreadPoolExecutor(2) as hands:
            return tuple(hands.map(lambda sheet: self._layer(sheet, texture), self._sheets))

    def _layer(self, sheet: Sheet, texture: Pixels | None) -> Layer:
        painted = np.flatnonzero(sheet.canvas.pixels[..., 3].any(axis=1))
        spread = int(np.ceil(3 * sheet.blur * self.scale)) + 1
        first = max(0, int(painted[0]) - spread) if len(painted) else 0
        last = int(painted[-1]) + spread + 1 if len(painted) else 1
        # Empty rows cost as much to film as painted ones.
        image = sheet.canvas.pixels[first:last]
        if sheet.blur * self.scale > 0.3:
            image = cv2.GaussianBlur(image, (0, 0), sheet.blur * self.scale)
        if texture is not None:
            grain = np.resize(texture, (image.shape[0], *texture.shape[1:]))
            # Nothing may grow brighter than its coverage: at soft edges that would be light out of nothing.
            alpha = cv2.extractChannel(image, 3)
            limit = cv2.merge([alpha, alpha, alpha, alpha])
            image = cv2.min(cv2.multiply(image, grain, scale=1 / 128), limit)
        view = min(image.shape[1], int(np.ceil((self.aspect * 1.12 + 0.2) * self.scale)))
        see_through = np.flatnonzero(image[..., 3].min(axis=1) < 255)
        solid = int(see_through[-1]) + 1 if len(see_through) else 0
        top = sheet.canvas.top + first / self.scale
        strip = np.concatenate([image, image[:, :view]], axis=1)
        return Layer(
            image=strip,
            top=top,
            period=sheet.period,
            scale=self.scale,
            depth=sheet.depth,
            drift=sheet.drift,
            sway=sheet.sway,
            washes=sheet.washes,
            in_front=sheet.in_front,
            solid_from=top + solid / self.scale,
            crowns=crowns(strip),
        )


def _paper(period: float, scale: float, strength: float, rng: np.random.Generator) -> Pixels | None:
    """Watercolour clouds and paper tooth, [h, w, 4] uint8 about 128 with an untouched alpha."""
    if strength <= 0 or scale < TINY:
        return None
    width, height = max(8, round(period * scale)), max(8, round(0.75 * scale))
    cells = rng.normal(0, 1, (7, max(4, round(period * 7)), 1)).astype(np.float32)
    cells = np.concatenate([cells, cells[:, :1]], axis=1)
    clouds = cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC)
    tooth = rng.integers(0, 256, (height, width), np.uint8)
    tooth = cv2.GaussianBlur(tooth, (0, 0), 0.8 * max(1.0, scale / 480)).astype(np.float32) - 127.5
    grey = np.clip(128 + strength * (clouds * 2.6 + tooth * 0.16), 0, 255).astype(np.uint8)
    return cv2.merge([grey, grey, grey, np.full_like(grey, 128)])
