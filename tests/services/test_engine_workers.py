"""Engine workers as real processes: they share takes, survive kills, drain, stop what nobody wants.

A worker takes seconds to start. So each kind of database has a house with a worker that stands by for every
test that does not end it; tests that do have engines of their own, which that worker does not offer.
"""

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
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import pytest

import db
from db.records import StepRecord
from db.workers import Seen, Workers
from models.testcard import SPEC as TESTCARD
from reelhouse.errors import Cancelled, InputError, StepQuarantined
from reelhouse.settings import Settings
from reelhouse.stages import CODE_VERSION, Stage
from reelhouse.step_json import step_to_json
from reelhouse.steps import Given, Step, step_key
from studio.preview_file import PreviewFile
from tasks.making import Job, Output, make_recorded
from tasks.obstacles import obstacle
from tasks.progress import StepElsewhere, StepEvent
from tasks.sending import made_by_worker
from tasks.workbench import Workbench

from ..eventually import eventually
from ..servers import PostgresServer, S3Server

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]
ROOT = Path(str(db.__file__)).parents[1]
LEASE_S = 10  # two thirds of it may pass unheard, while the machine is busy, before a take is lost
PATIENCE_S = 60  # with what is to happen soon; no bound
FRAMES, MANY_FRAMES = 10, 300
STEP_S = 0.2  # of a take that would last a minute
SOON_S = 30  # after some steps, and before the end of that take, however busy the machine
SEEN_S = 6  # a take that lasts so long is still made when somebody looks
VERSION = f"{CODE_VERSION[Stage.TAKE]}+{TESTCARD.code_version}"

# A worker with more engines: the test card under another name, one that shows what it makes, and one that
# ends its process whenever it is to make a clip. Its machine may have another name, too.
WORKER = """
import os, signal, socket
from dataclasses import replace
from types import MappingProxyType
import numpy as np
import models.catalog as catalog
from models.engine import Sampled
from models.testcard import TestcardEngine
class Poison(TestcardEngine):
    def generate(self, request):
        os.kill(os.getpid(), signal.SIGKILL)
class Painted(TestcardEngine):
    def generate(self, request):
        for event in super().generate(request):
            if isinstance(event, Sampled):
                event = replace(event, preview=np.full((60, 104, 3), 20 * event.step, np.uint8))
            yield event
extra = {"solo": TestcardEngine, "painted": Painted, "poison": Poison}
specs = {name: replace(catalog.ENGINES["testcard"], name=name) for name in extra}
catalog.ENGINES = MappingProxyType({**catalog.ENGINES, **specs})
for name, kind in extra.items():
    catalog._CLASSES[name] = ("__main__", kind.__name__)
if host := os.environ.get("TEST_HOST"):
    socket.gethostname = lambda: host
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
    """A home, a database, and the workers at them; `settings` are further environment variables."""

    home: Path
    database_url: str
    settings: Mapping[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "REELHOUSE_HOME": str(self.home),
            "REELHOUSE_DATABASE_URL": self.database_url,
            "REELHOUSE_ENGINES": "workers",
            "REELHOUSE_LEASE_S": str(LEASE_S),
        }
        return own | dict(self.settings)

    def bench(self) -> Workbench:
        """The workbench of one render."""
        own = {
            name.removeprefix("REELHOUSE_").lower(): value
            for name, value in self.environment.items()
            if name.startswith("REELHOUSE_")
        }
        return Workbench(Settings.model_validate(own))

    def python(
        self, script: str, *arguments: str, stdin: int | None = None, lease_s: float = LEASE_S
    ) -> subprocess.Popen[str]:
        with (self.home / "workers.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", script, *arguments],
                cwd=ROOT,
                env={**os.environ, **self.environment, "REELHOUSE_LEASE_S": str(lease_s)},
                text=True,
                stdout=log,
                stderr=log,
                stdin=stdin,
            )
        self.processes.append(process)
        return process

    def start(self, name: str, *, offers: str = "solo", drain_s: float = 120) -> subprocess.Popen[str]:
        """A worker of that name; `until_there` waits for it."""
        return self.python(WORKER, "worker", "--name", name, "--offers", offers, "--drain-s", str(drain_s))

    def until_there(self, *names: str) -> None:
        self.eventually(lambda: set(names) <= set(self.states))

    @cached_property
    def _workers(self) -> Workers:
        return Workers(self.bench().lineage.engine)

    def seen(self) -> list[Seen]:
        return list(self._workers.seen())

    @property
    def log(self) -> str:
        return (self.home / "workers.log").read_text()

    def begun(self, *labels: str) -> int:
        """How often an engine began one of these takes."""
        return sum(self.log.count(f"take {label} begins, step ") for label in labels)

    @property
    def states(self) -> dict[str, str]:
        """What each worker does, by its name."""
        return {one.worker.name: one.worker.state for one in self.seen()}

    @property
    def working(self) -> dict[str, str]:
        """The label of what each worker makes that makes something, by the worker's name."""
        return {one.worker.name: one.worker.label for one in self.seen() if one.worker.state == "working"}

    def until_working(self, name: str) -> None:
        self.eventually(lambda: name in self.working)

    def eventually(self, true: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
        eventually(true, within_s, every_s=0.05, otherwise=lambda: self.log)

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
            if process.stdin:
                process.stdin.close()


STANDING = "standing"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, postgresql: PostgresServer) -> Iterator[House]:
    """A house at PostgreSQL, whose worker stands by."""
    postgresql.execute("CREATE DATABASE engine_workers")
    yield from _house(tmp_path_factory.mktemp("postgresql"), postgresql.url("engine_workers"))
    postgresql.execute("DROP DATABASE engine_workers WITH (FORCE)")


@pytest.fixture(scope="module")
def sqlite_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house at SQLite, whose worker stands by."""
    home = tmp_path_factory.mktemp("sqlite")
    yield from _house(home, f"sqlite:///{home / 'lineage.db'}")


@pytest.fixture(params=["sqlite_house", "house"])
def either_house(request: pytest.FixtureRequest) -> House:
    """The house at a database of each kind in turn."""
    return request.getfixturevalue(request.param)


def _house(home: Path, database_url: str) -> Iterator[House]:
    house = House(home, database_url)
    house.start(STANDING, offers="testcard,painted")
    house.until_there(STANDING)
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


def a_minute(bench: Workbench, label: str, tool: str = "testcard") -> Step:
    """A take that lasts a minute, and can be stopped after every `STEP_S`."""
    return a_take(bench, label, num_frames=MANY_FRAMES, parameters={"seconds_per_frame": STEP_S}, tool=tool)


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
    doomed = house.start("doomed", offers="testcard")
    house.until_there("doomed")
    steps = {
        bench.render_id: [a_take(bench, f"{bench.render_id} {number}", 0.8) for number in range(3)]
        for bench in (first, second)
    }
    shared = a_take(first, "shared", 0.8)
    waiting = [
        sending.send(bench, step) for bench in (first, second) for step in (*steps[bench.render_id], shared)
    ]
    house.until_working("doomed")
    time.sleep(0.2)
    doomed.kill()
    doomed.wait()

    records = [future.result(PATIENCE_S) for future in waiting]

    labels = {record.label for record in records}
    assert len(labels) == 7
    assert house.begun(*labels) <= 7 + 1
    assert len(first.elsewhere) + len(second.elsewhere) == 1  # the shared take counts to one of them
    assert first.wants.waiting() == []


def test_a_worker_told_to_end_finishes_its_take_and_begins_no_other(house: House, sending: Sending):
    bench = house.bench()
    process = house.start("ending")
    house.until_there("ending")
    labels = ("ending 0", "ending 1")
    takes = [sending.send(bench, a_take(bench, label, SEEN_S, tool="solo")) for label in labels]
    house.until_working("ending")
    process.send_signal(signal.SIGTERM)

    assert process.wait(PATIENCE_S) == 0
    assert sum(take.done() for take in takes) <= 1
    house.eventually(lambda: sum(take.done() for take in takes) == 1)
    assert house.begun(*labels) == 1
    assert "ending" not in house.states
    assert [waiting.owner for waiting in bench.wants.waiting()] == [None]


@pytest.mark.parametrize("signals", [1, 2])
def test_a_take_that_outlasts_the_end_of_its_worker_is_handed_to_another_at_once(
    house: House, sending: Sending, signals: int
):
    bench = house.bench()
    names = (f"a{signals}", f"b{signals}")
    workers = {name: house.start(name, drain_s=0.3 if signals == 1 else 120) for name in names}
    house.until_there(*names)
    take = sending.send(bench, a_minute(bench, f"long {signals}", tool="solo"))
    house.eventually(lambda: not house.working.keys().isdisjoint(names))
    [told] = house.working.keys() & names
    [other] = [name for name in names if name != told]
    at = time.monotonic()
    for _ in range(signals):
        workers[told].send_signal(signal.SIGTERM)
        time.sleep(0.1)
    house.until_working(other)

    assert time.monotonic() - at < SOON_S
    assert workers[told].wait(PATIENCE_S) == 0
    assert house.begun(f"long {signals}") == 2
    assert not take.done()
    bench.cancelled.set()
    workers[other].kill()


def test_a_take_nobody_wants_any_more_is_stopped_and_the_worker_serves_the_next(
    either_house: House, sending: Sending
):
    house = either_house
    cancelled, other = house.bench(), house.bench()
    long = sending.send(cancelled, a_minute(cancelled, "unwanted"))
    house.until_working(STANDING)
    cancelled.cancelled.set()
    told = time.monotonic()
    record = sending.send(other, a_take(other, "short")).result(PATIENCE_S)

    assert time.monotonic() - told < SOON_S
    assert record.label == "short"
    with pytest.raises(Cancelled):
        long.result(PATIENCE_S)
    assert house.begun("unwanted", "short") == 2


def test_a_take_that_two_renders_want_goes_on_when_one_of_them_is_stopped(house: House, sending: Sending):
    cancelled, other = house.bench(), house.bench()
    step = a_take(other, "of two", SEEN_S)
    gone, stays = sending.send(cancelled, step), sending.send(other, step)
    house.until_working(STANDING)
    cancelled.cancelled.set()

    assert stays.result(PATIENCE_S).key == step.key
    assert house.begun("of two") == 1
    with suppress(Cancelled):
        gone.result(PATIENCE_S)


def test_the_wants_of_a_killed_render_lapse_and_its_take_is_stopped(house: House):
    bench = house.bench()
    step = a_minute(bench, "orphan")
    lease_s = 3  # of what the render wants
    parent = house.python(PARENT, stdin=subprocess.PIPE, lease_s=lease_s)
    assert parent.stdin
    parent.stdin.write(json.dumps(step_to_json(step)) + "\n")
    parent.stdin.flush()
    house.until_working(STANDING)
    parent.kill()

    house.eventually(lambda: house.states[STANDING] == "idle", lease_s + SOON_S)
    assert bench.lineage.steps([step.key]) == {}


def test_a_worker_with_another_code_version_leaves_a_take_alone_and_it_is_said_why(
    house: House, sending: Sending
):
    bench = house.bench()
    newer = with_key(replace(a_take(bench, "newer"), code_version="1+999"))
    waits = sending.send(bench, newer)
    house.eventually(lambda: bench.wants.is_wanted(newer.key))
    sending.send(bench, a_take(bench, "ours")).result(PATIENCE_S)  # it came later

    assert not waits.done()
    [waiting] = bench.wants.waiting()
    present = [one.worker for one in house.seen()]
    assert "has its version of the code of testcard: bring" in obstacle(waiting.want, present)


def test_an_error_of_the_engine_is_raised_in_the_render_as_it_was_in_the_worker(
    house: House, sending: Sending
):
    bench = house.bench()

    with pytest.raises(InputError, match=r"scene empty: .* not 0 frames of 64x64"):
        sending.send(bench, a_take(bench, "empty", num_frames=0)).result(PATIENCE_S)
    assert sending.send(bench, a_take(bench, "good")).result(PATIENCE_S).label == "good"
    assert house.processes[0].poll() is None
    assert bench.wants.waiting() == []


def test_a_step_that_kills_its_workers_is_put_aside_and_the_others_are_made(house: House, sending: Sending):
    bench, other = house.bench(), house.bench()
    poison = sending.send(bench, a_take(bench, "poison", tool="poison"))
    good = sending.send(other, a_take(other, "unharmed", tool="solo"))
    victims = [house.start(f"victim {number}", offers="solo,poison") for number in range(4)]

    with pytest.raises(StepQuarantined, match=r"take poison: 3 attempts .* died\), .*reelhouse forgive"):
        poison.result(2 * PATIENCE_S)  # four workers start, and one after the other dies
    [survivor] = [victim for victim in victims if victim.poll() is None]
    assert sum(victim.poll() == -signal.SIGKILL for victim in victims) == 3
    assert good.result(PATIENCE_S).label == "unharmed"
    after = house.bench()
    assert sending.send(after, a_take(after, "after", tool="solo")).result(PATIENCE_S).label == "after"
    survivor.kill()


def test_a_render_hears_who_makes_its_take_how_far_they_are_and_sees_it(
    house: House, sending: Sending, tmp_path: Path
):
    bench = house.bench()
    events: list[StepEvent] = []
    file = PreviewFile(tmp_path / "preview.png")
    bench.listener = lambda event: (events.append(event), file(event))[0]

    sending.send(bench, a_take(bench, "watched", 8, tool="painted")).result(PATIENCE_S)

    told = [event for event in events if isinstance(event, StepElsewhere)]
    assert [event.fraction for event in told] == sorted(event.fraction for event in told)
    assert 0.2 < max(event.fraction for event in told) < 1
    seen = [event.preview for event in told if event.preview is not None]
    assert {picture.shape for picture in seen} == {(60, 104, 3)}
    shades = [float(picture.mean()) for picture in seen]
    assert len(shades) >= 2  # one a second, of a take of eight
    assert shades == sorted(shades)
    assert 20 <= shades[0] < shades[-1] <= 20 * FRAMES
    assert file.path.read_bytes().startswith(b"\x89PNG")


def test_two_hosts_share_database_and_store_and_one_makes_the_take_of_the_killed_other_after_its_lease(
    house: House, sending: Sending, s3: S3Server, s3_url: str, tmp_path: Path
):
    shared = {
        "REELHOUSE_STORE": s3_url,
        "REELHOUSE_STORE_ACCESS_KEY": s3.admin.access_key,
        "REELHOUSE_STORE_SECRET_KEY": s3.admin.secret_key,
    }
    hosts: dict[str, House] = {}
    for name in ("north", "south", "desk"):
        (tmp_path / name).mkdir()
        hosts[name] = House(tmp_path / name, house.database_url, {**shared, "TEST_HOST": name})
    desk = hosts.pop("desk")
    try:
        doomed = hosts["north"].start("north")
        hosts["south"].start("south")
        house.until_there("north", "south")
        bench = desk.bench()
        # Long enough to be seen and killed in, and done before the lease has ended.
        long = [a_take(bench, f"of hosts {number}", 8, tool="solo") for number in range(2)]
        short = a_take(bench, "of hosts 2", tool="solo")
        takes = [sending.send(bench, step) for step in long]

        def both_work() -> bool:
            working.clear()
            working.update(house.working)
            return hosts.keys() <= working.keys()

        working: dict[str, str] = {}
        house.eventually(both_work)
        doomed.kill()
        doomed.wait()
        takes.append(sending.send(bench, short))
        lost, labels = working["north"], [step.label for step in (*long, short)]
        [key] = [step.key for step in long if step.label == lost]
        asked_at = datetime.now(UTC)
        left_s = bench.ledger.waiting([key])[key].lease_left_s
        records = {take.result(PATIENCE_S).label: take.result() for take in takes}
    finally:
        for one in hosts.values():
            one.end()

    assert sum(one.begun(*labels) for one in hosts.values()) == len(labels) + 1
    assert {label for label, record in records.items() if record.facts["attempt"] == 2} == {lost}
    # Nobody saw it die.
    assert f"step {key}: attempt 1 ended" not in house.log + hosts["south"].log
    assert records[lost].started_at - asked_at > timedelta(seconds=left_s - 0.1)
    assert not (hosts["south"].home / "artifacts").exists()
