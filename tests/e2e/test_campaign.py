"""A campaign through Prefect: handed in, its films rendered as runs of their own, reported, told."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import copy_context
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from uuid import UUID

import pytest
from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.flow_engine import run_flow
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Scheduled

from flows.campaign import render_campaign
from flows.deployments import register
from flows.render import render_storyboard
from tasks.notifications import signature

BOARD = """title: Rain
engine: testcard
video: {size: 64x64}
scenes:
  - {id: a, prompt: rain, duration: 0.5s, caption: {en: Rain., zh: 雨。}}
  - {id: b, prompt: sun, duration: 0.5s}
"""
CAMPAIGN = "name: rain\nstoryboard: board.yaml\nvariants: {locale: [en, zh]}\n"
FLOWS = {"render-campaign": render_campaign, "render-storyboard": render_storyboard}


class Hands:
    """What a worker does, on threads of this process: it runs what is scheduled."""

    def __init__(self, client: SyncPrefectClient) -> None:
        self._client = client
        self._ended = threading.Event()
        self._taken: dict[UUID, threading.Thread] = {}
        self._thread = threading.Thread(target=copy_context().run, args=(self._take,))

    def __enter__(self) -> "Hands":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()
        for thread in self._taken.values():
            thread.join(60)

    def _take(self) -> None:
        due = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])))
        while not self._ended.wait(0.1):
            for run in self._client.read_flow_runs(flow_run_filter=due):
                at_work = self._taken.get(run.id)
                if run.auto_scheduled or (at_work and at_work.is_alive()):
                    continue
                thread = threading.Thread(target=copy_context().run, args=(self._run, run))
                self._taken[run.id] = thread
                thread.start()

    def _run(self, run: FlowRun) -> None:
        flow = self._client.read_flow(run.flow_id).name
        run_flow(
            cast("Flow[Any, Any]", FLOWS[flow]),
            flow_run=run,
            parameters=run.parameters,
            return_type="state",
        )


@pytest.fixture
def client(studio, prefect_url, monkeypatch) -> Iterator[SyncPrefectClient]:
    """A client of a server that knows our deployments; this process is a worker's."""
    for name in ("PREFECT_API_URL", "REELHOUSE_HOME"):
        monkeypatch.setenv(name, studio.environment[name])
    with temporary_settings({PREFECT_API_URL: prefect_url}), get_client(sync_client=True) as client:
        register(client)
        yield client


@pytest.fixture
def told(studio, monkeypatch) -> Iterator[list[dict[str, Any]]]:
    """The events that a webhook was told, each with a good signature."""
    events: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            signed = signature("secret", self.headers["Reelhouse-Timestamp"], body)
            if self.headers["Reelhouse-Signature"] == signed:
                events.append(json.loads(body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    monkeypatch.setenv("REELHOUSE_WEBHOOK_URL", f"http://127.0.0.1:{server.server_address[1]}/")
    monkeypatch.setenv("REELHOUSE_WEBHOOK_SECRET", "secret")
    yield events
    server.shutdown()
    serving.join()
    server.server_close()


def eventually(true: Callable[[], bool], within_s: float = 120) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.1)


def until_final(client: SyncPrefectClient, run_id: str) -> State[Any]:
    while True:
        state = client.read_flow_run(UUID(run_id)).state
        if state is not None and state.is_final():
            return state
        time.sleep(0.1)


def test_two_variants_film_each_scene_once_and_the_report_says_so(studio, client, told):
    studio.write(BOARD)
    studio.write(CAMPAIGN, "campaign.yaml")
    run_id = studio.json("campaign", "submit", "campaign.yaml")["run"]
    assert studio.json("campaign", "submit", "campaign.yaml")["run"] == run_id
    with Hands(client):
        state = until_final(client, run_id)
        assert state.is_completed(), state.message
        status = studio.json("campaign", "status", run_id)
        eventually(lambda: len(told) == 3)

        # Run again as after a kill, it finds its films and starts none.
        films = [film["run_id"] for film in status["films"]]
        client.set_flow_run_state(UUID(run_id), Scheduled(), force=True)
        assert until_final(client, run_id).is_completed()

    assert [(film["name"], film["status"]) for film in status["films"]] == [
        ("Rain, en", "done"),
        ("Rain, zh", "done"),
    ]
    assert [client.read_flow_run(UUID(run)).name for run in films] == ["Rain, en", "Rain, zh"]
    assert [film["run_id"] for film in studio.json("campaign", "status", run_id)["films"]] == films
    file = next((studio.home / "artifacts").rglob(status["report"]))
    report = json.loads(file.read_text(encoding="utf-8"))
    assert (report["films_done"], report["failures"], report["engine_calls"]) == (2, 0, 2)
    assert report["engine_seconds"] > 0
    assert [film["engine_seconds"] > 0 for film in report["films"]] == [True, False]
    assert len({film["film"] for film in report["films"]}) == 2
    assert studio.json("campaign", "plan", "campaign.yaml")["engine_calls"] == 0
    assert sorted(event["event"] for event in told[:3]) == ["campaign.done", "film.done", "film.done"]
    assert {event["ids"].get("film") for event in told[:3]} - {None} == {
        film["film_artifact"] for film in status["films"]
    }


def test_a_campaign_with_a_film_that_fails_is_failed_and_tells_which(studio, client, told):
    studio.write(BOARD)
    studio.write(CAMPAIGN, "campaign.yaml")
    run_id = studio.json("campaign", "submit", "campaign.yaml")["run"]
    for artifact in (studio.home / "artifacts").rglob("*"):
        if artifact.is_file() and b"title: Rain" in artifact.read_bytes():
            artifact.chmod(0o600)
            artifact.unlink()
    with Hands(client):
        state = until_final(client, run_id)
        eventually(lambda: [event["event"] for event in told] == ["campaign.failed"])
    assert state.is_failed()
    assert "is not in the store any more" in told[0]["message"]


def schedules(client: SyncPrefectClient) -> dict[str | None, str]:
    deployment = client.read_deployment_by_name("render-campaign/render")
    found = client.read_deployment_schedules(deployment.id)
    return {one.slug: one.schedule.cron for one in found if hasattr(one.schedule, "cron")}  # pyright: ignore[reportAttributeAccessIssue] it is there


def test_a_schedule_is_replaced_when_handed_in_again_and_outlives_a_restart(studio, client):
    studio.write(BOARD)
    for cron in ("0 6 * * mon", "30 7 * * *"):
        studio.write(CAMPAIGN + f"schedule: {{cron: {cron}, timezone: Europe/Berlin}}\n", "campaign.yaml")
        assert studio.json("campaign", "submit", "campaign.yaml")["run"] is None
    assert schedules(client)["rain"] == "30 7 * * *"
    register(client)
    assert schedules(client)["rain"] == "30 7 * * *"
    studio.write(CAMPAIGN.replace("[en, zh]", "[en]"), "campaign.yaml")
    once = studio.json("campaign", "submit", "campaign.yaml", "--once")["run"]
    assert schedules(client)["rain"] == "30 7 * * *"
    assert studio.json("campaign", "submit", "campaign.yaml")["run"] == once
    assert "rain" not in schedules(client)
    client.delete_flow_run(UUID(once))


def test_a_campaign_over_its_budget_is_refused_with_the_films_that_would_have_to_go(studio):
    studio.write(BOARD + "parameters: {seconds_per_frame: 0.05}\n")  # 0.45 s a scene
    shapes = "variants: {locale: [en], shape: [{name: small}, {film: 128x128}]}\n"
    studio.write(f"name: rain\nstoryboard: board.yaml\n{shapes}budget: 1s\n", "campaign.yaml")
    refused = studio.run("campaign", "plan", "campaign.yaml", code=2)
    assert "4 engine calls" in refused.stdout
    assert "campaign.yaml:4: " in refused.stderr
    assert 'without: ["en, 128x128"]' in refused.stderr
    assert studio.run("campaign", "submit", "campaign.yaml", code=2).stderr == refused.stderr
