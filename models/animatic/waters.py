"""By, on and under the sea."""

import numpy as np

from models.animatic.canvas import Colour
from models.animatic.easel import Easel, Sheet
from models.animatic.flora import paint_leaves, paint_palm, paint_patches, paint_stone
from models.animatic.land import DEPTHS
from models.animatic.palette import mix, rgb
from models.animatic.shapes import Points, blob, box, down_to, ellipse, polygon, rounded, skyline, smooth
from models.animatic.skies import WHITE, paint_sky


def paint_beach(easel: Easel) -> None:
    """Surf on pale sand, palms to one side, sails on the horizon."""
    paint_sky(easel, horizon=0.58)
    sky = easel.palette.light.sky
    sea = easel.sheet(top=0.5, bottom=0.86, depth=0.12, haze=0.12)
    sea.fill(box(-0.1, 0.56, sea.period + 0.1, 0.86), mix(rgb("4fa8c4"), sky[-1], 0.3), rgb("48bcc0"))
    _path_of_light(easel, sea, 0.565, 0.70)
    paint_ripples(easel, sea, 0.57, 0.72, 70)
    for x in easel.spread(max(1, round(easel.period * 0.8))):
        _sail(sea, x, 0.567, easel.rng.uniform(0.035, 0.06))
    for level, colour, depth in ((0.685, rgb("66cbc6"), 0.4), (0.725, rgb("8fdcd2"), 0.55)):
        wave = easel.sheet(top=0.55, bottom=1.0, depth=depth, haze=0.05, sway=0.010, washes=True)
        line = skyline(wave.period, level, 0.006, easel.rng)
        wave.fill(down_to(line - (0, 0.010), 1.0), WHITE)
        wave.fill(down_to(line, 1.0), colour, mix(colour, rgb("ecdcae"), 0.4))
    sand = easel.sheet(top=-0.25, bottom=DEPTHS, depth=1.0)
    shore = skyline(sand.period, 0.755, 0.008, easel.rng)
    sand.fill(down_to(shore - (0, 0.012), DEPTHS + 0.05), mix(rgb("cbb283"), rgb("86b8ac"), 0.3))
    sand.fill(down_to(shore, DEPTHS + 0.05), rgb("f5e2b4"), rgb("d9b57d"))
    paint_patches(easel, sand, 60, 0.79, 1.15, (rgb("fff0cc"), rgb("cfa871")))
    for x in easel.spread(easel.count(22)):
        y = easel.rng.uniform(0.79, 1.05)
        _shell(easel, sand, x, y, 0.006 + 0.016 * (y - 0.77))
    for x in easel.spread(max(1, round(easel.period * 0.9))):
        paint_palm(easel, sand, x, 0.79, easel.rng.uniform(0.60, 0.78))
        paint_stone(easel, sand, x + 0.10, 0.80, 0.05, rgb("a59a8c"))
    near = easel.sheet(top=0.7, bottom=DEPTHS, depth=1.5, in_front=True, sway=0.012, blur=0.006)
    for x in easel.spread(max(1, round(easel.period * 0.7))):
        paint_leaves(easel, near, x, 1.14, 0.20, (rgb("4a8a52"), rgb("6aa55c")))


def paint_sea(easel: Easel) -> None:
    """Open water in five swells that roll against one another, the last before the hull."""
    paint_sky(easel, horizon=0.58)
    sky = easel.palette.light.sky
    far = easel.sheet(top=0.5, bottom=0.85, depth=0.06, haze=0.35)
    far.fill(box(-0.1, 0.57, far.period + 0.1, 0.85), mix(rgb("4f9cc0"), sky[-1], 0.35), rgb("3f8fb8"))
    _path_of_light(easel, far, 0.575, 0.66)
    paint_ripples(easel, far, 0.58, 0.66, 60)
    _island(easel, far, easel.aspect * 0.22, 0.576)
    tones = ("4aa0c2", "3d8fb8", "3380ab", "2b719d", "24638d")
    for k, code in enumerate(tones):
        front = k >= 3
        sheet = easel.sheet(
            top=0.5,
            bottom=DEPTHS,
            depth=0.25 + 0.25 * k,
            haze=max(0.0, 0.24 - 0.08 * k),
            sway=0.02 + 0.006 * k,
            washes=True,
            in_front=front,
        )
        level = (0.625, 0.675, 0.735, 0.80, 0.91)[k]
        line = _swell(sheet, level, 0.008 + 0.0035 * k, easel)
        sheet.fill(down_to(line - (0, 0.004 + 0.0015 * k), DEPTHS + 0.05), mix(rgb(code), WHITE, 0.55))
        sheet.fill(down_to(line, DEPTHS + 0.05), rgb(code), mix(rgb(code), rgb("123f6b"), 0.6))
        paint_ripples(easel, sheet, level + 0.015, level + 0.16, 26)


def paint_underwater(easel: Easel) -> None:
    """Light from above, kelp and coral, a shoal far off."""
    base = easel.sheet(top=-0.6, bottom=1.4, depth=0.03)
    rows = np.linspace(-0.6, 1.4, base.canvas.pixels.shape[0], dtype=np.float32)
    stops = np.array(
        [base.colour(rgb(code)) for code in ("a6ecdf", "4fc0cf", "2388b4", "1b5f95")], np.float32
    )
    shares = np.interp(rows, [-0.3, 0.1, 0.6, 1.1], [0, 1, 2, 3])
    base.canvas.wash(
        np.stack([np.interp(shares, range(4), stops[:, c]) for c in range(3)], axis=1).astype(np.float32),
        easel.rng,
    )
    rays = easel.sheet(top=-0.6, bottom=1.0, depth=0.05, sway=0.05, blur=0.010)
    for x in easel.spread(easel.count(9)):
        wide = easel.rng.uniform(0.03, 0.10)
        ray = polygon(
            (x, -0.6), (x + wide, -0.6), (x - 0.25 + wide * 2.2, 0.95), (x - 0.25 - wide * 0.6, 0.95)
        )
        rays.canvas.union([ray], rays.colour(rgb("d8fff2")), None, 0.13)
    for k, (depth, level, code) in enumerate(((0.16, 0.74, "3f93b4"), (0.36, 0.79, "347fa0"))):
        reef = easel.sheet(top=0.1, bottom=DEPTHS, depth=depth, sway=0.012)
        line = skyline(reef.period, level, 0.04, easel.rng)
        for x in easel.spread(max(2, round(easel.period * 2.4))):
            _kelp(
                easel, reef, x, level + 0.06, 0.30 + 0.08 * k, mix(rgb(code), rgb("4f9f74"), 0.35 + 0.3 * k)
            )
        reef.fill(down_to(line, DEPTHS + 0.05), rgb(code), mix(rgb(code), rgb("1b5f95"), 0.5))
        _shoal(easel, reef, 0.3 + 0.12 * k, mix(rgb(code), WHITE, 0.25))
    floor = easel.sheet(top=0.4, bottom=DEPTHS, depth=1.0)
    line = skyline(floor.period, 0.84, 0.02, easel.rng)
    for x in easel.spread(max(2, round(easel.period * 1.6))):
        _kelp(easel, floor, x, 0.88, easel.rng.uniform(0.26, 0.40), rgb("4fae7a"))
    floor.fill(down_to(line, DEPTHS + 0.05), rgb("e8dcae"), rgb("8fae9a"))
    paint_patches(easel, floor, 40, 0.87, 1.15, (rgb("f6edc6"), rgb("b5b48c")))
    for x in easel.spread(max(3, round(easel.period * 3))):
        _coral(easel, floor, x, 0.87 + 0.03 * easel.rng.random(), easel.rng.uniform(0.07, 0.13))
    near = easel.sheet(top=0.4, bottom=DEPTHS, depth=1.5, in_front=True, sway=0.03, blur=0.006)
    for x in easel.spread(max(2, round(easel.period * 1.1))):
        _kelp(easel, near, x, 1.16, 0.34, rgb("1f6f6c"))


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


def _swell(sheet: Sheet, level: float, height: float, easel: Easel) -> Points:
    """Water's own ridge: round troughs, sharper crests."""
    x = np.linspace(0, sheet.period, 161)
    waves = max(3, round(sheet.period * 3.2))
    phase = easel.rng.uniform(0, 2 * np.pi, 2)
    wave = 1 - 2 * np.abs(np.sin(np.pi * waves * x / sheet.period + phase[0])) ** 1.3
    slow = np.sin(2 * np.pi * 2 * x / sheet.period + phase[1])
    return np.stack([x, level - height * (wave + 0.8 * slow)], axis=1)


def _path_of_light(easel: Easel, sheet: Sheet, top: float, bottom: float) -> None:
    light = easel.palette.light
    for y in np.linspace(top, bottom, easel.count(16)):
        near = (y - top) / (bottom - top)
        wide = (0.02 + 0.10 * near) * easel.rng.uniform(0.5, 1.2)
        x = light.lamp_at[0] * easel.aspect + easel.rng.normal(0, 0.02)
        sheet.canvas.fill(
            ellipse(x, y, wide, 0.0025 + 0.002 * near, 16), easel.palette.raw(light.lamp), None, 0.6
        )


def _sail(sheet: Sheet, x: float, y: float, size: float) -> None:
    sheet.fill(
        polygon(
            (x - size * 0.4, y - size * 0.12),
            (x + size * 0.45, y - size * 0.12),
            (x + size * 0.3, y + size * 0.06),
            (x - size * 0.28, y + size * 0.06),
        ),
        rgb("8a5a48"),
    )
    sheet.fill(
        polygon((x, y - size * 1.1), (x + size * 0.42, y - size * 0.18), (x, y - size * 0.18)), rgb("fbf5e6")
    )
    sheet.fill(
        polygon(
            (x - size * 0.05, y - size * 0.95),
            (x - size * 0.05, y - size * 0.18),
            (x - size * 0.32, y - size * 0.18),
        ),
        rgb("f0a28a"),
    )


def _island(easel: Easel, sheet: Sheet, x: float, y: float) -> None:
    mound = smooth(
        polygon(
            (x - 0.20, y + 0.01),
            (x - 0.10, y - 0.045),
            (x - 0.02, y - 0.085),
            (x + 0.05, y - 0.05),
            (x + 0.12, y - 0.04),
            (x + 0.20, y + 0.01),
        )
    )
    sheet.fill(np.minimum(mound, [np.inf, y + 0.004]), rgb("5f8a72"), rgb("7fa08a"))
    sheet.fill(rounded(x + 0.105, y - 0.105, x + 0.119, y - 0.035, 0.003), rgb("f6efe4"))
    sheet.fill(rounded(x + 0.102, y - 0.118, x + 0.122, y - 0.104, 0.004), rgb("c9543f"))
    if easel.palette.light.is_night:
        sheet.shine(x + 0.112, y - 0.108, 0.09, rgb("ffe9a0"), 0.9)


def _shell(easel: Easel, sheet: Sheet, x: float, y: float, size: float) -> None:
    tones = (rgb("fbe3d6"), rgb("f2b8a0"), rgb("ffffff"), rgb("d9c3ac"))
    tone: Colour = tones[int(easel.rng.integers(len(tones)))]
    sheet.fill(ellipse(x, y, size, size * 0.55, 12), tone, mix(tone, rgb("a9805c"), 0.5))


def _kelp(easel: Easel, sheet: Sheet, x: float, y: float, height: float, green: Colour) -> None:
    for k in range(4):
        t = np.linspace(0, 1, 14)
        at = x + (k - 1.5) * 0.030
        tall = height * easel.rng.uniform(0.6, 1.1)
        phase = easel.rng.uniform(0, 6.28)
        spine = np.stack([at + 0.022 * t * np.sin(t * 7 + phase), y - tall * t], axis=1)
        wide = (0.013 * np.sin(np.pi * np.clip(t * 0.9 + 0.1, 0, 1)) * (1 + 0.3 * np.sin(t * 30)))[
            :, None
        ] * (1.0, 0.0)
        tone = mix(green, rgb("c8e88a"), 0.15 * k)
        sheet.fill(np.concatenate([spine - wide, (spine + wide)[::-1]]), tone, mix(green, rgb("123f5b"), 0.3))


def _coral(easel: Easel, sheet: Sheet, x: float, y: float, size: float) -> None:
    tones = (rgb("f2836b"), rgb("f2b05e"), rgb("d977a8"), rgb("9b7fd0"))
    tone = tones[int(easel.rng.integers(len(tones)))]
    if easel.rng.random() < 0.5:
        for angle in np.linspace(-2.5, -0.64, 6):
            end = (x + size * np.cos(angle) * 0.8, y + size * np.sin(angle))
            knob = size * 0.10
            limb = np.array([[[x, y], [(x * 2 + end[0]) / 3, (y + end[1]) / 2], list(end)]])
            sheet.strokes(limb, tone, size * 0.16)
            sheet.fill(ellipse(*end, knob, knob, 14), mix(tone, WHITE, 0.25))
    else:
        sheet.fill(
            np.minimum(blob(x, y - size * 0.3, size * 0.6, size * 0.5, easel.rng), [np.inf, y + 0.01]),
            mix(tone, WHITE, 0.15),
            mix(tone, rgb("3a3f7a"), 0.4),
        )
        for _ in range(easel.count(9)):
            spot = (x + easel.rng.normal(0, size * 0.22), y - size * easel.rng.uniform(0.1, 0.6))
            sheet.fill(ellipse(*spot, size * 0.05, size * 0.04, 8), mix(tone, WHITE, 0.45))


def _shoal(easel: Easel, sheet: Sheet, y: float, colour: Colour) -> None:
    x = easel.rng.uniform(0.2, 0.9) * easel.aspect
    for _ in range(easel.count(13)):
        fx, fy, size = (
            x + easel.rng.normal(0, 0.12),
            y + easel.rng.normal(0, 0.045),
            easel.rng.uniform(0.010, 0.018),
        )
        sheet.fill(ellipse(fx, fy, size, size * 0.42, 16), colour)
        sheet.fill(
            polygon(
                (fx - size * 0.8, fy), (fx - size * 1.5, fy - size * 0.4), (fx - size * 1.5, fy + size * 0.4)
            ),
            colour,
        )
