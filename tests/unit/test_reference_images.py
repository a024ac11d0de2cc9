"""The letterbox against the official program's own output, and what is put right before it."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.reference_images import flatten_on_white, letterbox, upright_rgba
from reelhouse.errors import InputError

GOLDEN = Path(__file__).parent.parent / "golden" / "A" / "preprocess"
CASES = json.loads((GOLDEN / "cases.json").read_text())


def sha256(picture: Image.Image) -> str:
    return hashlib.sha256(picture.tobytes()).hexdigest()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["input"])
def test_the_letterbox_matches_the_official_program_within_one_level(case: dict[str, Any]) -> None:
    found = letterbox(
        Image.open(GOLDEN / case["input"]), height=case["target_height"], width=case["target_width"]
    )
    wanted = np.asarray(Image.open(GOLDEN / case["output"]), np.int16)
    # Pillow before 13 rounds LANCZOS by up to one level differently when it shrinks.
    assert np.abs(np.asarray(found, np.int16) - wanted).max() <= 1
    if case["bytes_differing_with_pillow_10_to_12"] == 0:
        assert sha256(found) == case["output_rgb_sha256"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["input"])
@pytest.mark.parametrize("size", ["832x480", "1280x720"])
def test_the_letterbox_is_the_official_programs_to_the_bit_at_the_models_own_sizes(
    case: dict[str, Any], size: str
) -> None:
    width, height = map(int, size.split("x"))
    found = letterbox(Image.open(GOLDEN / case["input"]), height=height, width=width)
    assert sha256(found) == case["large_output_rgb_sha256"][size]


def test_a_portrait_of_480x832_keeps_the_official_programs_white_column() -> None:
    black = Image.new("RGB", (480, 832))
    columns = np.asarray(letterbox(black, height=832, width=480))[:, :, 0].max(axis=0)
    assert (columns == 255).sum() == 1
    assert columns[-1] == 255


def test_an_odd_pixel_of_padding_goes_below() -> None:
    rows = np.asarray(letterbox(Image.new("RGB", (10, 5)), height=16, width=20))[:, 0, 0]
    assert list(np.flatnonzero(rows == 0)) == list(range(3, 13))
    odd = np.asarray(letterbox(Image.new("RGB", (10, 5)), height=15, width=20))[:, 0, 0]
    assert list(np.flatnonzero(odd == 0)) == list(range(2, 12))


def test_a_picture_too_narrow_to_keep_a_pixel_is_refused() -> None:
    with pytest.raises(InputError, match="2000x1 pixels is too narrow to fit 64x48"):
        letterbox(Image.new("RGB", (2000, 1)), height=48, width=64)


def test_transparency_is_laid_over_white_not_dropped() -> None:
    rgba = Image.new("RGBA", (2, 1), (200, 0, 0, 0))
    rgba.putpixel((1, 0), (0, 100, 200, 128))
    flat = np.asarray(flatten_on_white(rgba))
    assert flat[0, 0].tolist() == [255, 255, 255]
    assert np.abs(flat[0, 1].astype(int) - [127, 177, 227]).max() <= 1


def test_a_phones_rotation_is_followed() -> None:
    picture = Image.new("RGB", (40, 20))
    exif = picture.getexif()
    exif[0x0112] = 6
    file = io.BytesIO()
    picture.save(file, "JPEG", exif=exif)
    assert upright_rgba(Image.open(file)).size == (20, 40)


def test_sixteen_bit_grey_keeps_its_greys() -> None:
    grey = Image.fromarray(np.full((4, 4), 32768, np.uint16))
    assert np.asarray(upright_rgba(grey))[0, 0].tolist() == [127, 127, 127, 255]


def test_a_palette_picture_keeps_its_transparency() -> None:
    palette = Image.new("P", (2, 2), 0)
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.info["transparency"] = 0
    assert np.asarray(upright_rgba(palette))[0, 0, 3] == 0
