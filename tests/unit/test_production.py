"""The order of production: nothing before what it needs, later stages first, failures keep to themselves."""

from hypothesis import given
from hypothesis import strategies as st

from flows.production import ReadySteps
from reelhouse.stages import Stage
from reelhouse.steps import OutputOf, Step

STAGES = list(Stage)


def step(key, stage, *needs):
    inputs = {need: OutputOf(need, "out") for need in needs}
    return Step(key, stage, key, "1", "", {}, inputs)


def test_a_film_grows_scene_by_scene():
    steps = [step(f"take{n}", Stage.TAKE) for n in (1, 2)]
    steps += [step(f"piece{n}", Stage.PIECE, f"take{n}") for n in (1, 2)]
    ready, order = ReadySteps(steps), []
    while ready:
        order.append(ready.pop().key)
        ready.done(order[-1])
    assert order == ["take1", "piece1", "take2", "piece2"]


def test_what_was_made_before_is_not_waited_for():
    ready = ReadySteps([step("piece", Stage.PIECE, "a take of last week")])
    assert ready.pop().key == "piece"


def test_what_needs_a_failed_step_never_becomes_ready():
    ready = ReadySteps(
        [step("take", Stage.TAKE), step("piece", Stage.PIECE, "take"), step("other", Stage.MASK)]
    )
    assert ready.pop().key == "take"  # it fails: nobody says that it is done
    assert ready.pop().key == "other"
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
    ready, at_work, done = ReadySteps(steps), [], []
    while ready or at_work:
        if ready and (not at_work or random.random() < 0.5):
            popped = ready.pop()
            assert popped.needs <= set(done)
            at_work.append(popped)
        else:
            finished = at_work.pop(random.randrange(len(at_work)))
            done.append(finished.key)
            ready.done(finished.key)
    assert sorted(done) == sorted(s.key for s in steps)
