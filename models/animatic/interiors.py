"""Indoors: a room, a kitchen, a library, a stage, and the studio sweep for product shots."""

import numpy as np

from models.animatic.easel import Easel
from models.animatic.furniture import (
    paint_books,
    paint_cupboards,
    paint_kettle,
    paint_ladder,
    paint_near_furniture,
    paint_picture,
    paint_pot_plant,
    paint_rug,
    paint_shelf,
    paint_sofa,
    paint_standing_lamp,
    paint_stove,
)
from models.animatic.land import (
    DEPTHS,
)
from models.animatic.palette import mix, rgb
from models.animatic.shapes import (
    box,
    ellipse,
    polygon,
)
from models.animatic.skies import WHITE
from models.animatic.walls import (
    paint_boards,
    paint_chequers,
    paint_curtains,
    paint_tiles,
    paint_wall,
    paint_window,
)


def paint_room(easel: Easel) -> None:
    """A sitting room: tall window, sofa, lamp, pictures, rug on boards."""
    wall = paint_wall(easel, rgb("e9cfae"), rgb("dcb48f"))
    span = wall.period / max(1, round(wall.period / 2.1))
    for start in np.arange(0, wall.period - 0.1, span):
        paint_window(easel, wall, start + span * 0.30, 0.34, 0.40, 0.46)
        paint_curtains(wall, start + span * 0.30, 0.34, 0.40, 0.50, rgb("b9564a"))
        paint_picture(easel, wall, start + span * 0.66, 0.26, 0.13)
        paint_picture(easel, wall, start + span * 0.78, 0.32, 0.09)
    paint_boards(easel, 0.70, rgb("b98556"), rgb("8f5f3f"))
    things = easel.sheet(top=0.1, bottom=0.95, depth=0.78)
    for start in np.arange(0, things.period - 0.1, things.period / max(1, round(things.period / 2.1))):
        paint_sofa(things, start + span * 0.72, 0.765, 0.30)
        paint_standing_lamp(things, start + span * 0.97, 0.765)
        paint_pot_plant(easel, things, start + span * 0.08, 0.765, 0.2)
    paint_rug(easel, 0.88, (rgb("b9483f"), rgb("e8c98a")))
    paint_near_furniture(easel, rgb("6f4a3a"))


def paint_kitchen(easel: Easel) -> None:
    """Tiles, cupboards, shelves with pots, a window over the sink."""
    wall = paint_wall(easel, rgb("f2e6cf"), rgb("e3d0b0"))
    paint_tiles(wall, 0.36, 0.56, rgb("cfe0d6"))
    span = wall.period / max(1, round(wall.period / 1.9))
    for start in np.arange(0, wall.period - 0.1, span):
        paint_window(easel, wall, start + span * 0.26, 0.27, 0.34, 0.34)
        for level in (0.16, 0.32):
            paint_shelf(easel, wall, start + span * 0.76, level, 0.40)
    counter = easel.sheet(top=0.2, bottom=1.0, depth=0.55)
    paint_cupboards(counter, 0.56, 0.755, rgb("6fa39a"))
    for start in np.arange(0, counter.period - 0.1, counter.period / max(1, round(counter.period / 1.9))):
        paint_stove(counter, start + span * 0.72, 0.56, 0.755)
        paint_kettle(counter, start + span * 0.68, 0.548)
        paint_pot_plant(easel, counter, start + span * 0.40, 0.555, 0.10)
        for k, tone in enumerate((rgb("d95f43"), rgb("e8a33c"), rgb("8fae4f"))):
            counter.fill(
                ellipse(start + span * 0.12 + 0.035 * k, 0.542, 0.019, 0.018, 20),
                mix(tone, WHITE, 0.15),
                tone,
            )
    paint_chequers(easel, 0.745, rgb("f3ead9"), rgb("c9a98a"))
    paint_near_furniture(easel, rgb("8a6a4f"))


def paint_library(easel: Easel) -> None:
    """Shelf over shelf of books, a ladder, warm lamps."""
    wall = paint_wall(easel, rgb("8f6a4f"), rgb("6f4f3f"))
    for y in np.arange(-0.42, 0.62, 0.155):
        wall.fill(box(-0.1, y + 0.135, wall.period + 0.1, y + 0.155), rgb("5a3a2c"), rgb("46301f"))
        paint_books(easel, wall, y + 0.135)
    for x in np.arange(0, wall.period - 0.05, wall.period / max(2, round(wall.period / 0.62))):
        wall.fill(box(x - 0.014, -0.6, x + 0.014, 0.71), rgb("6a4635"), rgb("54382b"))
    paint_boards(easel, 0.70, rgb("a8754c"), rgb("7a5038"))
    things = easel.sheet(top=-0.3, bottom=0.95, depth=0.78)
    span = things.period / max(1, round(things.period / 2.0))
    for start in np.arange(0, things.period - 0.1, span):
        paint_ladder(things, start + span * 0.26, 0.765)
        paint_standing_lamp(things, start + span * 0.90, 0.77)
    paint_rug(easel, 0.88, (rgb("4f6f5a"), rgb("d9b56a")))
    paint_near_furniture(easel, rgb("5a3a2c"))


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
    paint_boards(easel, 0.70, rgb("a8703f"), rgb("6a4028"))
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
