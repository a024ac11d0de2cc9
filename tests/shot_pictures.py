"""Pictures drawn for the tests, with the mask that is right for them."""

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = tuple[NDArray[np.uint8], NDArray[np.bool_]]


def textured_background(
    height: int, width: int, *, seed: int, hue: tuple[int, int, int]
) -> NDArray[np.uint8]:
    """A mottled ground with a slow gradient, like a wall or a lawn."""
    rng = np.random.default_rng(seed)
    mottle = cv2.GaussianBlur(rng.normal(0, 60, (height, width, 3)).astype(np.float32), (0, 0), 3)
    gradient = np.linspace(-25, 25, width, dtype=np.float32)[None, :, None]
    return np.clip(np.array(hue, np.float32) + mottle + gradient, 0, 255).astype(np.uint8)


def over(
    background: NDArray[np.uint8], colour: NDArray[np.uint8] | tuple[int, int, int], shape: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Lay a colour over a background where the shape is, its edge mixed like a lens mixes it."""
    soft = cv2.GaussianBlur(shape.astype(np.float32), (0, 0), 0.8)[..., None]
    return np.rint(background * (1 - soft) + np.array(colour, np.float32) * soft).astype(np.uint8)


def fox_shape(height: int, width: int) -> NDArray[np.bool_]:
    """A creature: a body, a head with two ears, a tail."""
    canvas = np.zeros((height, width), np.uint8)
    unit = min(height, width) / 100
    origin = np.array([width / 2, height / 2])

    def at(x: float, y: float) -> tuple[int, int]:
        point = origin + unit * np.array([x, y])
        return int(point[0]), int(point[1])

    def size(*values: float) -> tuple[int, int]:
        return int(values[0] * unit), int(values[1] * unit)

    cv2.ellipse(canvas, at(0, 12), size(24, 15), 0, 0, 360, 1, -1)
    cv2.circle(canvas, at(22, -10), size(13, 0)[0], 1, -1)
    for x in (15, 30):
        cv2.fillPoly(canvas, [np.array([at(x - 5, -17), at(x + 5, -17), at(x, -32)])], 1)
    cv2.ellipse(canvas, at(-28, 2), size(15, 7), 35, 0, 360, 1, -1)
    return canvas.astype(bool)


def fox(height: int = 360, width: int = 480) -> Picture:
    """An orange fox before green."""
    shape = fox_shape(height, width)
    ground = textured_background(height, width, seed=1, hue=(90, 140, 80))
    return over(ground, (215, 95, 30), shape), shape


def grey_on_grey(height: int = 360, width: int = 480) -> Picture:
    """A grey bottle before a grey wall a shade lighter."""
    canvas = np.zeros((height, width), np.uint8)
    cv2.rectangle(canvas, (width // 2 - 45, 150), (width // 2 + 45, height - 40), 1, -1)
    cv2.rectangle(canvas, (width // 2 - 16, 60), (width // 2 + 16, 150), 1, -1)
    shape = canvas.astype(bool)
    ground = textured_background(height, width, seed=2, hue=(165, 165, 165))
    return over(ground, (88, 88, 92), shape), shape


def two_balls(
    height: int = 360, width: int = 600
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.bool_]]:
    """A red ball on the left and a yellow one on the right, with a mask for each."""
    left, right = np.zeros((2, height, width), np.uint8)
    cv2.circle(left, (150, 190), 70, 1, -1)
    cv2.circle(right, (450, 170), 80, 1, -1)
    ground = textured_background(height, width, seed=3, hue=(90, 110, 150))
    picture = over(over(ground, (200, 40, 40), left.astype(bool)), (240, 210, 40), right.astype(bool))
    return picture, left.astype(bool), right.astype(bool)


def iou(found: NDArray[np.bool_], right: NDArray[np.bool_]) -> float:
    """Intersection over union."""
    return float((found & right).sum() / (found | right).sum())
