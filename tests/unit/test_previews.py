"""Previews as bytes: small enough for a row of a database, and still the picture."""

import io

import numpy as np
import pytest
from PIL import Image

from tasks.previews import LARGEST_BYTES, LARGEST_SIDE, decoded, encoded


def test_a_latents_hundred_pixels_keep_their_size_and_their_colours():
    picture = np.zeros((60, 104, 3), np.uint8)
    picture[:, ::2] = (220, 40, 40)  # every other column, as no subsampled colour could show
    picture[:, 1::2] = (40, 40, 220)

    seen = decoded(encoded(picture))

    assert seen.shape == picture.shape
    assert seen.dtype == np.uint8
    assert np.abs(seen.astype(int) - picture).mean() < 12


@pytest.mark.parametrize("size", [(480, 832), (90, 160), (2000, 300), (1, 1)])
def test_the_worst_picture_fits_into_its_row(size: tuple[int, int]):
    noise = np.random.default_rng(7).integers(0, 256, (*size, 3), np.uint8)

    data = encoded(noise)

    assert len(data) <= LARGEST_BYTES
    with Image.open(io.BytesIO(data)) as image:
        assert max(image.size) <= LARGEST_SIDE
        assert image.height / image.width == pytest.approx(size[0] / size[1], rel=0.1)
