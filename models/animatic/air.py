"""What moves through the air: rain, snow, mist, leaves, petals, pollen, fireflies, bubbles.

Far particles are lights on a tile that repeats in both directions and is slid over the frame; near ones are
drawn one by one. All of it is a function of time, so any frame can be made without the one before.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.animatic.canvas import Colour, Pixels
from models.animatic.direction import Direction
from models.animatic.palette import Palette, mix, rgb
from models.animatic.words import Hour, Setting, Weather


@dataclass(frozen=True, slots=True)
class Veil:
    """A tile of lights [2h, 2w, 4] uint8, added to the frame as it slides.

    Attributes:
        tile: one period, laid out twice in both directions.
        velocity: units a second to the right and down.
        swing: units it sways sideways.
        in_front: whether it falls before the subjects or only behind them.
    """

    tile: Pixels
    velocity: tuple[float, float]
    swing: float
    in_front: bool

    def add(self, frame: Pixels, time_s: float, drift: float) -> None:
        """Add the tile to a frame; `drift` is how far the camera has moved, in units."""
        height, width = frame.shape[:2]
        rows, columns = self.tile.shape[0] // 2, self.tile.shape[1] // 2
        x = self.velocity[0] * time_s + self.swing * np.sin(time_s * 1.3 + rows) - drift
        left = int(np.floor(-x * height)) % columns
        top = int(np.floor(-self.velocity[1] * time_s * height)) % rows
        window = self.tile[top : top + height, left : left + width]
        cv2.add(frame, window, dst=frame)


def hang_veils(
    direction: Direction, palette: Palette, *, height: int, width: int, rng: np.random.Generator
) -> tuple[Veil, ...]:
    """The veils of a scene, the farthest first."""
    if height < 96:
        return ()
    if direction.setting is Setting.UNDERWATER:
        return (
            _specks(height, width, rng, 46, 0.0075, rgb("bfeef2"), 0.40, (0.012, -0.075), 0.02, ring=True),
        )
    if direction.setting.is_indoors:
        return (_specks(height, width, rng, 14, 0.0040, rgb("fff0cf"), 0.14, (0.010, -0.008), 0.02),)
    if direction.setting is Setting.SPACE:
        return ()
    wind = 0.5 if direction.weather is Weather.WIND else 0.0
    match direction.weather:
        case Weather.RAIN:
            return tuple(
                _rain(height, width, rng, palette, number, long, speed)
                for number, long, speed in ((240, 0.05, 1.5), (90, 0.10, 2.4))
            )
        case Weather.SNOW:
            flakes = ((170, 0.0022, 0.6, 0.08), (80, 0.0042, 0.8, 0.13), (22, 0.0085, 0.7, 0.22))
            return tuple(
                _specks(
                    height,
                    width,
                    rng,
                    number,
                    size,
                    (255, 255, 255),
                    power,
                    (0.03, speed),
                    0.02,
                    in_front=size > 0.003,
                )
                for number, size, power, speed in flakes
            )
        case _:
            pass
    if palette.light.is_night and direction.setting not in (
        Setting.CITY,
        Setting.SEA,
        Setting.DESERT,
        Setting.SKY,
    ):
        return (_specks(height, width, rng, 16, 0.0095, rgb("ffe27a"), 0.8, (0.018, -0.014), 0.035),)
    warm = direction.hour in (Hour.GOLDEN, Hour.SUNSET, Hour.DAWN)
    lush = direction.setting in (
        Setting.MEADOW,
        Setting.FOREST,
        Setting.GARDEN,
        Setting.HILL,
        Setting.FARM,
        Setting.JUNGLE,
    )
    if lush or warm or wind:
        return (_specks(height, width, rng, 20, 0.0052, rgb("fff3c4"), 0.30, (0.03 + wind, -0.006), 0.02),)
    return ()


def _specks(
    height: int,
    width: int,
    rng: np.random.Generator,
    number: int,
    size: float,
    colour: Colour,
    power: float,
    velocity: tuple[float, float],
    swing: float,
    *,
    ring: bool = False,
    in_front: bool = False,
) -> Veil:
    tile = np.zeros((height, width), np.float32)
    for _ in range(round(number * max(1.0, width / height / 1.7))):
        x, y, radius = (
            rng.uniform(0, width),
            rng.uniform(0, height),
            max(0.8, size * height * rng.uniform(0.5, 1.2)),
        )
        for dx in (-width, 0, width):
            for dy in (-height, 0, height):
                if -radius <= x + dx <= width + radius and -radius <= y + dy <= height + radius:
                    _dot(tile, x + dx, y + dy, radius, rng.uniform(0.4, 1.0) if not ring else 0.7, ring=ring)
    return Veil(_tiled(tile, colour, power), velocity, swing, in_front)


def _dot(tile: NDArray[np.float32], x: float, y: float, radius: float, light: float, *, ring: bool) -> None:
    height, width = tile.shape
    left, right = max(0, int(x - radius * 2)), min(width, int(x + radius * 2) + 2)
    top, bottom = max(0, int(y - radius * 2)), min(height, int(y + radius * 2) + 2)
    if left >= right or top >= bottom:
        return
    far = np.hypot(np.arange(left, right)[None] + 0.5 - x, np.arange(top, bottom)[:, None] + 0.5 - y) / radius
    spot = np.clip(1.6 - far, 0, 1) ** 2 * light
    if ring:
        spot = np.exp(-(((far - 0.9) / 0.22) ** 2)) * light + 0.5 * np.exp(-((far * 3) ** 2)) * 0.3
    patch = tile[top:bottom, left:right]
    np.maximum(patch, spot, out=patch)


def _rain(
    height: int,
    width: int,
    rng: np.random.Generator,
    palette: Palette,
    number: int,
    long: float,
    speed: float,
) -> Veil:
    tile = np.zeros((height, width), np.uint8)
    slant = 0.18
    for _ in range(round(number * max(1.0, width / height / 1.7))):
        x, y, fall = rng.uniform(0, width), rng.uniform(0, height), long * height * rng.uniform(0.6, 1.2)
        light = int(rng.uniform(60, 150))
        for dx in (-width, 0, width):
            for dy in (-height, 0):
                ends = np.rint(
                    np.array([[x + dx, y + dy], [x + dx + slant * fall, y + dy + fall]]) * 16
                ).astype(np.int32)
                cv2.line(
                    tile,
                    tuple(ends[0].tolist()),
                    tuple(ends[1].tolist()),
                    light,
                    1 if long < 0.08 else max(1, height // 400),
                    cv2.LINE_AA,
                    4,
                )
    colour = mix(palette.raw(rgb("cfe0ee")), (255, 255, 255), 0.2)
    return Veil(
        _tiled((tile / 255).astype(np.float32), colour, 0.55), (slant * speed, speed), 0.0, long > 0.08
    )


def _tiled(tile: NDArray[np.float32], colour: Colour, power: float) -> Pixels:
    """Colour a tile [h, w] of 0 … 1 and lay it out twice in both directions."""
    grey = np.clip(tile, 0, 1)
    lights = [cv2.convertScaleAbs(grey, alpha=part * power) for part in colour]
    return np.tile(cv2.merge([*lights, np.zeros_like(lights[0])]), (2, 2, 1))
