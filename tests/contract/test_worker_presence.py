"""An engine worker that cannot say that it is there, asked of each kind of database."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import SecretStr

import tasks.engine_worker
from db.workers import Worker, Workers
from reelhouse.errors import DiskFull, EngineError
from reelhouse.settings import Settings
from tasks.engine_worker import EngineWorker, WorkerBench, offers
from tasks.making import make_recorded
from tasks.sending import made_by_worker
from tasks.workbench import Workbench

from ..eventually import eventually
from ..services.test_engine_workers import a_take, never


@dataclass
class Told:
    """What a worker said; `error_at` may give an error to answer with instead."""

    states: list[str] = field(default_factory=list)
    error_at: Callable[[Worker], Exception | None] = lambda worker: None


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    told, tell = Told(), Workers.tell

    def listen(workers: Workers, worker: Worker) -> None:
        told.states.append(worker.state)
        if error := told.error_at(worker):
            raise error
        tell(workers, worker)

    monkeypatch.setattr(Workers, "tell", listen)
    return told


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(home=tmp_path / "home", database_url=SecretStr(database_url))


@dataclass
class Running:
    """A worker at work in a thread, and what it ended with."""

    worker: EngineWorker
    errors: list[Exception] = field(default_factory=list)

    def run(self) -> None:
        try:
            self.worker.run()
        except Exception as error:  # whatever it is, the test looks at it
            self.errors.append(error)


@pytest.fixture
def running(settings: Settings, told: Told, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A worker that makes takes of the test card, and says every 0.05 s that it is there."""
    monkeypatch.setattr(tasks.engine_worker, "PULSE_S", 0.05)
    bench = WorkerBench(settings)
    offered = offers(bench, ["testcard"])
    running = Running(EngineWorker(bench, name="attic", offered=offered, drain_s=10))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    yield running
    running.worker.drain()
    thread.join(20)
    bench.lineage.engine.dispose()
    assert not thread.is_alive()


@pytest.mark.parametrize("error", [DiskFull("no room left"), ZeroDivisionError("unforeseen")])
def test_a_worker_is_heard_of_again_after_it_could_not_say_that_it_is_there(
    running: Running, told: Told, error: Exception, caplog: pytest.LogCaptureFixture
):
    eventually(lambda: len(told.states) > 2)
    errors = [error]
    told.error_at = lambda worker: errors.pop() if errors else None
    eventually(lambda: str(error) in caplog.text)
    said = len(told.states)

    eventually(lambda: len(told.states) > said + 2)
    assert running.errors == []


def test_a_take_is_made_though_nobody_could_be_told_of_it(running: Running, settings: Settings, told: Told):
    told.error_at = lambda worker: DiskFull("no room left") if worker.state == "working" else None
    bench = Workbench(settings)
    step = a_take(bench, "meadow")

    assert make_recorded(bench, step, never, find=made_by_worker).key == step.key
    assert "working" in told.states
    bench.lineage.engine.dispose()


def test_a_worker_that_fails_before_its_take_has_begun_says_so_and_gives_it_back(
    running: Running, settings: Settings, told: Told
):
    errors: list[Exception] = [ZeroDivisionError("unforeseen")]
    told.error_at = lambda worker: errors.pop() if errors and worker.state == "working" else None
    bench = Workbench(settings)
    step = a_take(bench, "meadow")
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(make_recorded, bench, step, never, find=made_by_worker)

        with pytest.raises(EngineError, match="ZeroDivisionError: unforeseen"):
            waits.result(60)
    assert bench.ledger.waiting([step.key]) == {}
    eventually(lambda: [str(error) for error in running.errors] == ["unforeseen"])
    bench.lineage.engine.dispose()
