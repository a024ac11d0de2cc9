"""From a picture to a subject: which mask is used, and what a person is told about it."""

import re
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from models.masks import MaskedSubject, MaskMethod, mask_subject
from models.segmenter import U2NETP, Box, SegmenterSpec
from reelhouse.clips import Role
from reelhouse.errors import InputError

from ..shot_pictures import fox


@dataclass
class Finder:
    """A segmenter that finds what it was told to and remembers what it was asked."""

    soft: NDArray[np.float32]
    asked: tuple[str, Box | None] | None = None

    @property
    def spec(self) -> SegmenterSpec:
        return U2NETP

    def segment(self, image: NDArray[np.uint8], *, phrase: str, box: Box | None) -> NDArray[np.float32]:
        assert image.shape[:2] == self.soft.shape
        self.asked = (phrase, box)
        return self.soft


def masked(
    soft: NDArray[np.floating] | NDArray[np.bool_],
    *,
    method: MaskMethod = "auto",
    box: Box | None = None,
    picture: Image.Image | None = None,
) -> MaskedSubject:
    grey = Image.new("RGB", soft.shape[::-1], (120, 120, 120))
    return mask_subject(
        picture or grey,
        method=method,
        role=Role.SUBJECT,
        phrase="a red fox",
        box=box,
        segmenter=Finder(soft.astype(np.float32)),
    )


def square(height: int = 200, width: int = 300, *, inset: int = 50) -> NDArray[np.bool_]:
    shape = np.zeros((height, width), bool)
    shape[inset : height - inset, inset : width - inset] = True
    return shape


def test_the_segmenter_is_asked_for_the_phrase_and_its_mask_is_used() -> None:
    finder = Finder(square().astype(np.float32))
    found = mask_subject(
        Image.new("RGB", (300, 200)), method="auto", role=Role.PRODUCT, phrase="a box", segmenter=finder
    )
    assert finder.asked == ("a box", None)
    assert found.mask.shape == (200, 300)
    assert found.cutout.shape == (200, 300, 4)
    assert np.array_equal(found.cutout[..., 3], found.mask)
    assert found.coverage == pytest.approx(square().mean(), abs=0.01)
    assert found.warnings == ()


@pytest.mark.parametrize("role", [Role.BACKGROUND, Role.STYLE])
def test_a_background_or_style_is_kept_whole(role: Role) -> None:
    picture, _ = fox()
    found = mask_subject(Image.fromarray(picture), method="auto", role=role, phrase="", segmenter=None)
    assert (found.mask == 255).all()
    assert found.coverage == 1.0
    assert np.array_equal(found.cutout[..., :3], picture)


def test_none_keeps_the_whole_picture_on_white() -> None:
    picture = Image.new("RGBA", (20, 10), (255, 0, 0, 0))
    found = mask_subject(picture, method="none", role=Role.SUBJECT, phrase="", segmenter=None)
    assert (found.cutout == 255).all()
    assert found.warnings == ()


def test_a_pictures_own_transparency_is_used_as_it_is_and_needs_no_segmenter() -> None:
    alpha = np.where(square(), 255, 0).astype(np.uint8)
    alpha[100, 40:50] = 77
    pixels = np.dstack([np.full((200, 300, 3), (10, 200, 90), np.uint8), alpha])
    pixels[alpha == 0, :3] = (255, 0, 255)
    found = mask_subject(Image.fromarray(pixels), method="auto", role=Role.SUBJECT, phrase="", segmenter=None)
    assert np.array_equal(found.mask, alpha)
    assert np.array_equal(found.cutout[alpha > 0, :3], pixels[alpha > 0, :3])
    assert np.abs(found.cutout[alpha == 0, :3].astype(int) - (10, 200, 90)).max() <= 3


def test_a_transparent_corner_is_no_cut_out() -> None:
    picture = Image.new("RGBA", (300, 200), (120, 120, 120, 255))
    picture.putpixel((0, 0), (0, 0, 0, 0))
    assert masked(square(), picture=picture).coverage < 0.5


def test_the_box_reaches_the_segmenter() -> None:
    finder = Finder(square().astype(np.float32))
    mask_subject(
        Image.new("RGB", (300, 200)),
        method="box",
        role=Role.SUBJECT,
        phrase="a fox",
        box=(40, 40, 260, 160),
        segmenter=finder,
    )
    assert finder.asked == ("a fox", (40, 40, 260, 160))


@pytest.mark.parametrize("of_size", [(300, 200), (150, 100)])
@pytest.mark.parametrize("kind", ["white on black", "transparent"])
def test_a_mask_file_is_used_whatever_its_size_and_kind(of_size: tuple[int, int], kind: str) -> None:
    white_on_black = Image.fromarray(square().astype(np.uint8) * 255).resize(of_size)
    mask_file = white_on_black
    if kind == "transparent":
        mask_file = Image.new("RGBA", of_size, (0, 0, 0, 255))
        mask_file.putalpha(white_on_black)
    found = mask_subject(
        Image.new("RGB", (300, 200), (9, 9, 9)),
        method="file",
        role=Role.SUBJECT,
        phrase="",
        mask_file=mask_file,
        segmenter=None,
    )
    assert found.coverage == pytest.approx(square().mean(), abs=0.01)


def test_a_mask_file_of_another_shape_is_refused() -> None:
    with pytest.raises(InputError, match="200x200 and its picture 300x200"):
        mask_subject(
            Image.new("RGB", (300, 200)),
            method="file",
            role=Role.SUBJECT,
            phrase="",
            mask_file=Image.new("L", (200, 200)),
            segmenter=None,
        )


def test_a_box_without_its_method_and_a_method_without_its_box_are_refused() -> None:
    with pytest.raises(InputError, match="a box goes with `mask: box`"):
        masked(square(), box=(0, 0, 10, 10))
    with pytest.raises(InputError, match="a box goes with `mask: box`"):
        masked(square(), method="box")
    with pytest.raises(InputError, match="a mask file goes with `mask: file`"):
        masked(square(), method="file")


def test_without_a_segmenter_the_message_says_what_can_be_done_instead() -> None:
    with pytest.raises(InputError, match=r"a segmenter is needed.*`mask: none`"):
        mask_subject(
            Image.new("RGB", (30, 20)), method="auto", role=Role.SUBJECT, phrase="a fox", segmenter=None
        )


def test_a_person_is_told_that_nothing_was_found() -> None:
    found = masked(np.zeros((200, 300)))
    assert found.coverage == 0
    assert found.warnings == (
        "Nothing was found that looks like “a red fox”: draw a box round it, give a mask file, or use the "
        "whole picture with `mask: none`.",
    )


@pytest.mark.parametrize(
    ("soft", "words"),
    [
        (square(inset=98), r"covers only 0\.\d% of the picture"),
        (np.ones((200, 300)), "covers 100% of the picture, so nothing is cut away"),
        (np.ones((200, 300)), "runs off 4 of the picture's 4 sides"),
        (square() * 0.7, "uncertain, half subject and half background"),
    ],
)
def test_a_person_is_told_why_a_mask_is_doubtful_and_what_to_do(
    soft: NDArray[np.floating], words: str
) -> None:
    [warning] = masked(soft).warnings
    assert warning.startswith("The mask for “a red fox” may be wrong: ")
    assert warning.endswith("give a mask file, or use the whole picture with `mask: none`.")
    assert re.search(words, warning)


def test_a_person_is_told_that_a_mask_is_in_many_parts() -> None:
    canvas = np.zeros((200, 300), np.uint8)
    for x in range(40, 300, 60):
        cv2.circle(canvas, (x, 100), 20, 1, -1)
    [warning] = masked(canvas.astype(bool)).warnings
    assert "in 5 separate parts" in warning


@pytest.mark.parametrize(
    ("value", "words"), [(0, "The mask is empty"), (255, "is it the wrong way round, or unfinished")]
)
def test_a_persons_own_mask_is_doubted_only_when_it_is_empty_or_everything(value: int, words: str) -> None:
    found = mask_subject(
        Image.new("RGB", (300, 200)),
        method="file",
        role=Role.SUBJECT,
        phrase="",
        mask_file=Image.new("L", (300, 200), value),
        segmenter=None,
    )
    assert words in found.warnings[0]
