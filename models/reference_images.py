"""Reference images as Phantom was trained on them: flattened on white, fitted, centred, padded with white.

Knows nothing of masks or files. The letterbox repeats the official program's arithmetic to the pixel; what
that program gets wrong before it (alpha dropped, a phone's rotation ignored, 16-bit grey turned white) is put
right in `upright_rgba`.
"""

import numpy as np
from PIL import Image, ImageOps

from reelhouse.errors import InputError

WHITE = (255, 255, 255)


def upright_rgba(picture: Image.Image) -> Image.Image:
    """Return any picture as RGBA with straight alpha, turned the way its camera held it."""
    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I"):
        # Pillow clips 16-bit grey to 8 bits instead of scaling it.
        grey = np.asarray(upright).astype(np.int64)
        upright = Image.fromarray((np.clip(grey, 0, 65535) // 257).astype(np.uint8), mode="L")
    return upright.convert("RGBA")


def flatten_on_white(rgba: Image.Image) -> Image.Image:
    """Return the picture as RGB, laid over white by its straight alpha."""
    ground = Image.new("RGBA", rgba.size, (*WHITE, 255))
    return Image.alpha_composite(ground, rgba.convert("RGBA")).convert("RGB")


def letterbox(rgb: Image.Image, *, height: int, width: int) -> Image.Image:
    """Return an RGB picture of exactly height × width: fitted by LANCZOS, centred, the rest white.

    The computed side is truncated, not rounded, and an odd pixel of padding goes right or below.
    Raises:
        InputError: the picture is so narrow that a side would have no pixel left.
    Source: Phantom-video/Phantom `generate.py`, `load_ref_images`.
    """
    # The two ratios are compared and multiplied as floats, in this order: 480 × 832 into itself is 479 wide,
    # and weights trained on that are conditioned on it.
    source_ratio = rgb.width / rgb.height
    if source_ratio > width / height:
        fitted_width, fitted_height = width, int(width / source_ratio)
    else:
        fitted_width, fitted_height = int(height * source_ratio), height
    if not (fitted_width and fitted_height):
        raise InputError(
            f"a reference picture of {rgb.width}x{rgb.height} pixels is too narrow to fit {width}x{height}; "
            "crop it closer to a square"
        )
    fitted = rgb.convert("RGB").resize((fitted_width, fitted_height), Image.Resampling.LANCZOS)
    page = Image.new("RGB", (width, height), WHITE)
    page.paste(fitted, ((width - fitted_width) // 2, (height - fitted_height) // 2))
    return page
