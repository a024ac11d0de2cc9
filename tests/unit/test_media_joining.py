"""Windows joined: every frame in its place, a drift of colour gone, memory that does not grow."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelhouse.errors import MediaError
from reelhouse.media.joining import MAX_GAIN, MAX_SHIFT, ColourMatch, joined


def scene(num_frames, height=24, width=32):
    """Frames [F, H, W, 3] of a pattern that moves, far from black and white."""
    y, x = np.mgrid[0:height, 0:width]
    frames = [
        np.stack([(x * 5 + y * 3 + 7 * time + 40 * channel) % 96 + 80 for channel in range(3)], axis=-1)
        for time in range(num_frames)
    ]
    return np.stack(frames).astype(np.uint8)


def drifted(frames, gain, offset):
    return np.clip(np.rint(frames * np.asarray(gain) + np.asarray(offset)), 0, 255).astype(np.uint8)


def joined_all(windows, overlap):
    matches = []
    frames = np.stack(list(joined(windows, overlap, matches.append)))
    return frames, matches


def test_windows_of_one_scene_join_to_that_scene():
    whole = scene(60)
    frames, matches = joined_all([whole[:25], whole[16:41], whole[32:]], 9)
    assert np.array_equal(frames, whole)
    assert [match.gain for match in matches] == [(1.0, 1.0, 1.0)] * 2
    assert not any(match.bounded for match in matches)


def test_a_planted_drift_of_colour_is_removed_and_does_not_add_up():
    whole = scene(60)
    windows = [
        whole[:25],
        drifted(whole[16:41], (1.06, 1.0, 0.95), (4, -6, 3)),
        drifted(whole[32:], (1.12, 0.97, 0.9), (8, -9, 6)),
    ]
    raw = np.abs(windows[2][9:].astype(int) - whole[41:]).mean()
    frames, matches = joined_all(windows, 9)
    away = np.abs(frames.astype(int) - whole)
    assert raw > 8
    assert away.max() <= 2  # two roundings to whole levels, one a window
    assert matches[0].gain == pytest.approx((1 / 1.06, 1, 1 / 0.95), abs=0.01)
    assert not any(match.bounded for match in matches)


def test_another_picture_is_not_forced_to_be_the_one_before():
    dark, bright = np.full((5, 8, 8, 3), 30, np.uint8), scene(5, 8, 8)
    match = ColourMatch.fit(list(dark), list(bright))
    assert match.bounded
    assert all(1 / MAX_GAIN <= gain <= MAX_GAIN for gain in match.gain)
    shift = match.applied(bright[0]).mean() - bright[0].mean()
    assert abs(shift) <= MAX_SHIFT + 1


@given(
    st.integers(1, 17),
    st.lists(st.integers(1, 30), min_size=1, max_size=5),
    st.randoms(use_true_random=False),
)
def test_every_frame_stands_where_the_plan_says(overlap, lengths, random):
    """Frames outside the overlaps are their window's own; the others go over from one window to the next."""
    counts = [overlap + extra for extra in lengths]
    windows = [np.full((count, 2, 2, 3), 100, np.uint8) for count in counts]
    for window in windows:
        for frame in window:
            frame[0, 0] = random.randint(98, 102)
    frames, _ = joined_all(windows, overlap)
    assert len(frames) == sum(counts) - overlap * (len(counts) - 1)
    assert np.array_equal(frames[: counts[0] - overlap], windows[0][: counts[0] - overlap])


def test_an_overlap_goes_over_from_one_window_to_the_next_frame_by_frame():
    before, after = np.full((8, 4, 4, 3), 100, np.uint8), np.full((8, 4, 4, 3), 160, np.uint8)
    frames, matches = joined_all([before, after], 3)
    # 24 levels are a drift and are taken away, the other 36 are another picture and melt in.
    assert [int(frame[0, 0, 0]) for frame in frames] == [100] * 5 + [109, 118, 127] + [136] * 5
    assert matches[0].bounded


def test_a_window_that_is_too_short_is_told():
    with pytest.raises(MediaError, match="window 2"):
        joined_all([scene(9), scene(3)], 5)


def test_memory_does_not_grow_with_the_clip():
    def peak(num_frames):
        def window():
            for number in range(num_frames):
                yield np.full((120, 160, 3), number % 200, np.uint8)

        tracemalloc.start()
        for _ in joined([window(), window()], 9, lambda match: None):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(400) < 1.2 * peak(40)
