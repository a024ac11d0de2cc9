"""Steps that several processes want, and a process whose step is wanted no more."""

import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from pydantic import SecretStr

import db
from db.ledger import Claim, Held
from reelhouse.errors import Cancelled, LeaseLost, StepQuarantined
from reelhouse.processes import Owner, this_process
from reelhouse.settings import Settings
from reelhouse.stages import Stage
from reelhouse.steps import Step, step_key
from tasks.making import Job, Output, make_recorded
from tasks.progress import StepElsewhere, StepEvent, StepFinished
from tasks.workbench import Workbench

ROOT = Path(str(db.__file__)).parents[1]
LEASE_S = 5  # two thirds of it may pass unheard, while the machine is busy, before a step is lost
LONG_LEASE_S = 60  # no test waits for its end: what is done within half of it was not done after it
PATIENCE_S = 60  # with what is to happen soon; no bound

# Makes one step, slowly; says when it is at work and how it ended.
MAKER = """
import sys, time
from pathlib import Path
from reelhouse.settings import Settings
from tasks.making import make_recorded
from tasks.workbench import Workbench
from tests.services.test_ownership import LEASE_S, a_step

home, database, seconds, *lease = sys.argv[1:]
lease_s = float(lease[0]) if lease else LEASE_S
def make(job):
    print("at work", flush=True)
    begun = time.monotonic()
    while time.monotonic() < begun + float(seconds):
        job.progress(0.5)
        time.sleep(0.05)
    return {"out": job.write("out.txt", "made by a child")}
bench = Workbench(Settings(home=Path(home), database_url=database, lease_s=lease_s))
make_recorded(bench, a_step(), make)
print("recorded", flush=True)
"""


def a_step(label: str = "meadow") -> Step:
    """A step that needs nothing."""
    step = Step("", Stage.TAKE, label, "1", "", {"scene": label}, {}, engine_calls=1)
    key = step_key(stage=step.stage, code_version="1", weights_id="", parameters=step.parameters, inputs={})
    return replace(step, key=key)


@dataclass
class Maker:
    """A stage that counts how often it ran, and lasts until it is told to end."""

    end: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    ran: int = 0

    def __call__(self, job: Job) -> Mapping[str, Output]:
        self.ran += 1
        self.begun.set()
        while not self.end.wait(0.02):
            job.progress(0.25)
        return {"out": job.write("out.txt", f"made {self.ran} times")}


@pytest.fixture
def bench(tmp_path: Path, database_url: str) -> Workbench:
    """A workbench at a database of each kind in turn, with a lease that can be waited for."""
    return Workbench(Settings(home=tmp_path / "home", database_url=SecretStr(database_url), lease_s=LEASE_S))


@pytest.fixture
def instant() -> Maker:
    """A stage that is done at once."""
    maker = Maker()
    maker.end.set()
    return maker


def beside(bench: Workbench, maker: Maker) -> tuple[threading.Thread, list[BaseException]]:
    """Make the step in another thread, until it is at work; how it failed is found in the list."""
    failures: list[BaseException] = []

    def work() -> None:
        try:
            make_recorded(bench, a_step(), maker)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert maker.begun.wait(PATIENCE_S)
    return thread, failures


def child(
    bench: Workbench, database_url: str, seconds: float, *, lease_s: float = LEASE_S
) -> subprocess.Popen[str]:
    """Another process that makes the same step at the same database and store."""
    arguments = [str(bench.settings.home), database_url, str(seconds), str(lease_s)]
    return subprocess.Popen(
        [sys.executable, "-c", MAKER, *arguments], cwd=ROOT, text=True, stdout=-1, stderr=-1
    )


def test_a_step_that_another_process_makes_is_waited_for(bench: Workbench, database_url: str, instant: Maker):
    events: list[StepEvent] = []
    bench.listener = events.append
    with child(bench, database_url, LEASE_S + 1) as other:
        assert other.stdout
        assert other.stdout.readline() == "at work\n"
        record = make_recorded(bench, a_step(), instant)
        said, complaint = other.communicate(timeout=PATIENCE_S)

    assert said == "recorded\n", complaint
    assert instant.ran == 0
    assert bench.store.read(record.outputs["out"].id) == b"made by a child"
    assert events[-1] == StepFinished(a_step(), record, attempt=None)
    assert bench.elsewhere == {a_step().key}
    elsewhere = [event for event in events if isinstance(event, StepElsewhere)]
    assert {event.host for event in elsewhere} == {this_process().host}
    assert elsewhere[-1].fraction == 0.5


def test_a_step_of_a_killed_process_of_this_machine_is_made_at_once(
    bench: Workbench, database_url: str, instant: Maker
):
    with child(bench, database_url, 2 * LONG_LEASE_S, lease_s=LONG_LEASE_S) as other:
        assert other.stdout
        assert other.stdout.readline() == "at work\n"
        other.kill()
        other.wait()
        begun = time.monotonic()
        make_recorded(bench, a_step(), instant)

    assert time.monotonic() - begun < LONG_LEASE_S / 2
    assert instant.ran == 1


def test_a_step_of_a_lost_machine_is_made_when_its_lease_has_ended(bench: Workbench, instant: Maker):
    elsewhere, lease_s = str(Owner("gpu-7", 1, 4711, "abcd")), 1.5
    begun = time.monotonic()
    bench.ledger.claim(a_step().key, owner=elsewhere, program="1", lease_s=lease_s)

    make_recorded(bench, a_step(), instant)

    # The lease runs by the database's clock, which is not the one that is read here.
    assert lease_s - 0.1 < time.monotonic() - begun < lease_s + 20
    assert instant.ran == 1


def test_long_work_keeps_its_lease(bench: Workbench):
    maker = Maker()
    thread, failures = beside(bench, maker)
    time.sleep(1.2 * LEASE_S)
    answer = bench.ledger.claim(a_step().key, owner="gpu-7:1:2:a", program="1", lease_s=LEASE_S)
    maker.end.set()
    thread.join(PATIENCE_S)

    assert isinstance(answer, Held)
    assert answer.progress == 0.25
    assert failures == []


def test_work_that_was_taken_over_stops_and_is_dropped(bench: Workbench):
    maker = Maker()
    thread, failures = beside(bench, maker)
    bench.ledger.reconcile(lambda owner: False)
    ours = bench.ledger.claim(a_step().key, owner="gpu-7:1:2:a", program="1", lease_s=60)
    thread.join(PATIENCE_S)  # told nothing, it would never end

    assert isinstance(ours, Claim)
    assert not thread.is_alive()
    assert [type(failure) for failure in failures] == [LeaseLost]
    assert bench.lineage.steps([a_step().key]) == {}
    assert a_step().key in bench.ledger.waiting([a_step().key])


def test_a_result_that_comes_late_is_dropped(bench: Workbench):
    def make(job: Job) -> Mapping[str, Output]:
        bench.ledger.reconcile(lambda owner: False)
        bench.ledger.claim(a_step().key, owner="gpu-7:1:2:a", program="1", lease_s=60)
        return {"out": job.write("out.txt", "late")}

    with pytest.raises(LeaseLost):
        make_recorded(bench, a_step(), make)
    assert bench.lineage.steps([a_step().key]) == {}


def test_a_request_to_stop_is_heard_in_the_middle_of_the_work(bench: Workbench, instant: Maker):
    maker = Maker()
    thread, failures = beside(bench, maker)
    assert bench.ledger.request_cancel([a_step().key]) == 1
    thread.join(PATIENCE_S)  # told nothing, it would never end

    assert not thread.is_alive()
    assert [type(failure) for failure in failures] == [Cancelled]
    make_recorded(bench, a_step(), instant)
    assert instant.ran == 1


def test_ctrl_c_ends_the_waiting_for_another_process(bench: Workbench, instant: Maker):
    bench.ledger.claim(a_step().key, owner="gpu-7:1:2:a", program="1", lease_s=60)
    threading.Timer(0.3, bench.cancelled.set).start()

    with pytest.raises(Cancelled):
        make_recorded(bench, a_step(), instant)
    assert instant.ran == 0


def test_a_step_that_fails_is_given_back_with_its_error(bench: Workbench, instant: Maker):
    def make(job: Job) -> Mapping[str, Output]:
        raise ZeroDivisionError("no frames")

    for _ in range(4):
        with pytest.raises(ZeroDivisionError):
            make_recorded(bench, a_step(), make)
    make_recorded(bench, a_step(), instant)

    assert instant.ran == 1


def test_a_poisonous_step_is_refused_with_what_to_do(bench: Workbench, instant: Maker):
    for _ in range(3):
        bench.ledger.claim(a_step().key, owner="gpu-7:1:2:a", program="1", lease_s=60)
        bench.ledger.reconcile(lambda owner: False)

    with pytest.raises(
        StepQuarantined, match=r"take meadow: 3 attempts .*gpu-7:1:2:a died.*reelhouse forgive"
    ):
        make_recorded(bench, a_step(), instant)
    bench.ledger.forgive(a_step().key)
    make_recorded(bench, a_step(), instant)
    assert instant.ran == 1


@pytest.mark.parametrize("fault", ["gone", "damaged"])
def test_a_recorded_step_without_its_bytes_is_made_again(bench: Workbench, instant: Maker, fault: str):
    record = make_recorded(bench, a_step(), lambda job: {"out": job.write("out.txt", "made 1 times")})
    if fault == "gone":
        bench.store.delete(record.outputs["out"].id)
    else:
        path = bench.store.fetch(record.outputs["out"].id)
        path.chmod(0o644)
        path.write_bytes(b"MADE 1 TIMES")

    assert make_recorded(bench, a_step(), instant) == record
    assert instant.ran == 1
    bench.store.check(record.outputs["out"].id)
    make_recorded(bench, a_step(), instant)
    assert instant.ran == 1
