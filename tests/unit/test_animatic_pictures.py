"""The animatic's frames, looked at: the subject is itself, on its shadow, and nothing is cut straight."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.animatic.cutout import cut_sprite, read_picture
from models.animatic.engine import PRESETS, AnimaticEngine
from models.animatic.shoot import Shoot
from models.animatic.slate import make_slate
from models.animatic.words import Hour, Look, Setting
from models.engine import Frames
from reelhouse.clips import ClipRequest, Reference, Role
from reelhouse.errors import EngineError

RED = (220, 30, 40)
Ask = Callable[..., ClipRequest]


def write(path: Path, rgba: np.ndarray) -> Reference:
    cv2.imwrite(str(path), cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA))
    return Reference(path.stem, Role.SUBJECT, f"a {path.stem}", path, path)


@pytest.fixture
def block(tmp_path: Path) -> Reference:
    """A red block on two legs, clear all round."""
    rgba = np.zeros((200, 160, 4), np.uint8)
    rgba[20:150, 20:140] = (*RED, 255)
    rgba[150:180, 30:55] = rgba[150:180, 105:130] = (*RED, 255)
    return write(tmp_path / "block.png", rgba)


@pytest.fixture
def ask(block: Reference) -> Ask:
    plain = ClipRequest(
        scene="one",
        prompt="",
        negative_prompt="",
        action="the block stands in a studio",
        style="",
        camera="static",
        references=(block,),
        num_frames=9,
        frame_rate=Fraction(16),
        height=240,
        width=416,
        seed=3,
        first_frame=None,
        last_frame=None,
        parameters=PRESETS["standard"],
    )
    return lambda **changes: replace(plain, **changes)


def film(request: ClipRequest) -> np.ndarray:
    events = AnimaticEngine().generate(request)
    return np.concatenate([event.frames for event in events if isinstance(event, Frames)])


def is_red(frame: np.ndarray) -> np.ndarray:
    return np.abs(frame.astype(int) - RED).max(axis=-1) <= 2


def test_the_subjects_colours_in_the_frame_are_the_cut_outs_own(ask: Ask) -> None:
    for action in ("the block stands in a studio", "the block runs in a forest at night"):
        for frame in film(ask(action=action, camera="")):
            assert is_red(frame).sum() > 0.05 * frame.shape[0] * frame.shape[1]


def test_a_cut_out_shown_at_its_own_size_keeps_every_pixel(block: Reference) -> None:
    picture = read_picture(block.cutout)
    sprite = cut_sprite(
        picture, height_px=999, width_px=999, stands=True, light_from=0.0, rng=np.random.default_rng(0)
    )
    assert sprite is not None
    assert np.array_equal(
        sprite.levels[0][1:-1, 1:-1], picture[20:180, 20:140] * (picture[20:180, 20:140, 3:] > 0)
    )


def test_the_contact_shadow_lies_right_under_the_feet(ask: Ask) -> None:
    shoot = Shoot.prepare(ask())
    bare = replace(shoot, shade=0.0)
    with_shadow, without = shoot.frame(4).astype(int), bare.frame(4).astype(int)
    fallen = (without - with_shadow).sum(axis=-1)
    feet = np.argwhere(is_red(with_shadow))
    lowest = feet[:, 0].max()
    under = fallen[lowest + 1 : lowest + 4]
    assert under.max() > 60
    columns = np.flatnonzero(under.max(axis=0) > 40)
    assert feet[:, 1].min() - 30 <= columns.min() <= columns.max() <= feet[:, 1].max() + 30
    assert fallen[: lowest - 40].max() == 0


def test_a_jump_leaves_the_shadow_on_the_ground(ask: Ask) -> None:
    frames = film(ask(action="the block jumps in a studio", num_frames=33))
    feet = [np.argwhere(is_red(frame))[:, 0].max() for frame in frames]
    assert max(feet) - min(feet) > 0.08 * frames.shape[1]


def test_where_the_picture_cropped_the_subject_no_straight_edge_is_left(tmp_path: Path, ask: Ask) -> None:
    rgba = np.zeros((200, 200, 4), np.uint8)
    rgba[40:160, 100:200] = (*RED, 255)  # cropped at the right border of its picture
    cropped = write(tmp_path / "cropped.png", rgba)
    for frame in film(ask(references=(cropped,)))[::4]:
        red = is_red(frame)
        rights = [int(np.flatnonzero(row).max()) for row in red if row.any()]
        assert len(rights) > 20
        assert np.std(rights) > 1.5  # a straight edge would end every row at one column


def test_a_subject_cropped_below_stands_behind_the_frames_edge(tmp_path: Path, ask: Ask) -> None:
    rgba = np.zeros((200, 200, 4), np.uint8)
    cv2.ellipse(rgba, (100, 200), (70, 150), 0, 0, 360, (*RED, 255), -1)
    bust = write(tmp_path / "bust.png", rgba)
    for action in ("the bust waves in a studio", "the bust jumps on a beach"):
        for frame in film(ask(references=(bust,), action=action, camera="slow zoom out")):
            assert is_red(frame)[-1].sum() > 20


def test_a_cut_out_with_nothing_in_it_is_left_out_and_the_scene_is_filmed(tmp_path: Path, ask: Ask) -> None:
    empty = write(tmp_path / "empty.png", np.zeros((50, 50, 4), np.uint8))
    assert len(film(ask(references=(empty,)))) == 9


def test_an_unreadable_picture_is_explained(tmp_path: Path, ask: Ask) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    reference = Reference("broken", Role.SUBJECT, "", broken, broken)
    with pytest.raises(EngineError, match=r"broken\.png"):
        film(ask(references=(reference,)))
    missing = replace(reference, cutout=tmp_path / "missing.png")
    with pytest.raises(EngineError, match=r"missing\.png"):
        film(ask(references=(missing,)))


def test_a_continued_scene_starts_with_the_frame_given_to_the_pixel_and_grows_away_from_it(
    tmp_path: Path, ask: Ask
) -> None:
    first = np.random.default_rng(1).integers(0, 256, (240, 416, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "first.png"), first[..., ::-1])
    frames = film(ask(first_frame=tmp_path / "first.png", num_frames=17))
    assert np.array_equal(frames[0], first)
    fresh = film(ask(num_frames=17))
    assert np.array_equal(frames[-1], fresh[-1])
    away = [np.abs(frame.astype(int) - fresh[k].astype(int)).mean() for k, frame in enumerate(frames)]
    assert all(later <= earlier + 1 for earlier, later in pairwise(away))


def test_a_first_frame_of_another_size_is_refused(tmp_path: Path, ask: Ask) -> None:
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((16, 16, 3), np.uint8))
    with pytest.raises(EngineError, match="16x16"):
        film(ask(first_frame=tmp_path / "small.png"))


def test_every_frame_is_marked_in_its_upper_left_corner(ask: Ask) -> None:
    for frame in film(ask())[::4]:
        corner = frame[:40, :160]
        assert (corner.min(axis=-1) > 170).sum() > 25  # the words
        assert ((corner[..., 0] > 180) & (corner[..., 1] < 90)).sum() >= 4  # the red dot


def test_a_tiny_frame_keeps_a_plain_mark(ask: Ask) -> None:
    frame = film(ask(height=64, width=64, references=(), num_frames=5))[0]
    corner = frame[:6, :6].reshape(-1, 3)
    assert ((corner[:, 0] > 180) & (corner[:, 1] < 90)).any()


def test_the_slate_spells_chinese_scene_names_and_shortens_long_ones() -> None:
    plain = make_slate("x", height=240, width=416)
    chinese = make_slate("草地", height=240, width=416)
    assert chinese.shape[1] > plain.shape[1]
    boxes = make_slate("\ue000\ue001", height=240, width=416)  # no font has these: they come out as boxes
    assert not np.array_equal(chinese, boxes)
    assert make_slate("long" * 60, height=240, width=416).shape[1] < 0.6 * 416


def test_several_subjects_are_ordered_in_depth_the_first_nearest(tmp_path: Path, ask: Ask) -> None:
    tones = {"near": (250, 10, 10), "middle": (10, 250, 10), "far": (10, 10, 250)}
    references = []
    for name, tone in tones.items():
        rgba = np.zeros((100, 100, 4), np.uint8)
        rgba[5:95, 5:95] = (*tone, 255)
        references.append(write(tmp_path / f"{name}.png", rgba))
    frame = film(ask(references=tuple(references), action="they stand in a studio"))[4].astype(int)
    bottoms, areas = [], []
    for tone in tones.values():
        found = np.argwhere(np.abs(frame - tone).max(axis=-1) < 12)
        bottoms.append(found[:, 0].max())
        areas.append(len(found))
    assert bottoms == sorted(bottoms, reverse=True)
    assert areas == sorted(areas, reverse=True)


def test_a_followed_runner_stays_in_the_frame_while_the_ground_goes_by(ask: Ask) -> None:
    frames = film(ask(action="the block runs across a meadow", camera="tracking left", num_frames=33))
    middles = [np.argwhere(is_red(frame))[:, 1].mean() / frame.shape[1] for frame in frames]
    assert min(middles) > 0.3
    assert max(middles) < 0.7
    ground = frames[:, 190:200, :60].astype(int)
    assert np.abs(ground[20] - ground[0]).mean() > 2


def test_a_background_picture_is_the_backdrop_and_a_style_picture_only_its_colours(
    tmp_path: Path, ask: Ask
) -> None:
    rgba = np.full((100, 200, 4), (30, 90, 200, 255), np.uint8)
    blue = replace(write(tmp_path / "blue.png", rgba), role=Role.BACKGROUND)
    frame = film(ask(references=(blue,)))[0]
    assert np.abs(frame[60, 200].astype(int) - (30, 90, 200)).max() < 30
    style = replace(blue, role=Role.STYLE)
    styled = film(ask(references=(style,), action="a meadow"))[0].reshape(-1, 3).astype(int)
    plain = film(ask(references=(), action="a meadow"))[0].reshape(-1, 3).astype(int)
    assert (styled[:, 2] - styled[:, 0]).mean() > (plain[:, 2] - plain[:, 0]).mean() + 10


@pytest.mark.parametrize("setting", Setting)
def test_every_setting_fills_the_frame_at_every_hour_and_in_every_look(setting: Setting, ask: Ask) -> None:
    looks = list(Look)
    for k, hour in enumerate((Hour.DAWN, Hour.NOON, Hour.NIGHT)):
        place = {Setting.SKY: "in the clouds", Setting.SEA: "on the sea"}.get(setting, f"in the {setting}")
        request = ask(
            action=f"{place} {hour}",
            style=looks[(k + len(setting)) % len(looks)],
            references=(),
            camera="orbit, handheld, tilt up, zoom out",
            height=96,
            width=160,
        )
        shoot = Shoot.prepare(request)
        for index in (0, 4, 8):
            frame = shoot.frame(index)
            assert frame.shape == (96, 160, 3)
            # An uncovered spot would still be the pure white a frame begins as, in one flat piece.
            bare = (frame.min(axis=-1) == 255).astype(np.uint8)
            assert cv2.erode(bare, np.ones((9, 9), np.uint8)).sum() == 0
