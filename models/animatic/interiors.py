"""Indoors: a room, a kitchen, a library, a stage, and the studio sweep for product shots."""

import numpy as np

from models.animatic.canvas import Colour
from models.animatic.easel import Easel, Sheet
from models.animatic.flora import paint_leaves
from models.animatic.landscapes import DEPTHS
from models.animatic.palette import mix, rgb
from models.animatic.shapes import Points, box, ellipse, polygon, rounded, skyline
from models.animatic.skies import WHITE
from models.animatic.words import Weather

_LAMPLIGHT = rgb("ffdf9e")
_SPINES = tuple(
    rgb(code) for code in ("a8483f", "3f6f7a", "d9a548", "5a7a4f", "7a5a86", "c9785a", "e3d3b0", "44546f")
)


def paint_room(easel: Easel) -> None:
    """A sitting room: tall window, sofa, lamp, pictures, rug on boards."""
    wall = _wall(easel, rgb("e9cfae"), rgb("dcb48f"))
    span = wall.period / max(1, round(wall.period / 2.1))
    for start in np.arange(0, wall.period - 0.1, span):
        _window(easel, wall, start + span * 0.30, 0.34, 0.40, 0.46)
        _curtains(wall, start + span * 0.30, 0.34, 0.40, 0.50, rgb("b9564a"))
        _picture(easel, wall, start + span * 0.66, 0.26, 0.13)
        _picture(easel, wall, start + span * 0.78, 0.32, 0.09)
    _boards(easel, 0.70, rgb("b98556"), rgb("8f5f3f"))
    things = easel.sheet(top=0.1, bottom=0.95, depth=0.78)
    for start in np.arange(0, things.period - 0.1, things.period / max(1, round(things.period / 2.1))):
        _sofa(things, start + span * 0.72, 0.765, 0.30)
        _standing_lamp(things, start + span * 0.97, 0.765)
        _pot_plant(easel, things, start + span * 0.08, 0.765, 0.2)
    _rug(easel, 0.88, (rgb("b9483f"), rgb("e8c98a")))
    _near_furniture(easel, rgb("6f4a3a"))


def paint_kitchen(easel: Easel) -> None:
    """Tiles, cupboards, shelves with pots, a window over the sink."""
    wall = _wall(easel, rgb("f2e6cf"), rgb("e3d0b0"))
    _tiles(wall, 0.36, 0.56, rgb("cfe0d6"))
    span = wall.period / max(1, round(wall.period / 1.9))
    for start in np.arange(0, wall.period - 0.1, span):
        _window(easel, wall, start + span * 0.26, 0.27, 0.34, 0.34)
        for level in (0.16, 0.32):
            _shelf(easel, wall, start + span * 0.76, level, 0.40)
    counter = easel.sheet(top=0.2, bottom=1.0, depth=0.55)
    _cupboards(counter, 0.56, 0.755, rgb("6fa39a"))
    for start in np.arange(0, counter.period - 0.1, counter.period / max(1, round(counter.period / 1.9))):
        _stove(counter, start + span * 0.72, 0.56, 0.755)
        _kettle(counter, start + span * 0.68, 0.548)
        _pot_plant(easel, counter, start + span * 0.40, 0.555, 0.10)
        for k, tone in enumerate((rgb("d95f43"), rgb("e8a33c"), rgb("8fae4f"))):
            counter.fill(
                ellipse(start + span * 0.12 + 0.035 * k, 0.542, 0.019, 0.018, 20),
                mix(tone, WHITE, 0.15),
                tone,
            )
    _chequers(easel, 0.745, rgb("f3ead9"), rgb("c9a98a"))
    _near_furniture(easel, rgb("8a6a4f"))


def paint_library(easel: Easel) -> None:
    """Shelf over shelf of books, a ladder, warm lamps."""
    wall = _wall(easel, rgb("8f6a4f"), rgb("6f4f3f"))
    for y in np.arange(-0.42, 0.62, 0.155):
        wall.fill(box(-0.1, y + 0.135, wall.period + 0.1, y + 0.155), rgb("5a3a2c"), rgb("46301f"))
        _books(easel, wall, y + 0.135)
    for x in np.arange(0, wall.period - 0.05, wall.period / max(2, round(wall.period / 0.62))):
        wall.fill(box(x - 0.014, -0.6, x + 0.014, 0.71), rgb("6a4635"), rgb("54382b"))
    _boards(easel, 0.70, rgb("a8754c"), rgb("7a5038"))
    things = easel.sheet(top=-0.3, bottom=0.95, depth=0.78)
    span = things.period / max(1, round(things.period / 2.0))
    for start in np.arange(0, things.period - 0.1, span):
        _ladder(things, start + span * 0.26, 0.765)
        _standing_lamp(things, start + span * 0.90, 0.77)
    _rug(easel, 0.88, (rgb("4f6f5a"), rgb("d9b56a")))
    _near_furniture(easel, rgb("5a3a2c"))


def paint_stage(easel: Easel) -> None:
    """Red velvet, boards, footlights, and two beams that cross where the subject stands."""
    cloth = easel.sheet(top=-0.6, bottom=1.0, depth=0.35)
    folds = max(8, round(cloth.period / 0.105))
    x = (np.arange(cloth.canvas.pixels.shape[1]) + 0.5) / cloth.canvas.pixels.shape[1] * folds
    shade = 0.5 + 0.5 * np.sin(2 * np.pi * x) + 0.18 * np.sin(4 * np.pi * x + 1.0)
    dark, lit = (np.array(cloth.colour(rgb(code)), np.float32) for code in ("5a1526", "b5303a"))
    tones = dark + (lit - dark) * np.clip(shade, 0, 1)[:, None].astype(np.float32)
    cloth.canvas.pixels[..., :3] = tones[None]
    cloth.canvas.pixels[..., 3] = 255
    cloth.fill(box(-0.1, 0.64, cloth.period + 0.1, 0.70), rgb("3a0c1a"), rgb("24060f"), 0.45)
    for y, tone in ((0.655, "c9983f"), (0.668, "f0cf7a")):
        cloth.fill(box(-0.1, y, cloth.period + 0.1, y + 0.009), rgb(tone))
    _boards(easel, 0.70, rgb("a8703f"), rgb("6a4028"))
    light = easel.sheet(top=-0.6, bottom=1.2, depth=1.0, blur=0.012)
    middle = easel.aspect / 2
    for turn in np.arange(-1, 2) * light.period:
        for side in (-1, 1):
            top = middle + side * easel.aspect * 0.36 + turn
            beam = polygon(
                (top - 0.03, -0.6),
                (top + 0.03, -0.6),
                (middle + turn + 0.40, 0.90),
                (middle + turn - 0.40, 0.90),
            )
            light.canvas.union([beam], light.palette.raw(rgb("fff0c9")), None, 0.13)
    light.canvas.union([ellipse(middle, 0.90, 0.52, 0.085, 48)], light.palette.raw(rgb("fff0c9")), None, 0.34)
    swags = easel.sheet(top=-0.6, bottom=0.4, depth=1.25, in_front=True)
    number = max(3, round(swags.period / 0.62))
    for k in range(number):
        middle_x, half = (k + 0.5) * swags.period / number, swags.period / number * 0.56
        for depth, tone in ((0.15, "7a1a28"), (0.115, "a82a35"), (0.075, "c23a40")):
            swags.fill(ellipse(middle_x, -0.07, half, depth), rgb(tone), mix(rgb(tone), rgb("2a0812"), 0.35))
        swags.fill(ellipse(middle_x + half * 0.89, 0.03, 0.02, 0.045), rgb("d9a548"), rgb("a87830"))
    swags.fill(box(-0.1, -0.6, swags.period + 0.1, -0.09), rgb("8a1f2c"))


def paint_studio(easel: Easel) -> None:
    """A seamless paper sweep, softly lit from one side: the place for product shots."""
    tint = (
        (rgb("f2e3d2"), rgb("cdb49e")),
        (rgb("dfe6e4"), rgb("a9bab9")),
        (rgb("efd9cf"), rgb("c9a293")),
        (rgb("e3e0ea"), rgb("b0abc2")),
    )
    lit, dark = tint[int(easel.rng.integers(len(tint)))]
    sweep = easel.sheet(top=-0.6, bottom=DEPTHS, depth=0.25)
    rows = np.linspace(-0.6, DEPTHS, sweep.canvas.pixels.shape[0], dtype=np.float32)
    # The paper curves from wall to floor: darkest in the bend, bright where the light lies on the floor.
    bend = np.exp(-(((rows - 0.66) / 0.16) ** 2))
    share = np.clip(
        0.30 + 0.42 * bend - 0.30 * np.clip((rows - 0.66) / 0.4, 0, 1) + 0.25 * np.clip(-rows, 0, 1), 0, 1
    )
    first, last = (np.array(sweep.colour(tone), np.float32) for tone in (lit, dark))
    sweep.canvas.wash((first + (last - first) * share[:, None]).astype(np.float32), easel.rng)
    sweep.shine(0.36 * easel.aspect, 0.28, 0.95, mix(lit, WHITE, 0.7), 0.5)
    floor = easel.sheet(top=0.6, bottom=DEPTHS, depth=1.0)
    floor.canvas.union(
        [ellipse(easel.aspect / 2, 0.905, 0.62, 0.085, 64)],
        floor.colour(mix(lit, WHITE, 0.6)),
        None,
        0.5,
        0.02,
    )
    for k in (-1, 1):
        card = easel.sheet(top=-0.6, bottom=DEPTHS, depth=0.5 + 0.05 * k, blur=0.01)
        x = easel.aspect / 2 + k * easel.aspect * 0.62
        card.canvas.union(
            [polygon((x - 0.16, -0.6), (x + 0.16, -0.6), (x + 0.13, 0.74), (x - 0.19, 0.74))],
            card.colour(mix(lit, WHITE, 0.5)),
            None,
            0.28,
        )


def _wall(easel: Easel, colour: Colour, below: Colour) -> Sheet:
    wall = easel.sheet(top=-0.6, bottom=1.0, depth=0.42, haze=0.0)
    rows = np.linspace(0, 1, wall.canvas.pixels.shape[0], dtype=np.float32)[:, None]
    first, last = (np.array(wall.colour(tone), np.float32) for tone in (colour, below))
    wall.canvas.wash((first + (last - first) * rows).astype(np.float32), easel.rng)
    stripes = max(6, round(wall.period / 0.085))
    for x in np.arange(stripes) * wall.period / stripes:
        wall.fill(box(x, -0.6, x + wall.period / stripes * 0.42, 0.72), mix(colour, WHITE, 0.5), None, 0.14)
    return wall


def _window(easel: Easel, wall: Sheet, x: float, y: float, wide: float, high: float) -> None:
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


def _curtains(wall: Sheet, x: float, y: float, wide: float, high: float, cloth: Colour) -> None:
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


def _picture(easel: Easel, wall: Sheet, x: float, y: float, size: float) -> None:
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


def _boards(easel: Easel, top: float, colour: Colour, below: Colour) -> None:
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


def _chequers(easel: Easel, top: float, light: Colour, dark: Colour) -> None:
    floor = easel.sheet(top=0.6, bottom=DEPTHS, depth=1.0)
    floor.fill(box(-0.1, top, floor.period + 0.1, DEPTHS + 0.05), light, mix(light, dark, 0.35))
    columns = 2 * max(3, round(floor.period / 0.36))
    step, y, gap = floor.period / columns, top, 0.030
    for row in range(9):
        for k in range(row % 2, columns, 2):
            floor.fill(box(k * step, y, (k + 1) * step, y + gap), dark, None, 0.75)
        y, gap = y + gap, gap * 1.3
    floor.fill(box(-0.1, top - 0.004, floor.period + 0.1, top + 0.014), rgb("4a3a34"), None, 0.35)


def _rug(easel: Easel, y: float, tones: tuple[Colour, Colour]) -> None:
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


def _sofa(sheet: Sheet, x: float, y: float, size: float) -> None:
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


def _standing_lamp(sheet: Sheet, x: float, y: float) -> None:
    sheet.fill(ellipse(x, y, 0.045, 0.012), rgb("4a3a34"))
    sheet.fill(box(x - 0.004, y - 0.50, x + 0.004, y), rgb("5a463c"))
    sheet.shine(x, y - 0.50, 0.42, _LAMPLIGHT, 0.62)
    shade = polygon(
        (x - 0.045, y - 0.60), (x + 0.045, y - 0.60), (x + 0.075, y - 0.47), (x - 0.075, y - 0.47)
    )
    sheet.canvas.fill(shade, sheet.palette.raw(rgb("fff0cf")), sheet.palette.raw(rgb("f2c98a")))


def _pot_plant(easel: Easel, sheet: Sheet, x: float, y: float, size: float) -> None:
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


def _near_furniture(easel: Easel, wood: Colour) -> None:
    """The rounded back of a chair, out of focus, low in the frame."""
    near = easel.sheet(top=0.8, bottom=DEPTHS, depth=1.5, in_front=True, blur=0.008)
    for x in easel.spread(max(1, round(easel.period * 0.5)), 0.2):
        near.fill(rounded(x - 0.24, 1.04, x + 0.24, 1.6, 0.10), wood, mix(wood, rgb("1f1418"), 0.4))


def _tiles(wall: Sheet, top: float, bottom: float, colour: Colour) -> None:
    wall.fill(box(-0.1, top, wall.period + 0.1, bottom + 0.3), colour, mix(colour, WHITE, 0.3))
    rows, columns = 5, 4 * max(4, round(wall.period / 0.28))
    for k in range(rows + 1):
        y = top + (bottom - top) * k / rows
        wall.fill(box(-0.1, y, wall.period + 0.1, y + 0.003), WHITE, None, 0.6)
    x = np.arange(columns) * wall.period / columns
    lines = np.stack([np.stack([x, np.full(columns, top)], 1), np.stack([x, np.full(columns, bottom)], 1)], 1)
    wall.strokes(lines, mix(colour, WHITE, 0.55), 0.003)


def _shelf(easel: Easel, wall: Sheet, x: float, y: float, wide: float) -> None:
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


def _cupboards(sheet: Sheet, top: float, foot: float, colour: Colour) -> None:
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


def _stove(sheet: Sheet, x: float, top: float, foot: float) -> None:
    sheet.fill(box(x - 0.13, top - 0.004, x + 0.13, foot), rgb("f3f0e8"), rgb("cfcac2"))
    sheet.fill(box(x - 0.13, top - 0.012, x + 0.13, top + 0.006), rgb("3f3f48"))
    sheet.fill(rounded(x - 0.095, top + 0.07, x + 0.095, foot - 0.02, 0.012), rgb("4a4650"), rgb("2f2c34"))
    sheet.fill(rounded(x - 0.08, top + 0.085, x + 0.08, top + 0.11, 0.006), rgb("e8a05a"), None, 0.4)
    for k in range(4):
        sheet.fill(ellipse(x - 0.075 + 0.05 * k, top + 0.036, 0.011, 0.011, 16), rgb("5a5660"))


def _kettle(sheet: Sheet, x: float, y: float) -> None:
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


def _books(easel: Easel, wall: Sheet, y: float) -> None:
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


def _ladder(sheet: Sheet, x: float, y: float) -> None:
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
