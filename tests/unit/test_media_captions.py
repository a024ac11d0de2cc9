"""Captions: rows that fit and lose nothing, characters that exist, words where they can be read."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from reelhouse.errors import InputError
from reelhouse.media.captions import caption_overlay
from reelhouse.media.typesetting import measure, normalized, wrap

LATIN = st.text(st.sampled_from("abcdefghiTW ,.!?'\"()"), max_size=90)
CHINESE = st.text(st.sampled_from("放飞吧狐狸拉着风筝跑过草地，。！？（）《》"), max_size=60)
TEXT = st.one_of(LATIN, CHINESE, st.builds(lambda a, b: a + b, LATIN, CHINESE)).map(
    lambda t: " ".join(t.split())
)


@given(text=TEXT, width=st.floats(60, 900), size=st.sampled_from([12.0, 26.5, 40.0]))
def test_wrapping_loses_no_text_and_no_row_is_too_wide(text: str, width: float, size: float) -> None:
    rows = wrap(text, measure(size), width)
    assert "".join(rows).replace(" ", "") == text.replace(" ", "")
    assert all(row == row.strip() and row for row in rows)
    assert all(measure(size)(row) <= width for row in rows)


def test_evening_rows_out_breaks_no_word_and_broken_words_leave_no_spaces() -> None:
    """Both were found by the properties around this test."""
    assert wrap("《。。。。吧《。。。。《", measure(26), 150) == ["《。。。。", "吧", "《。。。。", "《"]
    assert wrap("? 。", measure(40), 60) == ["?", "。"]


@given(text=CHINESE.filter(lambda t: t and t[0] not in "，。！？）》"), width=st.floats(150, 600))
def test_no_row_begins_with_a_closing_mark_or_ends_with_an_opening_one(text: str, width: float) -> None:
    """A character and its marks that are wider than a row have to break somewhere; they are left out."""
    rows = wrap(text, measure(26), width)
    together = re.findall("[（《]*[^（《，。！？）》]?[，。！？）》]*", text)
    if max(map(measure(26), together)) <= width:
        assert not any(row[0] in "，。！？）》" for row in rows)
        assert not any(row[-1] in "（《" for row in rows[:-1])


def test_rows_are_evenly_filled() -> None:
    rows = wrap("the fox stops on a hill and looks up at the kite", measure(26), 480)
    assert len(rows) == 2
    widths = [measure(26)(row) for row in rows]
    assert max(widths) < 1.25 * min(widths)


def test_words_stay_whole_and_a_dash_does_not_begin_a_row() -> None:
    rows = wrap(normalized("the fox looks up — and doesn’t let go"), measure(26), 230)
    words = {"the", "fox", "looks", "up", "–", "and", "doesn't", "let", "go"}
    assert all(set(row.split()) <= words for row in rows)
    assert not any(row.startswith("–") for row in rows)


def test_characters_that_the_typeface_lacks_are_named() -> None:
    with pytest.raises(InputError, match=r"the typeface lacks: '🦊' \(U\+1F98A\)"):
        caption_overlay(["the fox 🦊"], height=480, width=832)
    with pytest.raises(InputError, match="U\\+0E2A"):
        normalized("สวัสดี")


def test_chinese_is_drawn_as_itself_and_not_as_empty_boxes() -> None:
    drawn = {text: caption_overlay([text], height=480, width=832).tobytes() for text in "放飞吧狐狸"}
    assert len(set(drawn.values())) == 5


@pytest.mark.parametrize(("height", "width"), [(480, 832), (832, 480), (640, 640), (1080, 1920)])
def test_a_caption_stands_centred_in_the_lower_safe_area(height: int, width: int) -> None:
    overlay = caption_overlay(
        ["Let it fly, let it fly far away", "放飞吧，放飞吧。"], height=height, width=width
    )
    assert overlay.mode == "RGBA"
    assert overlay.size == (width, height)
    pixels = np.asarray(overlay).astype(int)
    white = (pixels[..., 3] > 200) & (pixels[..., :3].min(-1) > 200)
    rows, columns = np.nonzero(white)
    assert rows.min() > 0.55 * height
    assert rows.max() < 0.95 * height
    assert columns.min() > 0.05 * width
    assert columns.max() < 0.95 * width
    assert (columns.min() + columns.max()) / 2 == pytest.approx(width / 2, abs=0.02 * width)


@pytest.mark.parametrize("background", [(255, 255, 255), (10, 10, 14), (250, 220, 40)])
def test_white_letters_keep_a_dark_edge_on_any_background(background: tuple[int, int, int]) -> None:
    frame = Image.new("RGBA", (832, 480), background)
    frame.alpha_composite(caption_overlay(["Let it fly"], height=480, width=832))
    grey = np.asarray(frame.convert("L")).astype(int)
    words = grey[420:450, 350:480]
    assert words.max() > 245
    assert words.min() < 110


def test_the_same_caption_is_the_same_picture() -> None:
    first, second = (caption_overlay(["Let it fly", "放飞吧"], height=480, width=832) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_an_empty_caption_is_clear() -> None:
    assert caption_overlay(["", "  "], height=480, width=832).getbbox() is None


def test_long_captions_shrink_and_endless_ones_are_refused() -> None:
    long = "the fox runs on and on over the meadow and up the hill " * 3
    assert caption_overlay([long], height=480, width=832).getbbox() is not None
    with pytest.raises(InputError, match="too long for a picture of 832x480"):
        caption_overlay([long * 12], height=480, width=832)
