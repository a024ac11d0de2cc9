"""Light and pigment: what the hour, the weather and the style make of a colour.

A painter names local colours ("grass green"); the palette tints them by the light, fades them into the air
with distance and runs them through the style's pigments. Colours are RGB, 0 … 255, as floats.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.animatic.canvas import Colour
from models.animatic.words import Hour, Look, Weather


def rgb(code: str) -> Colour:
    """The colour of a six-digit hexadecimal code."""
    return int(code[0:2], 16), int(code[2:4], 16), int(code[4:6], 16)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`share` of the second colour in the first."""
    return (
        first[0] + (second[0] - first[0]) * share,
        first[1] + (second[1] - first[1]) * share,
        first[2] + (second[2] - first[2]) * share,
    )


@dataclass(frozen=True, slots=True)
class Light:
    """An hour's light.

    Attributes:
        sky: the sky's colours from the zenith to the horizon.
        haze: what distance fades into.
        tint: what daylight colours are multiplied by.
        lamp: the colour of sun or moon.
        lamp_at: where it stands, as shares of the frame's width and height.
        is_night: whether stars and lit windows are out.
        shade: how dark a cast shadow is, 0 … 1.
    """

    sky: tuple[Colour, ...]
    haze: Colour
    tint: Colour
    lamp: Colour
    lamp_at: tuple[float, float]
    is_night: bool
    shade: float


def _light(
    sky: str,
    haze: str,
    tint: Colour,
    lamp: str,
    lamp_at: tuple[float, float],
    shade: float,
    night: bool = False,
) -> Light:
    colours = tuple(rgb(code) for code in sky.split())
    return Light(colours, rgb(haze), tint, rgb(lamp), lamp_at, night, shade)


LIGHTS: Mapping[Hour, Light] = {
    Hour.DAWN: _light(
        "7d93c4 b7a9cb f0bfb4 ffdcae", "efc9bb", (0.93, 0.84, 0.86), "fff1c9", (0.70, 0.50), 0.32
    ),
    Hour.MORNING: _light(
        "79bbdc a9d8e2 dcebdc fdf0cf", "dfeadb", (1.02, 1.0, 0.93), "fffbe0", (0.78, 0.22), 0.34
    ),
    Hour.NOON: _light("3f9fdb 78c1e8 b4deef e2f3f0", "d3e9ee", (1.0, 1.0, 1.0), "ffffee", (0.72, 0.13), 0.36),
    Hour.GOLDEN: _light(
        "6fa9c9 b5cbbf f5d999 ffe0a0", "f3dcaa", (1.06, 0.96, 0.78), "fff3c0", (0.80, 0.34), 0.38
    ),
    Hour.SUNSET: _light(
        "4d5c97 a6719c ee8a73 ffc27c", "ee9d80", (0.98, 0.76, 0.68), "ffe9a8", (0.72, 0.47), 0.40
    ),
    Hour.DUSK: _light(
        "27305f 4f4c86 96658f e8927f", "8a6a94", (0.62, 0.58, 0.80), "f7ecd2", (0.22, 0.20), 0.34, night=True
    ),
    Hour.NIGHT: _light(
        "0b1233 172350 2a3b73 4a5f98", "43588f", (0.36, 0.44, 0.72), "f8f4df", (0.76, 0.20), 0.34, night=True
    ),
}
_OVERCAST = {Weather.RAIN: 0.62, Weather.FOG: 0.6, Weather.SNOW: 0.5, Weather.CLOUDS: 0.12, Weather.WIND: 0.0}


@dataclass(frozen=True, slots=True)
class Pigments:
    """A style's hand: how colours are mixed and on what paper.

    Attributes:
        saturation, contrast, lift: plain grading; lift in colour steps.
        ramp: colours from dark to light that replace hues by brightness, and `ramp_share` of them.
        grain: strength of the paper's texture, 0 … 1.
        vignette: how far the corners darken, 0 … 1.
        haze: how strongly distance fades.
        detail: how many small things are drawn; 1 is all.
    """

    saturation: float = 1.0
    contrast: float = 1.0
    lift: float = 0.0
    ramp: tuple[Colour, ...] = ()
    ramp_share: float = 0.0
    grain: float = 0.45
    vignette: float = 0.16
    haze: float = 1.0
    detail: float = 1.0


def _ramp(codes: str) -> tuple[Colour, ...]:
    return tuple(rgb(code) for code in codes.split())


PIGMENTS: Mapping[Look, Pigments] = {
    Look.PAINTED: Pigments(),
    Look.STORYBOOK: Pigments(
        0.99, 0.98, 4, _ramp("4a3f45 8c7a68 d8c7a0 fff6e0"), 0.08, grain=0.55, vignette=0.10, haze=1.0
    ),
    Look.NOIR: Pigments(0.0, 1.28, -14, grain=0.8, vignette=0.42, haze=1.2),
    Look.NEON: Pigments(
        1.25, 1.12, -16, _ramp("0a0722 2a1258 7a1fa0 e8399c 42e0e8 d8fbff"), 0.62, grain=0.25, vignette=0.34
    ),
    Look.PASTEL: Pigments(
        0.86, 0.76, 36, _ramp("a890b8 f0b8c8 fbe0cf fffdf4"), 0.20, grain=0.35, vignette=0.04
    ),
    Look.CINEMATIC: Pigments(
        0.92, 1.12, -8, _ramp("0c1a24 21424f 8a8a78 e8c79a fff2dc"), 0.34, grain=0.3, vignette=0.34
    ),
    Look.ANIME: Pigments(1.26, 1.04, 8, grain=0.15, vignette=0.06, haze=0.85),
    Look.VINTAGE: Pigments(
        0.62, 0.86, 6, _ramp("38281e 7d5f42 c9a878 f4e6c4"), 0.58, grain=0.9, vignette=0.32
    ),
    Look.MINIMAL: Pigments(0.72, 0.82, 26, grain=0.0, vignette=0.0, haze=1.25, detail=0.4),
    Look.INK: Pigments(
        0.30, 1.22, 8, _ramp("1c2026 474d57 989b98 e4dccb f7f1e1"), 0.80, grain=0.6, vignette=0.08, haze=1.3
    ),
}


_FOG_NEAR, _FOG_FAR = 0.10, 1.7  # how far fog fades what is near, and how much more what is distant
_SNOW = (238.0, 243.0, 250.0)


def snowed(colour: Colour) -> Colour:
    """A local colour under snow: what is green is what the snow lies on."""
    red, green, blue = colour
    covered = min(max((green - max(red, blue)) / 26, 0.0), 1.0)
    shade = (0.3 * red + 0.6 * green + 0.1 * blue) / 255
    return mix(colour, mix((176, 194, 222), _SNOW, min(1.0, shade * 1.55)), covered * 0.88)


@dataclass(frozen=True)
class Palette:
    """The colours of one scene."""

    light: Light
    pigments: Pigments
    weather: Weather = Weather.CLEAR

    def tone(self, colour: Colour, distance: float = 0.0) -> Colour:
        """A local colour as it is painted: lit, `distance` (0 near … 1 horizon) faded, in the style."""
        key = (colour, distance)
        if key not in self._toned:
            local = snowed(colour) if self.weather is Weather.SNOW else colour
            share = distance * self.pigments.haze
            if self.weather is Weather.FOG:
                share = _FOG_NEAR + distance * _FOG_FAR
            red, green, blue = (part * tint for part, tint in zip(local, self.light.tint, strict=True))
            self._toned[key] = self._styled(mix((red, green, blue), self.light.haze, min(share, 1.0)))
        return self._toned[key]

    def raw(self, colour: Colour) -> Colour:
        """A colour that shines by itself (a lamp, the sky): in the style, not in the light."""
        return self._styled(colour)

    def sky(self, shares: NDArray[np.float32]) -> NDArray[np.float32]:
        """The sky's colours [N, 3] at `shares` from the zenith (0) to the horizon (1)."""
        stops = np.array([self.raw(colour) for colour in self.light.sky], np.float32)
        at = np.linspace(0, 1, len(stops))
        return np.stack([np.interp(shares, at, stops[:, c]) for c in range(3)], axis=1).astype(np.float32)

    @cached_property
    def _toned(self) -> dict[tuple[Colour, float], Colour]:
        return {}

    def _styled(self, colour: Colour) -> Colour:
        hand = self.pigments
        luma = _luma(colour)
        shift = 128 + hand.lift - 128 * hand.contrast
        red, green, blue = ((luma + (c - luma) * hand.saturation) * hand.contrast + shift for c in colour)
        graded = (red, green, blue)
        if hand.ramp:
            place = min(max(_luma(graded) / 255, 0.0), 1.0) * (len(hand.ramp) - 1)
            low = min(int(place), len(hand.ramp) - 2)
            graded = mix(graded, mix(hand.ramp[low], hand.ramp[low + 1], place - low), hand.ramp_share)
        red, green, blue = (min(max(c, 0.0), 255.0) for c in graded)
        return red, green, blue


def _luma(colour: Colour) -> float:
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def choose_palette(
    hour: Hour, weather: Weather, look: Look, *, indoors: bool, ramp: tuple[Colour, ...] = ()
) -> Palette:
    """The palette of an hour, a weather and a look; `ramp` is a style picture's own, dark to light."""
    light = LIGHTS[hour]
    grey = _OVERCAST.get(weather, 0.0)
    if grey:
        light = replace(
            light,
            sky=tuple(_clouded(colour, grey, light) for colour in light.sky),
            haze=_clouded(light.haze, grey, light),
            tint=mix(light.tint, (0.80, 0.84, 0.88) if not light.is_night else light.tint, grey * 0.6),
            shade=light.shade * (1 - 0.6 * grey),
        )
    if indoors:
        # Lamps and walls soften every hour: half of its tint, more of it at night.
        light = replace(light, tint=mix(light.tint, (1.02, 0.96, 0.88), 0.62 if light.is_night else 0.5))
    pigments = PIGMENTS[look]
    if ramp:
        pigments = replace(pigments, ramp=ramp, ramp_share=max(0.6, pigments.ramp_share))
    return Palette(light, pigments, weather if not indoors else Weather.CLEAR)


def _clouded(colour: Colour, grey: float, light: Light) -> Colour:
    luma = _luma(colour)
    cloud = (luma * 0.95 + 6, luma * 0.99 + 6, luma * 1.03 + 8)
    if light.is_night:
        cloud = (luma * 0.9, luma * 1.0, luma * 1.3)
    return mix(colour, cloud, grey)
