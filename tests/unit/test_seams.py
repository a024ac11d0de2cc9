from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelhouse.seams import Blend, Piece, Seam, SeamKind, cut_list

RATE = Fraction(16)
CUT = Seam()
CONTINUE = Seam(SeamKind.CONTINUE)
HALF_SECOND = Seam(SeamKind.DISSOLVE, Fraction(1, 2))


def test_cuts_copy_every_frame():
    assert cut_list([81, 49], [CUT, CUT], RATE) == [Piece(0, 0, 81), Piece(1, 0, 49)]


def test_a_dissolve_takes_its_frames_from_both_scenes():
    film = cut_list([81, 81], [CUT, HALF_SECOND], RATE)
    assert film == [Piece(0, 0, 73), Blend(0, 73, 8), Piece(1, 8, 81)]


def test_the_frame_a_scene_continues_from_is_shown_once():
    assert cut_list([81, 81], [CUT, CONTINUE], RATE) == [Piece(0, 0, 81), Piece(1, 1, 81)]


def test_the_first_scene_has_nothing_to_be_joined_to():
    with pytest.raises(ValueError, match="first scene"):
        cut_list([81], [HALF_SECOND], RATE)


def test_dissolves_that_use_a_scene_up_are_refused():
    with pytest.raises(ValueError, match="scene 2 has 17 frames and its seams take 32"):
        cut_list(
            [81, 17, 81],
            [CUT, Seam(SeamKind.DISSOLVE, Fraction(1)), Seam(SeamKind.DISSOLVE, Fraction(1))],
            RATE,
        )


def test_only_a_dissolve_has_a_duration():
    with pytest.raises(ValueError, match="dissolve"):
        Seam(SeamKind.CUT, Fraction(1))


scenes = st.lists(
    st.tuples(st.integers(40, 200), st.sampled_from([CUT, CONTINUE, HALF_SECOND])), min_size=1, max_size=12
)


@given(scenes)
def test_every_frame_is_shown_once_blended_once_or_is_the_repeated_one(scenes):
    counts = [count for count, _ in scenes]
    seams = [CUT] + [seam for _, seam in scenes[1:]]
    film = cut_list(counts, seams, RATE)
    shown = {index: [0] * count for index, count in enumerate(counts)}
    for part in film:
        for offset in range(part.num_frames):
            shown[part.scene][part.start + offset] += 1
            if isinstance(part, Blend):
                shown[part.scene + 1][offset] += 1
    for index, frames in shown.items():
        repeated = seams[index].kind is SeamKind.CONTINUE
        assert frames == [0 if repeated and frame == 0 else 1 for frame in range(counts[index])]
