"""Buildings: towers, shops, cottages, a castle; each painted onto a given sheet."""

from itertools import pairwise

import numpy as np

from models.animatic.canvas import Colour
from models.animatic.easel import Easel, Sheet
from models.animatic.palette import mix, rgb
from models.animatic.shapes import (
    box,
    ellipse,
    polygon,
    rounded,
)
from models.animatic.skies import WHITE

_WARM = rgb("ffd98a")
_FACADES = tuple(rgb(code) for code in ("d98f73", "e8c79a", "b9c4b0", "a9c0cc", "d9b5ae", "c2ab93", "e3d9c6"))
_AWNINGS = tuple(rgb(code) for code in ("c9543f", "3f8f7c", "d99a3c", "4f78a8"))


def paint_towers(easel: Easel, sheet: Sheet, low: float, high: float, width: float) -> None:
    """A skyline of towers whose roofs stand between `low` and `high` above the street."""
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


def paint_shops(easel: Easel, sheet: Sheet, foot: float) -> None:
    """A row of shops with flats above, their doors at `foot`."""
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


def paint_castle(sheet: Sheet, x: float, y: float, size: float) -> None:
    """A small castle with its gate at (x, y)."""
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


def paint_cottage(easel: Easel, sheet: Sheet, x: float, foot: float, size: float) -> None:
    """A timbered cottage with its door at (x, foot)."""
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
