"""The stage: lays layers, shadows and cut-outs into one frame, each by a single warp of what it covers.

A frame in the making is [H, W, 4] uint8; its alpha is always 255. Everything laid over it is premultiplied.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.animatic.camera import Floats, View
from models.animatic.canvas import Pixels
from models.animatic.easel import Layer


def lay_backdrop(frame: Pixels, layers: tuple[Layer, ...], view: View, time_s: float) -> None:
    """Lay layers from the horizon towards the lens, drawing of each only what nearer ones leave visible."""
    height = frame.shape[0]
    placed = [(layer, _placement(layer, view, time_s, frame)) for layer in layers]
    hidden_from = height
    limits: list[int] = []
    for layer, matrix in reversed(placed):
        limits.append(hidden_from)
        hidden_from = min(hidden_from, _rows(layer, matrix, frame)[1])
    for (layer, matrix), limit in zip(placed, reversed(limits), strict=True):
        top, solid, bottom = _rows(layer, matrix, frame)
        bottom = min(bottom, limit)
        blend_until = min(solid, bottom)
        if top < blend_until:
            _over(frame, layer.image, matrix, (0, top, frame.shape[1], blend_until))
        if blend_until < bottom:
            _warp(layer.image, matrix, (0, blend_until, frame.shape[1], bottom), frame[blend_until:bottom])


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


def _placement(layer: Layer, view: View, time_s: float, frame: Pixels) -> Floats:
    """The map [2, 3] from a layer's pixels to the frame's, on the turn of its period that is in view."""
    matrix = view.matrix(layer.depth, frame.shape[0])
    corners = np.array([[0.0, 0.0], [0.0, frame.shape[0]]])
    left = min(float(x) for x in (np.linalg.inv(matrix[:, :2]) @ (corners - matrix[:, 2]).T)[0])
    moved = layer.drift * time_s + (layer.sway * np.sin(time_s * 1.1) if layer.washes else 0.0)
    turn = np.floor((left - moved - 0.02) / layer.period) * layer.period + moved
    lean = 0.0
    if layer.sway and not layer.washes:
        tall = layer.bottom - layer.top
        lean = layer.sway * (np.sin(time_s * 1.9 + 4 * layer.depth) + 0.4 * np.sin(time_s * 4.3)) / tall
    # From the layer's pixels to the world; blades lean about the sheet's lower edge. Both pixel grids
    # count from corners here, OpenCV from centres: the half pixels below.
    local = np.array([[1 / layer.scale, -lean / layer.scale], [0.0, 1 / layer.scale]])
    origin = np.array([turn + lean * (layer.bottom - layer.top), layer.top])
    return _composed(matrix, local, origin)


def _composed(matrix: Floats, local: Floats, origin: Floats) -> Floats:
    """`matrix` after (`local`, `origin`), between the pixel centres of two images."""
    linear = matrix[:, :2] @ local
    offset = matrix[:, :2] @ origin + matrix[:, 2]
    return np.column_stack([linear, offset + linear @ (0.5, 0.5) - (0.5, 0.5)])


def composed(matrix: Floats, local: Floats, origin: tuple[float, float]) -> Floats:
    """The map from an image's pixel centres to the frame's, by way of the world."""
    return _composed(matrix, local, np.array(origin))


def _rows(layer: Layer, matrix: Floats, frame: Pixels) -> tuple[int, int, int]:
    """The frame's rows where a layer begins, is solid across the frame, and ends."""
    height, width = frame.shape[:2]
    linear, offset = matrix[:, :2], matrix[:, 2]
    # Along the frame's width a rolled layer's edge climbs by this much.
    climb = abs(float(linear[1, 0])) / max(float(linear[0, 0]), 1e-9) * width

    def row(world_y: float) -> float:
        y = (world_y - layer.top) * layer.scale
        at_left = offset[1] + linear[1, 1] * y
        x_left = (0 - offset[0] - linear[0, 1] * y) / linear[0, 0]
        return float(at_left + linear[1, 0] * x_left)

    top = int(np.clip(np.floor(row(layer.top) - climb - 1), 0, height))
    solid = int(np.clip(np.ceil(row(layer.solid_from) + climb + 1.5), 0, height))
    end = row(layer.bottom)
    bottom = int(np.clip(np.ceil(end + climb + 1), 0, height))
    if bottom < height or end - climb - 1 < height:
        # Its lower edge may be in sight: nothing of it may be taken for solid below that.
        return top, min(solid, bottom) if end - climb - 1 >= height else bottom, bottom
    return top, solid, bottom


def _bounds(image: NDArray[np.uint8], matrix: Floats, frame: Pixels) -> tuple[int, int, int, int] | None:
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
    alpha = cv2.extractChannel(patch, 3)
    gone = cv2.bitwise_not(alpha)
    under = frame[top:bottom, left:right]
    kept = cv2.multiply(under, cv2.merge([gone, gone, gone, gone]), scale=1 / 255)
    cv2.add(kept, patch, dst=kept)
    under[:] = kept
