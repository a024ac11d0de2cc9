"""How far a render is: its steps weighed by what they cost, the time left, and what keeps it."""

from pathlib import Path

import pytest

from reelhouse.capabilities import Cost
from reelhouse.errors import EngineError
from reelhouse.settings import Settings
from reelhouse.stages import Stage
from reelhouse.steps import Step
from tasks.headway import Headway
from tasks.progress import StepElsewhere, StepFailed, StepFinished, StepProgressed, StepStarted, StepStuck
from tasks.workbench import Workbench

from ..recorded import make_step


def take(name: str, seconds: float) -> Step:
    cost = Cost(tokens=1, seconds=seconds, memory_bytes=1)
    return Step(name, Stage.TAKE, name, "1", "", {"tool": "fake"}, {}, 1, cost)


LONG, BRIEF = take("long", 30.0), take("brief", 10.0)


@pytest.fixture
def headway(tmp_path: Path) -> Headway:
    return Headway(Workbench(Settings(home=tmp_path)), [LONG, BRIEF])


def test_a_step_counts_by_what_it_is_expected_to_cost(headway: Headway):
    assert headway.fraction == 0
    headway(StepStarted(LONG))
    headway(StepProgressed(LONG, 0.5))
    assert headway.fraction == pytest.approx(15 / 40)
    headway(StepElsewhere(BRIEF, "gpu-7", 0.5))
    assert headway.fraction == pytest.approx(20 / 40)
    for step in (LONG, BRIEF):
        headway(StepFinished(step, make_step("take"), attempt=None))
    assert headway.fraction == 1
    assert headway.left_s == 0


def test_a_step_that_is_begun_anew_counts_from_its_beginning(headway: Headway):
    headway(StepStarted(LONG))
    headway(StepProgressed(LONG, 0.5))
    headway(StepStarted(LONG))
    assert headway.fraction == 0


def test_a_render_with_nothing_to_make_is_done(tmp_path: Path):
    assert Headway(Workbench(Settings(home=tmp_path)), []).fraction == 1


def test_what_keeps_takes_is_told_once_and_until_they_go_on(headway: Headway):
    for step in (LONG, BRIEF):
        headway(StepStuck(step, "no worker offers fake"))
    assert headway.obstacles == ["no worker offers fake"]
    headway(StepStuck(LONG, ""))
    headway(StepFailed(BRIEF, EngineError("broke"), None))
    assert headway.obstacles == []
