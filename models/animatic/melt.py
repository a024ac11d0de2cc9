"""The melt: a scene that continues another grows out of its last frame.

Frame 0 is that frame to the pixel; then the new scene blooms through it like wet paint, from the subject
outwards, while the old picture drifts a little closer. A scene ends on a given frame by the same, backwards.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.animatic.camera import ease
from models.animatic.canvas import Pixels

MELT_S = 0.7


class Melt:
    """Carries a clip from a picture [H, W, 3] uint8 into the scene's own frames."""

    def __init__(self, picture: Pixels, focus: tuple[float, float], rng: np.random.Generator) -> None:
        height, width = picture.shape[:2]
        self._picture = picture
        self._order = bloom_order(height, width, focus, rng)

    def blend(self, frame: Pixels, time_s: float) -> Pixels:
        """The frame [H, W, 3] as it is seen `time_s` seconds from the end of the clip that is the picture."""
        if time_s <= 0:
            return self._picture
        if time_s >= MELT_S:
            return frame
        share = time_s / MELT_S
        height, width = frame.shape[:2]
        zoom = 1 + 0.03 * float(ease(share))
        closer = np.array([[zoom, 0, (1 - zoom) * width / 2], [0, zoom, (1 - zoom) * height / 2]])
        old = cv2.warpAffine(
            self._picture, closer, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        shown = bloom(self._order, share)
        return cv2.blendLinear(frame, old, shown, 1 - shown)


def bloom(order: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """How much of the new picture is seen of each pixel, 0 … 1, when `share` of the time is over."""
    soft = 0.35
    shown = np.clip((share * (1 + soft) - order) / soft, 0, 1).astype(np.float32)
    return shown * shown * (3 - 2 * shown)


def bloom_order(
    height: int, width: int, focus: tuple[float, float], rng: np.random.Generator
) -> NDArray[np.float32]:
    """When each pixel is reached, 0 … 1: outwards from the focus, along the paper's veins."""
    y = (np.arange(height, dtype=np.float32) + 0.5) / height - focus[1]
    x = ((np.arange(width, dtype=np.float32) + 0.5) / height) - focus[0]
    far = np.hypot(x[None], y[:, None])
    coarse = rng.normal(0, 1, (6, 10)).astype(np.float32)
    veins = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    order = far / float(far.max()) + 0.13 * veins
    return (order - order.min()) / max(float(np.ptp(order)), 1e-6)
