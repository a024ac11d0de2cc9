"""Campaigns on a whole studio, by its command line: shared takes, limits, kills, cancellation, webhooks.

The handling of schedules and of budgets needs no worker: tests/e2e/test_campaign.py.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterName,
)
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelling
from sqlalchemy import select

from db.campaigns import CampaignRun, Campaigns
from db.claims import Claim
from db.presence import renders_of_run
from db.tables import wants
from flows.campaign_runs import film_key
from reelhouse.campaign_reader import read_campaign
from reelhouse.media.video import probe
from reelhouse.processes import this_process
from reelhouse.settings import Settings
from tasks.campaigns import plan_campaign
from tasks.workbench import Workbench

from ..eventually import eventually
from ..receiver import Receiver, receiving
from .studios import House, studio_up

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]
WITHIN_S = 240
BOARD = """\
title: {title}
engine: testcard
seed: {seed}
quality: standard
video: {{size: 64x64}}
parameters: {{seconds_per_frame: {pause}}}
scenes:
  - {{id: a, prompt: rain, duration: 0.6s, caption: {{en: Rain., zh: 雨。}}}}
  - {{id: b, prompt: sun, duration: 0.6s}}
"""


class Desk:
    """A studio, and what a person does with campaigns there."""

    def __init__(self, house: House, client: SyncPrefectClient, bench: Workbench) -> None:
        self.house = house
        self.client = client
        self.bench = bench
        self.campaigns = Campaigns(bench.lineage.engine)

    def write(self, title: str, campaign: str, *, pause: float = 0, board: str = "") -> str:
        """A campaign of a storyboard that nobody has filmed before; its file's name."""
        name = title.lower()
        seed = time.time_ns() % 10**9
        text = BOARD.format(title=title, seed=seed, pause=pause) + board
        (self.house.home / f"{name}.yaml").write_text(text, encoding="utf-8")
        head = f"name: {name}\nstoryboard: {name}.yaml\n"
        (self.house.home / f"{name}-campaign.yaml").write_text(head + campaign, encoding="utf-8")
        return f"{name}-campaign.yaml"

    def submit(self, file: str) -> str:
        """Hand it in; the id of its run."""
        return self.house.json("campaign", "submit", file)["run"]

    def once(self, run_id: str, true: Callable[[CampaignRun], bool]) -> CampaignRun:
        """A campaign, once something is true of it."""
        deadline = time.monotonic() + WITHIN_S
        while True:
            run = self.campaigns.find(run_id) if self.campaigns.has_begun(run_id) else None
            if run and true(run):
                return run
            assert time.monotonic() < deadline, run or self.client.read_flow_run(UUID(run_id)).state
            time.sleep(0.1)

    def ended(self, run_id: str) -> CampaignRun:
        """A campaign, once it has ended."""
        return self.once(run_id, lambda run: run.status != "running")

    def report(self, run: CampaignRun) -> dict[str, Any]:
        assert run.report is not None
        return json.loads(self.bench.store.read(run.report))

    def wanted_takes(self) -> int:
        with self.bench.lineage.engine.connect() as connection:
            return len(connection.execute(select(wants.c.step_key)).all())


def states(run: CampaignRun) -> list[str]:
    return [film.status for film in run.films]


def heard(receiver: Receiver, name: str, count: int) -> list[dict[str, Any]]:
    """The events of a name, once there are so many: they are told after a run has ended."""

    def named() -> list[dict[str, Any]]:
        return [event for event in receiver.events() if event["event"] == name]

    eventually(lambda: len(named()) == count)
    return named()


@pytest.fixture(scope="module")
def told() -> Iterator[Receiver]:
    """Who is told by webhook."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def desk(told: Receiver) -> Iterator[Desk]:
    with studio_up(told.environment) as house:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in house.leads.items():
                patch.setenv(name, value)
            bench = Workbench(Settings())
        with (
            temporary_settings({PREFECT_API_URL: house.leads["PREFECT_API_URL"]}),
            get_client(sync_client=True) as client,
        ):
            yield Desk(house, client, bench)
        bench.lineage.engine.dispose()


def test_four_films_in_two_languages_and_two_shapes_take_the_engine_calls_of_one(desk: Desk, told):
    file = desk.write("Rain", 'variants: {locale: [en, zh], shape: ["16:9", "9:16"]}\n')
    run_id = desk.submit(file)
    assert desk.submit(file) == run_id  # it is at work: handed in again, it is the same run

    run = desk.ended(run_id)
    assert (run.status, states(run)) == ("done", ["done"] * 4), run
    assert len({film.film for film in run.films}) == 2  # the shapes are cut from the film of a language

    takes = [
        step.label
        for film in run.films
        for step in desk.bench.lineage.render_steps(film.render_id or "")
        if step.stage == "take" and not step.reused
    ]
    assert sorted(takes) == ["a", "b"]
    report = desk.report(run)
    assert (report["films_done"], report["failures"], report["engine_calls"]) == (4, 0, 2)
    assert report["engine_seconds"] > 0
    assert [film["name"] for film in report["films"]] == [
        "Rain, en, 16:9",
        "Rain, en, 9:16",
        "Rain, zh, 16:9",
        "Rain, zh, 9:16",
    ]
    shapes = [artifact for film in report["films"] for artifact in film["deliveries"].values()]
    assert len(set(shapes)) == len(shapes) == 4
    shown = desk.client.read_artifacts(
        artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[UUID(run_id)]))
    )
    assert [artifact.key for artifact in shown] == ["campaign-report"]
    assert "4 of 4 films are done. 2 engine calls" in str(shown[0].data)
    status = desk.house.json("campaign", "status", run_id[:8])
    assert [film["film_artifact"] for film in status["films"]] == [film.film for film in run.films]
    assert heard(told, "campaign.done", 1)[0]["ids"]["campaign"] == run_id
    assert {event["ids"]["film"] for event in heard(told, "film.done", 4)} == {
        film.film for film in run.films
    }


def test_drafts_are_fetched_and_judged_from_another_machine_and_a_rejected_film_stops_no_other(
    desk: Desk, told, tmp_path: Path
):
    shapes = "variants: {shape: [{film: 64x64}, {film: 80x80}]}\nat_once: 1\n"
    run_id = desk.submit(desk.write("Judged", shapes, board="approve: draft\n"))

    def wait(run: CampaignRun) -> bool:
        ids = [renders_of_run(desk.bench.lineage.engine, film.run_id or "") for film in run.films]
        return all(found and desk.bench.lineage.render(found[0]).status == "waiting" for found in ids)

    # One that waits for a person holds up no other: both wait, though one at a time is made.
    refused, taken = (str(film.run_id) for film in desk.once(run_id, wait).films)
    elsewhere = {**desk.house.leads, "REELHOUSE_HOME": str(tmp_path / "home")}
    desk.house.run("fetch", taken, "--out", str(tmp_path / "look"), settings=elsewhere)
    assert probe(tmp_path / "look/draft.mp4").num_frames == 18
    said = desk.house.run("approve", refused, "--reject", "--note", "too dark", settings=elsewhere)
    assert "Judged is rejected: its film is not made" in said
    said = desk.house.run("approve", taken, settings=elsewhere | {"PREFECT_API_URL": ""})
    assert "the studio's steward tells its run" in said

    run = desk.ended(run_id)
    assert (run.status, states(run)) == ("failed", ["failed", "done"])
    assert "too dark" in run.films[0].message
    assert (desk.report(run)["films_done"], desk.report(run)["failures"]) == (1, 1)
    [event] = heard(told, "campaign.failed", 1)
    assert event["message"] == "judged: 1 of 2 films are done; Judged, 64x64: failed"


def test_once_the_deadline_has_passed_the_rest_is_left_out_and_the_report_says_so(desk: Desk):
    locales = "variants: {locale: [en, zh, {captions: [en, zh]}]}\nat_once: 1\n"
    file = desk.write("Late", locales)
    planned = plan_campaign(desk.bench, read_campaign(desk.house.home / file))
    due_s = round(planned.expected_s + 8, 1)
    (desk.house.home / file).write_text((desk.house.home / file).read_text() + f"deadline: {due_s}s\n")

    # The first film waits for a take that is let go of once the deadline has passed.
    take = next(step.key for step in planned.steps if step.engine_calls)
    held = desk.bench.ledger.claim(take, owner=str(this_process()), program="late", lease_s=WITHIN_S)
    assert isinstance(held, Claim)
    run_id = desk.submit(file)
    passed_at = desk.once(run_id, lambda run: True).started_at + timedelta(seconds=due_s)
    eventually(lambda: datetime.now(UTC) > passed_at)
    desk.bench.ledger.release(held)

    run = desk.ended(run_id)
    assert (run.status, states(run)) == ("failed", ["done", "left out", "left out"])
    assert "the deadline, " in run.films[-1].message
    assert desk.report(run)["in_time"] is False

    past = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds")
    file = desk.write("Past", f"variants: {{locale: [en]}}\ndeadline: {past}\n")
    assert "after the deadline" in desk.house.run(
        "campaign", "submit", file, code=2, settings=desk.house.leads
    )


def test_a_campaign_whose_process_is_killed_goes_on_and_makes_no_film_twice(desk: Desk):
    run_id = desk.submit(desk.write("Killed", "variants: {locale: [en, zh]}\nat_once: 1\n", pause=0.2))
    desk.once(run_id, lambda run: states(run)[0] == "running" and desk.wanted_takes() > 0)
    for process in psutil.Process(desk.house.pid("worker-campaigns")).children(recursive=True):
        process.kill()

    run = desk.ended(run_id)

    assert (run.status, states(run)) == ("done", ["done", "done"]), run
    names = [state.name for state in desk.client.read_flow_run_states(UUID(run_id))]
    assert names.count("Running") == 2
    assert desk.report(run)["engine_calls"] == 2
    for film in run.films:
        asked = FlowRunFilter(name=FlowRunFilterName(any_=[film.name]))
        assert [str(one.id) for one in desk.client.read_flow_runs(flow_run_filter=asked)] == [film.run_id]
        assert renders_of_run(desk.bench.lineage.engine, film.run_id or "") == [film.render_id]


def test_who_cancels_a_campaign_in_prefect_cancels_its_films_and_nothing_is_wanted_any_more(desk: Desk):
    shapes = "variants: {shape: [{film: 64x64}, {film: 80x80}, {film: 96x96}]}\n"
    run_id = desk.submit(desk.write("Stopped", shapes, pause=3))
    begun = desk.once(run_id, lambda run: states(run)[:2] == ["running"] * 2 and desk.wanted_takes() > 2)

    desk.client.set_flow_run_state(UUID(run_id), Cancelling())  # what the button on its page does

    run = desk.ended(run_id)
    assert (run.status, states(run)) == ("cancelled", ["cancelled"] * 3)
    deadline = time.monotonic() + WITHIN_S
    for film in begun.films[:2]:
        while not (state := desk.client.read_flow_run(UUID(film.run_id or "")).state) or not state.is_final():
            assert time.monotonic() < deadline, state
            time.sleep(0.1)
        assert state.is_cancelled()
    assert desk.wanted_takes() == 0
    assert run.films[2].run_id is None
    asked = FlowRunFilter(name=FlowRunFilterName(any_=[run.films[2].name]))
    assert not desk.client.read_flow_runs(flow_run_filter=asked), film_key(run_id, run.films[2].name)
