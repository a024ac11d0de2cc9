"""Films that wait for a person, on a real Prefect server with one worker that takes one run at a time."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolUpdate
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelled

from db.lineage import RenderRow
from db.session import open_database
from flows.deployments import RENDER, register
from flows.local_server import LocalServer
from reelhouse.settings import Settings
from tasks.approvals import apply_deadlines
from tasks.workbench import Workbench

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]
WITHIN_S = 180  # a run begins with an import of seconds, on a busy machine of half a minute
BOARD = """\
title: {title}
engine: testcard
video: {{size: 64x64}}
seed: {seed}
scenes: [{{id: one, prompt: the first, duration: 0.5s, takes: 2}}]
approve: {approve}
approve_by: {by}
approve_default: {default}
"""


@dataclass(frozen=True)
class House:
    """A home, and a Prefect server with a worker whose pool has one slot."""

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
            time.sleep(0.2)

    def render_of(self, title: str) -> RenderRow:
        [found] = [render for render in self.bench.lineage.renders() if render.title == title]
        return found

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "studio.cli", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("house")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(home / "prefect"))
        with LocalServer(home / "server.log") as server:
            url = server.url()
            environment = {
                **os.environ,
                "REELHOUSE_HOME": str(home),
                "PREFECT_API_URL": url,
                "PREFECT_WORKER_QUERY_SECONDS": "0.5",
            }
            with temporary_settings({PREFECT_API_URL: url}), get_client(sync_client=True) as client:
                register(client)
                # Not the worker's own --limit: with it Prefect's worker dies if a run is resumed before its
                # suspended process has gone.
                client.update_work_pool("cpu", WorkPoolUpdate(concurrency_limit=1))
                open_database(f"sqlite:///{home / 'reelhouse.db'}").dispose()
                worker = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "cpu"]
                with (home / "worker.log").open("wb") as log:
                    working = subprocess.Popen(worker, env=environment, stdout=log, stderr=log)
                try:
                    yield House(home, environment, client, Workbench(Settings(home=home)))
                finally:
                    working.terminate()
                    working.wait(30)


def test_a_run_that_waits_holds_no_slot_and_is_finished_once_it_is_approved(house: House):
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


def test_a_rejected_run_ends_with_the_reason_and_makes_no_film(house: House):
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


def test_at_the_deadline_the_default_is_the_answer(house: House):
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


def test_resuming_a_run_in_prefect_approves_it(house: House):
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


def test_a_run_that_was_cancelled_while_it_waited_waits_no_more(house: House):
    run = house.submit("Given up", by="1s")
    house.wait_for(run, "Suspended")
    house.client.set_flow_run_state(run, Cancelled())
    time.sleep(1)

    apply_deadlines(house.bench)

    assert house.render_of("Given up").status == "cancelled"
