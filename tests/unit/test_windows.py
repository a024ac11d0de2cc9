"""Windows: a long scene as clips that overlap, together as long as it can be to the frame."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelhouse.timing import FrameCounts
from reelhouse.windows import Windows, lay_windows

WAN = FrameCounts(5, 81)
RATE = Fraction(16)


def test_ten_seconds_of_wan_are_three_windows_of_equal_length():
    windows = lay_windows(Fraction(10), RATE, WAN, 17)
    assert windows.num_frames == (65, 65, 65)
    assert windows.starts == (0, 48, 96)
    assert windows.total == 161


def test_a_scene_hardly_longer_than_a_clip_is_one_clip():
    assert lay_windows(Fraction(82, 16), RATE, WAN, 17) == Windows((81,))


def test_an_engine_of_one_fixed_count_gives_coarse_lengths():
    assert lay_windows(Fraction(10), Fraction(8), FrameCounts(49, 49, step=8), 9).total == 89


def test_clips_that_are_nothing_but_overlap_are_refused():
    with pytest.raises(ValueError, match="cannot overlap by 17"):
        lay_windows(Fraction(10), RATE, FrameCounts(5, 17), 17)
    with pytest.raises(ValueError, match="cannot overlap"):
        Windows((17, 33), 17)


rules = st.sampled_from([WAN, FrameCounts(5, 121), FrameCounts(5, 33), FrameCounts(25, 25, step=1, offset=0)])


@given(st.fractions(min_value=1, max_value=300), rules, st.sampled_from([1, 9, 17]))
def test_windows_are_legal_equal_and_as_near_to_the_duration_as_any(duration, counts, overlap):
    windows = lay_windows(duration, RATE, counts, overlap)
    assert all(count in counts for count in windows.num_frames)
    assert max(windows.num_frames) - min(windows.num_frames) <= counts.step
    assert windows.starts[-1] + windows.num_frames[-1] == windows.total
    for before, start, count in zip(windows.starts, windows.starts[1:], windows.num_frames, strict=False):
        assert start == before + count - windows.overlap
    away = abs(windows.total - duration * RATE)
    if counts.minimum < counts.maximum and duration * RATE > counts.maximum:
        # The sums of two neighbouring numbers of windows meet without a gap, so half a step is the most.
        assert 2 * away <= counts.step
    else:
        assert 2 * away <= counts.maximum - overlap or len(windows.num_frames) == 1
