from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelhouse.timing import FrameCounts, parse_duration, parse_frame_rate, parse_wait, timecode

WAN = FrameCounts(minimum=5, maximum=481)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5s", 5), ("0.5 s", "1/2"), ("750ms", "3/4"), ("2m", 120), (5, 5), (1.5, "3/2"), (".25s", "1/4")],
)
def test_a_duration_is_exact(text, seconds):
    assert parse_duration(text) == Fraction(seconds)


@pytest.mark.parametrize("text", ["0s", "-1s", "five", "", "5 h", True, "1e3s", "５s", "nan"])
def test_what_is_no_duration_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


def test_ntsc_rates_are_exact():
    assert parse_frame_rate("30000/1001") == Fraction(30000, 1001)


@pytest.mark.parametrize("text", [0, 121, "fast", "1/0", True, -16])
def test_what_is_no_frame_rate_is_refused(text):
    with pytest.raises(ValueError, match="frame rate"):
        parse_frame_rate(text)


def test_five_seconds_at_sixteen_frames_are_81_frames():
    assert WAN.nearest(Fraction(5), Fraction(16)) == 81


@given(st.fractions(min_value="1/100", max_value=60), st.sampled_from([16, 24, Fraction(30000, 1001)]))
def test_the_nearest_count_is_legal_and_no_other_is_nearer(duration, frame_rate):
    num_frames = WAN.nearest(duration, Fraction(frame_rate))
    assert num_frames in WAN
    wanted = duration * frame_rate
    for other in (num_frames - 4, num_frames + 4):
        assert other not in WAN or abs(other - wanted) >= abs(num_frames - wanted)


def test_bounds_that_the_rule_does_not_make_are_refused():
    with pytest.raises(ValueError, match="bounds"):
        FrameCounts(minimum=4, maximum=81)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(Fraction(81, 16), "0:05.06"), (65, "1:05.00"), (3661, "1:01:01.00"), (0, "0:00.00")],
)
def test_a_timecode_reads_like_a_players(seconds, text):
    assert timecode(Fraction(seconds)) == text


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), (" 30 m", 1800), ("24h", 86_400), ("3d", 259_200)]
)
def test_how_long_a_person_is_waited_for_is_read_in_whole_units(text, seconds):
    assert parse_wait(text) == seconds


@pytest.mark.parametrize("text", ["0h", "1.5h", "24", "a day", 24, None, "-1h"])
def test_what_is_no_time_to_wait_is_refused(text):
    with pytest.raises(ValueError, match="such as 30m, 24h or 3d"):
        parse_wait(text)
