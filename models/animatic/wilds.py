"""Wild country: forest, jungle, mountains, desert, snow, lake."""

import numpy as np

from models.animatic.canvas import Colour
from models.animatic.easel import Easel, Sheet
from models.animatic.flora import (
    paint_bush,
    paint_cactus,
    paint_grass,
    paint_leaves,
    paint_palm,
    paint_patches,
    paint_pine,
    paint_stone,
)
from models.animatic.land import (
    DEPTHS,
    SNOW,
    paint_lawn,
    paint_lens_grass,
    paint_lens_leaves,
    paint_range,
    paint_ridge,
    paint_tufts,
)
from models.animatic.palette import mix, rgb
from models.animatic.shapes import (
    Points,
    blob,
    box,
    down_to,
    ellipse,
    height_at,
    polygon,
    skyline,
)
from models.animatic.skies import paint_sky
from models.animatic.waters import paint_ripples


def paint_forest(easel: Easel) -> None:
    """Between trunks: pale ones far away, dark ones near, ferns and light on the ground."""
    paint_sky(easel, horizon=0.7, clouds=0.4)
    haze = (0.72, 0.5, 0.28)
    for k, (depth, level) in enumerate(((0.10, 0.66), (0.30, 0.70), (0.62, 0.745))):
        sheet, ridge = paint_ridge(
            easel, level, 0.012, depth, haze[k], rgb("7fa860"), rgb("5c8a4e"), mist=0.25, top=-0.6
        )
        _trunks(easel, sheet, ridge, thick=0.022 + 0.020 * k, number=5.2 - 1.3 * k)
        for x in easel.spread(max(2, round(easel.period * (4 - k)))):
            paint_bush(
                easel, sheet, x, height_at(ridge, x, sheet.period) + 0.02, 0.05 + 0.03 * k, rgb("4d8448")
            )
    sheet, _ = paint_ridge(easel, 0.775, 0.01, 1.0, 0.0, rgb("8cab55"), rgb("4b6f40"), top=0.55)
    paint_patches(easel, sheet, 60, 0.80, 1.1, (rgb("d8d27c"), rgb("3c6238"), rgb("a67f4c")))
    paint_grass(easel, sheet, 420, lambda s: (0.79 + 0.26 * s, 0.5 + s), 0.022)
    paint_canopy(easel, (rgb("3e7a44"), rgb("2f6640"), rgb("5a9448")))
    paint_tufts(easel)
    paint_lens_leaves(easel, (rgb("25543c"), rgb("2f6a43")))


def paint_jungle(easel: Easel) -> None:
    """Palms, vines and large leaves in warm mist."""
    paint_sky(easel, horizon=0.72, clouds=0.4)
    for k, (depth, level, haze) in enumerate(((0.10, 0.64, 0.66), (0.34, 0.69, 0.42), (0.66, 0.74, 0.18))):
        sheet, ridge = paint_ridge(
            easel, level, 0.02, depth, haze, rgb("5fa565"), rgb("3f8058"), mist=0.25, top=-0.5
        )
        for x in easel.spread(max(2, round(easel.period * 2.4))):
            paint_palm(
                easel,
                sheet,
                x,
                height_at(ridge, x, sheet.period) + 0.02,
                easel.rng.uniform(0.34, 0.56) + 0.06 * k,
            )
        for x in easel.spread(max(3, round(easel.period * 4))):
            paint_leaves(
                easel,
                sheet,
                x,
                height_at(ridge, x, sheet.period) + 0.04,
                0.10 + 0.05 * k,
                (rgb("4f9a55"), rgb("74b457")),
            )
    sheet, _ = paint_ridge(easel, 0.785, 0.01, 1.0, 0.0, rgb("7fae55"), rgb("3a6a48"), top=0.6)
    paint_patches(easel, sheet, 50, 0.82, 1.1, (rgb("b6cf6b"), rgb("2f5c40")))
    paint_canopy(easel, (rgb("2f7a4c"), rgb("24623f"), rgb("57a04e")))
    paint_tufts(easel)
    paint_lens_leaves(easel, (rgb("17503c"), rgb("1f6644"), rgb("2f7a4a")))


def paint_mountains(easel: Easel) -> None:
    """Three ranges behind one another, snow on the farthest, pines and stones near."""
    paint_sky(easel, horizon=0.7, clouds=0.8)
    paint_range(easel, 0.62, 0.52, 0.06, 0.62, rgb("6f86a8"), peaks=3, snow=0.95)
    paint_range(easel, 0.68, 0.36, 0.14, 0.46, rgb("5f7a92"), peaks=5, snow=0.5)
    paint_range(easel, 0.72, 0.16, 0.28, 0.34, rgb("4f7a72"), peaks=7, snow=0.0)
    woods, ridge = paint_ridge(
        easel, 0.735, 0.014, 0.5, 0.2, rgb("56835a"), rgb("44724f"), mist=0.15, top=0.3
    )
    for x in easel.spread(max(4, round(easel.period * 8))):
        paint_pine(
            easel,
            woods,
            x,
            height_at(ridge, x, woods.period) + 0.02,
            easel.rng.uniform(0.11, 0.21),
            rgb("3c6b56"),
        )
    paint_lawn(easel, 0.79, flowers=24, colours=(rgb("93b063"), rgb("5f8a52")), stones=7)
    paint_lens_grass(easel)


def paint_desert(easel: Easel) -> None:
    """Dunes with a lit and a shadowed side, mesas, cacti."""
    paint_sky(easel, clouds=0.4)
    mesas = easel.sheet(top=0.2, bottom=0.8, depth=0.10, haze=0.5)
    for x in easel.spread(max(2, round(easel.period * 1.1))):
        wide, high = easel.rng.uniform(0.18, 0.34), easel.rng.uniform(0.12, 0.22)
        mesa = polygon(
            (x - wide * 0.62, 0.66),
            (x - wide * 0.42, 0.64 - high * 0.35),
            (x - wide * 0.36, 0.64 - high),
            (x + wide * 0.3, 0.64 - high * 0.97),
            (x + wide * 0.38, 0.64 - high * 0.45),
            (x + wide * 0.6, 0.66),
        )
        mesas.fill(mesa, rgb("c9785a"), rgb("dfa07a"))
        for k in range(3):
            y = 0.64 - high * (0.86 - 0.22 * k)
            mesas.fill(
                box(x - wide * (0.36 + 0.02 * k), y, x + wide * (0.30 + 0.03 * k), y + 0.010),
                rgb("a85a48"),
                None,
                0.4,
            )
    for depth, level, swell, haze in (
        (0.22, 0.63, 0.03, 0.36),
        (0.48, 0.69, 0.035, 0.16),
        (1.0, 0.765, 0.02, 0.0),
    ):
        sheet, ridge = paint_ridge(
            easel, level, swell, depth, haze, rgb("f3cf8c"), rgb("d99f62"), mist=0.1, top=0.3
        )
        _dune_shades(easel, sheet, ridge, level)
        if 0.3 < depth < 0.9:
            for x in easel.spread(max(2, round(easel.period * 1.5))):
                paint_cactus(
                    sheet, x, height_at(ridge, x, sheet.period) + 0.02, easel.rng.uniform(0.14, 0.24)
                )
    paint_patches(easel, sheet, 60, 0.82, 1.15, (rgb("ffe2a6"), rgb("c98c54")))
    for x in easel.spread(max(2, round(easel.period * 2))):
        paint_stone(
            easel, sheet, x, 0.82 + 0.2 * easel.rng.random(), 0.03 + 0.03 * easel.rng.random(), rgb("c08a66")
        )
    near = easel.sheet(top=0.9, bottom=DEPTHS, depth=1.45, in_front=True, blur=0.006)
    near.ground(
        down_to(skyline(near.period, 1.06, 0.05, easel.rng, 2), DEPTHS + 0.05), rgb("b9804e"), rgb("8f5f40")
    )


def paint_snowfield(easel: Easel) -> None:
    """Snow in blue shadows, pines laden with it, a range beyond."""
    paint_sky(easel, clouds=0.8)
    paint_range(easel, 0.60, 0.30, 0.07, 0.6, rgb("7f97bb"), peaks=4, snow=1.0)
    for depth, level, haze, size in ((0.2, 0.62, 0.5, 0.13), (0.42, 0.665, 0.26, 0.22)):
        sheet, ridge = paint_ridge(easel, level, 0.018, depth, haze, SNOW, rgb("cfdfee"), mist=0.12, top=0.1)
        for x in easel.spread(max(3, round(easel.period * 5))):
            high = size * easel.rng.uniform(0.7, 1.2)
            paint_pine(
                easel, sheet, x, height_at(ridge, x, sheet.period) + 0.015, high, rgb("4a7a72"), snow=0.9
            )
    sheet, _ = paint_ridge(easel, 0.745, 0.014, 1.0, 0.0, rgb("fbfdff"), rgb("b9d0e6"), top=0.5)
    paint_patches(easel, sheet, 46, 0.79, 1.15, (rgb("ffffff"), rgb("a9c3e0"), rgb("c3d6ea")))
    front = easel.sheet(top=0.86, bottom=1.2, depth=1.0, in_front=True)
    for x in easel.spread(max(4, round(easel.period * 6))):
        y = easel.rng.uniform(0.93, 1.0)
        front.fill(
            np.minimum(blob(x, y, 0.09, 0.022, easel.rng), [np.inf, y + 0.012]), rgb("ffffff"), rgb("cfe0f0")
        )
    near = easel.sheet(top=0.85, bottom=DEPTHS, depth=1.5, in_front=True, blur=0.007)
    near.ground(
        down_to(skyline(near.period, 1.06, 0.045, easel.rng, 2), DEPTHS + 0.05), rgb("e8f1fa"), rgb("a9c3e0")
    )


def paint_lake(easel: Easel) -> None:
    """Still water under mountains that stand on their heads in it, reeds at the near shore."""
    paint_sky(easel, clouds=0.8)
    paint_range(easel, 0.60, 0.34, 0.07, 0.55, rgb("6f8aa8"), peaks=4, snow=0.6)
    woods, ridge = paint_ridge(
        easel, 0.585, 0.014, 0.18, 0.36, rgb("5f8f6a"), rgb("4f805f"), top=0.3, bottom=0.64
    )
    for x in easel.spread(max(5, round(easel.period * 11))):
        paint_pine(
            easel,
            woods,
            x,
            height_at(ridge, x, woods.period) + 0.02,
            easel.rng.uniform(0.06, 0.12),
            rgb("47755c"),
        )
    water = easel.sheet(top=0.62, bottom=DEPTHS, depth=0.30, haze=0.1, sway=0.006, washes=True)
    sky = easel.palette.light.sky
    water.fill(
        box(-0.1, 0.62, water.period + 0.1, DEPTHS + 0.05),
        mix(rgb("7fb4c4"), sky[-1], 0.5),
        mix(rgb("2f6d8c"), sky[0], 0.3),
    )
    for x in easel.spread(max(4, round(easel.period * 7))):
        deep = easel.rng.uniform(0.03, 0.09)
        water.fill(ellipse(x, 0.62, 0.05, deep), rgb("4f7f70"), None, 0.35)
    paint_ripples(easel, water, 0.64, 0.86, 90)
    paint_lawn(easel, 0.80, flowers=40)
    front = easel.sheet(top=0.55, bottom=DEPTHS, depth=1.35, in_front=True, sway=0.014, blur=0.003)
    reeds = tuple(rgb(code) for code in ("5c8a4a", "7aa055", "456f45"))
    for x in easel.spread(max(2, round(easel.period * 1.3))):
        for _ in range(easel.count(14)):
            rx, high = x + easel.rng.normal(0, 0.06), easel.rng.uniform(0.14, 0.30)
            line = np.array(
                [[[rx, 1.12], [rx + 0.006, 1.12 - high * 0.6], [rx + easel.rng.normal(0, 0.03), 1.12 - high]]]
            )
            front.strokes(line, reeds[int(easel.rng.integers(3))], 0.009)
            if easel.rng.random() < 0.4:
                front.fill(ellipse(line[0, 2, 0], line[0, 2, 1], 0.009, 0.030, 12), rgb("7a5236"))


def paint_canopy(easel: Easel, greens: tuple[Colour, ...]) -> None:
    """Boughs that hang into the frame from above."""
    sheet = easel.sheet(top=-0.6, bottom=0.35, depth=1.25, in_front=True, sway=-0.004, blur=0.003)
    for x in easel.spread(max(4, round(easel.period * 6))):
        drop = easel.rng.uniform(-0.10, 0.03)
        green = greens[int(easel.rng.integers(len(greens)))]
        sheet.fill(blob(x, drop - 0.06, 0.15, 0.12, easel.rng, 11), green, mix(green, (10, 40, 40), 0.35))
    sheet.fill(box(-0.1, -0.6, sheet.period + 0.1, -0.12), greens[1])


def _trunks(easel: Easel, sheet: Sheet, ridge: Points, thick: float, number: float) -> None:
    rng = easel.rng
    bark = rgb("7a5f4a")
    for x in easel.spread(max(2, round(easel.period * number))):
        half, foot = thick * rng.uniform(0.6, 1.2), height_at(ridge, x, sheet.period) + 0.02
        lean = rng.normal(0, 0.02)
        sheet.fill(
            polygon(
                (x - half * 1.5, foot),
                (x - half, foot - 0.08),
                (x - half * 0.8 + lean, -0.6),
                (x + half * 0.8 + lean, -0.6),
                (x + half, foot - 0.08),
                (x + half * 1.6, foot),
            ),
            bark,
        )
        sheet.fill(
            polygon(
                (x - half, foot - 0.08),
                (x - half * 0.8 + lean, -0.6),
                (x - half * 0.2 + lean, -0.6),
                (x - half * 0.35, foot - 0.06),
            ),
            mix(bark, (255, 230, 180), 0.3),
            None,
            0.6,
        )
        for _ in range(2):
            sheet.fill(
                blob(x + rng.normal(0, 0.07), rng.uniform(-0.25, 0.12), 0.13, 0.10, rng),
                mix(rgb("5f9650"), rgb("8fbb58"), rng.random()),
                None,
                0.9,
            )


def _dune_shades(easel: Easel, sheet: Sheet, ridge: Points, level: float) -> None:
    for x in easel.spread(max(2, round(easel.period * 1.6))):
        y, wide = height_at(ridge, x, sheet.period), easel.rng.uniform(0.3, 0.55)
        t = np.linspace(0, 1, 8)
        crest = np.stack([x + wide * t * 0.8, y + 0.002 + (0.20 * t**1.3)], axis=1)
        foot = np.stack([x + wide * 0.35 * t[::-1], y + 0.16 * t[::-1] ** 0.9 + 0.004], axis=1)
        sheet.fill(np.concatenate([crest, foot]), rgb("c58a58"), rgb("dba468"), 0.45)
