"""Walls, windows and floors: the shell of a room."""

import numpy as np

from models.animatic.canvas import Colour
from models.animatic.easel import Easel, Sheet
from models.animatic.land import (
    DEPTHS,
)
from models.animatic.palette import mix, rgb
from models.animatic.shapes import (
    box,
    ellipse,
    polygon,
    skyline,
)
from models.animatic.skies import WHITE
from models.animatic.words import Weather


def paint_wall(easel: Easel, colour: Colour, below: Colour) -> Sheet:
    """A papered wall, the whole sheet."""
    wall = easel.sheet(top=-0.6, bottom=1.0, depth=0.42, haze=0.0)
    rows = np.linspace(0, 1, wall.canvas.pixels.shape[0], dtype=np.float32)[:, None]
    first, last = (np.array(wall.colour(tone), np.float32) for tone in (colour, below))
    wall.canvas.wash((first + (last - first) * rows).astype(np.float32), easel.rng)
    stripes = max(6, round(wall.period / 0.085))
    for x in np.arange(stripes) * wall.period / stripes:
        wall.fill(box(x, -0.6, x + wall.period / stripes * 0.42, 0.72), mix(colour, WHITE, 0.5), None, 0.14)
    return wall


def paint_window(easel: Easel, wall: Sheet, x: float, y: float, wide: float, high: float) -> None:
    """A casement with the hour's own sky behind it, and its light on the wall."""
    left, right, top, low = x - wide / 2, x + wide / 2, y - high / 2, y + high / 2
    light, frame = easel.palette.light, rgb("f7f0e2")
    if not light.is_night:
        wall.shine(x, y, wide * 1.5, mix(light.lamp, WHITE, 0.3), 0.5)
    wall.fill(
        box(left - 0.022, top - 0.022, right + 0.022, low + 0.022), frame, mix(frame, rgb("c9b59a"), 0.4)
    )
    raw = wall.palette.raw
    wall.canvas.fill(box(left, top, right, low), raw(light.sky[0]), raw(light.sky[-1]))
    hill = skyline(wide, low - high * 0.22, 0.02, easel.rng) + np.array([left, 0.0])
    shape = np.concatenate([hill, [[right, low], [left, low]]])
    far = mix(rgb("6f9a72"), light.haze, 0.5)
    wall.fill(shape, far, mix(far, rgb("4f7a5a"), 0.5))
    if light.is_night:
        wall.lamp(ellipse(x + wide * 0.22, top + high * 0.25, 0.032, 0.032), light.lamp)
    elif easel.weather is not Weather.RAIN:
        puff = [ellipse(x - wide * 0.18 + dx, top + high * 0.30, 0.035, 0.02) for dx in (-0.03, 0.0, 0.035)]
        wall.canvas.union(puff, raw(mix(light.sky[-1], WHITE, 0.6)), None, 0.85)
    for share in (0.5,):
        wall.fill(box(left + wide * share - 0.007, top, left + wide * share + 0.007, low), frame)
    wall.fill(box(left, y - 0.06, right, y - 0.047), frame)
    wall.fill(box(left - 0.04, low + 0.018, right + 0.04, low + 0.04), mix(frame, WHITE, 0.5), rgb("d9c9ae"))


def paint_curtains(wall: Sheet, x: float, y: float, wide: float, high: float, cloth: Colour) -> None:
    """A pair of curtains on a rod."""
    top, low = y - high / 2 - 0.03, y + high / 2 + 0.06
    wall.fill(box(x - wide * 0.82, top - 0.012, x + wide * 0.82, top - 0.002), rgb("7a5a44"))
    for side in (-1, 1):
        for k in range(4):
            edge = x + side * (wide * 0.46 + 0.030 * k)
            fold = polygon(
                (edge, top),
                (edge + side * 0.036, top),
                (edge + side * 0.044, low),
                (edge + side * 0.004, low),
            )
            wall.fill(fold, mix(cloth, WHITE, 0.10 + 0.10 * (k % 2)), mix(cloth, rgb("4a1f2f"), 0.25))


def paint_boards(easel: Easel, top: float, colour: Colour, below: Colour) -> None:
    """Floor boards with a skirting, from `top` downwards."""
    floor = easel.sheet(top=0.4, bottom=DEPTHS, depth=1.0)
    floor.fill(box(-0.1, top, floor.period + 0.1, DEPTHS + 0.05), mix(colour, WHITE, 0.10), below)
    floor.fill(box(-0.1, top - 0.035, floor.period + 0.1, top), rgb("f2e6d2"), rgb("d9c3a3"))
    floor.fill(box(-0.1, top - 0.002, floor.period + 0.1, top + 0.012), rgb("4a2f28"), None, 0.4)
    y, gap = top + 0.012, 0.022
    rows = []
    while y < 1.3:
        rows.append((y, gap))
        y, gap = y + gap, gap * 1.28
    for k, (y, gap) in enumerate(rows):
        floor.fill(
            box(-0.1, y, floor.period + 0.1, y + gap * 0.07), mix(below, rgb("2a1a18"), 0.35), None, 0.6
        )
        cuts = max(2, round(floor.period / (0.5 + gap * 3)))
        x = (np.arange(cuts) + 0.37 * k) * floor.period / cuts
        for at in x % floor.period:
            floor.fill(
                box(at, y, at + 0.003 + gap * 0.03, y + gap), mix(below, rgb("2a1a18"), 0.3), None, 0.5
            )
        for _ in range(easel.count(3)):
            at, wide = easel.rng.uniform(0, floor.period), easel.rng.uniform(0.2, 0.5)
            tone = mix(colour, WHITE if easel.rng.random() < 0.5 else below, 0.25)
            floor.fill(box(at, y + gap * 0.1, at + wide, y + gap * 0.96), tone, None, 0.35)


def paint_chequers(easel: Easel, top: float, light: Colour, dark: Colour) -> None:
    """A chequered floor from `top` downwards."""
    floor = easel.sheet(top=0.6, bottom=DEPTHS, depth=1.0)
    floor.fill(box(-0.1, top, floor.period + 0.1, DEPTHS + 0.05), light, mix(light, dark, 0.35))
    columns = 2 * max(3, round(floor.period / 0.36))
    step, y, gap = floor.period / columns, top, 0.030
    for row in range(9):
        for k in range(row % 2, columns, 2):
            floor.fill(box(k * step, y, (k + 1) * step, y + gap), dark, None, 0.75)
        y, gap = y + gap, gap * 1.3
    floor.fill(box(-0.1, top - 0.004, floor.period + 0.1, top + 0.014), rgb("4a3a34"), None, 0.35)


def paint_tiles(wall: Sheet, top: float, bottom: float, colour: Colour) -> None:
    """A band of tiles."""
    wall.fill(box(-0.1, top, wall.period + 0.1, bottom + 0.3), colour, mix(colour, WHITE, 0.3))
    rows, columns = 5, 4 * max(4, round(wall.period / 0.28))
    for k in range(rows + 1):
        y = top + (bottom - top) * k / rows
        wall.fill(box(-0.1, y, wall.period + 0.1, y + 0.003), WHITE, None, 0.6)
    x = np.arange(columns) * wall.period / columns
    lines = np.stack([np.stack([x, np.full(columns, top)], 1), np.stack([x, np.full(columns, bottom)], 1)], 1)
    wall.strokes(lines, mix(colour, WHITE, 0.55), 0.003)
