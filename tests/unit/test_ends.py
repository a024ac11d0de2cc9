"""Clips that end on a given frame, and requests outside what an engine was trained for."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from models.animatic.engine import AnimaticEngine
from models.clip_checks import check_request
from models.engine import Frames
from models.testcard import TestcardEngine, read_code
from models.wan.spec import SPECS
from reelhouse.clips import ClipRequest
from reelhouse.errors import EngineError, InputError

WAN = SPECS["wan-t2v-1.3b"]


@pytest.fixture
def ask(tmp_path):
    """A clip between a blue and a yellow picture."""
    for name, colours in (
        ("first", ((20, 40, 160), (60, 90, 200))),
        ("last", ((220, 190, 40), (180, 120, 30))),
    ):
        rows = [np.full((48, 208, 3), colour, np.uint8) for colour in colours]
        Image.fromarray(np.concatenate(rows)).save(tmp_path / f"{name}.png")
    return ClipRequest(
        scene="a to b",
        prompt="rain",
        negative_prompt="",
        action="rain falls on the sea",
        style="",
        camera="",
        references=(),
        num_frames=33,
        frame_rate=Fraction(16),
        height=96,
        width=208,
        seed=3,
        first_frame=tmp_path / "first.png",
        last_frame=tmp_path / "last.png",
        parameters=AnimaticEngine().spec.presets["standard"],
    )


def frames_of(engine, request):
    events = engine.generate(request)
    return np.concatenate([event.frames for event in events if isinstance(event, Frames)]).astype(int)


def picture(path):
    with Image.open(path) as opened:
        return np.asarray(opened).astype(int)


def test_an_animatic_passage_begins_and_ends_on_the_pictures_to_the_pixel_and_never_jumps(ask):
    frames = frames_of(AnimaticEngine(), ask)
    first, last = picture(ask.first_frame), picture(ask.last_frame)
    assert np.array_equal(frames[0], first)
    assert np.array_equal(frames[-1], last)
    whole = np.abs(last - first).mean()
    assert np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2, 3)).max() < whole / 5
    away = np.abs(frames - last).mean(axis=(1, 2, 3))
    assert away[8] > away[16] > away[24]


def test_an_animatic_scene_ends_on_a_last_frame_alone(ask):
    alone = replace(ask, first_frame=None)
    frames = frames_of(AnimaticEngine(), alone)
    assert np.array_equal(frames[-1], picture(ask.last_frame))
    free = frames_of(AnimaticEngine(), replace(alone, last_frame=None))
    assert np.array_equal(frames[:16], free[:16])


def test_an_end_of_another_size_is_told(ask, tmp_path):
    Image.new("RGB", (64, 64)).save(tmp_path / "last.png")
    with pytest.raises(EngineError, match="the last frame is 64x64, the clip 208x96"):
        frames_of(AnimaticEngine(), ask)


def test_the_test_card_ends_on_the_given_frame_and_numbers_the_others(ask):
    request = replace(ask, parameters=TestcardEngine().spec.presets["draft"])
    frames = frames_of(TestcardEngine(), request)
    assert np.array_equal(frames[0], picture(ask.first_frame))
    assert np.array_equal(frames[-1], picture(ask.last_frame))
    assert [read_code(frame) for frame in frames[1:-1]] == [(3, number) for number in range(1, 32)]


@pytest.fixture
def trained(ask):
    return replace(
        ask,
        first_frame=None,
        last_frame=None,
        height=480,
        width=832,
        parameters=WAN.presets["draft"],
    )


@pytest.mark.parametrize(
    "changes",
    [{"width": 848}, {"num_frames": 85}, {"frame_rate": Fraction(24)}],
    ids=lambda change: next(iter(change)),
)
def test_what_an_engine_was_not_trained_for_is_made_only_on_purpose(trained, changes):
    check_request(WAN, trained)
    with pytest.raises(EngineError):
        check_request(WAN, replace(trained, **changes))
    check_request(WAN, replace(trained, **changes, untrained=True))


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"width": 840}, "multiples of 16"), ({"num_frames": 86}, "in steps of 4, not 86")],
)
def test_what_a_network_cannot_compute_is_refused_even_on_purpose(trained, changes, message):
    with pytest.raises(EngineError, match=message):
        check_request(WAN, replace(trained, **changes, untrained=True))


def test_an_overlap_goes_to_engines_that_take_one(trained, tmp_path):
    overlapping = replace(trained, overlap=tmp_path / "take.mp4", overlap_frames=17)
    check_request(WAN, overlapping)
    with pytest.raises(EngineError, match="cannot begin with the frames of another take"):
        check_request(replace(WAN, takes_overlap=False), overlapping)


@pytest.mark.parametrize("frames", [0, 33])
def test_an_overlap_without_frames_or_longer_than_the_clip_is_no_request(trained, tmp_path, frames):
    with pytest.raises(InputError, match="cannot begin with the last"):
        replace(trained, overlap=tmp_path / "take.mp4", overlap_frames=frames)
