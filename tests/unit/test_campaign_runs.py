"""The films of a campaign: so many at once, none twice, none beyond the budget; a killed campaign goes on."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Completed, Failed, Running
from sqlalchemy import Engine

from db.campaigns import Campaigns
from db.lineage import Lineage
from db.session import open_database
from db.store import Artifact
from flows import campaign_runs
from flows.campaign_ends import end_left
from flows.campaign_runs import Ended, conduct, film_key
from reelhouse.errors import LineageError

FILMS = ("a", "b", "c", "d")
BUNDLE = Artifact("0" * 64, "application/json", 2)


@dataclass
class FakeRuns:
    """Runs that end after being looked at so often; the process dies after the start of `killed_at`."""

    looks: int = 2
    endings: dict[str, Ended] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    killed_at: str | None = None
    started: list[str] = field(default_factory=list)
    at_work: set[str] = field(default_factory=set)
    most_at_work: int = 0
    seen: dict[str, int] = field(default_factory=dict)

    def start(self, film: str) -> str:
        if film not in self.started:  # an idempotency key: asked again, it is the same run
            self.started.append(film)
            self.at_work.add(film)
        self.most_at_work = max(self.most_at_work, len(self.at_work - self.waiting))
        if film == self.killed_at:
            self.killed_at = None
            raise KeyboardInterrupt
        return film

    def look(self, run_id: str):
        if run_id in self.waiting:
            return "waits" if set(self.started) != set(FILMS) else Ended("done")
        self.seen[run_id] = self.seen.get(run_id, 0) + 1
        if self.seen[run_id] < self.looks:
            return "at work"
        self.at_work.discard(run_id)
        return self.endings.get(run_id, Ended("done"))


@pytest.fixture
def engine(tmp_path: Path, sqlite_file: Path) -> Iterator[Engine]:
    shutil.copy(sqlite_file, tmp_path / "lineage.db")
    engine = open_database(f"sqlite:///{tmp_path / 'lineage.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def campaigns(engine: Engine, monkeypatch) -> Campaigns:
    monkeypatch.setattr(campaign_runs, "POLL_S", 0)
    Lineage(engine).add_artifact(BUNDLE)
    campaigns = Campaigns(engine)
    begin(campaigns)
    return campaigns


def begin(campaigns: Campaigns):
    return campaigns.begin("run-1", name="spring", bundle_id=BUNDLE.id, takes=["t1"], films=FILMS)


@dataclass
class FakeServer:
    """What Prefect's server knows of a campaign's run and of its films', each by its idempotency key."""

    runs: dict[UUID, FlowRun] = field(default_factory=dict)

    def add(self, state: State, *, key: str | None = None) -> str:
        run = FlowRun(id=uuid4(), flow_id=uuid4(), state=state, idempotency_key=key)
        self.runs[run.id] = run
        return str(run.id)

    def name_of(self, run_id: str | None) -> str | None:
        state = self.runs[UUID(run_id)].state
        return state and state.name

    def read_flow_run(self, run_id: UUID) -> FlowRun:
        if run_id not in self.runs:
            raise ObjectNotFound(Exception())
        return self.runs[run_id]

    def read_flow_runs(self, *, flow_run_filter: FlowRunFilter, limit: int) -> list[FlowRun]:
        assert flow_run_filter.idempotency_key is not None
        wanted = flow_run_filter.idempotency_key.any_ or []
        return [run for run in self.runs.values() if run.idempotency_key in wanted][:limit]

    def set_flow_run_state(self, run_id: UUID, state: State) -> None:
        self.runs[run_id].state = state


def left(campaigns: Campaigns, server: FakeServer, state: State, films: dict[str, State]) -> str:
    """A campaign whose run and films are in these states, and that is recorded as running."""
    run_id = server.add(state)
    campaigns.begin(run_id, name="spring", bundle_id=BUNDLE.id, takes=[], films=FILMS)
    for film, found in films.items():
        campaigns.film_began(run_id, film, server.add(found, key=film_key(run_id, film)))
    return run_id


def never() -> str:
    return ""


def states(campaigns: Campaigns) -> list[str]:
    return [film.status for film in campaigns.find("run-1").films]


def test_films_start_in_order_and_so_many_at_once(campaigns):
    runs = FakeRuns()
    conduct(campaigns, "run-1", runs, at_once=2, refusal=never)
    assert runs.started == list(FILMS)
    assert runs.most_at_work == 2
    assert states(campaigns) == ["done"] * 4


def test_a_film_that_fails_stops_no_other_and_its_reason_is_kept(campaigns):
    runs = FakeRuns(endings={"b": Ended("failed", message="no such engine"), "c": Ended("cancelled")})
    conduct(campaigns, "run-1", runs, at_once=1, refusal=never)
    assert states(campaigns) == ["done", "failed", "cancelled", "done"]
    assert campaigns.find("run-1").films[1].message == "no such engine"


def test_a_film_that_waits_for_a_person_holds_up_no_other(campaigns):
    runs = FakeRuns(waiting={"a"})
    conduct(campaigns, "run-1", runs, at_once=1, refusal=never)
    assert runs.started == list(FILMS)
    assert states(campaigns) == ["done"] * 4


def test_once_the_budget_is_spent_no_further_film_is_started(campaigns):
    runs = FakeRuns()
    conduct(
        campaigns,
        "run-1",
        runs,
        at_once=1,
        refusal=lambda: "the budget is spent" if len(runs.started) == 2 else "",
    )
    assert states(campaigns) == ["done", "done", "left out", "left out"]
    assert campaigns.find("run-1").films[3].message == "the budget is spent"


def test_a_campaign_that_was_killed_goes_on_with_the_runs_it_has(campaigns):
    runs = FakeRuns(killed_at="c")  # the run is made and not yet recorded
    with pytest.raises(KeyboardInterrupt):
        conduct(campaigns, "run-1", runs, at_once=1, refusal=never)
    assert states(campaigns) == ["done", "done", "waiting", "waiting"]
    assert begin(campaigns).films[0].status == "done"
    conduct(campaigns, "run-1", runs, at_once=1, refusal=never)
    assert runs.started == list(FILMS)
    assert states(campaigns) == ["done"] * 4


def test_a_campaign_that_begins_again_keeps_what_it_lacked_at_first(campaigns):
    assert campaigns.has_begun("run-1")
    assert not campaigns.has_begun("run-2")
    again = campaigns.begin("run-1", name="spring", bundle_id=BUNDLE.id, takes=[], films=FILMS)
    assert again.takes == ("t1",)


def test_a_campaign_is_found_by_the_beginning_of_its_id_and_no_other_way(campaigns):
    assert campaigns.find("run").name == "spring"
    with pytest.raises(LineageError, match="no campaign has an id that begins with"):
        campaigns.find("run%")


def test_the_first_ending_of_a_campaign_stands(campaigns):
    campaigns.finish("run-1", "done", message="all", report=BUNDLE)
    campaigns.finish("run-1", "failed", message="none", report=BUNDLE)
    run = campaigns.find("run-1")
    assert (run.status, run.message, run.report) == ("done", "all", BUNDLE.id)


def test_a_campaign_that_was_cancelled_behind_its_back_ends_with_its_films(campaigns, engine):
    server = FakeServer()
    campaigns.finish("run-1", "done", message="", report=None)
    run_id = left(campaigns, server, Cancelled(), {"a": Completed(), "b": Running()})
    unrecorded = server.add(Running(), key=film_key(run_id, "c"))  # killed between starting it and writing so

    end_left(server, Lineage(engine))  # pyright: ignore[reportArgumentType] it stands for the client

    run = campaigns.find(run_id)
    assert run.status == "cancelled"
    assert [film.status for film in run.films] == ["done", "cancelled", "cancelled", "cancelled"]
    assert server.name_of(run.films[1].run_id) == server.name_of(unrecorded) == "Cancelling"


def test_a_campaign_that_failed_ends_when_its_films_at_work_have_ended(campaigns, engine):
    server = FakeServer()
    campaigns.finish("run-1", "done", message="", report=None)
    failed = Failed(message="its process ended 5 times")
    run_id = left(campaigns, server, failed, {"a": Failed(message="no such engine"), "b": Running()})

    end_left(server, Lineage(engine))  # pyright: ignore[reportArgumentType] it stands for the client

    run = campaigns.find(run_id)
    assert run.status == "running"
    assert [film.status for film in run.films] == ["failed", "running", "left out", "left out"]

    server.set_flow_run_state(UUID(run.films[1].run_id), Completed())
    end_left(server, Lineage(engine))  # pyright: ignore[reportArgumentType] it stands for the client

    run = campaigns.find(run_id)
    assert (run.status, run.message) == ("failed", "its process ended 5 times")
    assert run.films[1].status == "done"


def test_a_campaign_at_work_is_left_alone(campaigns, engine):
    server = FakeServer()
    campaigns.finish("run-1", "done", message="", report=None)
    run_id = left(campaigns, server, Running(), {"a": Running()})

    end_left(server, Lineage(engine))  # pyright: ignore[reportArgumentType] it stands for the client

    assert campaigns.find(run_id).status == "running"
