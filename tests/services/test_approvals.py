"""Films that wait for a person, on a real Prefect server.

That a run which waits holds nothing is tried with a real worker, whose pool has one slot; the other runs are
made by `Hands`.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolUpdate
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelled

from db.lineage import RenderRow
from db.session import open_database
from flows.deployments import RENDER, register
from reelhouse.settings import Settings
from tasks.approvals import apply_deadlines
from tasks.workbench import Workbench

from ..command_line import run_here
from ..hands import Hands
from ..prefect_server import prefect_server

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]
WITHIN_S = 180  # a run begins with an import of seconds, on a busy machine of half a minute
BOARD = """\
title: {title}
engine: testcard
quality: standard
video: {{size: 64x64}}
seed: {seed}
scenes: [{{id: one, prompt: the first, duration: 0.5s, takes: 2}}]
approve: {approve}
approve_by: {by}
approve_default: {default}
"""


@dataclass(frozen=True)
class House:
    """A home, and a Prefect server that knows our deployments."""

    home: Path
    environment: dict[str, str]
    client: SyncPrefectClient
    bench: Workbench

    def submit(self, title: str, *, approve="takes", by="24h", default="reject") -> UUID:
        """Ask the deployment for a film nobody has made before."""
        board = BOARD.format(
            title=title, seed=time.time_ns() % 10**9, approve=approve, by=by, default=default
        )
        deployment = self.client.read_deployment_by_name(RENDER.full_name)
        return self.client.create_flow_run_from_deployment(deployment.id, parameters={"storyboard": board}).id

    def state(self, run_id: UUID) -> str:
        state = self.client.read_flow_run(run_id).state
        return str(state.name) if state else ""

    def wait_for(self, run_id: UUID, name: str) -> None:
        deadline = time.monotonic() + WITHIN_S
        while (found := self.state(run_id)) != name:
            assert time.monotonic() < deadline, f"{name} is waited for, it is {found}"
            assert found not in ("Failed", "Crashed", "Completed"), self.client.read_flow_run(run_id).state
            time.sleep(0.1)

    def render_of(self, title: str) -> RenderRow:
        [found] = [render for render in self.bench.lineage.renders() if render.title == title]
        return found

    def run(self, *arguments: str, code: int = 0) -> str:
        done = run_here(self.home, self.environment, *arguments, code=code)
        return done.stdout + done.stderr

    @contextmanager
    def worker(self) -> Iterator[None]:
        """A worker that has one slot, and starts a process for each run."""
        # Not the worker's own --limit: with it Prefect's worker dies if a run is resumed before its
        # suspended process has gone.
        self.client.update_work_pool("cpu", WorkPoolUpdate(concurrency_limit=1))
        argv = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "cpu"]
        with (self.home / "worker.log").open("wb") as log:
            working = subprocess.Popen(argv, env=self.environment, stdout=log, stderr=log)
        try:
            yield
        finally:
            working.kill()  # asked to end, it takes its time
            working.wait()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("house")
    with prefect_server(home / "prefect") as url, pytest.MonkeyPatch.context() as patch:
        # This process makes films as well.
        for name, value in {"REELHOUSE_HOME": str(home), "PREFECT_API_URL": url}.items():
            patch.setenv(name, value)
        environment = {**os.environ, "PREFECT_WORKER_QUERY_SECONDS": "0.5"}
        with temporary_settings({PREFECT_API_URL: url}), get_client(sync_client=True) as client:
            register(client)
            open_database(f"sqlite:///{home / 'reelhouse.db'}").dispose()
            yield House(home, environment, client, Workbench(Settings(home=home)))


@pytest.fixture
def hands(house: House) -> Iterator[None]:
    """Every run is made on a thread of this process."""
    with Hands(house.client):
        yield


def test_a_run_that_waits_holds_no_slot_and_is_finished_once_it_is_approved(house: House):
    with house.worker():
        waiting = house.submit("Waits")
        house.wait_for(waiting, "Suspended")
        asked = house.render_of("Waits")
        house.wait_for(house.submit("Overtakes", approve="none"), "Completed")

        assert house.state(waiting) == "Suspended"
        assert asked.status == "waiting"
        [listed] = json.loads(house.run("approvals", "--json"))
        assert listed["render_id"] == asked.id
        assert Path(listed["contact_sheet"]).read_bytes().startswith(b"\xff\xd8")  # a JPEG

        assert "its run goes on" in house.run("approve", asked.id[:8], "--note", "lovely")
        house.wait_for(waiting, "Completed")
        finished = house.render_of("Waits")
        assert (finished.id, finished.status) == (asked.id, "done")
        assert finished.reused == 0  # what was made before the wait is this render's own work
        assert json.loads(house.run("approvals", "--json")) == []


def test_a_rejected_run_ends_with_the_reason_and_makes_no_film(house: House, hands: None):
    run = house.submit("Refused")
    house.wait_for(run, "Suspended")

    house.run("approve", house.render_of("Refused").id, "--reject", "--note", "the fox is blue")

    state = house.client.read_flow_run(run).state
    assert state is not None
    assert state.is_failed()
    assert state.name == "Rejected"
    assert "the fox is blue" in (state.message or "")
    refused = house.render_of("Refused")
    assert (refused.status, refused.film) == ("rejected", None)
    assert "the fox is blue" in refused.message


def test_at_the_deadline_the_default_is_the_answer(house: House, hands: None):
    runs = {
        default: house.submit(f"Default {default}", by="1s", default=default)
        for default in ("approve", "reject")
    }
    for run in runs.values():
        house.wait_for(run, "Suspended")
    time.sleep(1)

    apply_deadlines(house.bench)

    assert house.state(runs["reject"]) == "Rejected"
    assert "by the deadline" in house.render_of("Default reject").message
    house.wait_for(runs["approve"], "Completed")
    assert house.render_of("Default approve").status == "done"


def test_resuming_a_run_in_prefect_approves_it(house: House, hands: None):
    run = house.submit("Resumed")
    house.wait_for(run, "Suspended")

    house.client.resume_flow_run(run)  # what the button on its page does
    house.wait_for(run, "Completed")

    resumed = house.render_of("Resumed")
    assert resumed.status == "done"
    [sheet] = [step for step in house.bench.lineage.render_steps(resumed.id) if step.stage == "sheet"]
    standing = house.bench.approvals.standing(sheet.step_key)
    assert standing is not None
    assert standing.decided_by == "somebody who resumed its run in Prefect"


def test_a_run_that_was_cancelled_while_it_waited_waits_no_more(house: House, hands: None):
    run = house.submit("Given up", by="1s")
    house.wait_for(run, "Suspended")
    house.client.set_flow_run_state(run, Cancelled())
    time.sleep(1)

    apply_deadlines(house.bench)

    assert house.render_of("Given up").status == "cancelled"


def test_a_draft_is_shown_on_the_page_and_then_the_film_is_made_in_its_own_quality(house: House, hands: None):
    run = house.submit("Drafted", approve="draft")
    house.wait_for(run, "Suspended")

    of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run]))
    [shown] = [
        artifact
        for artifact in house.client.read_artifacts(artifact_filter=of_run)
        if "Waits for a person" in (artifact.description or "")
    ]
    asked = house.render_of("Drafted")
    assert "# Drafted waits for a person" in str(shown.data)
    assert "](data:image/jpeg;base64," in str(shown.data)
    assert f"`reelhouse approve {asked.id} --reject" in str(shown.data)
    [listed] = json.loads(house.run("approvals", "--json"))
    draft = Path(listed["draft"]).read_bytes()
    house.run("fetch", str(run), "--out", "look")
    assert (house.home / "look/draft.mp4").read_bytes() == draft

    assert "its run goes on" in house.run("approve", str(run))
    house.wait_for(run, "Completed")

    finished = house.render_of("Drafted")
    assert (finished.id, finished.status) == (asked.id, "done")
    assert finished.film != hashlib.sha256(draft).hexdigest()
    told = json.loads(house.run("show", finished.id, "--json"))
    assert told["looked_at"]["draft"] == hashlib.sha256(draft).hexdigest()
    assert told["approval"]["decision"] == "approved"
    assert "is already approved" in house.run("approve", str(run), code=1)
