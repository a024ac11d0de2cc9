"""Built places: the city, the village, the open road."""

from itertools import pairwise

import numpy as np

from models.animatic.canvas import Colour
from models.animatic.easel import Easel, Sheet
from models.animatic.flora import paint_bush, paint_grass, paint_patches, paint_pine, paint_tree
from models.animatic.landscapes import DEPTHS, paint_far_hills, paint_lawn, paint_lens_grass, paint_ridge
from models.animatic.palette import mix, rgb
from models.animatic.shapes import box, ellipse, height_at, polygon, rounded
from models.animatic.skies import WHITE, paint_sky

_WARM = rgb("ffd98a")
_FACADES = tuple(rgb(code) for code in ("d98f73", "e8c79a", "b9c4b0", "a9c0cc", "d9b5ae", "c2ab93", "e3d9c6"))
_AWNINGS = tuple(rgb(code) for code in ("c9543f", "3f8f7c", "d99a3c", "4f78a8"))


def paint_city(easel: Easel) -> None:
    """Towers in the haze, a row of shops, a pavement with lamps and trees."""
    paint_sky(easel, horizon=0.7, clouds=0.7)
    for k, (depth, haze, low, high) in enumerate(((0.06, 0.74, 0.30, 0.52), (0.14, 0.54, 0.22, 0.44))):
        sheet = easel.sheet(top=-0.2, bottom=0.95, depth=depth, haze=haze)
        _towers(easel, sheet, low, high, 0.055 + 0.02 * k)
    row = easel.sheet(top=-0.2, bottom=0.9, depth=0.5, haze=0.08)
    _shops(easel, row, foot=0.735)
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
    _castle(hill, easel.aspect * 0.72, height_at(ridge, easel.aspect * 0.72, hill.period) + 0.02, 0.24)
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
        _cottage(easel, row, x, 0.715, easel.rng.uniform(0.17, 0.23))
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


def _towers(easel: Easel, sheet: Sheet, low: float, high: float, width: float) -> None:
    x = 0.0
    night = easel.palette.light.is_night
    while x < sheet.period - width * 0.4:
        wide = width * easel.rng.uniform(0.8, 1.7)
        top = 0.74 - easel.rng.uniform(low, high)
        tone = mix(rgb("6f8299"), _FACADES[int(easel.rng.integers(len(_FACADES)))], 0.35)
        sheet.fill(box(x, top, x + wide, 0.96), tone, mix(tone, rgb("b9c4cc"), 0.35))
        sheet.fill(box(x, top, x + wide * 0.28, 0.96), mix(tone, WHITE, 0.16), None, 0.5)
        if easel.rng.random() < 0.4:
            sheet.fill(box(x + wide * 0.44, top - 0.05, x + wide * 0.5, top), tone)
        if easel.rng.random() < 0.35:
            sheet.fill(box(x + wide * 0.2, top - 0.025, x + wide * 0.8, top), mix(tone, WHITE, 0.1))
        _grid(easel, sheet, (x, top, x + wide, 0.76), 0.016, night)
        x += wide * easel.rng.uniform(0.98, 1.25)


def _grid(
    easel: Easel, sheet: Sheet, walls: tuple[float, float, float, float], pane: float, night: bool
) -> None:
    """Rows of small windows, some lit at night."""
    left, top, right, bottom = walls
    if easel.scale * pane < 3:
        return
    for y in np.arange(top + pane, bottom - pane, pane * 1.9):
        for x in np.arange(left + pane * 0.7, right - pane, pane * 1.5):
            if night and easel.rng.random() < 0.42:
                sheet.lamp(
                    box(x, y, x + pane * 0.75, y + pane), mix(_WARM, rgb("ffb86b"), easel.rng.random()), 0.9
                )
            else:
                sheet.fill(box(x, y, x + pane * 0.75, y + pane), rgb("4f6577"), None, 0.30)


def _shops(easel: Easel, sheet: Sheet, foot: float) -> None:
    rng, night, x = easel.rng, easel.palette.light.is_night, 0.0
    while x < sheet.period - 0.12:
        wide = min(rng.uniform(0.26, 0.40), sheet.period - x)
        if sheet.period - x - wide < 0.14:
            wide = sheet.period - x
        top = foot - rng.uniform(0.40, 0.58)
        wall = _FACADES[int(rng.integers(len(_FACADES)))]
        sheet.fill(box(x, top, x + wide, foot + 0.02), wall, mix(wall, rgb("7a6a66"), 0.18))
        sheet.fill(box(x - 0.006, top - 0.018, x + wide + 0.006, top + 0.012), mix(wall, WHITE, 0.35))
        sheet.fill(
            box(x + wide - 0.02, top, x + wide, foot + 0.02), mix(wall, rgb("3a3050"), 0.35), None, 0.5
        )
        _shop_windows(easel, sheet, (x, top, x + wide, foot), wall, night)
        x += wide
    sheet.fill(box(-0.1, foot, sheet.period + 0.1, 0.95), rgb("b0a79d"))


def _shop_windows(
    easel: Easel, sheet: Sheet, walls: tuple[float, float, float, float], wall: Colour, night: bool
) -> None:
    left, top, right, foot = walls
    wide, rng = right - left, easel.rng
    panes = max(2, round(wide / 0.11))
    for y in np.arange(top + 0.045, foot - 0.24, 0.125):
        for k in range(panes):
            x = left + wide * (k + 0.5) / panes
            sheet.fill(box(x - 0.027, y - 0.005, x + 0.027, y + 0.082), mix(wall, WHITE, 0.5))
            glass = box(x - 0.022, y, x + 0.022, y + 0.074)
            if night and rng.random() < 0.55:
                sheet.lamp(glass, _WARM)
            else:
                sheet.fill(glass, rgb("6f8fa3"), rgb("a9c3cc"))
            sheet.fill(box(x - 0.0015, y, x + 0.0015, y + 0.074), mix(wall, WHITE, 0.5))
            sheet.fill(box(x - 0.031, y + 0.080, x + 0.031, y + 0.089), mix(wall, rgb("5a4a4a"), 0.3))
    awning = _AWNINGS[int(rng.integers(len(_AWNINGS)))]
    sheet.fill(box(left + 0.015, foot - 0.155, right - 0.015, foot), mix(awning, rgb("2a2a3a"), 0.55))
    shown = rounded(left + 0.03, foot - 0.14, right - 0.105, foot - 0.03, 0.006)
    if night:
        sheet.lamp(shown, _WARM)
        sheet.shine((left + right) / 2, foot - 0.05, 0.22, _WARM, 0.35)
    else:
        sheet.fill(shown, rgb("cfe0df"), rgb("8fb0b8"))
        glint = polygon(
            (left + 0.05, foot - 0.03),
            (left + 0.09, foot - 0.14),
            (left + 0.12, foot - 0.14),
            (left + 0.08, foot - 0.03),
        )
        sheet.fill(glint, WHITE, None, 0.35)
    sheet.fill(box(right - 0.085, foot - 0.135, right - 0.035, foot + 0.01), mix(awning, WHITE, 0.15))
    sheet.fill(box(right - 0.078, foot - 0.125, right - 0.042, foot - 0.06), rgb("a9c3c8"))
    stripes = max(4, round((wide - 0.02) / 0.032))
    edges = np.linspace(left + 0.008, right - 0.008, stripes + 1)
    for k, (a, b) in enumerate(pairwise(edges)):
        tone = awning if k % 2 else rgb("fbf3e6")
        sheet.fill(
            polygon((a + 0.004, foot - 0.19), (b + 0.004, foot - 0.19), (b, foot - 0.142), (a, foot - 0.142)),
            tone,
        )
        sheet.fill(ellipse((a + b) / 2, foot - 0.142, (b - a) / 2, 0.010, 14), tone)


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


def _castle(sheet: Sheet, x: float, y: float, size: float) -> None:
    stone, roof = rgb("c9c0b4"), rgb("6f7fa8")
    for dx, wide, high in (
        (-0.42, 0.18, 0.62),
        (0.0, 0.26, 0.92),
        (0.40, 0.18, 0.55),
        (-0.2, 0.34, 0.36),
        (0.22, 0.3, 0.36),
    ):
        left, right, top = x + (dx - wide / 2) * size, x + (dx + wide / 2) * size, y - high * size
        sheet.fill(box(left, top, right, y + 0.03), stone, mix(stone, rgb("8a8f8a"), 0.4))
        if wide < 0.3:
            tip = (x + dx * size, top - wide * 1.35 * size)
            sheet.fill(
                polygon((left - 0.008, top), tip, (right + 0.008, top)), roof, mix(roof, rgb("3f4a70"), 0.4)
            )
            sheet.fill(ellipse(x + dx * size, top + 0.1 * size, 0.018 * size, 0.04 * size, 12), rgb("4f5668"))
        else:
            for k in range(5):
                edge = left + (right - left) * (k + 0.15) / 5
                sheet.fill(box(edge, top - 0.04 * size, edge + (right - left) * 0.12, top), stone)


def _cottage(easel: Easel, sheet: Sheet, x: float, foot: float, size: float) -> None:
    rng, night = easel.rng, easel.palette.light.is_night
    wall = mix(rgb("fbf1dc"), _FACADES[int(rng.integers(len(_FACADES)))], 0.30)
    roof = (rgb("b9604a"), rgb("8f5a4a"), rgb("7a6a62"), rgb("a8795a"))[int(rng.integers(4))]
    timber = rgb("7a5a44")
    half, eaves = size * 0.56, foot - size * 0.52
    chimney = box(x + half * 0.42, eaves - size * 0.52, x + half * 0.62, eaves - size * 0.1)
    sheet.fill(chimney, rgb("a8705c"), rgb("8a5a4c"))
    sheet.fill(box(x - half, eaves, x + half, foot), wall, mix(wall, rgb("b9a58a"), 0.3))
    for share in (-0.96, -0.34, 0.34, 0.96):
        sheet.fill(box(x + half * share - size * 0.014, eaves, x + half * share + size * 0.014, foot), timber)
    sheet.fill(box(x - half, eaves + size * 0.22, x + half, eaves + size * 0.245), timber)
    sheet.fill(
        polygon(
            (x - half * 1.18, eaves + size * 0.05),
            (x - half * 0.78, eaves - size * 0.46),
            (x + half * 0.78, eaves - size * 0.46),
            (x + half * 1.18, eaves + size * 0.05),
        ),
        mix(roof, WHITE, 0.12),
        mix(roof, rgb("4a2f3a"), 0.25),
    )
    for k in range(1, 4):
        y = eaves - size * 0.46 + size * 0.125 * k
        sheet.fill(
            box(x - half * (0.78 + 0.1 * k), y, x + half * (0.78 + 0.1 * k), y + size * 0.012),
            mix(roof, rgb("4a2f3a"), 0.35),
            None,
            0.5,
        )
    door = rounded(x - size * 0.085, foot - size * 0.31, x + size * 0.085, foot + size * 0.02, size * 0.07)
    sheet.fill(door, mix(timber, _AWNINGS[int(rng.integers(len(_AWNINGS)))], 0.6))
    for dx in (-0.64, 0.64):
        left, top = x + half * dx - size * 0.09, foot - size * 0.36
        sheet.fill(
            box(left - size * 0.018, top - size * 0.018, left + size * 0.198, top + size * 0.178),
            rgb("fffaf0"),
        )
        pane = box(left, top, left + size * 0.18, top + size * 0.16)
        if night:
            sheet.lamp(pane, _WARM)
            sheet.shine(left + size * 0.09, top + size * 0.08, size * 0.5, _WARM, 0.5)
        else:
            sheet.fill(pane, rgb("7f9fb0"), rgb("a9c3cc"))
        sheet.fill(box(left + size * 0.083, top, left + size * 0.097, top + size * 0.16), rgb("fffaf0"))
        sheet.fill(box(left, top + size * 0.072, left + size * 0.18, top + size * 0.086), rgb("fffaf0"))
        for k in range(4):
            spot = (left + size * (0.02 + 0.047 * k), top + size * 0.185)
            sheet.fill(ellipse(*spot, size * 0.026, size * 0.02, 10), (rgb("e8705a"), rgb("f2b04a"))[k % 2])


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
