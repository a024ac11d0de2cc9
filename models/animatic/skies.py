"""What is overhead: the gradient of the hour, sun or moon, stars, clouds, birds; and open space."""

import numpy as np

from models.animatic.canvas import Colour
from models.animatic.easel import Easel, Sheet
from models.animatic.palette import mix, rgb
from models.animatic.shapes import down_to, ellipse, polygon, puff, skyline
from models.animatic.words import Weather

WHITE: Colour = (255, 255, 255)
ZENITH = -0.12  # world y above which the sky's colour no longer changes


def paint_sky(easel: Easel, horizon: float = 0.64, clouds: float = 1.0) -> None:
    """The whole sky above `horizon`, with `clouds` times the usual number of clouds."""
    sheet = easel.sheet(top=-0.6, bottom=1.25, depth=0.06)
    rows = (np.arange(sheet.canvas.pixels.shape[0], dtype=np.float32) + 0.5) / easel.scale - 0.6
    shares = np.clip((rows - ZENITH) / (horizon - ZENITH), 0, 1)
    sheet.canvas.wash(easel.palette.sky(shares), easel.rng)
    veiled = easel.weather in (Weather.RAIN, Weather.FOG, Weather.SNOW)
    if easel.palette.light.is_night and not veiled:
        paint_stars(easel, sheet, 150, horizon)
    if not veiled:
        _lamp(easel, sheet)
    elif easel.weather is Weather.FOG:
        sheet.shine(easel.palette.light.lamp_at[0] * easel.aspect, 0.24, 0.5, easel.palette.light.lamp, 0.5)
    _clouds(easel, sheet, horizon, clouds * (2.2 if easel.weather in (Weather.CLOUDS, Weather.RAIN) else 1.0))


def paint_stars(easel: Easel, sheet: Sheet, number: int, horizon: float) -> None:
    """Stars, small and a few large, thinning out towards the horizon."""
    rng = easel.rng
    for _ in range(easel.count(number)):
        x, y = rng.uniform(0, sheet.period), -0.55 + (horizon + 0.5) * rng.random() ** 1.4
        size = 0.0016 + 0.0022 * rng.random() ** 3
        tone = mix(rgb("fff6dc"), rgb("cfe0ff"), rng.random())
        sheet.lamp(ellipse(x, y, size, size, 8), tone, 0.4 + 0.6 * rng.random())
        if rng.random() < 0.06:
            sheet.shine(x, y, 0.02, tone, 0.7)


def _lamp(easel: Easel, sheet: Sheet) -> None:
    light = easel.palette.light
    x, y = light.lamp_at[0] * easel.aspect, light.lamp_at[1]
    if light.is_night:
        sheet.shine(x, y, 0.42, mix(light.lamp, light.sky[2], 0.55), 0.55)
        sheet.shine(x, y, 0.15, light.lamp, 0.6)
        sheet.lamp(ellipse(x, y, 0.058, 0.058, 48), light.lamp)
        for dx, dy, size in ((-0.018, -0.014, 0.013), (0.016, 0.012, 0.017), (-0.008, 0.026, 0.008)):
            sheet.lamp(ellipse(x + dx, y + dy, size, size * 0.92), mix(light.lamp, light.sky[2], 0.22), 0.7)
    else:
        sheet.shine(x, y, 0.75, light.lamp, 0.42)
        sheet.shine(x, y, 0.24, light.lamp, 0.75)
        sheet.lamp(ellipse(x, y, 0.052, 0.052, 48), mix(light.lamp, WHITE, 0.35))


def _clouds(easel: Easel, far: Sheet, horizon: float, plenty: float) -> None:
    light, rng = easel.palette.light, easel.rng
    windy = 3.0 if easel.weather is Weather.WIND else 1.0
    dark = 0.62 if light.is_night else 0.0
    # The far bank is part of the sky; the near one drifts before it.
    banks = (
        (far, 0.40, 0.56, 0.30, 0.6),
        (easel.sheet(top=-0.3, bottom=horizon, depth=0.12, drift=0.011 * windy), 0.13, 0.36, 0.52, 0.92),
    )
    for sheet, low, high, size, opacity in banks:
        number = max(1, round(easel.count(3.2 * plenty) * easel.period / 3.0))
        for x in easel.spread(number):
            width = size * rng.uniform(0.6, 1.25)
            y = rng.uniform(low, high) * horizon / 0.64
            top = mix(mix(WHITE, light.sky[-1], 0.28), light.sky[1], dark)
            foot = mix(mix(light.sky[1], light.sky[-1], 0.6), light.sky[1], dark)
            outlines = puff(x, y, width, width * rng.uniform(0.26, 0.36), rng)
            sheet.canvas.union(outlines, easel.palette.raw(top), easel.palette.raw(foot), opacity, 0.0012)
    if not light.is_night and easel.weather in (Weather.CLEAR, Weather.CLOUDS, Weather.WIND):
        paint_birds(easel, far, 6)


def paint_birds(easel: Easel, sheet: Sheet, number: int) -> None:
    """A loose flock far away, each bird two strokes."""
    rng = easel.rng
    x, y = rng.uniform(0.2, 0.8) * easel.aspect, rng.uniform(0.12, 0.3)
    for _ in range(easel.count(number)):
        bx, by, size = x + rng.normal(0, 0.07), y + rng.normal(0, 0.03), rng.uniform(0.008, 0.016)
        wing = [[bx - size, by - size * 0.5], [bx - size * 0.4, by - size * 0.62], [bx, by]]
        line = np.array([[*wing, [bx + size * 0.4, by - size * 0.62], [bx + size, by - size * 0.5]]])
        sheet.strokes(line, rgb("4a5568"), 0.003)


def paint_cloudscape(easel: Easel) -> None:
    """High above the world: banks of cloud below, and more below those."""
    paint_sky(easel, horizon=0.95, clouds=0.8)
    light = easel.palette.light
    for depth, level, size, share in ((0.18, 0.86, 0.5, 0.62), (0.42, 0.95, 0.7, 0.3), (1.2, 1.13, 0.9, 0.0)):
        sheet = easel.sheet(
            top=0.1, bottom=1.6, depth=depth, drift=0.05 * depth, in_front=depth > 1, blur=0.004 * depth
        )
        dark = 0.55 if light.is_night else 0.0
        top = mix(mix(WHITE, light.sky[-1], 0.15 + share * 0.7), light.sky[1], dark)
        foot = mix(mix(light.sky[1], light.sky[-2], 0.4), top, 0.35)
        for x in easel.spread(max(3, round(easel.period / size * 2.1))):
            high = easel.rng.uniform(0.32, 0.5)
            outlines = puff(x, level + easel.rng.uniform(-0.03, 0.05), size, size * high, easel.rng)
            outlines.append(ellipse(x, level + 0.35, size * 0.6, 0.42))
            sheet.canvas.union(outlines, easel.palette.raw(top), easel.palette.raw(foot), 1.0, 0.001)


def paint_space(easel: Easel) -> None:
    """Stars, a nebula, a ringed planet, and the cratered ground of a small moon."""
    rng = easel.rng
    sheet = easel.sheet(top=-0.6, bottom=1.3, depth=0.06)
    rows = np.linspace(0, 1, sheet.canvas.pixels.shape[0], dtype=np.float32)[:, None]
    top, low = (np.array(easel.palette.raw(rgb(code)), np.float32) for code in ("070a22", "2b2260"))
    sheet.canvas.wash((top + (low - top) * rows).astype(np.float32), rng)
    for x, y, size, code in (
        (0.25, 0.2, 0.6, "6d3f9e"),
        (0.62, 0.45, 0.7, "2f5fa8"),
        (0.9, 0.1, 0.5, "a8467f"),
    ):
        sheet.shine(x * easel.aspect, y, size, rgb(code), 0.55)
    paint_stars(easel, sheet, 320, 1.2)
    planets = easel.sheet(top=-0.3, bottom=0.9, depth=0.09)
    _planet(planets, 0.76 * easel.aspect, 0.25, 0.13, ("f2b97f", "c9705e"), rings=True)
    _planet(planets, 0.17 * easel.aspect, 0.14, 0.045, ("9fd8d6", "4a7fb0"), rings=False)
    for depth, level, near, far in ((0.4, 0.74, "7b78a6", "4d4a80"), (1.0, 0.80, "b9b6d0", "6b689c")):
        ground = easel.sheet(top=0.5, bottom=1.5, depth=depth)
        ridge = skyline(ground.period, level, 0.018, rng)
        ground.canvas.fill(down_to(ridge, 1.55), easel.palette.raw(rgb(near)), easel.palette.raw(rgb(far)))
        for x in easel.spread(easel.count(12 * depth)):
            y = level + 0.05 + 0.22 * rng.random()
            size = (0.02 + 0.035 * rng.random()) * (0.4 + (y - level) * 5)
            ground.canvas.fill(ellipse(x, y, size, size * 0.3), easel.palette.raw(rgb(far)))
            ground.canvas.fill(
                ellipse(x, y + size * 0.06, size * 0.88, size * 0.23),
                easel.palette.raw(mix(rgb(far), rgb(near), 0.45)),
            )


def _planet(sheet: Sheet, x: float, y: float, radius: float, codes: tuple[str, str], *, rings: bool) -> None:
    lit, dark = (rgb(code) for code in codes)
    raw = sheet.palette.raw
    if rings:
        sheet.canvas.fill(
            _tilted(ellipse(0, 0, radius * 1.9, radius * 0.36, 64), x, y),
            raw(mix(lit, WHITE, 0.4)),
            None,
            0.5,
        )
    sheet.canvas.fill(ellipse(x, y, radius, radius, 64), raw(lit), raw(dark))
    for band in (-0.45, -0.1, 0.3):
        half = np.sqrt(1 - band**2) * radius * 0.97
        sheet.canvas.fill(
            polygon(
                (x - half, y + band * radius),
                (x + half, y + (band - 0.08) * radius),
                (x + half * 0.94, y + (band + 0.1) * radius),
                (x - half * 0.96, y + (band + 0.16) * radius),
            ),
            raw(mix(lit, dark, 0.55)),
            None,
            0.35,
        )
    if rings:
        front = ellipse(0, 0, radius * 1.9, radius * 0.36, 64)
        inner = ellipse(0, 0, radius * 1.55, radius * 0.24, 64)
        half = np.concatenate([front[front[:, 1] >= 0], inner[inner[:, 1] >= 0][::-1]])
        sheet.canvas.fill(_tilted(half, x, y), raw(mix(lit, WHITE, 0.5)), None, 0.85)


def _tilted(points: np.ndarray, x: float, y: float) -> np.ndarray:
    cos, sin = np.cos(-0.28), np.sin(-0.28)
    return points @ np.array([[cos, sin], [-sin, cos]]) + (x, y)
