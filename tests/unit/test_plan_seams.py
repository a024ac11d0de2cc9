"""Seams and long scenes in the plan: which engine makes what, from which frame, in how many clips."""

from dataclasses import replace
from fractions import Fraction

import pytest
from PIL import Image

from models.testcard import SPEC as TESTCARD
from models.wan.spec import SPECS as WAN
from reelhouse.capabilities import Sizes
from reelhouse.errors import InputError, StoryboardError
from reelhouse.plan import make_plan
from reelhouse.plan_takes import Tools
from reelhouse.stages import Stage
from reelhouse.storyboard_reader import read_storyboard
from reelhouse.timing import FrameCounts
from tests.unit.test_plan import FakeTool

SHORT = replace(TESTCARD, name="short", frame_counts=FrameCounts(5, 33))
OTHERS = {name: replace(spec, sizes=Sizes(multiple_of=16)) for name, spec in WAN.items()}
WORDS = OTHERS["wan-t2v-1.3b"]
TWO = """
title: Fox
scenes:
  - {id: meadow, prompt: the fox runs, duration: 2s}
  - {id: hill, prompt: the fox rests, duration: 2s, seam: SEAM}
"""
LONG = "title: Fox\nscenes: [{id: meadow, prompt: the fox runs, duration: 4s}]\n"


def find(name):
    if name not in OTHERS:
        raise InputError(f'there is no engine "{name}"')
    return OTHERS[name]


@pytest.fixture
def plan_of(tmp_path):
    def plan_of(text, engine=SHORT):
        for name in ("fox.png", "kite.png"):
            Image.new("RGB", (60, 40), "red").save(tmp_path / name)
        file = tmp_path / "board.yaml"
        file.write_text(text, encoding="utf-8")
        tools = Tools(engine, FakeTool("masks"), FakeTool("words"), find_engine=find)
        return make_plan(read_storyboard(file), tools)

    return plan_of


def step_of(plan, stage, label):
    return next(step for step in plan.of(stage) if step.label == label)


def problem_of(plan_of, text, engine=SHORT):
    with pytest.raises(StoryboardError) as caught:
        plan_of(text, engine)
    assert caught.value.line is not None
    return caught.value


def test_a_bridge_is_a_take_between_the_exact_ends_of_two_takes(plan_of):
    plan = plan_of(TWO.replace("SEAM", "bridge 1.5s"))
    bridge = step_of(plan, Stage.TAKE, "meadow to hill")
    assert bridge.inputs["first_frame"] == step_of(plan, Stage.TAKE, "meadow").output("last_frame")
    assert bridge.inputs["last_frame"] == step_of(plan, Stage.TAKE, "hill").output("first_frame")
    assert bridge.inputs["prompt"] == step_of(plan, Stage.PROMPT, "hill").output("prompt")
    assert (bridge.parameters["num_frames"], bridge.engine) == (25, "short")
    assert len({take.parameters["seed"] for take in plan.of(Stage.TAKE)}) == 3
    piece = step_of(plan, Stage.PIECE, "meadow to hill")
    assert (piece.parameters["start"], piece.parameters["stop"]) == (1, 24)
    assert plan.duration_s * 16 == 33 + 23 + 33


def test_a_bridge_lasts_two_seconds_unless_told_otherwise(plan_of):
    plan = plan_of(TWO.replace("SEAM", "bridge"), TESTCARD)
    assert step_of(plan, Stage.TAKE, "meadow to hill").parameters["num_frames"] == 33


def test_a_bridge_uses_the_chosen_takes(plan_of):
    plan = plan_of(
        TWO.replace("duration: 2s, seam: SEAM", "duration: 2s, seam: bridge 1s, takes: 3, use_take: 2")
    )
    bridge = step_of(plan, Stage.TAKE, "meadow to hill")
    assert bridge.inputs["last_frame"] == step_of(plan, Stage.TAKE, "hill take 2").output("first_frame")


def test_a_bridge_that_the_films_engine_cannot_make_is_made_by_another_with_its_own_preset(plan_of):
    plan = plan_of(TWO.replace("SEAM", "bridge") + "quality: final\nparameters: {guidance_scale: 4}\n", WORDS)
    bridge = step_of(plan, Stage.TAKE, "meadow to hill")
    assert bridge.engine == "wan-flf2v-14b-720p"
    assert bridge.parameters["parameters"]["guidance_scale"] == 5.5
    assert step_of(plan, Stage.TAKE, "hill").parameters["parameters"]["guidance_scale"] == 4.0


@pytest.mark.parametrize(
    ("size", "more", "engine"),
    [
        ("832x480", "", "wan-i2v-14b-480p"),
        ("720x1280", "", "wan-i2v-14b-720p"),
        ("832x480", "seam_engines: {continue: wan-i2v-14b-720p}", "wan-i2v-14b-720p"),
    ],
)
def test_a_scene_continues_with_an_engine_that_starts_from_a_frame(plan_of, size, more, engine):
    plan = plan_of(TWO.replace("SEAM", "continue") + f"video: {{size: {size}}}\n{more}\n", WORDS)
    assert [take.engine for take in plan.of(Stage.TAKE)] == ["wan-t2v-1.3b", engine]
    assert "first_frame" in step_of(plan, Stage.TAKE, "hill").inputs


def test_a_continued_scene_keeps_its_reference_images_where_the_seams_engine_takes_as_many(plan_of):
    subjects = "subjects: {fox: {description: a fox, images: [fox.png, kite.png]}}\n"
    phantom = replace(
        SHORT, name="phantom", references=(1, 4), takes_first_frame=False, takes_last_frame=False
    )
    text = TWO.replace("SEAM", "continue") + subjects
    first, second = plan_of(text, phantom).of(Stage.TAKE)
    assert len(first.parameters["references"]) == 2
    assert second.parameters["references"] == []  # wan-i2v takes one, and starts from a frame that shows them
    first, second = plan_of(text.replace("fox.png, kite.png", "fox.png"), phantom).of(Stage.TAKE)
    assert len(second.parameters["references"]) == 1


def test_a_long_scene_is_windows_and_their_join(plan_of):
    plan = plan_of(LONG)
    labels = [f"meadow, window {n} of 2" for n in (1, 2)]
    takes = plan.of(Stage.TAKE)
    assert [take.label for take in takes] == labels
    assert [take.parameters["num_frames"] for take in takes] == [33, 33]
    assert takes[0].parameters["seed"] != takes[1].parameters["seed"]
    assert takes[1].inputs["first_frame"] == takes[0].output("last_frame")
    (join,) = plan.of(Stage.JOIN)
    assert (join.parameters["overlap"], join.parameters["starts"]) == (1, (0, 32))
    assert join.needs == {take.key for take in takes}
    assert plan.of(Stage.PIECE)[0].needs == {join.key}
    assert plan.duration_s == Fraction(65, 16)
    assert sum(step.engine_calls for step in plan.steps) == 2


def test_windows_overlap_as_their_engine_can_take_it(plan_of):
    given = replace(SHORT, takes_overlap=True)
    first, second, *_ = plan_of(LONG, given).of(Stage.TAKE)
    assert second.inputs["overlap"] == first.output("take")
    assert second.parameters["overlap_frames"] == 17
    assert "overlap_frames" not in first.parameters
    loose = replace(SHORT, takes_first_frame=False)
    plan = plan_of(LONG, loose)
    assert not {"overlap", "first_frame"} & set(plan.of(Stage.TAKE)[1].inputs)
    assert plan.of(Stage.JOIN)[0].parameters["overlap"] == 9


def test_all_windows_have_the_scenes_references(plan_of):
    subjects = "subjects: {fox: {description: a fox, images: fox.png}}\n"
    takes = plan_of(LONG + subjects).of(Stage.TAKE)
    assert all("reference.0" in take.inputs for take in takes)


def test_every_take_of_a_long_scene_has_windows_of_its_own(plan_of):
    plan = plan_of(LONG.replace("4s", "4s, takes: 2, use_take: 2"))
    takes, joins = plan.of(Stage.TAKE), plan.of(Stage.JOIN)
    assert len({take.parameters["seed"] for take in takes}) == 4
    assert takes[3].inputs["first_frame"] == takes[2].output("last_frame")
    assert plan.of(Stage.PIECE)[0].needs == {joins[1].key}
    assert {step.key for step in joins} <= {step.key for step in plan.outstanding(lambda step: False)}


def test_a_long_scene_continues_from_the_last_frame_and_is_continued_from_its_own(plan_of):
    plan = plan_of(
        TWO.replace("2s, seam: SEAM", "4s, seam: continue")
        + "  - {id: lake, prompt: the fox swims, duration: 2s, seam: bridge 1s}\n"
    )
    first = step_of(plan, Stage.TAKE, "hill, window 1 of 2")
    assert first.inputs["first_frame"] == step_of(plan, Stage.TAKE, "meadow").output("last_frame")
    (join,) = plan.of(Stage.JOIN)
    assert step_of(plan, Stage.TAKE, "hill to lake").inputs["first_frame"] == join.output("last_frame")


def test_a_scene_hardly_longer_than_a_clip_is_the_clip(plan_of):
    just, hardly = (plan_of(LONG.replace("4s", f"{frames / 16}s")) for frames in (33, 34))
    assert [take.parameters for take in hardly.of(Stage.TAKE)] == [just.of(Stage.TAKE)[0].parameters]


UNTRAINED = "video: {size: 848x480, frame_rate: 24, untrained: true}\n"


def test_what_an_engine_was_not_trained_for_is_made_when_asked_on_purpose_and_recorded(plan_of):
    plan = plan_of(LONG.replace("4s", "8s") + UNTRAINED, WAN["wan-t2v-1.3b"])
    (take,) = plan.of(Stage.TAKE)
    assert take.parameters["untrained"] is True
    assert take.parameters["num_frames"] == 193  # one clip, no windows


def test_the_override_alone_changes_no_key(plan_of):
    plain = LONG.replace("4s", "2s")
    asked = plan_of(plain + "video: {untrained: true}\n", WAN["wan-t2v-1.3b"])
    assert asked.digest == plan_of(plain, WAN["wan-t2v-1.3b"]).digest


REFUSED = {
    "size": (LONG + "video: {size: 848x480}", WAN["wan-t2v-1.3b"], "say untrained: true under video"),
    "rate": (LONG + "video: {frame_rate: 24}", WAN["wan-t2v-1.3b"], "untrained: true beside it"),
    "impossible size": (
        LONG + "video: {size: 850x480, untrained: true}",
        WAN["wan-t2v-1.3b"],
        "multiples of 16, not 850x480: try 832x480",
    ),
    "only bridges": (LONG + "engine: x", WAN["wan-flf2v-14b-720p"], "a scene by itself has no last frame"),
    "no such engine": (
        TWO.replace("SEAM", "bridge") + "seam_engines: {bridge: wan-flf}",
        WORDS,
        'no engine "wan-flf"',
    ),
    "no bridge": (
        TWO.replace("SEAM", "bridge") + "seam_engines: {bridge: wan-i2v-14b-480p}",
        WORDS,
        'bridge into "hill" is made by wan-i2v-14b-480p, which is not given a first and a last frame',
    ),
    "no continuation": (
        TWO.replace("SEAM", "continue") + "seam_engines: {continue: wan-flf2v-14b-720p}",
        WORDS,
        "does not make a scene from a first frame alone",
    ),
    "seam's rate": (
        TWO.replace("SEAM", "bridge") + "video: {frame_rate: 24}",
        replace(WORDS, frame_rates=()),
        "which makes 16 frames a second, not 24",
    ),
    "long bridge": (TWO.replace("SEAM", "bridge 6s"), SHORT, "bridges of at most 1.94 s, not 6 s"),
    "bridge first": (LONG.replace("4s", "4s, seam: bridge"), SHORT, "the first scene"),
    "short clips": (
        LONG,
        replace(SHORT, takes_overlap=True, frame_counts=FrameCounts(5, 17)),
        "too short to",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_made_is_refused_with_a_line_and_what_to_do(plan_of, case):
    text, engine, message = REFUSED[case]
    assert message in str(problem_of(plan_of, text, engine))
