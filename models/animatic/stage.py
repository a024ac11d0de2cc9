"""The stage: lays layers, shadows and cut-outs into one frame, each by a single warp of what it covers.

A frame in the making is [H, W, 4] uint8; its alpha is always 255. Everything laid over it is premultiplied.
"""

import math

import cv2
import numpy as np

from models.animatic.camera import Floats, View
from models.animatic.canvas import Pixels
from models.animatic.easel import BLOCK, Layer

STRIP = 64  # pixels; narrower strips skip more air and cost more calls
_STEP = 48  # pixels; neighbours that begin within so many rows are drawn as one


def lay_backdrop(frame: Pixels, layers: tuple[Layer, ...], view: View, time_s: float) -> None:
    """Lay layers from the horizon towards the lens, drawing of each only what nearer ones leave visible."""
    height, width = frame.shape[:2]
    hidden_from = height
    shown: list[tuple[Layer, Floats, int, int, int]] = []
    for layer in reversed(layers):
        matrix = _placement(layer, view, time_s, height)
        top, solid, bottom = _rows(layer, matrix, height, width)
        bottom = min(bottom, hidden_from)
        hidden_from = min(hidden_from, solid)
        if top < bottom:
            shown.append((layer, matrix, top, min(max(solid, top), bottom), bottom))
    for layer, matrix, top, solid, bottom in reversed(shown):
        if top < solid:
            for box in _painted(layer, matrix, (0, top, width, solid)):
                _over(frame, layer.image, matrix, box)
        if solid < bottom:
            _warp(layer.image, matrix, (0, solid, width, bottom), frame[solid:bottom])


def lay_sprite(frame: Pixels, image: Pixels, matrix: Floats, opacity: float = 1.0) -> None:
    """Lay a premultiplied [h, w, 4] cut-out by the map [2, 3] from its pixels to the frame's."""
    box = _bounds(image, matrix, frame)
    if box is not None:
        _over(frame, image, matrix, box, opacity)


def lay_shadow(frame: Pixels, mask: Pixels, matrix: Floats, strength: float) -> None:
    """Darken the frame where a mask [h, w] falls, to the share `strength`, a little towards blue."""
    box = _bounds(mask, matrix, frame)
    if box is None or strength <= 0.004:
        return
    left, top, right, bottom = box
    cast = _warp(mask, matrix, box)
    under = frame[top:bottom, left:right]
    tones = [cv2.convertScaleAbs(cast, alpha=strength * share) for share in (1.0, 0.96, 0.82)]
    kept = cv2.merge([*(cv2.bitwise_not(tone) for tone in tones), np.full_like(cast, 255)])
    under[:] = cv2.multiply(under, kept, scale=1 / 255)


def dim_corners(frame: Pixels, vignette: Pixels | None) -> None:
    """Multiply the frame by a vignette [H, W, 4], where the style has one."""
    if vignette is not None:
        cv2.multiply(frame, vignette, dst=frame, scale=1 / 255)


def paint_vignette(height: int, width: int, strength: float) -> Pixels | None:
    """Soft dark corners; None where the style wants none."""
    if strength <= 0:
        return None
    y = (np.arange(height, dtype=np.float32) + 0.5) / height * 2 - 1
    x = (np.arange(width, dtype=np.float32) + 0.5) / width * 2 - 1
    far = np.clip((x[None] ** 2 + y[:, None] ** 2 - 0.55) / 1.45, 0, 1)
    kept = np.rint(255 * (1 - strength * far * far * (3 - 2 * far))).astype(np.uint8)
    return cv2.merge([kept, kept, kept, np.full_like(kept, 255)])


def _placement(layer: Layer, view: View, time_s: float, height: int) -> Floats:
    """The map [2, 3] from a layer's pixels to the frame's, on the turn of its period that is in view."""
    matrix = view.matrix(layer.depth, height)
    (a, b, tx), (c, d, ty) = matrix.tolist()
    # The world x under the frame's left corners, by the inverse of a rotation and a scale.
    square = a * d - b * c
    left = min(-d * tx + b * ty, -d * tx - b * (height - ty)) / square
    moved = layer.drift * time_s + (layer.sway * math.sin(time_s * 1.1) if layer.washes else 0.0)
    turn = math.floor((left - moved - 0.02) / layer.period) * layer.period + moved
    lean, tall = 0.0, layer.bottom - layer.top
    if layer.sway and not layer.washes:
        lean = layer.sway * (math.sin(time_s * 1.9 + 4 * layer.depth) + 0.4 * math.sin(time_s * 4.3)) / tall
    # From the layer's pixels to the world: blades lean about the sheet's lower edge.
    k = 1 / layer.scale
    x, y = turn + lean * tall, layer.top
    linear = (a * k, (b - a * lean) * k, c * k, (d - c * lean) * k)
    return _between_centres(linear, (a * x + b * y + tx, c * x + d * y + ty))


def composed(matrix: Floats, local: Floats, origin: tuple[float, float]) -> Floats:
    """An image's pixels to the frame's, by way of the world: `matrix` after (`local`, `origin`)."""
    (a, b), (c, d) = (matrix[:, :2] @ local).tolist()
    (p, q, tx), (r, s, ty) = matrix.tolist()
    x, y = origin
    return _between_centres((a, b, c, d), (p * x + q * y + tx, r * x + s * y + ty))


def _between_centres(linear: tuple[float, float, float, float], offset: tuple[float, float]) -> Floats:
    """Our maps count pixels from their corners, OpenCV's from their centres: half a pixel at both ends."""
    a, b, c, d = linear
    return np.array([[a, b, offset[0] + (a + b) / 2 - 0.5], [c, d, offset[1] + (c + d) / 2 - 0.5]])


def _rows(layer: Layer, matrix: Floats, height: int, width: int) -> tuple[int, int, int]:
    """The frame's rows where a layer begins, is solid across the frame, and ends."""
    (a, b, tx), (c, d, ty) = matrix.tolist()
    # Along the frame's width a rolled layer's edge climbs by this much.
    climb = abs(c / a) * width

    def row(world_y: float) -> float:
        y = (world_y - layer.top) * layer.scale
        return ty + d * y - c * (tx + b * y) / a

    top = math.floor(row(layer.top) - climb - 1)
    solid = math.ceil(row(layer.solid_from) + climb + 1.5)
    end = row(layer.bottom)
    bottom = math.ceil(end + climb + 1)
    if end - climb - 1 < height:
        # Its lower edge is in sight, and soft: nothing of the layer may be taken for solid.
        solid = height
    return _within(top, height), _within(solid, height), _within(bottom, height)


def _painted(layer: Layer, matrix: Floats, box: tuple[int, int, int, int]) -> list[tuple[int, int, int, int]]:
    """The parts of a box, in upright strips, that a layer paints on: the air between two trees is free."""
    (a, b, tx), (c, d, ty) = matrix.tolist()
    left, top, right, bottom = box
    slack = abs(b / a) * (bottom - top) + 2
    strips: list[tuple[int, int, int, int]] = []
    for start in range(left, right, STRIP):
        stop = min(start + STRIP, right)
        first = (start - slack - tx - b * top) / a
        last = (stop + slack - tx - b * top) / a
        blocks = layer.crowns[max(0, int(first) // BLOCK) : max(1, int(last) // BLOCK + 1)]
        crown = min(blocks, default=layer.image.shape[0])
        begins = max(top, math.floor(ty + d * crown + min(c * first, c * last) - 2))
        if begins >= bottom or crown == layer.image.shape[0]:
            continue
        if strips and strips[-1][2] == start and abs(strips[-1][1] - begins) < _STEP:
            begins = min(begins, strips[-1][1])
            strips[-1] = (strips[-1][0], begins, stop, bottom)
        else:
            strips.append((start, begins, stop, bottom))
    return strips


def _within(row: int, height: int) -> int:
    return min(max(row, 0), height)


def _bounds(image: Pixels, matrix: Floats, frame: Pixels) -> tuple[int, int, int, int] | None:
    height, width = image.shape[:2]
    corners = np.array([[-1, -1, 1], [width, -1, 1], [width, height, 1], [-1, height, 1]], np.float64).T
    reached = matrix @ corners
    left, top = np.maximum(np.floor(reached.min(axis=1)), 0).astype(int)
    right, bottom = (np.ceil(reached.max(axis=1)) + 1).astype(int)
    right, bottom = min(right, frame.shape[1]), min(bottom, frame.shape[0])
    return (int(left), int(top), int(right), int(bottom)) if left < right and top < bottom else None


def _warp(image: Pixels, matrix: Floats, box: tuple[int, int, int, int], out: Pixels | None = None) -> Pixels:
    left, top, right, bottom = box
    local = matrix.copy()
    local[:, 2] -= (left, top)
    return cv2.warpAffine(
        image,
        local,
        (right - left, bottom - top),
        dst=out,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
    )


def _over(
    frame: Pixels, image: Pixels, matrix: Floats, box: tuple[int, int, int, int], opacity: float = 1.0
) -> None:
    left, top, right, bottom = box
    patch = _warp(image, matrix, box)
    if opacity < 1.0:
        patch = cv2.convertScaleAbs(patch, alpha=max(opacity, 0.0))
    # The fourth channel becomes 255: a frame's own alpha stays full through it.
    gone = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(patch, 3)), cv2.COLOR_GRAY2BGRA)
    under = frame[top:bottom, left:right]
    cv2.multiply(under, gone, dst=under, scale=1 / 255)
    cv2.add(under, patch, dst=under)
