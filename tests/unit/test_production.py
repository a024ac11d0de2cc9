"""The order of production: nothing before what it needs, later stages first, failures keep to themselves."""

import threading
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.production import SENT_AT_ONCE, ReadySteps, produce
from reelhouse.stages import Stage
from reelhouse.steps import OutputOf, Step
from tasks.renders import Render

STAGES = list(Stage)


def step(key, stage, *needs):
    inputs = {need: OutputOf(need, "out") for need in needs}
    return Step(key, stage, key, "1", "", {}, inputs)


def by_stage(step):
    return "sent" if step.stage is Stage.TAKE else "here"


def ready_steps(steps):
    return ReadySteps(steps, lambda step: "here")


def pop(ready: ReadySteps) -> Step:
    popped = ready.pop(["here"])
    assert popped is not None
    return popped


def test_a_film_grows_scene_by_scene():
    steps = [step(f"take{n}", Stage.TAKE) for n in (1, 2)]
    steps += [step(f"piece{n}", Stage.PIECE, f"take{n}") for n in (1, 2)]
    ready, order = ready_steps(steps), []
    while ready:
        order.append(pop(ready).key)
        ready.done(order[-1])
    assert order == ["take1", "piece1", "take2", "piece2"]


def test_what_was_made_before_is_not_waited_for():
    ready = ready_steps([step("piece", Stage.PIECE, "a take of last week")])
    assert pop(ready).key == "piece"


def test_what_needs_a_failed_step_never_becomes_ready():
    ready = ready_steps(
        [step("take", Stage.TAKE), step("piece", Stage.PIECE, "take"), step("other", Stage.MASK)]
    )
    assert pop(ready).key == "take"  # it fails: nobody says that it is done
    assert pop(ready).key == "other"
    ready.done("other")
    assert not ready


@st.composite
def graphs(draw):
    steps = []
    for number in range(draw(st.integers(1, 25))):
        needs = draw(st.sets(st.sampled_from([s.key for s in steps]))) if steps else set()
        steps.append(step(f"s{number}", draw(st.sampled_from(STAGES)), *needs))
    return steps


@given(graphs(), st.randoms(use_true_random=False))
def test_every_step_comes_once_and_after_all_it_needs(steps, random):
    ready, at_work, done = ready_steps(steps), [], []
    while ready or at_work:
        if ready and (not at_work or random.random() < 0.5):
            popped = pop(ready)
            assert popped.needs <= set(done)
            at_work.append(popped)
        else:
            finished = at_work.pop(random.randrange(len(at_work)))
            done.append(finished.key)
            ready.done(finished.key)
    assert sorted(done) == sorted(s.key for s in steps)


def test_a_step_waits_for_its_own_kind_of_hands():
    ready = ReadySteps([step("take", Stage.TAKE), step("mask", Stage.MASK)], by_stage)
    assert ready.pop([]) is None
    assert cast(Step, ready.pop(["here"])).key == "mask"
    assert ready.pop(["here"]) is None
    assert cast(Step, ready.pop(["here", "sent"])).key == "take"
    assert not ready


class Future:
    """The future of a step that ends when it is told to."""

    def __init__(self) -> None:
        self.told: list[Callable[[Any], None]] = []
        self.error: BaseException | None = None

    def add_done_callback(self, call: Callable[[Any], None]) -> None:
        self.told.append(call)

    def result(self) -> str:
        if self.error:
            raise self.error
        return "a record"

    def end(self, error: BaseException | None = None) -> None:
        self.error = error
        for call in self.told:
            call(self)


class Studio:
    """What a film of takes, each with a piece and a mask of its own, has at work, in a thread of its own."""

    def __init__(self, scenes: int, *, at_once: int, sends: bool) -> None:
        self.at_work: dict[str, Future] = {}
        self.most: Counter[Stage] = Counter()
        self._changed = threading.Condition()
        steps = [step(f"take {n}", Stage.TAKE) for n in range(scenes)]
        steps += [step(f"piece {n}", Stage.PIECE, f"take {n}") for n in range(scenes)]
        self.render = cast(Render, SimpleNamespace(records={}))
        tasks = cast(Any, {stage: SimpleNamespace(submit=self._submit) for stage in STAGES})
        self.thread = threading.Thread(
            target=produce,
            args=(self.render, steps, tasks),
            kwargs={"at_once": at_once, "is_sent": lambda step: sends and by_stage(step) == "sent"},
            daemon=True,
        )
        self.thread.start()

    def _submit(self, quoted: Any, label: str, wait_for: list[Any]) -> Future:
        with self._changed:
            future = self.at_work[label] = Future()
            stage = quoted.unquote().stage
            count = sum(name.startswith(stage.value) for name in self.at_work)
            self.most[stage] = max(self.most[stage], count)
            self._changed.notify_all()
        return future

    def wait_for(self, *labels: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: set(labels) <= set(self.at_work), 10), self.at_work

    def end(self, label: str) -> None:
        self.wait_for(label)
        with self._changed:
            future = self.at_work.pop(label)
        future.end()


def test_with_one_worker_the_piece_of_a_finished_take_is_cut_while_nineteen_takes_wait():
    studio = Studio(20, at_once=1, sends=True)
    studio.wait_for(*(f"take {n}" for n in range(20)))

    for number in range(20):
        studio.end(f"take {number}")
        studio.end(f"piece {number}")

    studio.thread.join(10)
    assert len(studio.render.records) == 40
    assert studio.most == {Stage.TAKE: 20, Stage.PIECE: 1}


@pytest.mark.parametrize(("sends", "most"), [(True, SENT_AT_ONCE), (False, 2)])
def test_takes_have_a_bound_of_their_own_where_they_are_sent_and_share_the_hands_here_where_not(sends, most):
    scenes = SENT_AT_ONCE + 6
    studio = Studio(scenes, at_once=2, sends=sends)

    for number in range(scenes):
        studio.end(f"take {number}")
        studio.end(f"piece {number}")

    studio.thread.join(10)
    assert studio.most[Stage.TAKE] == most
