"""Cut-outs: a reference picture as a sprite, the shadow it casts, and where the picture had cropped it.

The subject's pixels are never repainted: they are scaled down once to the size the film needs. Only where
the picture itself cut the subject off with a straight edge is its alpha worn away.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.animatic.canvas import Pixels
from reelhouse.errors import EngineError

_OPAQUE = 128
_CROPPED_SHARE = 0.06  # of a side: fewer opaque pixels at the picture's border are a whisker, not a crop
_WORN_SHARE = 0.16  # of the cut-out's size that a cropped edge dissolves over
SHADOW_COLUMNS, SHADOW_ROWS, SHADOW_MARGIN = 96, 40, 40
SHADOW_REACH = 0.20  # of the subject's height: how far its shadow falls towards the lens


@dataclass(frozen=True, slots=True)
class Sprite:
    """A subject, ready to be laid into frames.

    Attributes:
        levels: premultiplied RGBA [h, w, 4], each half the size of the one before.
        ratio: width over height.
        sinks: whether the picture cropped it below, so that it must stand behind the frame's lower edge.
        shadow: [h, w] uint8, the shadow on the ground; see `SHADOW_*` for where the feet are in it.
        hold: where a string is tied to it, as shares of its width and height.
    """

    levels: tuple[Pixels, ...]
    ratio: float
    sinks: bool
    shadow: Pixels
    hold: tuple[float, float]

    def level(self, height_px: float) -> Pixels:
        """The smallest level that is still at least as large as it is shown."""
        fitting = [image for image in self.levels if image.shape[0] >= height_px]
        return fitting[-1] if fitting else self.levels[0]


def read_picture(path: Path) -> Pixels:
    """Read a picture as straight RGBA [h, w, 4] uint8.

    Raises:
        EngineError: it is missing or no picture.
    """
    try:
        coded = np.frombuffer(path.read_bytes(), np.uint8)
        picture = cv2.imdecode(coded, cv2.IMREAD_UNCHANGED) if coded.size else None
    except (OSError, cv2.error) as error:
        raise EngineError(f"the picture {path.name} cannot be read ({error}); prepare it again") from error
    if picture is None:
        raise EngineError(f"the picture {path.name} is no PNG that can be read; prepare it again")
    if picture.dtype == np.uint16:
        picture = (picture // 257).astype(np.uint8)
    if picture.ndim == 2:
        return cv2.cvtColor(picture, cv2.COLOR_GRAY2RGBA)
    return cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA if picture.shape[2] == 4 else cv2.COLOR_BGR2RGBA)


def cut_sprite(
    picture: Pixels,
    *,
    height_px: int,
    width_px: int,
    stands: bool,
    light_from: float,
    rng: np.random.Generator,
) -> Sprite | None:
    """A sprite no larger than `height_px` × `width_px`, or None where nothing was cut out.

    `stands` says whether it has ground beneath it; `light_from` is -1 … 1, where the light comes from.
    """
    alpha = picture[..., 3]
    rows, columns = np.flatnonzero((alpha > 24).any(axis=1)), np.flatnonzero((alpha > 24).any(axis=0))
    if not len(rows) or not (alpha > _OPAQUE).any():
        return None
    crops = _crops(alpha)
    sinks = stands and crops["bottom"]
    trimmed = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    tall, wide = trimmed.shape[:2]
    scale = min(1.0, height_px / tall, width_px / wide)
    straight = trimmed[..., 3]
    worn = [side for side, cropped in crops.items() if cropped and not (side == "bottom" and sinks)]
    if worn:
        straight = np.rint(straight * _wear(tall, wide, worn, rng)).astype(np.uint8)
    largest = _premultiplied(trimmed, straight)
    if scale < 1.0:
        size = max(1, round(wide * scale)), max(1, round(tall * scale))
        largest = cv2.resize(largest, size, interpolation=cv2.INTER_AREA)
    levels = [largest]
    while min(levels[-1].shape[:2]) > 48 and len(levels) < 4:
        half = levels[-1].shape[1] // 2, levels[-1].shape[0] // 2
        levels.append(cv2.resize(levels[-1], half, interpolation=cv2.INTER_AREA))
    # A clear rim, so that sampling at the very edge fades out instead of ending.
    rimmed = tuple(
        cv2.copyMakeBorder(level, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0)) for level in levels
    )
    return Sprite(
        rimmed, wide / tall, sinks, _shadow(levels[-1][..., 3], light_from), _hold(levels[-1][..., 3])
    )


def _crops(alpha: Pixels) -> dict[str, bool]:
    edges = {"top": alpha[0], "bottom": alpha[-1], "left": alpha[:, 0], "right": alpha[:, -1]}
    return {side: float((edge > _OPAQUE).mean()) > _CROPPED_SHARE for side, edge in edges.items()}


def _wear(tall: int, wide: int, sides: list[str], rng: np.random.Generator) -> NDArray[np.float32]:
    """How much of each pixel stays when cropped sides dissolve like a dry brush stroke; [h, w] 0 … 1."""
    kept = np.ones((tall, wide), np.float32)
    for side in sides:
        length, depth = (wide, tall) if side in ("top", "bottom") else (tall, wide)
        wander = rng.normal(0, 1, (1, 14)).astype(np.float32)
        edge = cv2.resize(wander, (length, 1), interpolation=cv2.INTER_CUBIC)[0] * 0.22 + 0.55
        inwards = (np.arange(depth, dtype=np.float32) + 0.5)[:, None] / (depth * _WORN_SHARE)
        ramp = np.clip((inwards - np.clip(edge, 0.25, 0.9)[None]) / 0.45 + 0.25, 0, 1)
        # The outermost pixels are always gone: nothing straight is left of the crop.
        ramp = ramp * ramp * (3 - 2 * ramp) * np.clip(inwards / 0.2 - 0.2, 0, 1)
        if side == "bottom":
            ramp = ramp[::-1]
        elif side == "left":
            ramp = ramp.T
        elif side == "right":
            ramp = ramp[::-1].T
        kept *= ramp
    return kept


def _premultiplied(picture: Pixels, alpha: Pixels) -> Pixels:
    opaque = np.full_like(alpha, 255)
    colours = cv2.merge([*cv2.split(picture)[:3], opaque])
    return cv2.multiply(colours, cv2.merge([alpha, alpha, alpha, alpha]), scale=1 / 255)


def _shadow(alpha: Pixels, light_from: float) -> Pixels:
    """The silhouette laid on the ground away from the light, and darker blots right under the feet."""
    margin = SHADOW_MARGIN
    size = (SHADOW_COLUMNS, SHADOW_ROWS)
    laid = cv2.flip(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), 0).astype(np.float32)
    laid *= np.linspace(0.62, 0.10, SHADOW_ROWS, dtype=np.float32)[:, None]
    mask = np.zeros((SHADOW_ROWS + 2 * margin, SHADOW_COLUMNS + 2 * margin), np.float32)
    shear = np.array([[1.0, -0.62 * light_from, margin], [0.0, 1.0, margin]])
    cv2.warpAffine(laid, shear, mask.shape[::-1], dst=mask, flags=cv2.INTER_LINEAR)
    mask = cv2.GaussianBlur(mask, (0, 0), 2.2)
    blots = np.zeros_like(mask)
    for left, right in _feet(alpha):
        middle, half = (
            (left + right) / 2 * SHADOW_COLUMNS + margin,
            max(3.0, (right - left) / 2 * SHADOW_COLUMNS),
        )
        cv2.ellipse(blots, (round(middle), margin), (round(half * 1.15 + 1), 4), 0, 0, 360, 235, -1)
    blots = cv2.GaussianBlur(blots, (0, 0), 2.4)
    return np.rint(np.clip(np.maximum(mask, blots), 0, 255)).astype(np.uint8)


def _feet(alpha: Pixels) -> list[tuple[float, float]]:
    """The runs of columns that touch the ground, as shares of the width."""
    low = max(1, round(alpha.shape[0] * 0.06))
    touching = np.concatenate([[False], (alpha[-low:] > _OPAQUE).any(axis=0), [False]])
    steps = np.flatnonzero(touching[1:] != touching[:-1]).reshape(-1, 2)
    return [(int(start) / alpha.shape[1], int(stop) / alpha.shape[1]) for start, stop in steps]


def _hold(alpha: Pixels) -> tuple[float, float]:
    """The middle of its mass, where a string is tied or a hand would be."""
    weight = alpha.astype(np.float64)
    total = weight.sum()
    x = float(weight.sum(axis=0) @ (np.arange(alpha.shape[1]) + 0.5)) / total / alpha.shape[1]
    y = float(weight.sum(axis=1) @ (np.arange(alpha.shape[0]) + 0.5)) / total / alpha.shape[0]
    return x, y
