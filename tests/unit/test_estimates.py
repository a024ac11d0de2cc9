"""Expected seconds: learned from three takes on, of the same device, and never part of a step's identity."""

import dataclasses
import random
from datetime import UTC, datetime, timedelta

import pytest

from db.lineage import Lineage, StepRecord
from db.session import open_database
from db.timings import load_timings
from models.catalog import ENGINES
from reelhouse.capabilities import ClipShape, Cost
from reelhouse.estimates import FEWEST, LATEST, Estimates, Timing
from reelhouse.settings import Settings
from reelhouse.stages import Stage
from reelhouse.steps import Step
from reelhouse.storyboard_reader import read_storyboard
from tasks.estimating import measures, processor
from tasks.workbench import Workbench

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def take(seconds=10.0, tool="phantom-1.3b"):
    cost = Cost(tokens=7, seconds=seconds, memory_bytes=9)
    return Step("k" * 64, Stage.TAKE, "meadow", "1", "", {"tool": tool}, {}, 1, cost)


def timings(*seconds, device="GPU A", formula_s=10.0, tool="phantom-1.3b", since=NOON):
    return [
        Timing("take", tool, device, formula_s, value, since + timedelta(minutes=number))
        for number, value in enumerate(seconds)
    ]


def test_with_less_than_three_records_the_formula_stands():
    assert Estimates(timings(30, 30)).of(take(), "GPU A") == take().cost


def test_from_three_records_on_the_formula_is_corrected_for_clips_of_every_size():
    estimates = Estimates(timings(30, 31, 90))

    cost = estimates.of(take(seconds=20), "GPU A")

    assert cost.seconds == pytest.approx(
        62
    )  # the median, 3.1 times the formula: the cold start does not count
    assert str(cost.measured) == "measured 3 times on GPU A"
    assert cost.by_formula == take(seconds=20).cost


def test_another_device_or_engine_teaches_nothing():
    estimates = Estimates(timings(30, 30, 30))

    assert estimates.of(take(), "GPU B").measured is None
    assert estimates.of(take(tool="phantom-14b"), "GPU A").measured is None


def test_an_unknown_device_is_taken_for_the_one_used_last():
    older, later = timings(30, 30, 30), timings(20, 20, 20, device="GPU B", since=NOON + timedelta(days=1))

    cost = Estimates(older + later).of(take(), None)

    assert cost.seconds == pytest.approx(20)
    assert cost.measured is not None
    assert cost.measured.device == "GPU B"


def test_only_the_latest_records_count():
    became_faster = timings(*[90] * 100, *[10] * LATEST)

    assert Estimates(random.sample(became_faster, len(became_faster))).of(take(), "GPU A").seconds == 10


def test_a_stage_without_a_formula_is_expected_to_take_what_it_took():
    estimates = Estimates(timings(2, 3, 4, formula_s=0.0))

    assert estimates.of(take(seconds=0.0), "GPU A").seconds == 3


def test_what_was_estimated_already_is_estimated_from_the_formula_again():
    estimates = Estimates(timings(30, 30, 30))
    once = dataclasses.replace(take(), cost=estimates.of(take(), "GPU A"))

    assert estimates.of(once, "GPU A") == once.cost


@pytest.fixture
def bench(tmp_path):
    return Workbench(Settings(home=tmp_path / "home"))


@pytest.fixture
def board(tmp_path):
    file = tmp_path / "board.yaml"
    file.write_text(
        "title: Slow\nengine: testcard\nvideo: {size: 64x64}\nparameters: {seconds_per_frame: 0.01}\n"
        "scenes: [{id: a, prompt: x, duration: 5s}, {id: b, prompt: y, duration: 2s}]\n"
    )
    return read_storyboard(file)


def record_takes(lineage: Lineage, times: float, count: int, device: str) -> None:
    """Takes of the test card on a device that is so many times slower than the formula says."""
    for number in range(count):
        shape = ClipShape(num_frames=21 + 20 * number, height=64, width=64, references=0)
        cost = ENGINES["testcard"].cost(shape, {"seconds_per_frame": 0.01})
        step = dataclasses.replace(take(tool="testcard"), cost=cost)
        facts = {"warnings": [], "waited_s": 100.0} | measures(step, {"made_with": {"device": device}})
        record = StepRecord(
            key="",
            stage="take",
            label="recorded",
            code_version="1",
            weights_id="",
            parameters={"tool": "testcard", "number": number},
            inputs=(),
            outputs={},
            facts=facts,
            engine_calls=1,
            started_at=NOON + timedelta(minutes=number),
            seconds=100.0 + times * cost.seconds * (1 + 0.04 * (number - 1)),
        )
        lineage.record(dataclasses.replace(record, key=record.derived_key()))


def test_after_three_takes_the_estimate_is_closer_than_the_formula(bench, board):
    before = bench.plan(board)
    record_takes(bench.lineage, times=5, count=FEWEST, device=processor())

    after = bench.plan(board)

    for old, new in zip(before.of(Stage.TAKE), after.of(Stage.TAKE), strict=True):
        actual_s = 5 * old.cost.seconds
        assert abs(new.cost.seconds - actual_s) < 0.05 * abs(old.cost.seconds - actual_s)
        assert str(new.cost.measured) == f"measured 3 times on {processor()}"


def test_what_was_measured_changes_no_key_and_no_digest(bench, board):
    before = bench.plan(board)
    record_takes(bench.lineage, times=5, count=FEWEST, device=processor())

    after = bench.plan(board)

    assert after.digest == before.digest
    assert [step.key for step in after.steps] == [step.key for step in before.steps]
    assert after.of(Stage.TAKE)[0].cost != before.of(Stage.TAKE)[0].cost


def test_records_of_another_device_leave_this_ones_formula(bench, board):
    record_takes(bench.lineage, times=5, count=FEWEST, device="slow device")

    assert all(step.cost.measured is None for step in bench.plan(board).steps)


def test_records_of_earlier_versions_are_passed_over(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 'lineage.db'}")
    lineage = Lineage(engine)
    for number in range(FEWEST):
        record = StepRecord(
            "", "take", "old", "1", "", {"tool": "testcard", "n": number}, (), {}, {}, 1, NOON, 5.0
        )
        lineage.record(dataclasses.replace(record, key=record.derived_key()))

    assert load_timings(engine, [("take", "testcard")]) == []
    engine.dispose()
