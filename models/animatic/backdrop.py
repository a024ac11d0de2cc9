"""Pictures that set the scene: a photographed background as a layer, a style picture as a palette."""

import cv2
import numpy as np

from models.animatic.canvas import Colour, Pixels
from models.animatic.easel import BLOCK, Layer

_DEPTH = 0.35  # of the camera's movement that a photographed background takes part in
_TOP, _BOTTOM = -0.22, 1.22


def picture_layer(picture: Pixels, *, aspect: float, scale: float) -> Layer:
    """A background [h, w, 4] that fills the frame with room to move, mirrored beyond its sides."""
    height, width = round((_BOTTOM - _TOP) * scale), round(aspect * 1.35 * scale)
    tall, wide = picture.shape[:2]
    fit = max(height / tall, width / wide)
    interpolation = cv2.INTER_AREA if fit < 1 else cv2.INTER_CUBIC
    size = max(width, round(wide * fit)), max(height, round(tall * fit))
    fitted = cv2.resize(picture, size, interpolation=interpolation)
    top, left = (size[1] - height) // 2, (size[0] - width) // 2
    cropped = fitted[top : top + height, left : left + width].copy()
    cropped[..., 3] = 255
    # Shown centred at rest: half of the spare width lies to the left of the frame.
    spare = round(aspect * 0.175 * scale)
    strip = np.concatenate([cropped, cropped[:, ::-1]], axis=1)
    strip = np.roll(strip, -spare, axis=1)
    view = min(strip.shape[1], int(np.ceil((aspect * 1.12 + 0.2) * scale)))
    image = np.concatenate([strip, strip[:, :view]], axis=1)
    return Layer(
        image=image,
        top=_TOP,
        period=strip.shape[1] / scale,
        scale=scale,
        depth=_DEPTH,
        drift=0.0,
        sway=0.0,
        washes=False,
        in_front=False,
        solid_from=_TOP,
        crowns=(0,) * -(-image.shape[1] // BLOCK),
    )


def picture_ramp(picture: Pixels, tones: int = 5) -> tuple[Colour, ...]:
    """A picture's colours from dark to light: the mean of each fifth of its pixels by brightness."""
    small = (
        cv2.resize(picture[..., :3], (48, 48), interpolation=cv2.INTER_AREA).reshape(-1, 3).astype(np.float32)
    )
    luma = small @ np.array([0.299, 0.587, 0.114], np.float32)
    ordered = small[np.argsort(luma, kind="stable")]
    ramp = []
    for part in np.array_split(ordered, tones):
        red, green, blue = part.mean(axis=0).tolist()
        ramp.append((red, green, blue))
    return tuple(ramp)
