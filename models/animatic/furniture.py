"""Things that stand in rooms; each painted onto a given sheet."""

import numpy as np

from models.animatic.canvas import Colour
from models.animatic.easel import Easel, Sheet
from models.animatic.flora import (
    paint_leaves,
)
from models.animatic.land import (
    DEPTHS,
)
from models.animatic.palette import mix, rgb
from models.animatic.shapes import (
    Points,
    box,
    ellipse,
    polygon,
    rounded,
)
from models.animatic.skies import WHITE

_LAMPLIGHT = rgb("ffdf9e")
_SPINES = tuple(
    rgb(code) for code in ("a8483f", "3f6f7a", "d9a548", "5a7a4f", "7a5a86", "c9785a", "e3d3b0", "44546f")
)


def paint_picture(easel: Easel, wall: Sheet, x: float, y: float, size: float) -> None:
    """A framed landscape."""
    wall.fill(
        box(x - size * 0.62 + 0.008, y - size * 0.5 + 0.01, x + size * 0.62 + 0.008, y + size * 0.5 + 0.01),
        rgb("7a5a48"),
        None,
        0.3,
    )
    wall.fill(
        box(x - size * 0.62, y - size * 0.5, x + size * 0.62, y + size * 0.5), rgb("8f6a48"), rgb("6f4f38")
    )
    wall.fill(box(x - size * 0.54, y - size * 0.42, x + size * 0.54, y + size * 0.42), rgb("fbf4e4"))
    inner = (x - size * 0.44, y - size * 0.32, x + size * 0.44, y + size * 0.32)
    wall.fill(box(*inner), rgb("a9cdd6"), rgb("f2dfb5"))
    wall.fill(
        polygon(
            (inner[0], inner[3]),
            (x - size * 0.2, y - size * 0.06),
            (x + size * 0.02, y + size * 0.16),
            (x + size * 0.2, y),
            (inner[2], inner[3]),
        ),
        rgb("6f9a86"),
    )
    wall.fill(ellipse(x + size * 0.22, y - size * 0.17, size * 0.06, size * 0.06, 16), rgb("f2a65e"))


def paint_rug(easel: Easel, y: float, tones: tuple[Colour, Colour]) -> None:
    """An oval rug where the subject stands."""
    rug = easel.sheet(top=0.7, bottom=1.2, depth=1.0)
    number = max(1, round(rug.period / 2.2))
    for k in range(number):
        x = easel.aspect / 2 + k * rug.period / number
        for grow, tone in (
            (1.0, tones[0]),
            (0.90, tones[1]),
            (0.86, tones[0]),
            (0.5, tones[1]),
            (0.46, mix(tones[0], WHITE, 0.12)),
        ):
            rug.fill(ellipse(x, y, 0.62 * grow, 0.092 * grow, 64), tone, mix(tone, rgb("3a2028"), 0.18))


def paint_sofa(sheet: Sheet, x: float, y: float, size: float) -> None:
    """A sofa with two cushions, `size` high, standing on y."""
    cloth = rgb("5f8a8a")
    lit, dark = mix(cloth, WHITE, 0.18), mix(cloth, rgb("24384a"), 0.35)
    for dx in (-0.82, 0.82):
        sheet.fill(box(x + dx * size - 0.01, y - 0.03, x + dx * size + 0.01, y + 0.01), rgb("5a3d2e"))
    sheet.fill(rounded(x - size * 0.92, y - size * 0.92, x + size * 0.92, y - 0.02, size * 0.16), lit, dark)
    sheet.fill(box(x - 0.003, y - size * 0.86, x + 0.003, y - size * 0.4), dark, None, 0.5)
    for side in (-1, 1):
        seat = (
            x + min(0, side) * size * 0.80,
            y - size * 0.46,
            x + max(0, side) * size * 0.80,
            y - size * 0.2,
        )
        sheet.fill(rounded(*seat, size * 0.07), mix(cloth, WHITE, 0.26), cloth)
        arm = (
            x + side * size * 0.92 - size * 0.13,
            y - size * 0.60,
            x + side * size * 0.92 + size * 0.13,
            y - 0.02,
        )
        sheet.fill(rounded(*arm, size * 0.12), lit, dark)
    for dx, tone in ((-0.52, rgb("e8b04f")), (0.50, rgb("d9705a"))):
        cushion = rounded(-size * 0.16, -size * 0.16, size * 0.16, size * 0.16, size * 0.05)
        sheet.fill(
            _turned(cushion, 0.3 * np.sign(dx)) + np.array([x + dx * size, y - size * 0.56]),
            mix(tone, WHITE, 0.15),
            tone,
        )


def paint_standing_lamp(sheet: Sheet, x: float, y: float) -> None:
    """A standing lamp, lit."""
    sheet.fill(ellipse(x, y, 0.045, 0.012), rgb("4a3a34"))
    sheet.fill(box(x - 0.004, y - 0.50, x + 0.004, y), rgb("5a463c"))
    sheet.shine(x, y - 0.50, 0.42, _LAMPLIGHT, 0.62)
    shade = polygon(
        (x - 0.045, y - 0.60), (x + 0.045, y - 0.60), (x + 0.075, y - 0.47), (x - 0.075, y - 0.47)
    )
    sheet.canvas.fill(shade, sheet.palette.raw(rgb("fff0cf")), sheet.palette.raw(rgb("f2c98a")))


def paint_pot_plant(easel: Easel, sheet: Sheet, x: float, y: float, size: float) -> None:
    """A plant in a clay pot standing on y."""
    paint_leaves(easel, sheet, x, y - size * 0.42, size, (rgb("4f8f5a"), rgb("6fae68"), rgb("3f7a55")))
    pot = polygon(
        (x - size * 0.24, y - size * 0.46),
        (x + size * 0.24, y - size * 0.46),
        (x + size * 0.17, y),
        (x - size * 0.17, y),
    )
    sheet.fill(pot, rgb("d98a5f"), rgb("a85f44"))
    sheet.fill(
        rounded(x - size * 0.27, y - size * 0.52, x + size * 0.27, y - size * 0.42, 0.006), rgb("e39a6f")
    )


def paint_near_furniture(easel: Easel, wood: Colour) -> None:
    """The rounded back of a chair, out of focus, low in the frame."""
    near = easel.sheet(top=0.8, bottom=DEPTHS, depth=1.5, in_front=True, blur=0.008)
    for x in easel.spread(max(1, round(easel.period * 0.5)), 0.2):
        near.fill(rounded(x - 0.24, 1.04, x + 0.24, 1.6, 0.10), wood, mix(wood, rgb("1f1418"), 0.4))


def paint_shelf(easel: Easel, wall: Sheet, x: float, y: float, wide: float) -> None:
    """A wall shelf with jars."""
    wall.fill(box(x - wide / 2, y, x + wide / 2, y + 0.014), rgb("a8754c"), rgb("7f5638"))
    wall.fill(box(x - wide / 2, y + 0.014, x + wide / 2, y + 0.026), rgb("6a4a38"), None, 0.25)
    tones = (rgb("d98a5f"), rgb("5f8fa0"), rgb("f3e6cf"), rgb("e3b04f"), rgb("8aa86a"))
    at = x - wide / 2 + 0.04
    while at < x + wide / 2 - 0.04:
        tone, high = tones[int(easel.rng.integers(len(tones)))], easel.rng.uniform(0.04, 0.085)
        half = easel.rng.uniform(0.015, 0.026)
        wall.fill(
            rounded(at - half, y - high, at + half, y, 0.010),
            mix(tone, WHITE, 0.15),
            mix(tone, rgb("4a3038"), 0.2),
        )
        wall.fill(
            rounded(at - half * 0.6, y - high - 0.012, at + half * 0.6, y - high + 0.004, 0.004),
            mix(tone, rgb("4a3038"), 0.35),
        )
        at += half * 2 + easel.rng.uniform(0.012, 0.03)


def paint_cupboards(sheet: Sheet, top: float, foot: float, colour: Colour) -> None:
    """Kitchen cupboards with a worktop along the whole wall."""
    sheet.fill(box(-0.1, top + 0.02, sheet.period + 0.1, foot + 0.2), colour, mix(colour, rgb("2f4a4a"), 0.3))
    doors = max(3, round(sheet.period / 0.24))
    for k in range(doors):
        left, right = k * sheet.period / doors + 0.012, (k + 1) * sheet.period / doors - 0.012
        sheet.fill(rounded(left, top + 0.042, right, foot - 0.018, 0.008), mix(colour, WHITE, 0.16), colour)
        sheet.fill(
            rounded(left + 0.02, top + 0.062, right - 0.02, foot - 0.038, 0.006), mix(colour, WHITE, 0.06)
        )
        sheet.fill(ellipse(right - 0.012, top + 0.10, 0.007, 0.007, 14), rgb("e8c98a"))
    sheet.fill(box(-0.1, top, sheet.period + 0.1, top + 0.024), rgb("d9b58a"), rgb("a87f58"))
    sheet.fill(box(-0.1, foot, sheet.period + 0.1, foot + 0.2), rgb("3f3434"), None, 0.55)


def paint_stove(sheet: Sheet, x: float, top: float, foot: float) -> None:
    """A stove between worktop and floor."""
    sheet.fill(box(x - 0.13, top - 0.004, x + 0.13, foot), rgb("f3f0e8"), rgb("cfcac2"))
    sheet.fill(box(x - 0.13, top - 0.012, x + 0.13, top + 0.006), rgb("3f3f48"))
    sheet.fill(rounded(x - 0.095, top + 0.07, x + 0.095, foot - 0.02, 0.012), rgb("4a4650"), rgb("2f2c34"))
    sheet.fill(rounded(x - 0.08, top + 0.085, x + 0.08, top + 0.11, 0.006), rgb("e8a05a"), None, 0.4)
    for k in range(4):
        sheet.fill(ellipse(x - 0.075 + 0.05 * k, top + 0.036, 0.011, 0.011, 16), rgb("5a5660"))


def paint_kettle(sheet: Sheet, x: float, y: float) -> None:
    """A red kettle."""
    red = rgb("c94f3f")
    handle = [ellipse(x, y - 0.062, 0.034, 0.034)]
    sheet.union(handle, rgb("3f3434"))
    sheet.fill(ellipse(x, y - 0.062, 0.024, 0.026), rgb("cfe0d6"))
    sheet.fill(
        polygon((x + 0.03, y - 0.02), (x + 0.066, y - 0.058), (x + 0.072, y - 0.052), (x + 0.042, y - 0.006)),
        red,
    )
    sheet.fill(
        np.minimum(ellipse(x, y - 0.022, 0.046, 0.036), [np.inf, y]),
        mix(red, WHITE, 0.2),
        mix(red, rgb("4a1020"), 0.3),
    )
    sheet.fill(ellipse(x - 0.016, y - 0.034, 0.010, 0.008), WHITE, None, 0.55)


def paint_books(easel: Easel, wall: Sheet, y: float) -> None:
    """A full shelf of books, its board at y."""
    x = 0.02
    wall.fill(box(-0.1, y - 0.135, wall.period + 0.1, y), rgb("4a3028"), rgb("5f4032"))
    step = 0.016 if easel.scale > 250 else 0.05
    while x < wall.period - 0.02:
        wide, high = step * easel.rng.uniform(0.7, 1.7), easel.rng.uniform(0.075, 0.115)
        if easel.rng.random() < 0.08:
            x += easel.rng.uniform(0.02, 0.06)
            continue
        tone = mix(_SPINES[int(easel.rng.integers(len(_SPINES)))], rgb("8a6a4a"), 0.25)
        wall.fill(box(x, y - high, x + wide - 0.002, y), mix(tone, WHITE, 0.06))
        if step < 0.03:
            wall.fill(box(x, y - high * 0.78, x + wide - 0.002, y - high * 0.70), rgb("e3c98a"), None, 0.7)
        x += wide


def paint_ladder(sheet: Sheet, x: float, y: float) -> None:
    """A ladder leaning on the shelves."""
    wood = rgb("c99a5f")
    for dx in (0.0, 0.13):
        sheet.fill(
            polygon(
                (x + dx - 0.008, y), (x + dx + 0.008, y), (x + dx + 0.138, -0.28), (x + dx + 0.124, -0.28)
            ),
            wood,
            mix(wood, WHITE, 0.2),
        )
    for k in range(9):
        at = y - 0.10 - 0.105 * k
        left = x + (y - at) / (y + 0.28) * 0.13
        sheet.fill(box(left, at, left + 0.13, at + 0.013), mix(wood, rgb("5a3a20"), 0.25))


def _turned(points: Points, angle: float) -> Points:
    cos, sin = np.cos(angle), np.sin(angle)
    return points @ np.array([[cos, sin], [-sin, cos]])
