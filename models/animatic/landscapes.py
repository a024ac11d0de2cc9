"""Farmed and friendly country: meadow, hill, garden, farm."""

import numpy as np

from models.animatic.easel import Easel, Sheet
from models.animatic.flora import (
    PETALS,
    paint_bush,
    paint_flowers,
    paint_grass,
    paint_patches,
    paint_tree,
)
from models.animatic.land import (
    paint_far_hills,
    paint_lawn,
    paint_lens_grass,
    paint_ridge,
    paint_tufts,
)
from models.animatic.palette import mix, rgb
from models.animatic.shapes import (
    box,
    ellipse,
    height_at,
    polygon,
)
from models.animatic.skies import paint_sky


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
    paint_tufts(easel)
    paint_lens_grass(easel)


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
    paint_fence(easel, 0.71)
    paint_lawn(easel, 0.755, flowers=150)
    paint_lens_grass(easel, petals=True)


def paint_farm(easel: Easel) -> None:
    """Ripe fields in rows, a red barn, round bales."""
    paint_sky(easel)
    paint_far_hills(easel, rgb("8cb389"))
    mid, ridge = paint_ridge(easel, 0.615, 0.016, 0.34, 0.3, rgb("c9c46a"), rgb("a9ad58"), mist=0.2, top=0.25)
    paint_barn(mid, easel.aspect * 0.24, 0.625, 0.17)
    for x in easel.spread(max(2, round(easel.period * 1.6))):
        if abs(x - easel.aspect * 0.24) > 0.2:
            paint_tree(easel, mid, x, height_at(ridge, x, mid.period) + 0.015, 0.13, rgb("6b9a4c"))
    field, _ = paint_ridge(easel, 0.68, 0.008, 0.62, 0.1, rgb("ecc964"), rgb("cf9f48"), top=0.5)
    gold = tuple(rgb(code) for code in ("e9c35c", "f6dd86", "cf9d44", "deb350"))
    paint_grass(easel, field, 1100, lambda s: (0.69 + 0.12 * s, 0.7 + 0.6 * s), 0.030, gold)
    paint_lawn(easel, 0.775, flowers=30, colours=(rgb("b9b45a"), rgb("8f8f48")))
    paint_lens_grass(easel, greens=gold)


def paint_fence(easel: Easel, y: float) -> None:
    """White pickets, their feet in the grass at y."""
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


def paint_barn(sheet: Sheet, x: float, y: float, size: float) -> None:
    """A red barn and its silo, standing on y."""
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
