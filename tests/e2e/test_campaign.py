"""A campaign through Prefect: handed in, its films rendered as runs of their own, reported, told."""

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Scheduled

from flows.deployments import register

from ..eventually import eventually
from ..hands import Hands
from ..receiver import Receiver, receiving

BOARD = """title: Rain
engine: testcard
video: {size: 64x64}
scenes:
  - {id: a, prompt: rain, duration: 0.5s, caption: {en: Rain., zh: 雨。}}
  - {id: b, prompt: sun, duration: 0.5s}
"""
CAMPAIGN = "name: rain\nstoryboard: board.yaml\nvariants: {locale: [en, zh]}\n"


@pytest.fixture
def client(studio, prefect_url, monkeypatch) -> Iterator[SyncPrefectClient]:
    """A client of a server that knows our deployments; this process is a worker's."""
    for name in ("PREFECT_API_URL", "REELHOUSE_HOME"):
        monkeypatch.setenv(name, studio.environment[name])
    with temporary_settings({PREFECT_API_URL: prefect_url}), get_client(sync_client=True) as client:
        register(client)
        yield client


@pytest.fixture
def told(studio, monkeypatch) -> Iterator[Receiver]:
    """Who is told by webhook."""
    with receiving() as receiver:
        for name, value in receiver.environment.items():
            monkeypatch.setenv(name, value)
        yield receiver


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
        eventually(lambda: len(told.received) == 3)

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
    assert sorted(event["event"] for event in told.events()[:3]) == [
        "campaign.done",
        "film.done",
        "film.done",
    ]
    assert {event["ids"].get("film") for event in told.events()[:3]} - {None} == {
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
        eventually(lambda: [event["event"] for event in told.events()] == ["campaign.failed"])
    assert state.is_failed()
    assert "is not in the store any more" in told.events()[0]["message"]


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
    rain = {"name": "rain", "cron": "30 7 * * *", "timezone": "Europe/Berlin", "active": True}
    assert studio.json("campaign", "status")["schedules"] == [rain]
    assert "rain runs at 30 7 * * * (Europe/Berlin)" in studio.run("campaign", "status").stdout
    studio.write(CAMPAIGN.replace("[en, zh]", "[en]"), "campaign.yaml")
    once = studio.json("campaign", "submit", "campaign.yaml", "--once")["run"]
    assert schedules(client)["rain"] == "30 7 * * *"
    assert studio.json("campaign", "submit", "campaign.yaml")["run"] == once
    assert "rain" not in schedules(client)
    client.delete_flow_run(UUID(once))


def test_a_schedule_is_removed_by_the_name_of_its_campaign(studio, client):
    studio.write(BOARD)
    studio.write(CAMPAIGN + "schedule: 0 6 * * mon\n", "campaign.yaml")
    studio.run("campaign", "submit", "campaign.yaml")

    assert "not run by itself any more" in studio.run("campaign", "unschedule", "rain").stdout
    assert studio.json("campaign", "status")["schedules"] == []
    again = studio.run("campaign", "unschedule", "rain", code=2).stderr
    assert 'no campaign "rain" has a schedule; there is none' in again


def test_once_the_budget_is_spent_no_further_film_is_started_and_the_report_says_so(studio, client, told):
    studio.write(BOARD)
    # The test card is expected to take no time, and every take is sent through an encoder.
    shapes = "variants: {shape: [{film: 64x64}, {film: 80x80}, {film: 96x96}]}\nat_once: 1\nbudget: 0.01s\n"
    studio.write(f"name: rain\nstoryboard: board.yaml\n{shapes}", "campaign.yaml")
    run_id = studio.json("campaign", "submit", "campaign.yaml")["run"]
    with Hands(client):
        assert until_final(client, run_id).is_failed()
        eventually(lambda: any(event["event"] == "campaign.failed" for event in told.events()))

    status = studio.json("campaign", "status", run_id)
    assert [film["status"] for film in status["films"]] == ["done", "left out", "left out"]
    assert "the budget of 0.01 s is spent" in status["films"][2]["message"]
    report = json.loads(next((studio.home / "artifacts").rglob(status["report"])).read_text(encoding="utf-8"))
    assert (report["films_done"], report["failures"]) == (1, 0)
    assert report["engine_seconds"] > report["budget_seconds"] == 0.01


def test_a_campaign_over_its_budget_is_refused_with_the_films_that_would_have_to_go(studio):
    studio.write(BOARD + "parameters: {seconds_per_frame: 0.05}\n")  # 0.45 s a scene
    shapes = "variants: {locale: [en], shape: [{name: small}, {film: 128x128}]}\n"
    studio.write(f"name: rain\nstoryboard: board.yaml\n{shapes}budget: 1s\n", "campaign.yaml")
    refused = studio.run("campaign", "plan", "campaign.yaml", code=2)
    assert "4 engine calls" in refused.stdout
    assert "campaign.yaml:4: " in refused.stderr
    assert 'without: ["en, 128x128"]' in refused.stderr
    assert studio.run("campaign", "submit", "campaign.yaml", code=2).stderr == refused.stderr
