"""What grows and lies about: grass, flowers, bushes, trees, stones; each painted onto a given sheet."""

from collections.abc import Callable, Sequence

import numpy as np

from models.animatic.canvas import Colour
from models.animatic.easel import Easel, Sheet
from models.animatic.palette import mix, rgb
from models.animatic.shapes import blob, ellipse, polygon, smooth
from models.animatic.words import Weather

GREENS = tuple(rgb(code) for code in ("4f8a3f", "6da548", "86b955", "3f7a45", "9cc763"))
PETALS = tuple(rgb(code) for code in ("f6c445", "f28a8a", "ffffff", "c79be0", "f0704f"))
TRUNK = rgb("6b4a35")


def paint_grass(
    easel: Easel,
    sheet: Sheet,
    number: float,
    ground: Callable[[float], tuple[float, float]],
    height: float,
    greens: Sequence[Colour] = GREENS,
) -> None:
    """`number` blades; `ground` draws (y, size) for a share 0 … 1: where a blade stands and how large."""
    rng = easel.rng
    total = easel.count(number)
    share = np.sort(rng.random(total))
    stands = np.array([ground(float(s)) for s in share])
    x = rng.uniform(0, sheet.period, total)
    tall = height * stands[:, 1] * rng.uniform(0.55, 1.25, total)
    lean = rng.normal(0, 0.28, total) * tall
    foot = np.stack([x, stands[:, 0]], axis=1)
    bend = foot + np.stack([lean * 0.35, -tall * 0.6], axis=1)
    tip = foot + np.stack([lean, -tall], axis=1)
    blades = np.stack([foot, bend, tip], axis=1)
    kind = rng.integers(0, len(greens), total)
    for k, green in enumerate(greens):
        sheet.strokes(blades[kind == k], green, height * 0.06)


def paint_flowers(
    easel: Easel, sheet: Sheet, number: float, top: float, bottom: float, petals: Sequence[Colour] = PETALS
) -> None:
    """Small flowers strewn over the ground between `top` and `bottom`, larger when nearer; none in snow."""
    if easel.weather is Weather.SNOW:
        return
    rng = easel.rng
    for y in np.sort(rng.uniform(top, bottom, easel.count(number))):
        near = (y - top) / max(bottom - top, 1e-6)
        x, size = rng.uniform(0, sheet.period), 0.004 + 0.008 * near
        colour = petals[int(rng.integers(len(petals)))]
        stem = np.array([[[x, y], [x + rng.normal(0, 0.003), y - size * 3.2]]])
        sheet.strokes(stem, GREENS[3], size * 0.4)
        head = stem[0, 1]
        if size * easel.scale < 3:
            sheet.fill(ellipse(head[0], head[1], size, size * 0.8, 8), colour)
            continue
        for angle in np.arange(5) * 2 * np.pi / 5:
            sheet.fill(
                ellipse(
                    head[0] + size * 0.7 * np.cos(angle),
                    head[1] + size * 0.55 * np.sin(angle),
                    size * 0.5,
                    size * 0.45,
                    10,
                ),
                colour,
            )
        sheet.fill(ellipse(head[0], head[1], size * 0.36, size * 0.32, 10), rgb("f7d774"))


def paint_patches(
    easel: Easel, sheet: Sheet, number: float, top: float, bottom: float, colours: Sequence[Colour]
) -> None:
    """Flat strokes of light and shade that lie on the ground and make it recede."""
    rng = easel.rng
    for y in np.sort(rng.uniform(top, bottom, easel.count(number))):
        near = (y - top) / max(bottom - top, 1e-6)
        wide = (0.06 + 0.20 * near) * rng.uniform(0.6, 1.4)
        shape = blob(rng.uniform(0, sheet.period), y, wide, wide * (0.05 + 0.07 * near), rng)
        sheet.fill(shape, colours[int(rng.integers(len(colours)))], None, 0.30)


def paint_tree(easel: Easel, sheet: Sheet, x: float, y: float, size: float, leaf: Colour) -> None:
    """A broad-leaved tree: its foot at (x, y), `size` units high, lit from above."""
    rng = easel.rng
    trunk = polygon(
        (x - size * 0.045, y),
        (x - size * 0.025, y - size * 0.5),
        (x + size * 0.025, y - size * 0.5),
        (x + size * 0.045, y),
    )
    sheet.fill(trunk, mix(TRUNK, leaf, 0.25))
    crowns = [(0, 0.66, 0.30), (-0.18, 0.54, 0.20), (0.18, 0.56, 0.20), (0.04, 0.82, 0.20)]
    dark, lit = mix(leaf, (20, 50, 60), 0.28), mix(leaf, (255, 240, 170), 0.20)
    sheet.union(
        [blob(x + dx * size, y - dy * size, r * size, r * size * 0.9, rng) for dx, dy, r in crowns],
        leaf,
        dark,
    )
    for dx, dy, r in crowns[1:]:
        spot = blob(x + (dx + 0.03) * size, y - (dy + 0.05) * size, r * size * 0.62, r * size * 0.45, rng)
        sheet.fill(spot, lit, None, 0.55)


def paint_pine(
    easel: Easel, sheet: Sheet, x: float, y: float, size: float, leaf: Colour, *, snow: float = 0.0
) -> None:
    """A conifer in four skirts; `snow` (0 … 1) lies on its boughs."""
    rng = easel.rng
    sheet.fill(
        polygon(
            (x - size * 0.03, y),
            (x - size * 0.02, y - 0.2 * size),
            (x + size * 0.02, y - 0.2 * size),
            (x + size * 0.03, y),
        ),
        TRUNK,
    )
    for k in range(4):
        low, high = y - size * (0.10 + 0.20 * k), y - size * (0.46 + 0.18 * k)
        half = size * (0.24 - 0.045 * k) * rng.uniform(0.92, 1.08)
        skirt = polygon(
            (x, high),
            (x + half * 0.5, (low + high) / 2 + size * 0.02),
            (x + half, low),
            (x + half * 0.4, low - size * 0.02),
            (x, low + size * 0.012),
            (x - half * 0.4, low - size * 0.02),
            (x - half, low),
            (x - half * 0.5, (low + high) / 2 + size * 0.02),
        )
        sheet.fill(skirt, mix(leaf, (255, 250, 200), 0.10 + 0.03 * k), mix(leaf, (10, 30, 50), 0.30))
        if snow:
            cap = polygon(
                (x, high),
                (x + half * 0.62, low - size * 0.09),
                (x + half * 0.25, low - size * 0.115),
                (x, low - size * 0.075),
                (x - half * 0.3, low - size * 0.12),
                (x - half * 0.62, low - size * 0.09),
            )
            sheet.fill(cap, rgb("f4f8fb"), None, snow)


def paint_palm(easel: Easel, sheet: Sheet, x: float, y: float, size: float) -> None:
    """A palm leaning a little, with a crown of seven fronds."""
    rng = easel.rng
    lean = rng.choice([-1, 1]) * rng.uniform(0.10, 0.22) * size
    t = np.linspace(0, 1, 9)
    spine = np.stack([x + lean * t**1.7, y - size * 0.86 * t], axis=1)
    half = size * (0.030 - 0.014 * t)[:, None] * (1.0, 0.0)
    sheet.fill(np.concatenate([spine - half, (spine + half)[::-1]]), rgb("a37c54"), rgb("7d5a3c"))
    head = spine[-1]
    for angle in np.linspace(-2.9, -0.25, 7) + rng.uniform(-0.08, 0.08, 7):
        sheet.fill(_frond(head, angle, size * 0.46), mix(rgb("3f8f4f"), rgb("8fc25a"), rng.random() * 0.7))
    for dx in (-0.02, 0.012):
        sheet.fill(
            ellipse(head[0] + dx * size, head[1] + 0.02 * size, size * 0.022, size * 0.024, 12), rgb("7a5232")
        )


def _frond(head: np.ndarray, angle: float, length: float) -> np.ndarray:
    t = np.linspace(0, 1, 8)
    droop = 0.55 * length * t**2.2
    spine = head + np.stack([np.cos(angle) * length * t, np.sin(angle) * length * t * 0.8 + droop], axis=1)
    wide = (length * 0.12 * np.sin(np.pi * np.clip(t * 0.92 + 0.06, 0, 1)))[:, None]
    return np.concatenate([spine - wide * (0.2, 1.0), (spine + wide * (0.2, 0.35))[::-1]])


def paint_bush(easel: Easel, sheet: Sheet, x: float, y: float, size: float, leaf: Colour) -> None:
    """A low round bush standing on y."""
    rng = easel.rng
    heads = [(-0.5, 0.22, 0.34), (0.0, 0.36, 0.46), (0.46, 0.24, 0.36)]
    outlines = [blob(x + dx * size, y - dy * size, r * size, r * size * 0.85, rng) for dx, dy, r in heads]
    flat = [np.minimum(outline, [np.inf, y + size * 0.02]) for outline in outlines]
    sheet.union(flat, mix(leaf, (255, 245, 180), 0.12), mix(leaf, (15, 45, 55), 0.35))
    sheet.fill(
        blob(x + 0.05 * size, y - 0.52 * size, size * 0.26, size * 0.15, rng),
        mix(leaf, (255, 245, 170), 0.35),
        None,
        0.5,
    )


def paint_stone(easel: Easel, sheet: Sheet, x: float, y: float, size: float, grey: Colour) -> None:
    """A boulder, its upper face lit."""
    rng = easel.rng
    shape = np.minimum(blob(x, y - size * 0.26, size * 0.5, size * 0.36, rng, 7), [np.inf, y])
    sheet.fill(shape, mix(grey, (255, 250, 235), 0.20), mix(grey, (40, 45, 70), 0.35))
    sheet.fill(
        blob(x - size * 0.08, y - size * 0.42, size * 0.28, size * 0.12, rng, 7),
        mix(grey, (255, 250, 235), 0.42),
        None,
        0.6,
    )


def paint_cactus(sheet: Sheet, x: float, y: float, size: float) -> None:
    """A saguaro with two arms."""
    green, dark = rgb("5f9457"), rgb("3d6b52")
    wide = size * 0.085

    def limb(*spine: tuple[float, float], half: float) -> np.ndarray:
        points = np.array(spine) * size + (x, y)
        along = np.gradient(points, axis=0)
        along /= np.maximum(np.hypot(along[:, 0], along[:, 1])[:, None], 1e-9)
        side = np.stack([-along[:, 1], along[:, 0]], axis=1) * half
        return smooth(
            np.concatenate([points - side, points[-1:] + along[-1:] * half, (points + side)[::-1]]), 4
        )

    sheet.union(
        [
            limb((0, 0.0), (0, -0.5), (0, -0.95), half=wide),
            limb((0, -0.42), (0.17, -0.45), (0.22, -0.58), (0.22, -0.74), half=wide * 0.7),
            limb((0, -0.30), (-0.16, -0.34), (-0.20, -0.46), (-0.20, -0.60), half=wide * 0.7),
        ],
        green,
        dark,
    )


def paint_leaves(
    easel: Easel, sheet: Sheet, x: float, y: float, size: float, greens: Sequence[Colour]
) -> None:
    """A fan of long leaves from (x, y): jungle undergrowth, and what a lens sees up close."""
    rng = easel.rng
    for angle in np.linspace(-2.7, -0.45, 7) + rng.uniform(-0.12, 0.12, 7):
        length = size * rng.uniform(0.75, 1.1)
        t = np.linspace(0, 1, 9)
        spine = np.stack(
            [x + np.cos(angle) * length * t, y + np.sin(angle) * length * t + 0.25 * length * t**2], axis=1
        )
        across = np.array([-np.sin(angle), np.cos(angle)]) * (length * 0.085)
        wide = np.sin(np.pi * t**0.8)[:, None] * across
        green = greens[int(rng.integers(len(greens)))]
        sheet.fill(np.concatenate([spine - wide, (spine + wide)[::-1]]), green, mix(green, (10, 40, 40), 0.3))
        sheet.strokes(spine[None, 1:-1], mix(green, (255, 255, 200), 0.22), length * 0.012)
