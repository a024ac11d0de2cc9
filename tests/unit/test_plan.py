"""The plan: which steps a film takes, and that a change touches only what follows from it."""

import time
import wave
from dataclasses import dataclass, replace

import pytest
from PIL import Image

from reelhouse.capabilities import Cost, EngineSpec, Sizes
from reelhouse.errors import InputError, StoryboardError
from reelhouse.plan import make_plan
from reelhouse.plan_takes import Tools
from reelhouse.stages import Stage
from reelhouse.storyboard_reader import read_storyboard
from reelhouse.timing import FrameCounts


@dataclass(frozen=True)
class FakeTool:
    name: str
    code_version: str = "1"
    weights_id: str = ""
    needs_phrase: bool = False


ENGINE = EngineSpec(
    name="fake",
    title="an engine for tests",
    code_version="1",
    weights_id="",
    licence="Apache-2.0",
    sizes=Sizes(),
    frame_counts=FrameCounts(5, 161),
    frame_rates=(),
    references=(0, 4),
    takes_first_frame=True,
    takes_last_frame=False,
    presets={"draft": {"steps": 4, "scale": 1.0}, "standard": {"steps": 8, "scale": 1.0}, "final": {}},
    cost=lambda shape, parameters: Cost(tokens=shape.num_frames, seconds=2.0, memory_bytes=10),
    needs_gpu=False,
)


def no_other(name):
    raise InputError(f'there is no engine "{name}"')


TOOLS = Tools(ENGINE, FakeTool("masks"), FakeTool("words"), find_engine=no_other)
BOARD = """
title: Fox
style: watercolour
subjects:
  fox: {description: a red fox, images: fox.png}
  kite: {description: a kite, images: kite.png}
audio: {music: theme.wav}
scenes:
  - {id: a, prompt: the fox runs, caption: {en: Run., zh: 跑。}}
  - {id: b, prompt: the kite flies, seam: dissolve 0.5s}
  - {id: c, prompt: the fox sleeps}
  - {id: d, prompt: the fox wakes, seam: continue}
"""


@pytest.fixture
def plan_of(tmp_path):
    for name, colour in (("fox.png", "red"), ("kite.png", "yellow")):
        Image.new("RGB", (60, 40), colour).save(tmp_path / name)
    with wave.open(str(tmp_path / "theme.wav"), "wb") as theme:
        theme.setparams((1, 2, 8000, 0, "NONE", ""))
        theme.writeframes(bytes(16_000))

    def plan_of(text=BOARD, tools=TOOLS):
        file = tmp_path / "board.yaml"
        file.write_text(text, encoding="utf-8")
        return make_plan(read_storyboard(file), tools)

    return plan_of


def changed(before, after):
    """(stage, label) of the steps of `after` that `before` does not have."""
    known = {step.key for step in before.steps}
    return [(step.stage.value, step.label) for step in after.steps if step.key not in known]


def test_every_step_comes_after_what_it_needs(plan_of):
    made = set()
    for step in plan_of().steps:
        assert step.needs <= made
        made.add(step.key)


def test_the_same_storyboard_gives_the_same_keys(plan_of):
    assert [step.key for step in plan_of().steps] == [step.key for step in plan_of().steps]


def test_a_plain_film_keeps_the_keys_it_had_before_long_scenes_and_bridges(plan_of):
    # The digest of version 0.1's plan: other keys would render every film of every user again.
    assert plan_of().digest == "478f51b22c0cab787bb07947939cdc199c99e5b0f969f0387bf535289b0827c5"


def test_a_key_does_not_depend_on_how_the_file_is_laid_out(plan_of):
    assert plan_of(
        "# a comment\n" + BOARD.replace("style: watercolour", 'style:   "watercolour"')
    ).digest == (plan_of().digest)


def test_another_prompt_touches_its_scene_and_what_follows(plan_of):
    assert changed(plan_of(), plan_of(BOARD.replace("the fox sleeps", "the fox rests"))) == [
        ("prompt", "c"),
        ("take", "c"),
        ("take", "d"),  # it continues from c's last frame
        ("piece", "c"),
        ("piece", "d"),
        ("film", "Fox"),
        ("stills", "Fox"),
    ]


def test_another_caption_calls_no_engine(plan_of):
    touched = changed(plan_of(), plan_of(BOARD.replace("Run.", "Go.")))
    assert touched == [("piece", "a"), ("blend", "a to b"), ("film", "Fox"), ("stills", "Fox")]


def test_another_seam_touches_no_take(plan_of):
    stages = {
        stage for stage, _ in changed(plan_of(), plan_of(BOARD.replace("seam: dissolve 0.5s", "seam: cut")))
    }
    assert stages == {"piece", "music", "film", "stills"}


def test_scenes_in_another_order_are_not_made_again(plan_of):
    scenes = BOARD.splitlines()
    scenes[9], scenes[11] = scenes[11], scenes[9]
    swapped = plan_of("\n".join(scenes).replace("seam: continue", "seam: cut"))
    before = plan_of(BOARD.replace("seam: continue", "seam: cut"))
    assert not [stage for stage, _ in changed(before, swapped) if stage == "take"]


def test_another_version_of_a_tool_touches_what_it_makes(plan_of):
    newer = replace(TOOLS, engine=replace(ENGINE, code_version="2"))
    assert {stage for stage, _ in changed(plan_of(), plan_of(tools=newer))} == {
        "take",
        "piece",
        "blend",
        "film",
        "stills",
    }


def test_a_segmenter_that_reads_no_phrase_is_not_asked_again_for_another_description(plan_of):
    stages = [stage for stage, _ in changed(plan_of(), plan_of(BOARD.replace("a red fox", "a brown fox")))]
    assert "mask" not in stages
    reads = replace(TOOLS, segmenter=FakeTool("masks", needs_phrase=True))
    before, after = plan_of(tools=reads), plan_of(BOARD.replace("a red fox", "a brown fox"), tools=reads)
    assert [stage for stage, _ in changed(before, after)].count("mask") == 1


def test_quality_expands_to_the_engines_parameters_and_single_ones_override_it(plan_of):
    take = plan_of(BOARD + "quality: standard\nparameters: {scale: 2}\n").of(Stage.TAKE)[0]
    assert take.parameters["parameters"] == {"steps": 8, "scale": 2.0}


def test_what_is_made_and_what_it_needed_is_not_outstanding(plan_of):
    plan = plan_of()
    assert plan.outstanding(lambda step: True) == []
    assert [step.stage for step in plan.outstanding(lambda step: False)] == [
        step.stage for step in plan.steps if step.stage is not Stage.CARD
    ]
    lost_film = plan.outstanding(lambda step: step.stage is not Stage.FILM)
    assert [step.stage for step in lost_film] == [Stage.FILM]


def test_the_films_length_is_exact(plan_of):
    assert plan_of().duration_s * 16 == 81 + 81 - 8 + 81 + 80


def test_all_takes_are_planned_and_the_chosen_one_is_used(plan_of):
    plan = plan_of("title: Fox\nscenes: [{id: a, prompt: rain, takes: 3, use_take: 2}]\n")
    takes = plan.of(Stage.TAKE)
    assert len({take.parameters["seed"] for take in takes}) == 3
    assert plan.of(Stage.PIECE)[0].needs == {takes[1].key}


REFUSED = {
    "size": ("video: {size: 830x480}", "multiples of 16, not 830x480: try 832x480"),
    "parameter": ("parameters: {step: 4}", 'no parameter "step": did you mean "steps"?'),
    "parameter's type": ("parameters: {steps: many}", "steps is a whole number"),
    "first seam": ("scenes: [{id: a, prompt: b, seam: dissolve}]", "the first scene"),
    "short scene": (
        "scenes: [{id: a, prompt: b, duration: 1s}, {id: c, prompt: d, seam: dissolve 2s}]",
        "its seams take 32",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_engine_cannot_make_is_refused_with_a_line(plan_of, case):
    text, message = REFUSED[case]
    scenes = "" if "scenes:" in text else "scenes: [{id: a, prompt: b}]\n"
    with pytest.raises(StoryboardError) as caught:
        plan_of(f"title: Fox\n{scenes}{text}\n")
    assert message in str(caught.value)
    assert caught.value.line is not None


def test_a_thousand_scenes_are_planned_in_a_moment(plan_of):
    scenes = "".join(f"  - {{id: s{n}, prompt: the fox runs {n}}}\n" for n in range(1000))
    started = time.process_time()
    plan = plan_of(BOARD.partition("scenes:")[0] + "scenes:\n" + scenes)
    assert len(plan.of(Stage.TAKE)) == 1000
    assert time.process_time() - started < 2


def test_a_film_that_is_approved_first_has_a_sheet_of_all_its_takes_and_is_otherwise_the_same(plan_of):
    before, after = plan_of(), plan_of(BOARD + "approve: takes\n")

    assert before.gate is None
    assert before.before_approval(before.steps) == []
    [sheet] = after.of(Stage.SHEET)
    assert after.gate is not None
    assert (after.gate.sheet, after.gate.draft) == (sheet.output("sheet"), None)
    assert sheet.needs == {take.key for take in after.of(Stage.TAKE)}
    assert {step.key for step in after.steps} - {step.key for step in before.steps} == {sheet.key}
    first = {step.stage for step in after.before_approval(after.steps)}
    assert first == {Stage.MASK, Stage.REFERENCE, Stage.PROMPT, Stage.TAKE, Stage.SHEET}


def test_a_film_whose_draft_is_approved_first_makes_the_film_of_draft_quality_and_then_itself(plan_of):
    deliver = "deliver: [{name: gif, format: gif}]\n"
    draft, final = plan_of(), plan_of(BOARD + deliver + "quality: standard\n")

    both = plan_of(BOARD + deliver + "quality: standard\napprove: draft\n")

    assert both.gate is not None
    assert (both.gate.draft, both.gate.sheet) == (draft.film, draft.contact_sheet)
    first = both.before_approval(both.steps)
    assert first == list(both.steps[: len(first)])
    assert {step.key for step in first} == {step.key for step in draft.steps}
    assert {step.key for step in both.steps} == {step.key for step in (*draft.steps, *final.steps)}
    assert (both.film, both.deliveries) == (final.film, final.deliveries)
    takes = [step.label for step in both.of(Stage.TAKE)]
    assert takes == ["draft: a", "draft: b", "draft: c", "draft: d", "a", "b", "c", "d"]
    assert [step.label for step in both.of(Stage.PROMPT)] == ["a", "b", "c", "d"]  # of both


def test_where_draft_and_film_have_the_same_takes_they_are_made_once(plan_of):
    final = plan_of(BOARD + "quality: standard\nparameters: {steps: 8}\napprove: draft\n")

    assert [step.label for step in final.of(Stage.TAKE)] == ["a", "b", "c", "d"]
    assert len(final.of(Stage.FILM)) == 2  # encoded for each


def test_a_draft_has_no_draft(plan_of):
    with pytest.raises(StoryboardError, match="ask for quality: standard or final") as caught:
        plan_of(BOARD + "approve: draft\n")
    assert caught.value.line == BOARD.count("\n") + 1
