"""Draws fox.png and kite.png: two subjects before soft plain backgrounds, as a photographer hands them over.

Everything is smooth outlines filled at three times the size and scaled down once; shading is soft light and
shade clipped to the outline it falls on. Run it from anywhere: it writes beside itself.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

OVER = 3  # pixels drawn for a pixel kept, each way
Mask = NDArray[np.float32]
Corner = tuple[float, float] | tuple[float, float, str]


def rgb(code: str) -> NDArray[np.float32]:
    """The colour of a six-digit hexadecimal code, 0 … 1."""
    return np.array([int(code[k : k + 2], 16) / 255 for k in (0, 2, 4)], np.float32)


def curve(corners: Sequence[Corner], closed: bool = True, steps: int = 24) -> NDArray[np.float64]:
    """A smooth line through points (x, y); those marked (x, y, "c") stay sharp corners."""
    points = np.array([corner[:2] for corner in corners], np.float64)
    sharp = [len(corner) == 3 for corner in corners]
    last = len(points) if closed else len(points) - 1
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    line = []
    for k in range(last):
        a, b = points[k], points[(k + 1) % len(points)]
        before, after = points[k - 1], points[(k + 2) % len(points)]
        ends = not closed and k == 0, not closed and k == last - 1
        out = (b - a) * 0.8 if sharp[k] or ends[0] else (b - before) / 2
        into = (b - a) * 0.8 if sharp[(k + 1) % len(points)] or ends[1] else (after - a) / 2
        h1, h2 = 2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t
        line.append(h1 * a + h2 * out + (1 - h1) * b + (t**3 - t**2) * into)
    if not closed:
        line.append(points[-1:])
    return np.concatenate(line)


def ribbon(spine: Sequence[Corner], widths: Sequence[float]) -> NDArray[np.float64]:
    """An outline about a smooth spine, `widths` wide at its points."""
    line = curve(spine, closed=False)
    along = np.gradient(line, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    wide = np.interp(np.linspace(0, 1, len(line)), np.linspace(0, 1, len(widths)), widths)[:, None] / 2
    side = np.stack([-along[:, 1], along[:, 0]], axis=1) * wide
    return np.concatenate([line + side, (line - side)[::-1]])


class Picture:
    """A picture in the making, [H, W, 3] float32 RGB 0 … 1 at `OVER` times its size."""

    def __init__(self, width: int, height: int) -> None:
        self.height, self.width = height * OVER, width * OVER
        self.pixels = np.zeros((self.height, self.width, 3), np.float32)
        y, x = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32) / OVER
        self.x, self.y = x, y

    def mask(self, outline: NDArray[np.float64], blur: float = 0.0) -> Mask:
        """Where an outline covers the picture, 0 … 1, its edge softened by `blur` pixels."""
        mask = np.zeros((self.height, self.width), np.uint8)
        fixed = np.rint(outline * OVER * 16).astype(np.int32)
        cv2.fillPoly(mask, [fixed], 255.0, cv2.LINE_AA, 4)
        covered = mask.astype(np.float32) / 255
        return soften(covered, blur) if blur else covered

    def lay(self, mask: Mask, colour: NDArray[np.float32], strength: float = 1.0) -> None:
        """Lay a colour [3] or a shading [H, W, 3] over the picture through a mask."""
        share = (mask * strength)[..., None]
        self.pixels += (colour - self.pixels) * share

    def body(self, outline: NDArray[np.float64], lit: str, dark: str, rim: str | None = None) -> Mask:
        """Fill an outline, light above and dark below, with a soft shade inside its lower edge; the mask."""
        mask = self.mask(outline)
        top, bottom = outline[:, 1].min(), outline[:, 1].max()
        share = np.clip((self.y - top) / max(bottom - top, 1), 0, 1)[..., None]
        self.lay(mask, rgb(lit) + (rgb(dark) - rgb(lit)) * share)
        shade = mask * (1 - soften(shifted(mask, -7, -12), 11))
        self.lay(shade, rgb(dark) * 0.82, 0.55)
        if rim is not None:
            edge = mask * (1 - soften(shifted(mask, 4, 7), 4))
            self.lay(edge, rgb(rim), 0.55)
        return mask

    def save(self, path: Path) -> None:
        """Scale down and write as PNG."""
        size = self.width // OVER, self.height // OVER
        small = cv2.resize(np.clip(self.pixels, 0, 1), size, interpolation=cv2.INTER_AREA)
        dither = np.random.default_rng(1).uniform(-0.5, 0.5, small.shape)
        coded = np.clip(np.rint(small * 255 + dither), 0, 255).astype(np.uint8)
        cv2.imwrite(str(path), cv2.cvtColor(coded, cv2.COLOR_RGB2BGR))


def soften(mask: Mask, blur: float) -> Mask:
    """Blur a mask by `blur` pixels of the finished picture."""
    small = cv2.resize(mask, None, fx=1 / OVER, fy=1 / OVER, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), blur)
    return cv2.resize(small, (mask.shape[1], mask.shape[0]), interpolation=cv2.INTER_LINEAR)


def shifted(mask: Mask, dx: float, dy: float) -> Mask:
    """Move a mask by pixels of the finished picture."""
    move = np.array([[1, 0, dx * OVER], [0, 1, dy * OVER]], np.float32)
    return cv2.warpAffine(mask, move, (mask.shape[1], mask.shape[0]))


def ellipse(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> NDArray[np.float64]:
    """An ellipse turned by `turn` radians."""
    angle = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    cos, sin = np.cos(turn), np.sin(turn)
    px, py = rx * np.cos(angle), ry * np.sin(angle)
    return np.stack([x + px * cos - py * sin, y + px * sin + py * cos], axis=1)


def backdrop(picture: Picture, wall: str, floor: str, light: tuple[float, float]) -> None:
    """A paper sweep, brighter where the lamp falls."""
    share = np.clip((picture.y * OVER / picture.height - 0.45) / 0.5, 0, 1)[..., None]
    share = share * share * (3 - 2 * share)
    picture.pixels[:] = rgb(wall) + (rgb(floor) - rgb(wall)) * share
    far = np.hypot(picture.x - light[0], picture.y - light[1]) / (0.8 * picture.width / OVER)
    picture.lay(np.clip(1 - far, 0, 1) ** 1.5, np.ones(3, np.float32), 0.35)


ORANGE, RUST, GLOW = "f08a45", "d65f2e", "ffc488"
CREAM, CREAM_SHADE = "fff4e2", "e6c9ae"
SOCK, SOCK_SHADE = "5a3a34", "3a2426"
GREEN, GREEN_SHADE, GREEN_LIGHT = "3f9a62", "236b49", "7cc98c"
INK = "2b1b1e"


def draw_fox(path: Path) -> None:
    """A small red fox with a green scarf, in profile, looking to the right."""
    picture = Picture(900, 700)
    backdrop(picture, "d9e4e2", "c3d0ce", (520, 200))
    shadow = picture.mask(ellipse(470, 646, 270, 20), 14)
    picture.lay(shadow, rgb("7f9494"), 0.65)
    picture.lay(picture.mask(ellipse(450, 643, 190, 9), 6), rgb("5f7476"), 0.5)
    _tail(picture)
    _far_legs(picture)
    body = _trunk(picture)
    _near_legs(picture)
    _scarf_ends(picture)
    _scarf(picture, body)
    _head(picture)
    picture.save(path)


def _tail(picture: Picture) -> None:
    outline = curve(
        [
            (352, 452),
            (300, 398),
            (262, 330),
            (214, 268),
            (150, 236),
            (84, 190, "c"),
            (72, 262),
            (84, 336),
            (118, 410),
            (176, 470),
            (250, 510),
            (330, 520),
        ]
    )
    mask = picture.body(outline, ORANGE, RUST, GLOW)
    tip = curve(
        [
            (60, 170),
            (220, 240),
            (186, 282, "c"),
            (170, 268),
            (158, 306, "c"),
            (138, 294),
            (124, 334, "c"),
            (104, 322),
            (84, 352, "c"),
            (40, 300),
        ]
    )
    white = picture.mask(tip) * mask
    picture.lay(white, rgb(CREAM))
    picture.lay(white * (1 - soften(shifted(mask, 8, -12), 12)), rgb(CREAM_SHADE), 0.8)
    for spine in (
        [(300, 470), (230, 420), (180, 350)],
        [(326, 446), (272, 396), (232, 334)],
        [(250, 486), (190, 440), (150, 384)],
    ):
        picture.lay(picture.mask(ribbon(spine, (2, 9, 2)), 1.2) * mask, rgb(RUST) * 0.92, 0.35)


def _far_legs(picture: Picture) -> None:
    for hip, knee, foot in (((404, 496), (446, 562), (450, 628)), ((604, 480), (640, 556), (634, 628))):
        outline = ribbon([hip, knee, foot], (78, 44, 34))
        mask = picture.body(outline, "c85f30", "9c4226")
        picture.lay(
            picture.mask(
                curve(
                    [
                        (foot[0] - 60, foot[1] - 62),
                        (foot[0] + 60, foot[1] - 70),
                        (foot[0] + 60, foot[1] + 20),
                        (foot[0] - 60, foot[1] + 20),
                    ]
                )
            )
            * mask,
            rgb(SOCK_SHADE),
        )
        paw = curve(
            [
                (foot[0] - 22, foot[1] - 16),
                (foot[0] + 10, foot[1] - 18),
                (foot[0] + 36, foot[1] - 2),
                (foot[0] + 34, foot[1] + 12, "c"),
                (foot[0] - 20, foot[1] + 12, "c"),
            ]
        )
        picture.body(paw, SOCK_SHADE, "2a181b")


def _trunk(picture: Picture) -> Mask:
    outline = curve(
        [
            (556, 330),
            (470, 352),
            (394, 368),
            (326, 400),
            (298, 462),
            (318, 526),
            (380, 552),
            (450, 540),
            (530, 540),
            (604, 530),
            (652, 476),
            (664, 410),
            (640, 352),
        ]
    )
    mask = picture.body(outline, ORANGE, RUST, GLOW)
    bib = curve(
        [
            (664, 372),
            (628, 400),
            (606, 446),
            (566, 500),
            (500, 530),
            (430, 540),
            (430, 580),
            (640, 570),
            (700, 470),
        ]
    )
    white = picture.mask(bib, 1.2) * mask
    picture.lay(white, rgb(CREAM))
    picture.lay(white * (1 - soften(shifted(mask, -10, -14), 12)), rgb(CREAM_SHADE), 0.9)
    under_head = picture.mask(ellipse(640, 372, 118, 62), 20) * mask
    picture.lay(under_head, rgb("8a3a24"), 0.45)
    throat = curve([(560, 320), (690, 320), (700, 372), (690, 410), (600, 410)])
    picture.body(throat, "c9683a", "a8502f")
    for spine in (
        [(470, 392), (440, 404), (420, 424)],
        [(520, 402), (494, 416), (476, 438)],
        [(420, 440), (396, 452), (380, 472)],
    ):
        picture.lay(picture.mask(ribbon(spine, (1, 7, 1)), 1.0) * mask, rgb(RUST) * 0.92, 0.5)
    return mask


def _near_legs(picture: Picture) -> None:
    thigh = curve(
        [
            (322, 420),
            (392, 404),
            (438, 450),
            (430, 520),
            (392, 560),
            (378, 596),
            (372, 634),
            (336, 634),
            (338, 590),
            (318, 540),
            (298, 480),
        ]
    )
    mask = picture.body(thigh, ORANGE, RUST)
    blended = picture.mask(ellipse(372, 416, 74, 26), 12) * mask
    picture.lay(blended, rgb("ec7f3f"), 0.8)
    haunch = mask * (1 - soften(shifted(mask, -5, -3), 5))
    picture.lay(haunch, rgb("b04f2c"), 0.40)
    _sock(picture, mask, (354, 632), 574)
    foreleg = curve(
        [(536, 470), (596, 474), (598, 530), (584, 588), (578, 634), (544, 634), (544, 588), (530, 536)]
    )
    mask = picture.body(foreleg, ORANGE, RUST)
    fade = picture.mask(ellipse(566, 476, 66, 40), 16) * mask
    picture.lay(fade, rgb("ee8040"), 0.9)
    _sock(picture, mask, (562, 632), 562)


def _sock(picture: Picture, leg: Mask, foot: tuple[float, float], top: float) -> None:
    x, y = foot
    zigzag = [
        (x - 70, top - 10),
        (x - 18, top + 6, "c"),
        (x - 8, top - 12, "c"),
        (x + 4, top + 6, "c"),
        (x + 15, top - 10, "c"),
        (x + 70, top),
        (x + 70, y + 30),
        (x - 70, y + 30),
    ]
    dark = picture.mask(curve(zigzag)) * leg
    picture.lay(dark, rgb(SOCK))
    picture.lay(dark * (1 - soften(shifted(leg, -4, 0), 4)), rgb(SOCK_SHADE), 0.7)
    paw = curve(
        [
            (x - 19, y - 22),
            (x + 8, y - 24),
            (x + 36, y - 8),
            (x + 42, y + 8),
            (x + 34, y + 14, "c"),
            (x - 16, y + 14, "c"),
            (x - 22, y),
        ]
    )
    picture.body(paw, SOCK, SOCK_SHADE)
    for dx in (16, 27):
        toe = ribbon([(x + dx, y - 2), (x + dx + 3, y + 5), (x + dx + 2, y + 12)], (1.5, 3, 1.5))
        picture.lay(picture.mask(toe, 0.5), rgb("24151a"), 0.7)


def _scarf_ends(picture: Picture) -> None:
    long = curve(
        [
            (540, 366),
            (480, 350),
            (424, 318),
            (366, 310),
            (308, 280, "c"),
            (296, 312, "c"),
            (288, 340, "c"),
            (350, 366),
            (410, 378),
            (466, 412),
            (530, 420),
        ]
    )
    short = curve(
        [
            (536, 382),
            (492, 396),
            (452, 434),
            (418, 458, "c"),
            (434, 478, "c"),
            (446, 500, "c"),
            (496, 470),
            (536, 438),
            (566, 420),
        ]
    )
    for outline, spines in (
        (short, ([(528, 404), (490, 428), (452, 464)], [(540, 420), (506, 446), (470, 472)])),
        (
            long,
            (
                [(520, 378), (450, 354), (380, 334), (320, 306)],
                [(518, 402), (440, 378), (370, 352), (308, 326)],
            ),
        ),
    ):
        cast = picture.mask(outline + np.array([4, 16]), 9)
        picture.lay(cast * 0.9, rgb("7a3020"), 0.0 if outline is long else 0.35)
        mask = picture.body(outline, GREEN, GREEN_SHADE, GREEN_LIGHT)
        for spine in spines:
            picture.lay(picture.mask(ribbon(spine, (1, 8, 5, 1)), 1.2) * mask, rgb(GREEN_SHADE), 0.6)
    _stripes(picture, picture.mask(long), [((330, 288), (306, 342)), ((352, 298), (332, 354))])
    _stripes(picture, picture.mask(short), [((430, 448), (456, 492)), ((446, 436), (472, 482))])


def _stripes(
    picture: Picture, mask: Mask, lines: list[tuple[tuple[float, float], tuple[float, float]]]
) -> None:
    for a, b in lines:
        middle = ((a[0] + b[0]) / 2 - 2, (a[1] + b[1]) / 2)
        picture.lay(picture.mask(ribbon([a, middle, b], (8, 8, 8)), 0.4) * mask, rgb("f3e7c4"), 0.9)


def _scarf(picture: Picture, body: Mask) -> None:
    band = curve(
        [
            (520, 340),
            (560, 366),
            (612, 386),
            (664, 384),
            (704, 362),
            (716, 388),
            (706, 418),
            (660, 440),
            (600, 440),
            (544, 420),
            (512, 388),
        ]
    )
    picture.lay(picture.mask(band + np.array([2, 16]), 9) * body, rgb("8a4a34"), 0.45)
    mask = picture.body(band, GREEN, GREEN_SHADE, GREEN_LIGHT)
    for spine in (
        [(534, 372), (580, 400), (640, 412), (700, 392)],
        [(530, 394), (580, 420), (640, 428), (690, 414)],
        [(560, 372), (606, 394), (660, 396)],
    ):
        picture.lay(picture.mask(ribbon(spine, (1, 7, 6, 1)), 1.3) * mask, rgb(GREEN_SHADE), 0.62)
        light = np.array(spine, np.float64) - (0, 6)
        picture.lay(
            picture.mask(ribbon([tuple(p) for p in light], (1, 3, 3, 1)), 1.0) * mask, rgb(GREEN_LIGHT), 0.5
        )
    knot = curve([(514, 362), (548, 356), (570, 380), (562, 412), (534, 424), (506, 408), (500, 382)])
    picture.lay(picture.mask(knot + np.array([3, 8]), 6), rgb("1d5238"), 0.5)
    mask = picture.body(knot, "4aa86e", GREEN_SHADE, GREEN_LIGHT)
    for spine in ([(520, 372), (536, 390), (534, 412)], [(546, 368), (552, 388), (546, 408)]):
        picture.lay(picture.mask(ribbon(spine, (1, 6, 1)), 1.0) * mask, rgb(GREEN_SHADE), 0.6)


def _head(picture: Picture) -> None:
    _ear(picture, [(676, 176), (706, 128), (738, 62, "c"), (772, 120), (772, 196)], far=True)
    outline = curve(
        [
            (540, 300),
            (536, 246),
            (560, 194),
            (616, 162),
            (684, 156),
            (742, 178),
            (784, 220),
            (820, 252),
            (858, 272),
            (868, 292),
            (846, 314),
            (800, 330),
            (752, 352),
            (700, 374),
            (640, 378),
            (590, 384, "c"),
            (586, 366),
            (540, 366, "c"),
            (556, 344),
            (518, 326, "c"),
        ]
    )
    mask = picture.body(outline, ORANGE, RUST, GLOW)
    cheek = curve(
        [
            (866, 300),
            (820, 284),
            (776, 276),
            (738, 286),
            (712, 268),
            (676, 276),
            (652, 308),
            (620, 316),
            (596, 340),
            (560, 346),
            (520, 326),
            (500, 360),
            (580, 420),
            (760, 400),
            (880, 330),
        ]
    )
    white = picture.mask(cheek, 0.6) * mask
    picture.lay(white, rgb(CREAM))
    picture.lay(white * (1 - soften(shifted(mask, -4, -12), 10)), rgb(CREAM_SHADE), 0.85)
    picture.lay(picture.mask(ellipse(676, 322, 34, 20, 0.1), 9) * mask, rgb("f59a80"), 0.55)
    picture.lay(
        picture.mask(curve([(770, 214), (812, 252), (850, 268), (800, 262), (762, 240)]), 5) * mask,
        rgb(GLOW),
        0.35,
    )
    _ear(picture, [(556, 214), (556, 140), (580, 46, "c"), (642, 112), (664, 180)], far=False)
    _face(picture)


def _ear(picture: Picture, corners: list[Corner], *, far: bool) -> None:
    outline = curve(corners)
    mask = picture.body(
        outline, "dd7236" if far else ORANGE, "b5502c" if far else RUST, None if far else GLOW
    )
    tip = corners[2]
    inner = outline.mean(axis=0) + (outline - outline.mean(axis=0)) * (0.58, 0.62) + (4, 10)
    picture.lay(picture.mask(inner, 1.5) * mask, rgb("7a3428" if far else "8a3f30"), 0.85)
    if not far:
        fluff = curve(
            [
                (586, 204),
                (584, 160),
                (600, 176, "c"),
                (602, 138),
                (616, 166, "c"),
                (624, 146),
                (634, 178, "c"),
                (640, 200),
            ]
        )
        picture.lay(picture.mask(fluff, 0.8) * mask, rgb(CREAM), 0.95)
    cap = picture.mask(ellipse(tip[0] + 2, tip[1] - 4, 46, 56), 3) * mask
    picture.lay(cap, rgb(SOCK_SHADE), 0.92)


def _face(picture: Picture) -> None:
    nose = curve([(838, 258), (866, 256), (884, 270), (878, 290), (856, 296), (840, 280)])
    picture.body(nose, "4a3236", "1d1216")
    picture.lay(picture.mask(ellipse(862, 266, 9, 4.5, 0.2), 1.2), np.ones(3, np.float32), 0.75)
    smile = ribbon([(848, 304), (822, 326), (790, 330), (762, 316)], (3, 5, 5, 2))
    picture.lay(picture.mask(smile, 0.4), rgb(INK), 0.95)
    dimple = ribbon([(768, 308), (760, 315), (760, 326)], (2, 4, 2))
    picture.lay(picture.mask(dimple, 0.4), rgb(INK), 0.9)
    eye = ellipse(738, 242, 19, 26, 0.12)
    picture.lay(picture.mask(ellipse(738, 243, 24, 31, 0.12), 1.5), rgb("b5502c"), 0.55)
    picture.lay(picture.mask(eye), rgb(INK))
    picture.lay(picture.mask(ellipse(739, 254, 13, 13, 0.1), 2) * picture.mask(eye), rgb("7a4630"), 0.9)
    picture.lay(picture.mask(ellipse(745, 231, 7.5, 9)), np.ones(3, np.float32))
    picture.lay(picture.mask(ellipse(731, 256, 3.6, 4)), np.ones(3, np.float32), 0.85)
    lash = ribbon([(714, 250), (716, 226), (734, 212), (756, 218)], (2, 5, 6, 2))
    picture.lay(picture.mask(lash, 0.4), rgb(INK))
    brow = ribbon([(706, 198), (728, 186), (752, 190)], (3, 8, 3))
    picture.lay(picture.mask(brow, 0.8), rgb("b5502c"), 0.9)
    for x, y in ((806, 292), (818, 302), (796, 304)):
        picture.lay(picture.mask(ellipse(x, y, 2.4, 2.4), 0.3), rgb("b08a74"), 0.9)


def draw_kite(path: Path) -> None:
    """A yellow diamond kite with a blue tail, hung before a plain wall."""
    picture = Picture(700, 900)
    backdrop(picture, "e6dde6", "d3c8d6", (300, 260))
    top, right, bottom, left = (372, 52), (590, 300), (318, 590), (112, 246)
    heart = (356, 272)
    sail = curve(
        [
            (*top, "c"),
            (492, 172),
            (*right, "c"),
            (458, 458),
            (*bottom, "c"),
            (206, 424),
            (*left, "c"),
            (240, 142),
        ]
    )
    picture.lay(picture.mask(sail + np.array([26, 34]), 24), rgb("9d8fa6"), 0.55)
    tail = [bottom, (308, 648), (338, 716), (312, 784), (338, 850)]
    picture.lay(
        picture.mask(ribbon([(x + 20, y + 26) for x, y in tail], (8, 10, 10, 10, 10, 6)), 9),
        rgb("9d8fa6"),
        0.4,
    )
    whole = picture.body(sail, "ffd34a", "f2aa28", "fff0b0")
    for corners, tone, strength in (
        ((top, right, heart), "fff0a8", 0.55),
        ((right, bottom, heart), "e8932a", 0.50),
        ((bottom, left, heart), "f0a52a", 0.25),
        ((left, top, heart), "ffe680", 0.35),
    ):
        panel = curve([(*corner, "c") for corner in (*corners[:2], corners[2])])
        grown = heart + (panel - heart) * 1.2
        picture.lay(
            picture.mask(grown) * whole * picture.mask(panel * 1.0 + (panel - panel.mean(axis=0)) * 0.04),
            rgb(tone),
            strength,
        )
    hem = whole * (1 - soften(picture.mask(heart + (sail - heart) * 0.955), 0.4))
    picture.lay(hem, rgb("e8842a"), 0.75)
    for a, b in ((top, bottom), (left, right)):
        spar = ribbon([a, heart, b], (6, 8, 6))
        picture.lay(picture.mask(spar + np.array([3, 5]), 3) * whole, rgb("b5641c"), 0.5)
        picture.body(spar, "c98a4a", "8f5a2c")
    for x, y, size in ((430, 196, 15), (276, 196, 15), (290, 376, 15), (430, 372, 15)):
        picture.lay(picture.mask(ellipse(x, y, size, size)) * whole, rgb("fff6d6"), 0.95)
        picture.lay(picture.mask(ellipse(x, y, size * 0.5, size * 0.5)) * whole, rgb("e8703a"), 0.95)
    picture.body(ellipse(*heart, 15, 15), "4f8fd6", "2a5aa8", "b9dcff")
    _kite_tail(picture, tail)
    picture.save(path)


def _kite_tail(picture: Picture, spine: list[tuple[float, float]]) -> None:
    picture.body(ribbon(spine, (5, 5, 5, 5, 4)), "3f7ac9", "28549a")
    for (x, y), turn in zip(spine[1:], (0.35, -0.3, 0.35, -0.3), strict=True):
        for side in (-1, 1):
            bow = np.array(
                [
                    (0, 0),
                    (side * 20, -17),
                    (side * 46, -22),
                    (side * 52, 0),
                    (side * 46, 20),
                    (side * 20, 14),
                ],
                np.float64,
            )
            cos, sin = np.cos(turn), np.sin(turn)
            placed = bow @ np.array([[cos, sin], [-sin, cos]]) + (x, y)
            corners: list[Corner] = [(*placed[0], "c"), *(tuple(p) for p in placed[1:])]
            mask = picture.body(curve(corners), "5fa4ec" if side < 0 else "4a8cdc", "2a5fb0", "b9dcff")
            fold = ribbon([tuple(placed[0]), tuple((placed[0] + placed[3]) / 2), tuple(placed[3])], (5, 3, 1))
            picture.lay(picture.mask(fold, 1.0) * mask, rgb("234f96"), 0.6)
        picture.body(ellipse(x, y, 9, 10, turn), "3f7ac9", "234f96", "a9d0ff")


if __name__ == "__main__":
    here = Path(__file__).parent
    draw_fox(here / "fox.png")
    draw_kite(here / "kite.png")
