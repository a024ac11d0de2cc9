"""Masks made clean and colours freed of the background, on drawn shapes whose truth is known."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.cutouts import clean_mask, decontaminated_colours, parts

from ..shot_pictures import fox, iou, over, textured_background


def disc(height: int, width: int, *discs: tuple[int, int, int]) -> NDArray[np.bool_]:
    canvas = np.zeros((height, width), np.uint8)
    for x, y, radius in discs:
        cv2.circle(canvas, (x, y), radius, 1, -1)
    return canvas.astype(bool)


def flat(shape: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.where(shape[..., None], np.uint8(60), np.uint8(190)).repeat(3, axis=2)


def cleaned(shape: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return clean_mask(shape.astype(np.float32), flat(shape)) >= 128


def test_islands_are_dropped_and_a_second_large_part_is_kept() -> None:
    shape = disc(200, 300, (80, 100, 50), (220, 100, 30), (290, 10, 5))
    found = cleaned(shape)
    assert not found[:20, 280:].any()
    assert parts(found.astype(np.uint8) * 255) == 2


def test_a_pinhole_is_filled_and_a_real_hole_stays() -> None:
    shape = disc(200, 200, (100, 100, 80)) & ~disc(200, 200, (70, 100, 2)) & ~disc(200, 200, (125, 100, 20))
    found = cleaned(shape)
    assert found[100, 70]
    assert not found[100, 125]


def test_a_gap_at_the_pictures_border_is_not_a_hole() -> None:
    shape = np.ones((100, 100), bool)
    shape[:6, 47:53] = False
    assert not cleaned(shape)[0, 50]


def test_the_edge_is_soft_over_one_to_three_pixels() -> None:
    shape = np.zeros((60, 60), bool)
    shape[:, 30:] = True
    row = clean_mask(shape.astype(np.float32), flat(shape))[30]
    assert 1 <= ((row > 5) & (row < 250)).sum() <= 3
    assert row[20] == 0
    assert row[40] == 255


def test_a_subject_at_the_pictures_border_is_not_faded_there() -> None:
    shape = np.zeros((60, 60), bool)
    shape[20:, 10:50] = True
    assert (clean_mask(shape.astype(np.float32), flat(shape))[-1, 20:40] == 255).all()


def test_a_blurred_mask_is_snapped_to_the_pictures_edge_where_grey_shows_none() -> None:
    picture, shape = fox(720, 960)
    coarse = cv2.resize(shape.astype(np.float32), (96, 72), interpolation=cv2.INTER_AREA)
    soft = np.asarray(cv2.resize(coarse, (960, 720), interpolation=cv2.INTER_LINEAR), np.float32)
    before = iou(soft >= 0.5, shape)
    after = iou(clean_mask(soft, picture) >= 128, shape)
    assert after > before
    assert after > 0.98


def test_an_empty_mask_stays_empty() -> None:
    assert not clean_mask(np.zeros((40, 50), np.float32), np.zeros((40, 50, 3), np.uint8)).any()


def test_cleaning_is_the_same_every_time() -> None:
    picture, shape = fox()
    soft = shape.astype(np.float32)
    assert clean_mask(soft, picture).tobytes() == clean_mask(soft, picture).tobytes()


def test_no_colour_of_the_old_background_is_left_at_the_edge() -> None:
    shape = disc(200, 200, (100, 100, 70))
    background = textured_background(200, 200, seed=5, hue=(20, 220, 40))
    picture = over(background, (200, 40, 60), shape)
    mask = clean_mask(shape.astype(np.float32), picture)
    colours = decontaminated_colours(picture, mask)
    assert np.abs(colours[mask > 0].astype(int) - (200, 40, 60)).max() <= 6
    assert np.abs(colours.astype(int) - (200, 40, 60)).max() <= 6, "under full transparency too"


def test_a_line_too_thin_to_have_an_inside_keeps_its_own_colour() -> None:
    shape = np.zeros((80, 200), bool)
    shape[20:60, 10:60] = True
    shape[38:41, 60:190] = True
    picture = np.full((80, 200, 3), 250, np.uint8)
    picture[20:60, 10:60] = (200, 30, 30)
    picture[38:41, 60:190] = (20, 20, 160)
    colours = decontaminated_colours(picture, shape.astype(np.uint8) * 255)
    assert np.abs(colours[36, 150].astype(int) - (20, 20, 160)).max() <= 6


def test_the_solid_inside_keeps_every_pixel() -> None:
    picture, shape = fox()
    mask = clean_mask(shape.astype(np.float32), picture)
    colours = decontaminated_colours(picture, mask)
    assert np.array_equal(colours[mask >= 250], picture[mask >= 250])
