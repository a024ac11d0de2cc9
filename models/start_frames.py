"""The pictures a clip starts from and ends on: found in the request, cut to the clip's size, and compared.

The published first-and-last-frame program crops a last frame of another size with its sides exchanged and
never scales it; here both ends are scaled to cover the clip and cropped about the centre.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from models.reference_images import flatten_on_white, upright_rgba
from reelhouse.clips import ClipRequest
from reelhouse.errors import EngineError, InputError

ALIKE = 2.0  # mean difference of two ends in levels of 255, below which there is nothing to film between them


def start_picture(request: ClipRequest, *, engine: str) -> Image.Image:
    """Return the RGB picture to start from: the given first frame, else the scene's first reference image.

    Raises:
        EngineError: there is neither, or it cannot be read.
    """
    if request.first_frame is not None:
        return cover(_read(request.first_frame), height=request.height, width=request.width)
    if request.references:
        letterboxed = _read(request.references[0].letterboxed)
        return cover(letterboxed, height=request.height, width=request.width)
    raise EngineError(
        f"scene {request.scene}: {engine} starts from a picture and there is none: give the scene a subject "
        "with an image, or seam: continue to start from the last frame of the scene before"
    )


def end_picture(request: ClipRequest, *, engine: str) -> Image.Image:
    """Return the RGB picture to end on.

    Raises:
        EngineError: there is none, or it cannot be read.
    """
    if request.last_frame is None:
        raise EngineError(
            f"scene {request.scene}: {engine} films from a first to a last frame and no last frame was given"
            ": use seam: bridge, or an engine that needs none, such as wan-i2v-14b-720p"
        )
    return cover(_read(request.last_frame), height=request.height, width=request.width)


def check_ends_differ(first: Image.Image, last: Image.Image, *, scene: str) -> None:
    """Refuse two ends that are nearly one picture.

    Raises:
        EngineError: their mean absolute difference is below `ALIKE` levels of 255.
    """
    levels = [np.asarray(end, np.int16) for end in (first, last)]
    difference = float(np.abs(levels[0] - levels[1]).mean())
    if difference < ALIKE:
        raise EngineError(
            f"scene {scene}: first and last frame are nearly the same picture (they differ by "
            f"{difference:.2f} of 255 levels, at least {ALIKE:g} are wanted), so there is nothing to film "
            "between them: use seam: continue with an engine that only needs a first frame, or hold the "
            "frame, or choose another last frame"
        )


def cover(picture: Image.Image, *, height: int, width: int) -> Image.Image:
    """Return an RGB picture scaled by LANCZOS until it covers height × width, cropped about its centre."""
    if picture.size == (width, height):
        return picture
    scale = max(width / picture.width, height / picture.height)
    # The part of the picture that is kept, in its own pixels: one resampling, no rounded size between.
    kept_width, kept_height = width / scale, height / scale
    left, top = (picture.width - kept_width) / 2, (picture.height - kept_height) / 2
    box = (
        max(left, 0.0),
        max(top, 0.0),
        min(left + kept_width, picture.width),
        min(top + kept_height, picture.height),
    )
    return picture.resize((width, height), Image.Resampling.LANCZOS, box=box)


def _read(path: Path) -> Image.Image:
    try:
        with Image.open(path) as picture:
            return flatten_on_white(upright_rgba(picture))
    except (OSError, ValueError, InputError) as error:
        raise EngineError(f"the picture {path} cannot be read ({error}): make it again") from error
