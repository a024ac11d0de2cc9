"""Engine workers as real processes: they share takes, survive kills, drain, stop what nobody wants."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import pytest
from pydantic import SecretStr

import db
from db.records import StepRecord
from db.workers import Seen, Workers
from models.testcard import SPEC as TESTCARD
from reelhouse.errors import Cancelled, InputError, StepQuarantined
from reelhouse.settings import Settings
from reelhouse.stages import CODE_VERSION, Stage
from reelhouse.step_json import step_to_json
from reelhouse.steps import Given, Step, step_key
from studio.worker import why_waiting
from tasks.making import Job, Output, make_recorded
from tasks.progress import StepElsewhere, StepEvent
from tasks.sending import made_by_worker
from tasks.workbench import Workbench

pytestmark = [pytest.mark.services, pytest.mark.timeout(120)]
ROOT = Path(str(db.__file__)).parents[1]
LEASE_S = 3
FRAMES = 10
VERSION = f"{CODE_VERSION[Stage.TAKE]}+{TESTCARD.code_version}"
WORKER = "from studio.cli import main; main()"

# A worker with one more engine, which ends its process whenever it is to make a clip.
POISONED = """
import os, signal
from dataclasses import replace
from types import MappingProxyType
import models.catalog as catalog
from models.testcard import TestcardEngine
class Poison(TestcardEngine):
    def generate(self, request):
        os.kill(os.getpid(), signal.SIGKILL)
spec = replace(catalog.ENGINES["testcard"], name="poison")
catalog.ENGINES = MappingProxyType({**catalog.ENGINES, "poison": spec})
catalog._CLASSES["poison"] = ("__main__", "Poison")
from studio.cli import main
main()
"""

# Wants the step of a JSON line on its standard input until it is killed.
PARENT = """
import json, sys
from reelhouse.settings import Settings
from reelhouse.step_json import step_from_json
from tasks.sending import made_by_worker
from tasks.workbench import Workbench
made_by_worker(Workbench(Settings()), step_from_json(json.loads(sys.stdin.readline())))
"""


@dataclass
class House:
    """A home, a database, and the workers at them."""

    home: Path
    database_url: str
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "REELHOUSE_HOME": str(self.home),
            "REELHOUSE_DATABASE_URL": self.database_url,
            "REELHOUSE_LEASE_S": str(LEASE_S),
        }
        return {**os.environ, **own}

    def bench(self) -> Workbench:
        """The workbench of one render."""
        url = SecretStr(self.database_url)
        return Workbench(Settings(home=self.home, database_url=url, lease_s=LEASE_S, engines="workers"))

    def python(self, script: str, *arguments: str, stdin: int | None = None) -> subprocess.Popen[str]:
        with (self.home / "workers.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", script, *arguments],
                cwd=ROOT,
                env=self.environment,
                text=True,
                stdout=log,
                stderr=log,
                stdin=stdin,
            )
        self.processes.append(process)
        return process

    def worker(self, *arguments: str, script: str = WORKER) -> subprocess.Popen[str]:
        """A worker that is there when this returns."""
        process = self.python(script, "worker", *(arguments or ("--offers", "testcard")))
        self.eventually(lambda: any(f":{process.pid}:" in one.worker.owner for one in self.seen()))
        return process

    def seen(self) -> list[Seen]:
        return list(Workers(self.bench().lineage.engine).seen())

    @property
    def log(self) -> str:
        return (self.home / "workers.log").read_text()

    @property
    def begun(self) -> int:
        """How often an engine began a take."""
        return self.log.count(" begins, step ")

    @property
    def states(self) -> dict[str, str]:
        """What each worker does, by its name."""
        return {one.worker.name: one.worker.state for one in self.seen()}

    def eventually(self, true: Callable[[], bool], within_s: float = 30) -> None:
        deadline = time.monotonic() + within_s
        while not true():
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
            if process.stdin:
                process.stdin.close()


@pytest.fixture
def either_house(tmp_path: Path, database_url: str) -> Iterator[House]:
    """A house without workers, at a database of each kind in turn."""
    yield from _house(tmp_path, database_url)


@pytest.fixture
def house(tmp_path: Path, postgresql_url: str) -> Iterator[House]:
    """A house without workers, at PostgreSQL."""
    yield from _house(tmp_path, postgresql_url)


def _house(tmp_path: Path, database_url: str) -> Iterator[House]:
    home = tmp_path / "home"
    home.mkdir()
    house = House(home, database_url)
    yield house
    house.end()


def a_take(bench: Workbench, label: str, seconds: float = 0.0, **changed: object) -> Step:
    """A take of the test card that lasts so long, with its words stored."""
    words = bench.store.put_bytes(label.encode(), "text/plain")
    bench.lineage.add_artifact(words)
    parameters: dict[str, object] = {
        "scene": label,
        "action": "",
        "style": "",
        "camera": "",
        "references": [],
        "num_frames": FRAMES,
        "frame_rate": Fraction(16),
        "height": 64,
        "width": 64,
        "seed": 7,
        "parameters": {"seconds_per_frame": seconds / FRAMES},
        "tool": "testcard",
        **changed,
    }
    inputs = {"prompt": Given(words.id), "negative": Given(words.id)}
    step = Step("", Stage.TAKE, label, VERSION, "", parameters, inputs, engine_calls=1)
    return with_key(step)


def with_key(step: Step) -> Step:
    key = step_key(
        stage=step.stage,
        code_version=step.code_version,
        weights_id=step.weights_id,
        parameters=step.parameters,
        inputs=step.inputs,
    )
    return replace(step, key=key)


def never(job: Job) -> Mapping[str, Output]:
    raise AssertionError("a take was made by the render's own process")


def sent(bench: Workbench, step: Step) -> StepRecord:
    """The step's record, once a worker made it."""
    return make_recorded(bench, step, never, find=made_by_worker)


class Sending:
    """Renders that wait, each in threads of its own; those still waiting at the end are stopped."""

    def __init__(self) -> None:
        self.benches: list[Workbench] = []
        self.pool = ThreadPoolExecutor(16)

    def send(self, bench: Workbench, step: Step) -> Future[StepRecord]:
        self.benches.append(bench)
        return self.pool.submit(sent, bench, step)

    def end(self) -> None:
        for bench in self.benches:
            bench.cancelled.set()
        self.pool.shutdown()


@pytest.fixture
def sending() -> Iterator[Sending]:
    sending = Sending()
    yield sending
    sending.end()


def test_two_renders_share_two_workers_and_one_killed_in_the_middle_is_stood_in_for(
    either_house: House, sending: Sending
):
    house = either_house
    first, second = house.bench(), house.bench()
    house.worker("--name", "a", "--offers", "testcard")
    doomed = house.worker("--name", "b", "--offers", "testcard")
    steps = {
        bench.render_id: [a_take(bench, f"{bench.render_id} {number}", 0.5) for number in range(5)]
        for bench in (first, second)
    }
    shared = a_take(first, "shared", 0.5)
    waiting = [
        sending.send(bench, step) for bench in (first, second) for step in (*steps[bench.render_id], shared)
    ]
    house.eventually(lambda: house.states.get("b") == "working")
    time.sleep(0.2)
    doomed.kill()
    doomed.wait()
    house.worker("--name", "c", "--offers", "testcard")

    records = [future.result(60) for future in waiting]

    assert len({record.key for record in records}) == 11
    assert house.begun <= 11 + 1
    assert len(first.elsewhere) + len(second.elsewhere) == 1  # the shared take counts to one of them
    assert first.wants.waiting() == []


def test_a_worker_told_to_end_finishes_its_take_and_begins_no_other(house: House, sending: Sending):
    bench = house.bench()
    process = house.worker()
    takes = [sending.send(bench, a_take(bench, f"take {number}", 1.5)) for number in range(2)]
    house.eventually(lambda: "working" in house.states.values())
    process.send_signal(signal.SIGTERM)

    assert process.wait(20) == 0
    assert sum(take.done() for take in takes) <= 1
    house.eventually(lambda: sum(take.done() for take in takes) == 1)
    assert house.begun == 1
    assert house.states == {}
    assert [waiting.owner for waiting in bench.wants.waiting()] == [None]


@pytest.mark.parametrize("signals", [1, 2])
def test_a_take_that_outlasts_the_end_of_its_worker_is_handed_to_another_at_once(
    house: House, sending: Sending, signals: int
):
    bench = house.bench()
    patience = "0.3" if signals == 1 else "120"
    process = house.worker("--name", "a", "--offers", "testcard", "--drain-s", patience)
    take = sending.send(bench, a_take(bench, "meadow", 60))
    house.eventually(lambda: house.states.get("a") == "working")
    house.worker("--name", "b", "--offers", "testcard")
    told = time.monotonic()
    for _ in range(signals):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
    house.eventually(lambda: house.states.get("b") == "working")

    # The drain, a step of the engine (6 s) and another's look once a second.
    assert time.monotonic() - told < 0.3 + 60 / FRAMES + 2
    assert process.wait(20) == 0
    assert house.begun == 2
    assert not take.done()


def test_a_take_nobody_wants_any_more_is_stopped_and_the_worker_serves_the_next(
    either_house: House, sending: Sending
):
    house = either_house
    cancelled, other = house.bench(), house.bench()
    house.worker()
    long = sending.send(cancelled, a_take(cancelled, "long", 60))
    house.eventually(lambda: "working" in house.states.values())
    cancelled.cancelled.set()
    told = time.monotonic()
    record = sending.send(other, a_take(other, "short")).result(20)

    assert time.monotonic() - told < 1 + 60 / FRAMES + 2  # a heartbeat, a step of the engine, some haste
    assert record.label == "short"
    with pytest.raises(Cancelled):
        long.result(5)
    assert house.begun == 2


def test_a_take_that_two_renders_want_goes_on_when_one_of_them_is_stopped(house: House, sending: Sending):
    cancelled, other = house.bench(), house.bench()
    house.worker()
    step = a_take(other, "meadow", 3)
    gone, stays = sending.send(cancelled, step), sending.send(other, step)
    house.eventually(lambda: "working" in house.states.values())
    cancelled.cancelled.set()

    assert stays.result(20).key == step.key
    assert house.begun == 1
    with suppress(Cancelled):
        gone.result(5)


def test_the_wants_of_a_killed_render_lapse_and_its_take_is_stopped(house: House):
    bench = house.bench()
    house.worker()
    parent = house.python(PARENT, stdin=subprocess.PIPE)
    assert parent.stdin
    parent.stdin.write(json.dumps(step_to_json(a_take(bench, "long", 60))) + "\n")
    parent.stdin.flush()
    house.eventually(lambda: "working" in house.states.values())
    parent.kill()

    house.eventually(lambda: set(house.states.values()) == {"idle"}, LEASE_S + 1 + 60 / FRAMES + 4)
    assert bench.lineage.steps([a_take(bench, "long", 60).key]) == {}


def test_a_worker_with_another_code_version_leaves_a_take_alone_and_it_is_said_why(
    house: House, sending: Sending
):
    bench = house.bench()
    house.worker()
    newer = with_key(replace(a_take(bench, "newer"), code_version="1+999"))
    waits = sending.send(bench, newer)
    sending.send(bench, a_take(bench, "ours")).result(20)
    time.sleep(1)

    assert not waits.done()
    [waiting] = bench.wants.waiting()
    present = [one.worker for one in house.seen()]
    assert "has its version of the code of testcard: bring" in why_waiting(waiting, present)
    assert why_waiting(waiting, []) == "no worker offers testcard: start reelhouse worker --offers testcard"


def test_an_error_of_the_engine_is_raised_in_the_render_as_it_was_in_the_worker(
    house: House, sending: Sending
):
    bench = house.bench()
    process = house.worker()

    with pytest.raises(InputError, match=r"scene empty: .* not 0 frames of 64x64"):
        sending.send(bench, a_take(bench, "empty", num_frames=0)).result(20)
    assert sending.send(bench, a_take(bench, "good")).result(20).label == "good"
    assert process.poll() is None
    assert bench.wants.waiting() == []


def test_a_step_that_kills_its_workers_is_put_aside_and_the_others_are_made(house: House, sending: Sending):
    bench, other = house.bench(), house.bench()
    offered = ("--offers", "testcard,poison")
    poison = sending.send(bench, with_key(a_take(bench, "poison", tool="poison")))
    good = sending.send(other, a_take(other, "good"))
    deaths = 0
    process = house.worker(*offered, script=POISONED)
    while not poison.done():
        if process.poll() is not None:
            assert process.returncode == -signal.SIGKILL, house.log
            deaths += 1
            process = house.python(POISONED, "worker", *offered)
        time.sleep(0.1)

    with pytest.raises(StepQuarantined, match=r"take poison: 3 attempts .* died\), .*reelhouse forgive"):
        poison.result()
    assert deaths == 3
    assert good.result(20).label == "good"
    after = house.bench()
    assert sending.send(after, a_take(after, "after")).result(20).label == "after"


def test_a_render_hears_who_makes_its_take_and_how_far_they_are(house: House, sending: Sending):
    bench = house.bench()
    events: list[StepEvent] = []
    bench.listener = events.append
    house.worker()

    sending.send(bench, a_take(bench, "meadow", 4)).result(30)

    told = [event.fraction for event in events if isinstance(event, StepElsewhere)]
    assert told == sorted(told)
    assert 0.2 < max(told) < 1
