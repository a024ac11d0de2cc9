"""Pictures handed in by people: opened with suspicion, turned upright, and told apart from other files."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from reelhouse.errors import InputError
from reelhouse.media.atomic import written

MAX_SIZE_BYTES = 50_000_000
MAX_PIXELS = 100_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")


def open_picture(path: Path) -> Image.Image:
    """A picture, upright, as 8-bit RGB, or RGBA if any of it can be seen through.

    Sixteen-bit, CMYK, palette and grey pictures are converted; of an animation the first frame is taken.

    Raises:
        InputError: no file, not a picture of a known format, damaged, or too large; says what was found.
    """
    try:
        size_bytes = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise InputError(f"cannot open the picture {path}: {error.strerror}") from error
    if size_bytes > MAX_SIZE_BYTES:
        raise InputError(
            f"{path.name} has {size_bytes / 1e6:.0f} MB; a picture may have {MAX_SIZE_BYTES // 10**6} MB"
        )
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures at a size of its own; the limit here is ours.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                _check_pixels(path, image)
                image.load()
                return _to_rgb_or_rgba(ImageOps.exif_transpose(image))
    except UnidentifiedImageError as error:
        found = f"it begins with {head!r}" if head else "it is empty"
        raise InputError(
            f"{path.name} is not a picture: {found}. Use PNG, JPEG, WebP, BMP, TIFF or GIF."
        ) from error
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise InputError(f"{path.name} is a damaged picture: {error}") from error


def flattened(image: Image.Image, background: str = "black") -> Image.Image:
    """The picture as RGB, what can be seen through laid on a colour."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    below = Image.new("RGBA", image.size, background)
    return Image.alpha_composite(below, image).convert("RGB")


def save_png(image: Image.Image, path: Path) -> None:
    """Writes a PNG whole or not at all.

    Raises:
        MediaError, DiskFull: it could not be written.
    """
    with written(path) as part:
        # Level 1 takes a fifth of the time for a tenth more bytes.
        image.save(part, format="PNG", compress_level=1)


def _check_pixels(path: Path, image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise InputError(
            f"{path.name} has {image.width}x{image.height} pixels; "
            f"a picture may have {MAX_PIXELS // 10**6} megapixels"
        )


def _to_rgb_or_rgba(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        return _from_deep_grey(image).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        opaque = np.asarray(rgba.getchannel("A")).min(initial=255) == 255
        return rgba.convert("RGB") if opaque else rgba
    return image.convert("RGB")


def _from_deep_grey(image: Image.Image) -> Image.Image:
    """Eight-bit grey; Pillow's own conversion would clip sixteen-bit values at 255."""
    values = np.asarray(image).astype(np.float64)
    full = 1.0 if image.mode.startswith("F") and values.max(initial=0) <= 1 else 65_535.0
    if full > 1 and values.max(initial=0) <= 255:
        full = 255.0
    return Image.fromarray(np.clip(np.rint(values / full * 255), 0, 255).astype(np.uint8))
