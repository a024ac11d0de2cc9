"""What a process tells of itself over real sockets: metrics, health, and a lineage receiver that hangs."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from flows.render import STAGES
from reelhouse.errors import EngineError, InputError
from reelhouse.settings import Settings
from reelhouse.stages import Stage
from reelhouse.steps import Step, StepList
from reelhouse.storyboard_reader import read_storyboard
from tasks import health, openlineage_outlets
from tasks.health import ANSWERS, Health, Watch
from tasks.making import Job, Output, make_recorded
from tasks.observation import observed_render, observed_service
from tasks.openlineage_outlets import outlet_to
from tasks.renders import rendering
from tasks.workbench import Workbench, at_workbench

from ..eventually import eventually
from ..http_server import Silent, http_server
from ..servers import free_ports

pytestmark = pytest.mark.services

HANGS_S = 60  # for so long an event waits for a receiver that hangs; what takes half of it waited for none

BOARD = """\
title: Counted
engine: testcard
video: {size: 64x64}
scenes:
  - {id: meadow, prompt: the first, duration: 0.3s}
  - {id: hill, prompt: the second, duration: 0.3s}
"""


def a_step(name: str) -> Step:
    return StepList().add(Stage.PROMPT, name, {"action": name}, {})


def make(job: Job) -> Mapping[str, Output]:
    if job.step.label == "broken":
        raise EngineError("no")
    return {"prompt": job.write("prompt.txt", job.step.label)}


def render_steps(bench: Workbench, *names: str) -> None:
    for name in names:
        make_recorded(bench, a_step(name), make)


def scrape(port: int) -> dict[str, float]:
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=60)
    assert answer.status_code == 200
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found[" ".join([sample.name, *(value for _, value in sorted(sample.labels.items()))])] = (
                sample.value
            )
    return found


@pytest.fixture
def bench(tmp_path: Path, database_url: str) -> Iterator[Workbench]:
    settings = Settings(home=tmp_path / "home", database_url=SecretStr(database_url), metrics_port=0)
    bench = Workbench(settings)
    with at_workbench(bench):
        yield bench
    bench.lineage.engine.dispose()


def test_a_service_is_scraped_while_it_makes_steps(bench: Workbench):
    with observed_service(bench) as port:
        assert port
        render_steps(bench, "one", "two")
        with pytest.raises(EngineError):
            render_steps(bench, "broken")
        found = scrape(port)
    assert found["reelhouse_steps_total made prompt"] == 2
    assert found["reelhouse_steps_total failed prompt"] == 1
    assert found["reelhouse_failures_total EngineError"] == 1
    assert found["reelhouse_step_seconds_count prompt"] == 2
    assert found["reelhouse_recorded_steps_total prompt"] == 2
    assert found["reelhouse_failing_steps EngineError"] == 1
    assert found["reelhouse_leases held"] == 0
    assert found["reelhouse_database_up"] == 1
    assert found["process_resident_memory_bytes"] > 0


def test_health_is_told_in_json_and_other_pages_are_not_there(bench: Workbench):
    with observed_service(bench) as port:
        page = f"http://127.0.0.1:{port}"
        well = httpx.get(f"{page}/healthz")
        assert (well.status_code, httpx.get(f"{page}/").status_code) == (200, 404)
        assert httpx.post(f"{page}/metrics").status_code == 405
    told = well.json()
    assert (told["database"], told["store"], told["engine"]) == (ANSWERS, ANSWERS, None)
    assert told["since"].startswith("20")


def test_health_names_the_service_that_does_not_answer_and_no_password(tmp_path: Path):
    settings = Settings(
        home=tmp_path,
        database_url=SecretStr(f"postgresql://films:hidden-word@127.0.0.1:{free_ports(1)[0]}/films"),
    )
    found = Watch(Workbench(settings)).look()
    assert not found.is_well
    assert "does not answer" in found.database
    assert "hidden-word" not in found.database
    assert found.store == ANSWERS


def test_services_are_asked_once_a_second_however_often_health_is(bench: Workbench, monkeypatch):
    asked = []

    def looked(watch: Watch) -> str:
        asked.append(watch)
        return ANSWERS

    monkeypatch.setattr(health, "LOOKED_EVERY_S", 60.0)
    monkeypatch.setattr(Watch, "_store", looked)
    watch = Watch(bench)
    seen: list[Health] = []
    threads = [threading.Thread(target=lambda: seen.append(watch.look())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(asked) == 1


def test_a_port_that_is_taken_is_named(bench: Workbench):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        crowded = Workbench(bench.settings.model_copy(update={"metrics_port": port}))
        with pytest.raises(InputError, match=rf"127\.0\.0\.1:{port}.*REELHOUSE_METRICS_PORT"):
            observed_service(crowded).__enter__()


def test_without_a_port_nothing_listens(bench: Workbench):
    silent = Workbench(bench.settings.model_copy(update={"metrics_port": None}))
    with observed_service(silent) as port:
        assert port is None


@pytest.fixture
def hanging_receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A receiver that takes connections and never answers."""
    monkeypatch.setattr(openlineage_outlets, "TIMEOUT_S", HANGS_S)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/api/v1/lineage"


@contextmanager
def receiver(status: int) -> Iterator[tuple[str, list[tuple[dict[str, object], str | None]]]]:
    """A receiver that answers with a status; its address and what it was sent, with the key."""
    got: list[tuple[dict[str, object], str | None]] = []

    class Taking(Silent, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((json.loads(body), self.headers["Authorization"]))
            self.send_response(status)
            self.end_headers()

    with http_server(Taking) as address:
        yield f"{address}/api/v1/lineage", got


def test_a_receiver_gets_every_run_with_the_key(bench: Workbench):
    with receiver(201) as (address, got):
        changed = {"openlineage": address, "openlineage_key": SecretStr("a-key")}
        told = Workbench(bench.settings.model_copy(update=changed))
        with observed_service(told) as port:
            render_steps(told, "one", "two")
            assert port
            eventually(lambda: scrape(port)["reelhouse_openlineage_events_total sent"] >= 4)
        told.lineage.engine.dispose()
    assert [event["eventType"] for event, _ in got] == ["START", "COMPLETE"] * 2
    assert {key for _, key in got} == {"Bearer a-key"}


def test_a_receiver_that_refuses_is_said_once_and_costs_events_alone(caplog):
    with (
        receiver(500) as (address, got),
        outlet_to(address.replace("//", "//user:hidden-word@"), "") as outlet,
    ):
        for _ in range(5):
            outlet.send({"eventType": "START"})
        eventually(lambda: outlet.tally.dropped == 5)
    assert len(got) == outlet.tally.dropped == 5
    assert caplog.text.count("answered 500") == 1
    assert "hidden-word" not in caplog.text


def test_a_receiver_that_hangs_delays_no_step_and_ends_with_the_process(
    bench: Workbench, hanging_receiver: str
):
    slow = Workbench(bench.settings.model_copy(update={"openlineage": hanging_receiver}))
    assert slow.lineage
    began = time.monotonic()
    with observed_render(slow, []):
        render_steps(slow, "one", "two", "three", "four")
    took_s = time.monotonic() - began
    slow.lineage.engine.dispose()
    assert took_s < HANGS_S / 2


def test_too_many_events_for_a_receiver_that_hangs_are_dropped_and_counted(hanging_receiver: str):
    began = time.monotonic()
    with outlet_to(hanging_receiver, "") as outlet:
        for _ in range(3000):
            outlet.send({"eventType": "START"})
        assert outlet.tally.dropped >= 1998  # one is on its way, a thousand wait
    assert outlet.tally.dropped >= 2998
    assert time.monotonic() - began < HANGS_S / 2


def until(port: int, name: str, value: float) -> dict[str, float]:
    """What a process that has just begun to listen tells, once a figure is there."""
    deadline = time.monotonic() + 60
    while True:
        with suppress(httpx.ConnectError):
            found = scrape(port)
            if found.get(name) == value:
                return found
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_real_engine_worker_is_scraped_after_a_film_of_two_scenes(tmp_path: Path, postgresql_url: str):
    [port] = free_ports(1)
    own = {
        "REELHOUSE_HOME": str(tmp_path / "home"),
        "REELHOUSE_DATABASE_URL": postgresql_url,
        "REELHOUSE_METRICS_PORT": str(port),
        "REELHOUSE_LOG": "json",
    }
    bench = Workbench(
        Settings(home=tmp_path / "home", database_url=SecretStr(postgresql_url), engines="workers")
    )
    board = tmp_path / "board.yaml"
    board.write_text(BOARD, encoding="utf-8")
    plan = bench.plan(read_storyboard(board))
    argv = [sys.executable, "-m", "studio.cli", "worker", "--offers", "testcard"]
    log = tmp_path / "worker.log"
    with log.open("wb") as words:
        worker = subprocess.Popen(argv, env={**os.environ, **own}, stderr=words, stdout=words)
    try:
        with at_workbench(bench), rendering(bench, plan, {}) as render:
            for step in plan.steps:
                render.records[step.key] = STAGES[step.stage].fn(step, step.label)
        found = until(port, "reelhouse_recorded_steps_total take", 2)
        well = httpx.get(f"http://127.0.0.1:{port}/healthz")
    finally:
        worker.terminate()
        worker.wait(60)
        bench.lineage.engine.dispose()
    assert found["reelhouse_steps_total made take"] == 2
    assert found["reelhouse_step_seconds_count take"] == 2
    assert found["reelhouse_renders done"] == 1
    assert found["reelhouse_workers idle"] == 1
    assert found["reelhouse_recorded_steps_total film"] == 1
    assert "reelhouse_wants testcard waiting" not in found
    assert well.status_code == 200, well.text
    told = [json.loads(line) for line in log.read_text().splitlines()]
    assert {line["scene"] for line in told if line.get("event") == "made"} == {"meadow", "hill"}
    assert {line["render"] for line in told if line.get("event") == "made"} == {render.id}
