"""The time a render still needs: from its plan first, from what it shows as soon as it shows anything."""

from dataclasses import replace

import pytest

from reelhouse.capabilities import Cost
from reelhouse.eta import Eta
from reelhouse.memory import Footprint
from reelhouse.stages import Stage
from reelhouse.steps import OutputOf, Step

GPU = Footprint(1, 1, 1, 1, 1, 1, None)


def take(name, *needs, seconds=10.0, footprint: Footprint | None = GPU):
    inputs = {need: OutputOf(need, "take") for need in needs}
    cost = Cost(tokens=1, seconds=seconds, memory_bytes=1, footprint=footprint)
    return Step(name, Stage.TAKE, name, "1", "", {"tool": "fake"}, inputs, 1, cost)


def film(*needs):
    inputs = {need: OutputOf(need, "take") for need in needs}
    return Step("film", Stage.FILM, "film", "1", "", {}, inputs, 0, Cost(0, 2.0, 0))


def test_before_anything_is_made_the_plan_is_all_there_is_to_go_by():
    eta = Eta([take("a"), take("b"), film("a", "b")], at_once=4)

    assert eta.left_s(0) == 22  # one GPU: one take after the other


def test_takes_go_to_the_engine_workers_there_are():
    steps = [take(name) for name in "abcd"]

    assert Eta(steps, at_once=1, workers=lambda: {"fake": 2}).left_s(0) == 20
    assert Eta(steps, at_once=1, workers=lambda: {"fake": 4, "other": 1}).left_s(0) == 10


def test_while_no_engine_worker_lives_one_is_waited_for():
    assert Eta([take("a"), take("b")], at_once=4, workers=lambda: {}).left_s(0) == 20


def test_workers_that_come_and_go_while_a_film_is_made_change_what_it_still_needs():
    there = {"fake": 1}
    eta = Eta([take("a"), take("b"), film("a", "b")], at_once=1, workers=lambda: there)

    assert eta.left_s(0) == 22
    there["fake"] = 2
    assert eta.left_s(0) == 12


def test_engines_have_workers_of_their_own():
    bridge = replace(take("b"), parameters={"tool": "bridge"})
    eta = Eta([take("a"), take("c"), bridge], at_once=1, workers=lambda: {"fake": 2, "bridge": 1})

    assert eta.left_s(0) == 10


def test_workers_are_not_asked_for_once_the_takes_are_made():
    def workers() -> dict[str, int]:
        raise AssertionError("the workers were asked for")

    assert Eta([film()], at_once=1, workers=workers).left_s(0) == 2


def test_a_take_that_wants_no_gpu_shares_the_processors():
    steps = [take(name, footprint=None) for name in "abcd"]

    assert Eta(steps, at_once=2).left_s(0) == 20


def test_a_slow_device_shows_before_the_first_take_is_done():
    eta = Eta([take("a"), take("b"), film("a", "b")], at_once=1)
    eta.started("a", now=100)
    eta.progressed("a", 0.5)

    assert eta.left_s(now=120) == pytest.approx(20 + 40 + 2)  # half a take took 20 s: a whole one takes 40


def test_what_a_run_has_measured_holds_for_its_later_takes():
    eta = Eta([take(name) for name in "abc"], at_once=1)
    eta.started("a", now=0)
    eta.finished("a", now=30)

    assert eta.left_s(now=30) == pytest.approx(60)


def test_a_step_that_takes_longer_than_expected_is_about_to_end():
    eta = Eta([take("a")], at_once=1)
    eta.started("a", now=0)

    assert eta.left_s(now=4) == 6
    assert eta.left_s(now=25) == 0


def test_a_step_that_is_begun_again_starts_from_nothing():
    eta = Eta([take("a")], at_once=1)
    eta.started("a", now=0)
    eta.progressed("a", 0.5)
    eta.started("a", now=50)

    assert eta.left_s(now=50) == 10


def test_a_step_of_another_render_is_nobodys_concern():
    eta = Eta([take("a")], at_once=1)
    eta.started("x", now=0)
    eta.progressed("x", 0.5)
    eta.finished("x", now=9)

    assert eta.left_s(now=9) == 10


def test_nothing_left_takes_no_time():
    eta = Eta([take("a")], at_once=1)
    eta.finished("a", now=3)

    assert eta.left_s(now=3) == 0
