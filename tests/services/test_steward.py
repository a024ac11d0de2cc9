"""The steward, on a real PostgreSQL and a real Prefect server: what was killed goes on, and not for ever."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.objects import StateType
from prefect.states import Cancelling, Crashed, Pending, Running
from pydantic import SecretStr

from db.alone import alone
from db.presence import present, renders_of_run
from flows.deployments import RENDER
from flows.steward import MOST_CRASHES, Steward
from reelhouse.processes import Owner
from reelhouse.settings import Settings
from tasks.workbench import Workbench

pytestmark = [pytest.mark.services, pytest.mark.timeout(240)]
BOARD = """\
title: Killed {token}
engine: testcard
video: {{size: 64x64}}
parameters: {{seconds_per_frame: 0.2}}
scenes:
  - {{id: a, prompt: "{token}", duration: 1s}}
"""


@pytest.fixture
def bench(postgresql_url: str, tmp_path: Path) -> Iterator[Workbench]:
    bench = Workbench(Settings(home=tmp_path, database_url=SecretStr(postgresql_url)))
    yield bench
    bench.lineage.engine.dispose()


def new_run(client: SyncPrefectClient, board: str = "title: None") -> UUID:
    deployment = client.read_deployment_by_name(RENDER.full_name)
    return client.create_flow_run_from_deployment(deployment.id, parameters={"storyboard": board}).id


def state_of(client: SyncPrefectClient, run_id: UUID) -> tuple[StateType, str]:
    state = client.read_flow_run(run_id).state
    assert state is not None
    return state.type, state.message or ""


def execute(client: SyncPrefectClient, bench: Workbench, run_id: UUID) -> subprocess.Popen[bytes]:
    """A run in a process of its own, as a worker starts it."""
    return subprocess.Popen(
        [sys.executable, "-m", "prefect", "flow-run", "execute", str(run_id)],
        env={
            **os.environ,
            "PREFECT_API_URL": str(client.api_url),
            "REELHOUSE_HOME": str(bench.settings.home),
            "REELHOUSE_DATABASE_URL": bench.settings.database,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill it and all it started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_run_whose_process_is_killed_goes_on_as_the_same_run(
    client: SyncPrefectClient, bench: Workbench, later: Steward
):
    run_id = new_run(client, BOARD.format(token=secrets.token_hex(4)))
    first = execute(client, bench, run_id)
    deadline = time.monotonic() + 180
    while not (found := present(bench.lineage.engine)):
        assert time.monotonic() < deadline, "the render did not begin"
        time.sleep(0.1)
    os.kill(Owner.parse(found[0].owner).pid, signal.SIGKILL)
    end(first)  # what watched over it, too: nothing on that machine tells of its end

    while state_of(client, run_id)[0] is not StateType.SCHEDULED:
        assert time.monotonic() < deadline, state_of(client, run_id)
        later.round()
    assert "taken up again" in state_of(client, run_id)[1]

    second = execute(client, bench, run_id)
    while state_of(client, run_id)[0] is not StateType.COMPLETED:
        assert time.monotonic() < deadline, state_of(client, run_id)
        time.sleep(0.2)
    end(second)
    statuses = [
        bench.lineage.render(found).status for found in renders_of_run(bench.lineage.engine, str(run_id))
    ]
    assert statuses == ["done", "failed"]


def test_a_run_that_keeps_crashing_is_failed_with_the_reason(client: SyncPrefectClient, later: Steward):
    run_id = new_run(client)
    for crash in range(1, MOST_CRASHES + 1):
        for state in (Pending(), Running(), Crashed(message=f"out of memory, number {crash}")):
            client.set_flow_run_state(run_id, state, force=True)
        later.round()
        if crash < MOST_CRASHES:
            assert state_of(client, run_id)[0] is StateType.SCHEDULED

    kind, message = state_of(client, run_id)
    assert kind is StateType.FAILED
    assert f"out of memory, number {MOST_CRASHES}" in message


def test_a_second_report_of_one_crash_is_no_second_crash(
    client: SyncPrefectClient, bench: Workbench, later: Steward
):
    run_id = new_run(client)
    for state in (Pending(), Running(), Crashed()):
        client.set_flow_run_state(run_id, state, force=True)
    later.round()
    for state in (Pending(), Crashed(message="again")):
        client.set_flow_run_state(run_id, state, force=True)

    Steward(bench, client, now=lambda: datetime.now(UTC) + timedelta(seconds=30)).round()

    assert state_of(client, run_id) == (StateType.CRASHED, "again")


def test_a_run_that_crashed_while_it_was_cancelled_is_cancelled(client: SyncPrefectClient, later: Steward):
    run_id = new_run(client)
    for state in (Pending(), Running(), Cancelling(), Crashed()):
        client.set_flow_run_state(run_id, state, force=True)

    later.round()

    assert state_of(client, run_id)[0] is StateType.CANCELLED


def test_the_slot_of_a_run_that_is_gone_is_free_again(client: SyncPrefectClient, later: Steward):
    deployment = client.read_deployment_by_name(RENDER.full_name)
    client.update_deployment(deployment.id, DeploymentUpdate(concurrency_limit=1))
    gone, waiting = new_run(client), new_run(client)
    try:
        client.set_flow_run_state(gone, Pending())
        client.set_flow_run_state(waiting, Pending())
        assert state_of(client, waiting)[0] is StateType.SCHEDULED  # it waits for the slot

        later.round()  # the run that was taken minutes ago never began

        client.set_flow_run_state(waiting, Pending())
        assert state_of(client, waiting)[0] is StateType.PENDING
    finally:
        for run_id in (gone, waiting):
            client.delete_flow_run(run_id)
        client.update_deployment(deployment.id, DeploymentUpdate(concurrency_limit=None))


def test_one_steward_acts_at_a_time(client: SyncPrefectClient, bench: Workbench, later: Steward):
    run_id = new_run(client)
    for state in (Pending(), Running(), Crashed()):
        client.set_flow_run_state(run_id, state, force=True)
    with alone(bench.lineage.engine, "steward") as may:
        assert may
        later.round()
        assert state_of(client, run_id)[0] is StateType.CRASHED

    later.round()
    assert state_of(client, run_id)[0] is StateType.SCHEDULED
