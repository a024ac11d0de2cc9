"""A child of the supervisor: started again however often it dies, unless it has never come up."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reelhouse.errors import ServiceUnavailable
from studio.one_machine.child import Child, Patience, Phase
from studio.one_machine.process import Program
from studio.one_machine.service import CannotTell, Service

HASTY = Patience(start_s=20, check_s=0.05, misses=2, restarts=2, first_pause_s=0.01, end_s=5)


@pytest.fixture
def employ(tmp_path: Path) -> Iterator[Callable[..., Child]]:
    """Take on a child that runs a line of Python; it is ended with the test."""
    employed: list[Child] = []
    with ThreadPoolExecutor(2) as pool:

        def take_on(line: str, check: Callable[[float], None] = lambda started_at: None) -> Child:
            program = Program([sys.executable, "-I", "-S", "-c", line], {}, tmp_path, tmp_path / "log")
            employed.append(Child(Service("actor", program, check), "studio/actor", pool, HASTY))
            return employed[-1]

        yield take_on
        for child in employed:
            child.end()


def step_until(child: Child, true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, f"{child.phase}: {child.problem}"
        child.step(may_start=True)
        time.sleep(0.005)


def test_one_that_has_been_up_is_started_again_however_often_it_is_killed(employ):
    child = employ("import time; time.sleep(60)")

    for kills in range(1, 2 * HASTY.restarts + 1):
        step_until(child, lambda: child.phase is Phase.UP)
        os.kill(child.record().pid or 0, signal.SIGKILL)
        step_until(child, lambda kills=kills: child.restarts == kills)

    step_until(child, lambda: child.phase is Phase.UP)
    assert child.problem == ""


def test_one_that_never_comes_up_is_given_up_with_its_exit_code_and_its_log(employ):
    never_well = ServiceUnavailable("it does not answer")

    def check(started_at: float) -> None:
        raise never_well

    child = employ("raise SystemExit(4)", check)

    with pytest.raises(ServiceUnavailable, match="exit code 4; it was started 3 times and has never"):
        step_until(child, lambda: False)


def test_one_that_does_not_answer_any_more_is_started_again(employ):
    well = [True]

    def check(started_at: float) -> None:
        if not well[0]:
            raise ServiceUnavailable("it does not answer")

    child = employ("import time; time.sleep(60)", check)
    step_until(child, lambda: child.phase is Phase.UP)
    well[0] = False
    step_until(child, lambda: child.restarts == 1)
    assert "it does not answer" in child.problem
    well[0] = True
    step_until(child, lambda: child.phase is Phase.UP)


def test_one_that_cannot_be_asked_about_is_left_alone(employ):
    asked = [0]

    def check(started_at: float) -> None:
        asked[0] += 1
        if asked[0] == 2:  # first it is well
            raise CannotTell("the database does not answer")
        if asked[0] > 2:
            raise ServiceUnavailable("it was not heard of for a while")

    child = employ("import time; time.sleep(60)", check)
    step_until(child, lambda: asked[0] == 2)
    calm_until = time.monotonic() + 20 * HASTY.check_s
    step_until(child, lambda: time.monotonic() > calm_until)

    assert (asked[0], child.restarts, child.phase) == (2, 0, Phase.UP)
