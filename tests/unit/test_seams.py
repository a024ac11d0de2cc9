from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelhouse.seams import Blend, Passage, Piece, Seam, SeamKind, cut_list

RATE = Fraction(16)
CUT = Seam()
CONTINUE = Seam(SeamKind.CONTINUE)
HALF_SECOND = Seam(SeamKind.DISSOLVE, Fraction(1, 2))
BRIDGE = Seam(SeamKind.BRIDGE, Fraction(2))


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


def test_a_bridge_stands_between_the_scenes_without_its_two_ends():
    film = cut_list([81, 49], [CUT, BRIDGE], RATE, {1: 33})
    assert film == [Piece(0, 0, 81), Passage(0, 1, 32), Piece(1, 0, 49)]


def test_a_bridge_with_nothing_between_its_ends_is_refused():
    with pytest.raises(ValueError, match="none between its ends"):
        cut_list([81, 49], [CUT, BRIDGE], RATE, {1: 2})


@pytest.mark.parametrize(
    ("kind", "duration"), [(SeamKind.CUT, Fraction(1)), (SeamKind.BRIDGE, None), (SeamKind.DISSOLVE, None)]
)
def test_a_dissolve_and_a_bridge_have_a_duration_and_no_other_seam_has(kind, duration):
    with pytest.raises(ValueError, match="a dissolve and a bridge"):
        Seam(kind, duration)


scenes = st.lists(
    st.tuples(
        st.integers(40, 200), st.sampled_from([CUT, CONTINUE, HALF_SECOND, BRIDGE]), st.integers(3, 81)
    ),
    min_size=1,
    max_size=12,
)


@given(scenes)
def test_every_frame_is_shown_once_blended_once_or_is_the_repeated_one(scenes):
    counts = [count for count, _, _ in scenes]
    seams = [CUT] + [seam for _, seam, _ in scenes[1:]]
    lengths = {n: scene[2] for n, scene in enumerate(scenes) if seams[n].kind is SeamKind.BRIDGE}
    film = cut_list(counts, seams, RATE, lengths)
    shown = {index: [0] * count for index, count in enumerate(counts)}
    passed = {index: [0] * count for index, count in lengths.items()}
    for part in film:
        for offset in range(part.num_frames):
            if isinstance(part, Passage):
                passed[part.scene + 1][part.start + offset] += 1
                continue
            shown[part.scene][part.start + offset] += 1
            if isinstance(part, Blend):
                shown[part.scene + 1][offset] += 1
    for index, frames in shown.items():
        repeated = seams[index].kind is SeamKind.CONTINUE
        assert frames == [0 if repeated and frame == 0 else 1 for frame in range(counts[index])]
    for index, frames in passed.items():
        assert frames == [0, *[1] * (lengths[index] - 2), 0]


@given(scenes)
def test_the_film_is_as_long_as_its_scenes_and_bridges_without_what_is_shared(scenes):
    counts = [count for count, _, _ in scenes]
    seams = [CUT] + [seam for _, seam, _ in scenes[1:]]
    lengths = {n: scene[2] for n, scene in enumerate(scenes) if seams[n].kind is SeamKind.BRIDGE}
    shared = {SeamKind.CUT: 0, SeamKind.CONTINUE: 1, SeamKind.DISSOLVE: 8, SeamKind.BRIDGE: 2}
    expected = sum(counts) + sum(lengths.values()) - sum(shared[seam.kind] for seam in seams)
    assert sum(part.num_frames for part in cut_list(counts, seams, RATE, lengths)) == expected


@given(scenes)
def test_a_bridge_leads_from_a_scenes_last_frame_to_the_nexts_first(scenes):
    counts = [count for count, _, _ in scenes]
    seams = [CUT] + [seam for _, seam, _ in scenes[1:]]
    lengths = {n: scene[2] for n, scene in enumerate(scenes) if seams[n].kind is SeamKind.BRIDGE}
    film = cut_list(counts, seams, RATE, lengths)
    for place, part in enumerate(film):
        if isinstance(part, Passage):
            before, after = film[place - 1], film[place + 1]
            assert before == Piece(part.scene, before.start, counts[part.scene])
            assert (after.scene, after.start) == (part.scene + 1, 0)
