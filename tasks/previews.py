"""Previews: how a look at what is being made travels from who makes it to who watches, and is shown there."""

from io import BytesIO

import numpy as np
from PIL import Image

from tasks.progress import Picture

LARGEST_BYTES = 32_000
LARGEST_SIDE = SHOWN_WIDTH = 416  # pixels; a latent has a hundred


def encoded(picture: Picture) -> bytes:
    """A JPEG of a picture [H, W, 3] uint8 RGB, smaller than that if it would be over `LARGEST_BYTES`."""
    image = Image.fromarray(picture)
    image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    while True:
        data = BytesIO()
        # Without subsampling: a pixel of a latent is eight of the film's, and its colour counts.
        image.save(data, "JPEG", quality=85, subsampling=0)
        if data.tell() <= LARGEST_BYTES:
            return data.getvalue()
        image = image.resize((max(image.width // 2, 1), max(image.height // 2, 1)))


def decoded(data: bytes) -> Picture:
    """The picture [H, W, 3] uint8 RGB that was encoded."""
    with Image.open(BytesIO(data)) as image:
        return np.asarray(image)


def enlarged(picture: Picture) -> Image.Image:
    """A picture [H, W, 3] uint8 RGB as large as a person can see, `SHOWN_WIDTH` wide."""
    image = Image.fromarray(picture)
    height = round(image.height * SHOWN_WIDTH / image.width)
    return image.resize((SHOWN_WIDTH, height), Image.Resampling.BICUBIC)
