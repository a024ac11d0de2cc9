"""Land itself: folds of hills, ranges, the ground that subjects stand on and the grass before the lens."""

import numpy as np

from models.animatic.canvas import Colour
from models.animatic.easel import Easel, Sheet
from models.animatic.flora import (
    GREENS,
    PETALS,
    paint_flowers,
    paint_grass,
    paint_leaves,
    paint_patches,
    paint_stone,
)
from models.animatic.palette import mix, rgb
from models.animatic.shapes import (
    Points,
    blob,
    box,
    crags,
    down_to,
    ellipse,
    height_at,
    polygon,
    skyline,
)

SNOW = rgb("f3f7fb")
DEPTHS = 1.5  # world y below which no camera looks


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
    paint_tufts(easel, greens)


def paint_tufts(easel: Easel, greens: tuple[Colour, ...] = GREENS) -> None:
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


def paint_lens_leaves(easel: Easel, greens: tuple[Colour, ...]) -> None:
    """Out-of-focus leaves at the foot of the frame."""
    sheet = easel.sheet(top=0.6, bottom=DEPTHS, depth=1.6, in_front=True, sway=0.012, blur=0.005)
    for x in easel.spread(max(2, round(easel.period * 1.0))):
        paint_leaves(easel, sheet, x, 1.16, easel.rng.uniform(0.20, 0.30), greens)


def paint_range(
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
