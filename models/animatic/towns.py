"""Built places: the city, the village, the open road."""

import numpy as np

from models.animatic.buildings import paint_castle, paint_cottage, paint_shops, paint_towers
from models.animatic.easel import Easel, Sheet
from models.animatic.flora import (
    paint_bush,
    paint_grass,
    paint_patches,
    paint_pine,
    paint_tree,
)
from models.animatic.land import (
    DEPTHS,
    paint_far_hills,
    paint_lawn,
    paint_lens_grass,
    paint_ridge,
)
from models.animatic.palette import mix, rgb
from models.animatic.shapes import (
    box,
    height_at,
    polygon,
)
from models.animatic.skies import paint_sky

_WARM = rgb("ffd98a")


def paint_city(easel: Easel) -> None:
    """Towers in the haze, a row of shops, a pavement with lamps and trees."""
    paint_sky(easel, horizon=0.7, clouds=0.7)
    for k, (depth, haze, low, high) in enumerate(((0.06, 0.74, 0.30, 0.52), (0.14, 0.54, 0.22, 0.44))):
        sheet = easel.sheet(top=-0.2, bottom=0.95, depth=depth, haze=haze)
        paint_towers(easel, sheet, low, high, 0.055 + 0.02 * k)
    row = easel.sheet(top=-0.2, bottom=0.9, depth=0.5, haze=0.08)
    paint_shops(easel, row, foot=0.735)
    street = easel.sheet(top=0.2, bottom=DEPTHS, depth=1.0)
    street.fill(box(-0.1, 0.725, street.period + 0.1, 0.95), rgb("cfc7bd"), rgb("bdb3a8"))
    street.fill(box(-0.1, 0.94, street.period + 0.1, DEPTHS + 0.05), rgb("6f7078"), rgb("55565f"))
    street.fill(box(-0.1, 0.928, street.period + 0.1, 0.945), rgb("e3dcd2"), rgb("a39a90"))
    _paving(street, 0.725, 0.928)
    for x in easel.spread(max(1, round(easel.period * 0.9)), 0.2):
        _lamp_post(easel, street, x, 0.77)
        paint_tree(easel, street, x + 0.62, 0.775, 0.36, rgb("6f9c5a"))
    near = easel.sheet(top=0.8, bottom=DEPTHS, depth=1.5, in_front=True, blur=0.006)
    for x in easel.spread(max(1, round(easel.period * 0.8))):
        paint_bush(easel, near, x, 1.14, 0.24, rgb("4d7a4c"))


def paint_village(easel: Easel) -> None:
    """Timbered cottages round a green, a castle on its hill."""
    paint_sky(easel)
    paint_far_hills(easel, rgb("86ab9c"))
    hill, ridge = paint_ridge(easel, 0.60, 0.03, 0.26, 0.46, rgb("93bb7c"), rgb("7aa76a"), mist=0.2)
    paint_castle(hill, easel.aspect * 0.72, height_at(ridge, easel.aspect * 0.72, hill.period) + 0.02, 0.24)
    for x in easel.spread(max(3, round(easel.period * 4))):
        paint_tree(
            easel,
            hill,
            x,
            height_at(ridge, x, hill.period) + 0.03,
            easel.rng.uniform(0.06, 0.1),
            rgb("6c9a5c"),
        )
    row, ridge = paint_ridge(easel, 0.70, 0.008, 0.55, 0.12, rgb("a3c672"), rgb("82b05f"), mist=0.1)
    for x in easel.spread(max(3, round(easel.period * 2.1)), 0.15):
        paint_cottage(easel, row, x, 0.715, easel.rng.uniform(0.17, 0.23))
    for x in easel.spread(max(3, round(easel.period * 3))):
        paint_bush(easel, row, x, 0.725, easel.rng.uniform(0.04, 0.07), rgb("5f9a50"))
    paint_lawn(easel, 0.76, flowers=60)
    paint_lens_grass(easel)


def paint_road(easel: Easel) -> None:
    """A country road alongside, with verge, posts and wires, fields and woods behind."""
    paint_sky(easel, clouds=1.2)
    paint_far_hills(easel, rgb("86a9a6"))
    paint_ridge(easel, 0.61, 0.018, 0.26, 0.36, rgb("b7c67a"), rgb("9db566"), mist=0.2)
    woods, ridge = paint_ridge(easel, 0.665, 0.012, 0.44, 0.2, rgb("8fbb66"), rgb("73a355"), mist=0.12)
    for x in easel.spread(max(3, round(easel.period * 3.4)), 0.6):
        at = height_at(ridge, x, woods.period) + 0.015
        if easel.rng.random() < 0.5:
            paint_tree(easel, woods, x, at, easel.rng.uniform(0.13, 0.2), rgb("689a50"))
        else:
            paint_pine(easel, woods, x, at, easel.rng.uniform(0.16, 0.24), rgb("4a7a58"))
    wires = easel.sheet(top=0.0, bottom=0.9, depth=0.72, haze=0.05)
    _telegraph(wires, 0.735)
    road = easel.sheet(top=0.6, bottom=DEPTHS, depth=1.0)
    road.fill(box(-0.1, 0.735, road.period + 0.1, 0.83), rgb("a6cb69"), rgb("83b057"))
    paint_grass(easel, road, 420, lambda s: (0.745 + 0.07 * s, 0.6 + 0.4 * s), 0.026)
    road.fill(box(-0.1, 0.805, road.period + 0.1, DEPTHS + 0.05), rgb("8f8d92"), rgb("65646c"))
    road.fill(box(-0.1, 0.805, road.period + 0.1, 0.815), rgb("d9c9a3"), rgb("a89a80"))
    road.fill(box(-0.1, 0.828, road.period + 0.1, 0.834), rgb("f3efe4"))
    paint_patches(easel, road, 40, 0.86, 1.1, (rgb("a09ea2"), rgb("5b5a64")))
    for x in np.arange(0, road.period, road.period / max(3, round(road.period / 0.42))):
        dash = polygon((x, 0.955), (x + 0.20, 0.955), (x + 0.19, 0.972), (x - 0.01, 0.972))
        road.fill(dash, rgb("f5e9c2"))
    near = easel.sheet(top=0.8, bottom=DEPTHS, depth=1.5, in_front=True, sway=0.012, blur=0.005)
    paint_grass(easel, near, 240, lambda s: (1.12, 0.8 + 0.5 * s), 0.11)


def _paving(sheet: Sheet, top: float, bottom: float) -> None:
    joint = rgb("a89e93")
    for share in (0.0, 0.16, 0.38, 0.66):
        y = top + (bottom - top) * share
        sheet.fill(box(-0.1, y, sheet.period + 0.1, y + 0.0022 + 0.002 * share), joint, None, 0.6)
    slabs = max(4, round(sheet.period / 0.22))
    x = np.arange(slabs) * sheet.period / slabs
    lines = np.stack(
        [np.stack([x, np.full(slabs, top)], 1), np.stack([x - 0.06, np.full(slabs, bottom)], 1)], 1
    )
    sheet.strokes(lines, mix(joint, rgb("cfc7bd"), 0.35), 0.0026)


def _lamp_post(easel: Easel, sheet: Sheet, x: float, foot: float) -> None:
    iron = rgb("3f4a52")
    sheet.fill(
        polygon((x - 0.014, foot), (x - 0.005, foot - 0.05), (x + 0.005, foot - 0.05), (x + 0.014, foot)),
        iron,
    )
    sheet.fill(box(x - 0.0045, foot - 0.42, x + 0.0045, foot), iron)
    head = polygon(
        (x - 0.014, foot - 0.42),
        (x - 0.022, foot - 0.475),
        (x + 0.022, foot - 0.475),
        (x + 0.014, foot - 0.42),
    )
    if easel.palette.light.is_night:
        sheet.shine(x, foot - 0.45, 0.26, _WARM, 0.8)
        sheet.lamp(head, rgb("fff0c2"))
    else:
        sheet.fill(head, rgb("f3ead2"))
    sheet.fill(polygon((x - 0.027, foot - 0.475), (x, foot - 0.50), (x + 0.027, foot - 0.475)), iron)


def _telegraph(sheet: Sheet, foot: float) -> None:
    wood = rgb("6f5a4c")
    posts = max(2, round(sheet.period / 0.95))
    step = sheet.period / posts
    t = np.linspace(0, 1, 15)
    for k in range(posts):
        x = (k + 0.35) * step
        sheet.fill(box(x - 0.006, foot - 0.44, x + 0.006, foot), wood, mix(wood, rgb("3a3038"), 0.3))
        sheet.fill(box(x - 0.045, foot - 0.415, x + 0.045, foot - 0.404), wood)
        for dx in (-0.04, 0.04):
            line = np.stack([x + dx + step * t, foot - 0.418 + 0.05 * 4 * t * (1 - t)], axis=1)
            sheet.strokes(line[None], mix(wood, rgb("5a6a7a"), 0.5), 0.0018)
