"""What a webhook is told of runs that wait, or have no process left to tell: real servers, real posts."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.states import Cancelling, Crashed, Pending, Running

from flows.deployments import CAMPAIGN, RENDER, Deployment
from flows.steward import MOST_CRASHES, Steward
from tasks.workbench import Workbench

from ..eventually import eventually
from ..receiver import Receiver, receiving

pytestmark = [pytest.mark.services, pytest.mark.timeout(240)]
BOARD = """\
title: Asks
engine: testcard
video: {size: 64x64}
scenes: [{id: one, prompt: the first, duration: 0.5s}]
approve: takes
approve_by: 24h
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def bench(receiver: Receiver, tmp_path: Path) -> Iterator[Workbench]:
    bench = Workbench(receiver.settings(tmp_path))
    yield bench
    bench.lineage.engine.dispose()


def new_run(client: SyncPrefectClient, of: Deployment, **parameters: str) -> UUID:
    deployment = client.read_deployment_by_name(of.full_name)
    return client.create_flow_run_from_deployment(deployment.id, parameters=parameters).id


def heard(receiver: Receiver, count: int = 1) -> None:
    """Wait for so many events, and a little for one too many."""
    eventually(lambda: len(receiver.received) >= count, 20, every_s=0.05, otherwise=lambda: receiver.received)
    time.sleep(0.3)


@pytest.mark.parametrize(
    ("deployment", "parameters", "event"),
    [
        (RENDER, {"storyboard": "title: None"}, "film.failed"),
        (CAMPAIGN, {"campaign": "a" * 64}, "campaign.failed"),
    ],
)
def test_a_run_that_is_given_up_is_told_once_with_the_reason(
    client: SyncPrefectClient,
    later: Steward,
    receiver: Receiver,
    deployment: Deployment,
    parameters: dict[str, str],
    event: str,
):
    run_id = new_run(client, deployment, **parameters)
    for _ in range(MOST_CRASHES):
        assert receiver.received == []
        for state in (Pending(), Running(), Crashed(message="out of memory")):
            client.set_flow_run_state(run_id, state, force=True)
        later.round()
    for _ in range(2):
        later.round()
    heard(receiver)

    [told] = receiver.events()
    assert told["event"] == event
    assert told["ids"]["flow_run"] == str(run_id)
    assert told["links"]["run"].endswith(str(run_id))
    assert f"its process ended {MOST_CRASHES} times" in told["message"]
    assert "out of memory" in told["message"]


def test_a_cancelled_run_whose_process_died_is_told_once(
    client: SyncPrefectClient, later: Steward, receiver: Receiver
):
    run_id = new_run(client, RENDER, storyboard="title: None")
    for state in (Pending(), Running(), Cancelling(), Crashed()):
        client.set_flow_run_state(run_id, state, force=True)
    for _ in range(2):
        later.round()
    heard(receiver)

    [told] = receiver.events()
    assert (told["event"], told["ids"]["flow_run"]) == ("film.failed", str(run_id))
    assert "cancelled; its process has ended" in told["message"]


def test_a_run_that_is_taken_up_again_is_not_told_of(
    client: SyncPrefectClient, later: Steward, receiver: Receiver
):
    run_id = new_run(client, RENDER, storyboard="title: None")
    for state in (Pending(), Running(), Crashed()):
        client.set_flow_run_state(run_id, state, force=True)
    later.round()
    heard(receiver, 0)

    assert receiver.received == []


def test_a_film_that_waits_for_a_person_is_told_with_the_page_to_look_at_and_the_time_there_is(
    client: SyncPrefectClient, bench: Workbench, receiver: Receiver
):
    run_id = new_run(client, RENDER, storyboard=BOARD)
    environment = {
        **os.environ,
        **receiver.environment,
        "PREFECT_API_URL": str(client.api_url),
        "REELHOUSE_HOME": str(bench.settings.home),
    }
    command = [sys.executable, "-m", "prefect", "flow-run", "execute", str(run_id)]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180)
    heard(receiver)

    assert receiver.events(), said.stderr
    [told] = receiver.events()
    [waiting] = bench.approvals.open()
    assert told["event"] == "film.needs_approval"
    assert told["ids"] == {"flow_run": str(run_id), "render": waiting.render_id}
    assert told["links"]["run"].endswith(f"/runs/flow-run/{run_id}")
    assert "within 24.0 hours" in told["message"]
    assert f"reelhouse approve {waiting.render_id}" in told["message"]
