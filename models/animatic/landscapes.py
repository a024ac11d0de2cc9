"""Open country: meadow, hill, forest, jungle, garden, farm, mountains, desert, snow, lake."""

import numpy as np

from models.animatic.canvas import Colour
from models.animatic.easel import Easel, Sheet
from models.animatic.flora import (
    GREENS,
    PETALS,
    paint_bush,
    paint_cactus,
    paint_flowers,
    paint_grass,
    paint_leaves,
    paint_palm,
    paint_patches,
    paint_pine,
    paint_stone,
    paint_tree,
)
from models.animatic.palette import mix, rgb
from models.animatic.shapes import Points, blob, box, crags, down_to, ellipse, height_at, polygon, skyline
from models.animatic.skies import paint_sky

SNOW = rgb("f3f7fb")
DEPTHS = 1.5  # world y below which no camera looks


def paint_meadow(easel: Easel) -> None:
    """Rolling grass with far hills, single trees and flowers."""
    paint_sky(easel)
    paint_far_hills(easel, rgb("7fae9a"))
    mid, ridge = paint_ridge(easel, 0.60, 0.025, 0.32, 0.34, rgb("8fc069"), rgb("6fa557"), mist=0.22)
    for x in easel.spread(max(2, round(easel.period * 2.2))):
        paint_tree(
            easel,
            mid,
            x,
            height_at(ridge, x, mid.period) + 0.01,
            easel.rng.uniform(0.10, 0.17),
            rgb("5d9850"),
        )
    paint_ridge(easel, 0.665, 0.016, 0.6, 0.16, rgb("9cca6b"), rgb("76ad55"), mist=0.12)
    paint_lawn(easel, 0.735, flowers=70)
    paint_lens_grass(easel)


def paint_hill(easel: Easel) -> None:
    """The crest of a green hill, the country far below and much sky."""
    paint_sky(easel, horizon=0.74, clouds=1.4)
    paint_far_hills(easel, rgb("86b0ac"), level=0.66)
    mid, ridge = paint_ridge(easel, 0.70, 0.018, 0.28, 0.42, rgb("93bd78"), rgb("7aa968"), mist=0.3)
    for x in easel.spread(max(2, round(easel.period * 4))):
        paint_bush(
            easel,
            mid,
            x,
            height_at(ridge, x, mid.period) + 0.015,
            easel.rng.uniform(0.03, 0.05),
            rgb("64955d"),
        )
    crest, line = paint_ridge(easel, 0.775, 0.045, 1.0, 0.0, rgb("93c65c"), rgb("4f9150"), waves=1)
    x = float(line[np.argmin(line[:, 1]), 0]) + easel.aspect * 0.32
    paint_tree(easel, crest, x, height_at(line, x, crest.period) + 0.012, 0.40, rgb("5f9c4a"))
    paint_patches(easel, crest, 40, 0.84, 1.1, (rgb("b4d873"), rgb("3f8048")))
    paint_grass(easel, crest, 700, lambda s: (0.80 + 0.24 * s, 0.5 + s), 0.024)
    paint_flowers(easel, crest, 40, 0.85, 1.05)
    _tufts(easel)
    paint_lens_grass(easel)


def paint_forest(easel: Easel) -> None:
    """Between trunks: pale ones far away, dark ones near, ferns and light on the ground."""
    paint_sky(easel, horizon=0.7, clouds=0.4)
    haze = (0.72, 0.5, 0.28)
    for k, (depth, level) in enumerate(((0.16, 0.66), (0.34, 0.70), (0.62, 0.745))):
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
    _canopy(easel, (rgb("3e7a44"), rgb("2f6640"), rgb("5a9448")))
    _tufts(easel)
    _lens_leaves(easel, (rgb("25543c"), rgb("2f6a43")))


def paint_jungle(easel: Easel) -> None:
    """Palms, vines and large leaves in warm mist."""
    paint_sky(easel, horizon=0.72, clouds=0.4)
    for k, (depth, level, haze) in enumerate(((0.18, 0.64, 0.66), (0.38, 0.69, 0.42), (0.66, 0.74, 0.18))):
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
    _canopy(easel, (rgb("2f7a4c"), rgb("24623f"), rgb("57a04e")))
    _tufts(easel)
    _lens_leaves(easel, (rgb("17503c"), rgb("1f6644"), rgb("2f7a4a")))


def paint_garden(easel: Easel) -> None:
    """A lawn before hedges, rose bushes and a white fence."""
    paint_sky(easel)
    sheet, ridge = paint_ridge(easel, 0.60, 0.012, 0.22, 0.5, rgb("86b57c"), rgb("74a56c"), mist=0.2)
    for x in easel.spread(max(3, round(easel.period * 4))):
        paint_tree(
            easel,
            sheet,
            x,
            height_at(ridge, x, sheet.period) + 0.02,
            easel.rng.uniform(0.16, 0.30),
            rgb("6aa05c"),
        )
    hedge, ridge = paint_ridge(easel, 0.655, 0.006, 0.5, 0.18, rgb("68a356"), rgb("427f4b"), top=0.4)
    for x in easel.spread(max(4, round(easel.period * 6))):
        paint_bush(
            easel,
            hedge,
            x,
            height_at(ridge, x, hedge.period) + 0.05,
            easel.rng.uniform(0.09, 0.13),
            rgb("569650"),
        )
        for _ in range(easel.count(7)):
            at = (x + easel.rng.normal(0, 0.045), 0.665 - abs(easel.rng.normal(0, 0.035)))
            hedge.fill(ellipse(*at, 0.009, 0.008, 10), PETALS[int(easel.rng.integers(len(PETALS)))])
    _fence(easel, 0.71)
    paint_lawn(easel, 0.755, flowers=150)
    paint_lens_grass(easel, petals=True)


def paint_farm(easel: Easel) -> None:
    """Ripe fields in rows, a red barn, round bales."""
    paint_sky(easel)
    paint_far_hills(easel, rgb("8cb389"))
    mid, ridge = paint_ridge(easel, 0.615, 0.016, 0.34, 0.3, rgb("c9c46a"), rgb("a9ad58"), mist=0.2, top=0.25)
    _barn(mid, easel.aspect * 0.24, 0.625, 0.17)
    for x in easel.spread(max(2, round(easel.period * 1.6))):
        if abs(x - easel.aspect * 0.24) > 0.2:
            paint_tree(easel, mid, x, height_at(ridge, x, mid.period) + 0.015, 0.13, rgb("6b9a4c"))
    field, _ = paint_ridge(easel, 0.68, 0.008, 0.62, 0.1, rgb("ecc964"), rgb("cf9f48"), top=0.5)
    gold = tuple(rgb(code) for code in ("e9c35c", "f6dd86", "cf9d44", "deb350"))
    paint_grass(easel, field, 1100, lambda s: (0.69 + 0.12 * s, 0.7 + 0.6 * s), 0.030, gold)
    paint_lawn(easel, 0.775, flowers=30, colours=(rgb("b9b45a"), rgb("8f8f48")))
    paint_lens_grass(easel, greens=gold)


def paint_mountains(easel: Easel) -> None:
    """Three ranges behind one another, snow on the farthest, pines and stones near."""
    paint_sky(easel, horizon=0.7, clouds=0.8)
    _range(easel, 0.62, 0.52, 0.06, 0.62, rgb("6f86a8"), peaks=3, snow=0.95)
    _range(easel, 0.68, 0.36, 0.14, 0.46, rgb("5f7a92"), peaks=5, snow=0.5)
    _range(easel, 0.72, 0.16, 0.28, 0.34, rgb("4f7a72"), peaks=7, snow=0.0)
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
    _range(easel, 0.60, 0.30, 0.07, 0.6, rgb("7f97bb"), peaks=4, snow=1.0)
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
    _range(easel, 0.60, 0.34, 0.07, 0.55, rgb("6f8aa8"), peaks=4, snow=0.6)
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


def paint_ripples(easel: Easel, sheet: Sheet, top: float, bottom: float, number: float) -> None:
    """Short level lights on water, longer when nearer."""
    rng = easel.rng
    light = mix((255, 255, 255), easel.palette.light.sky[-1], 0.35)
    for y in np.sort(rng.uniform(top, bottom, easel.count(number))):
        near = (y - top) / (bottom - top)
        wide = (0.015 + 0.06 * near) * rng.uniform(0.5, 1.5)
        sheet.fill(
            ellipse(rng.uniform(0, sheet.period), y, wide, 0.0016 + 0.003 * near, 14), light, None, 0.5
        )


def paint_far_hills(easel: Easel, colour: Colour, level: float = 0.56) -> None:
    """Two folds of hills in the haze, the nearer one wooded."""
    sheet, ridge = paint_ridge(
        easel, level, 0.035, 0.08, 0.70, mix(colour, rgb("6f8fb0"), 0.4), colour, mist=0.2, top=0.1
    )
    sheet, ridge = paint_ridge(
        easel, level + 0.03, 0.028, 0.17, 0.54, colour, mix(colour, GREENS[1], 0.4), mist=0.25
    )
    for x in easel.spread(max(3, round(easel.period * 9)), 0.8):
        size = easel.rng.uniform(0.012, 0.026)
        sheet.fill(
            blob(x, height_at(ridge, x, sheet.period), size, size * 0.9, easel.rng, 7),
            mix(colour, rgb("3f7560"), 0.5),
        )


def paint_ridge(
    easel: Easel,
    level: float,
    swell: float,
    depth: float,
    haze: float,
    colour: Colour,
    below: Colour,
    *,
    mist: float = 0.0,
    top: float = 0.2,
    bottom: float = DEPTHS,
    waves: int = 3,
) -> tuple[Sheet, Points]:
    """One fold of land on its own sheet, and its crest."""
    sheet = easel.sheet(top=top, bottom=bottom, depth=depth, haze=haze)
    ridge = skyline(sheet.period, level, swell, easel.rng, waves)
    foot = min(bottom, level + (0.28 if mist else 0.5))
    sheet.ground(down_to(ridge, foot + 0.02), colour, below, mist)
    lost = sheet.colour(below, min(1.0, haze + mist))
    sheet.canvas.fill(box(-0.1, foot, sheet.period + 0.1, bottom + 0.05), lost)
    return sheet, ridge


def paint_lawn(
    easel: Easel,
    level: float,
    *,
    flowers: float,
    colours: tuple[Colour, Colour] = (rgb("a9d36b"), rgb("569850")),
    stones: int = 0,
) -> None:
    """The ground that subjects stand on, and the tufts before their feet."""
    sheet, _ = paint_ridge(easel, level, 0.010, 1.0, 0.0, *colours, top=0.5)
    light, dark = mix(colours[0], (255, 250, 180), 0.3), mix(colours[1], (20, 60, 60), 0.25)
    paint_patches(easel, sheet, 56, level + 0.03, 1.1, (light, dark, colours[0]))
    greens = (mix(colours[0], light, 0.5), mix(colours[0], colours[1], 0.5), colours[1], dark)
    paint_grass(easel, sheet, 900, lambda s: (level + 0.012 + (1.06 - level) * s, 0.45 + s), 0.024, greens)
    for x in easel.spread(stones):
        paint_stone(
            easel,
            sheet,
            x,
            level + 0.03 + 0.05 * easel.rng.random(),
            0.05 + 0.05 * easel.rng.random(),
            rgb("97a0a8"),
        )
    paint_flowers(easel, sheet, flowers, level + 0.03, 1.02)
    _tufts(easel, greens)


def _tufts(easel: Easel, greens: tuple[Colour, ...] = GREENS) -> None:
    """Grass before the feet: it hides where a cut-out ends and the ground begins."""
    front = easel.sheet(top=0.80, bottom=1.12, depth=1.0, in_front=True, sway=0.003)
    rng = easel.rng
    clumps = rng.uniform(0, front.period, easel.count(34))

    def stand(share: float) -> tuple[float, float]:
        return 0.90 + 0.16 * share, 0.7 + 0.5 * share

    for x in clumps:
        y, size = stand(rng.random())
        blades = easel.count(9)
        tall = 0.036 * size * rng.uniform(0.6, 1.2, blades)
        foot = np.stack([x + rng.normal(0, 0.012, blades), np.full(blades, y)], axis=1)
        tip = foot + np.stack([rng.normal(0, 0.014, blades), -tall], axis=1)
        front.strokes(
            np.stack([foot, (foot + tip) / 2 - (0, 0.003), tip], axis=1),
            greens[int(rng.integers(len(greens)))],
            0.0034,
        )


def paint_lens_grass(easel: Easel, *, petals: bool = False, greens: tuple[Colour, ...] = GREENS[:2]) -> None:
    """Out-of-focus blades close to the lens, low enough to leave the subject free."""
    sheet = easel.sheet(top=0.78, bottom=DEPTHS, depth=1.6, in_front=True, sway=0.016, blur=0.005)
    rng = easel.rng
    for x in easel.spread(max(2, round(easel.period * 1.5))):
        for _ in range(easel.count(16)):
            bx, high = x + rng.normal(0, 0.10), rng.uniform(0.08, 0.20)
            tip = (bx + rng.normal(0, 0.05), 1.10 - high)
            green = mix(greens[int(rng.integers(len(greens)))], (15, 50, 50), 0.35)
            sheet.fill(
                polygon(
                    (bx - 0.011, 1.14),
                    (bx - 0.006, 1.12 - high * 0.5),
                    tip,
                    (bx + 0.007, 1.12 - high * 0.5),
                    (bx + 0.012, 1.14),
                ),
                green,
            )
            if petals and rng.random() < 0.35:
                sheet.fill(ellipse(*tip, 0.022, 0.019, 14), PETALS[int(rng.integers(len(PETALS)))])


def _lens_leaves(easel: Easel, greens: tuple[Colour, ...]) -> None:
    sheet = easel.sheet(top=0.6, bottom=DEPTHS, depth=1.6, in_front=True, sway=0.012, blur=0.005)
    for x in easel.spread(max(2, round(easel.period * 1.0))):
        paint_leaves(easel, sheet, x, 1.16, easel.rng.uniform(0.20, 0.30), greens)


def _canopy(easel: Easel, greens: tuple[Colour, ...]) -> None:
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


def _range(
    easel: Easel,
    level: float,
    height: float,
    depth: float,
    haze: float,
    colour: Colour,
    *,
    peaks: int,
    snow: float,
) -> None:
    """Crags with shadowed flanks and, to the share `snow`, white summits."""
    sheet = easel.sheet(top=-0.2, bottom=1.0, depth=depth, haze=haze)
    line = crags(sheet.period, level, height, easel.rng, max(2, round(peaks * sheet.period / 2.9)))
    sheet.ground(down_to(line, 1.0), colour, mix(colour, (190, 200, 190), 0.35), 0.3)
    summits = [
        k for k in range(1, len(line) - 1) if line[k, 1] < line[k - 1, 1] and line[k, 1] < line[k + 1, 1]
    ]
    for k in summits:
        (x, y), right = line[k], line[min(k + 3, len(line) - 1)]
        deep = max(level + 0.04 - y, 0.02)
        sheet.fill(
            polygon(
                (x, y),
                tuple(line[min(k + 1, len(line) - 1)]),
                tuple(line[min(k + 2, len(line) - 1)]),
                tuple(right),
                (x + deep * 0.35, y + deep),
                (x + deep * 0.02, y + deep * 0.62),
                (x + deep * 0.12, y + deep * 0.36),
            ),
            mix(colour, (30, 40, 90), 0.30),
            None,
            0.5,
        )
        if snow and deep > 0.10:
            _snowcap(sheet, line, k, deep * 0.42 * snow)


def _snowcap(sheet: Sheet, line: Points, k: int, deep: float) -> None:
    y = line[k][1]

    def edge(side: int) -> tuple[float, float]:
        at, flank = y + deep * (0.8 + 0.2 * side), line[k::side][:3]
        return float(np.interp(at, flank[:, 1], flank[:, 0])), min(at, float(flank[:, 1].max()))

    left, right = edge(-1), edge(1)
    drops = [
        (right[0] + (left[0] - right[0]) * share, right[1] + (left[1] - right[1]) * share + deep * sag)
        for share, sag in ((0.18, 0.22), (0.34, -0.18), (0.5, 0.30), (0.68, -0.15), (0.84, 0.2))
    ]
    corners = [tuple(p) for p in line[k : k + 3] if p[1] < right[1]] + [right, *drops, left]
    corners += [tuple(p) for p in line[max(k - 2, 0) : k] if p[1] < left[1]]
    sheet.fill(np.array(corners), SNOW, mix(SNOW, rgb("b9cde6"), 0.5))


def _dune_shades(easel: Easel, sheet: Sheet, ridge: Points, level: float) -> None:
    for x in easel.spread(max(2, round(easel.period * 1.6))):
        y, wide = height_at(ridge, x, sheet.period), easel.rng.uniform(0.3, 0.55)
        t = np.linspace(0, 1, 8)
        crest = np.stack([x + wide * t * 0.8, y + 0.002 + (0.20 * t**1.3)], axis=1)
        foot = np.stack([x + wide * 0.35 * t[::-1], y + 0.16 * t[::-1] ** 0.9 + 0.004], axis=1)
        sheet.fill(np.concatenate([crest, foot]), rgb("c58a58"), rgb("dba468"), 0.45)


def _fence(easel: Easel, y: float) -> None:
    sheet = easel.sheet(top=0.4, bottom=0.95, depth=0.8, haze=0.06)
    white, shade = rgb("fbf8ef"), rgb("d9dcd8")
    for low in (0.012, 0.058):
        sheet.fill(box(-0.1, y - low - 0.014, sheet.period + 0.1, y - low), shade)
    posts = max(6, round(sheet.period / 0.05))
    for x in (np.arange(posts) + 0.5) * sheet.period / posts:
        sheet.fill(
            polygon(
                (x - 0.012, y + 0.02),
                (x - 0.012, y - 0.078),
                (x, y - 0.094),
                (x + 0.012, y - 0.078),
                (x + 0.012, y + 0.02),
            ),
            white,
            shade,
        )
    paint_grass(easel, sheet, 260, lambda s: (y + 0.03, 0.6 + 0.5 * s), 0.03)


def _barn(sheet: Sheet, x: float, y: float, size: float) -> None:
    red, white = rgb("b9493c"), rgb("f6efe2")
    sheet.fill(box(x - size * 0.5, y - size * 0.55, x + size * 0.5, y), red, mix(red, (60, 20, 30), 0.3))
    roof = polygon(
        (x - size * 0.56, y - size * 0.52),
        (x - size * 0.36, y - size * 0.86),
        (x, y - size * 1.02),
        (x + size * 0.36, y - size * 0.86),
        (x + size * 0.56, y - size * 0.52),
    )
    sheet.fill(roof, rgb("6e5a56"), rgb("54454a"))
    sheet.fill(box(x - size * 0.16, y - size * 0.36, x + size * 0.16, y), white)
    sheet.fill(box(x - size * 0.13, y - size * 0.33, x + size * 0.13, y), mix(red, (40, 10, 20), 0.35))
    sheet.fill(box(x - size * 0.07, y - size * 0.78, x + size * 0.07, y - size * 0.64), white)
    sheet.fill(box(x + size * 0.56, y - size * 0.9, x + size * 0.76, y), rgb("cfd4d4"), rgb("a9b0b4"))
    sheet.fill(ellipse(x + size * 0.66, y - size * 0.9, size * 0.1, size * 0.1), rgb("e2e5e4"))
