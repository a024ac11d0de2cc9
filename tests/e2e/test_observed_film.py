"""A film as its watchers see it: log lines in Prefect's run, JSON on standard error, runs in OpenLineage."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from openlineage.client import event_v2
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import Log
from prefect.settings import PREFECT_API_URL, temporary_settings

from ..prefect_runs import executed, submitted

pytestmark = pytest.mark.services

BOARD = """\
title: Watched
engine: testcard
video: {size: 64x64}
scenes:
  - {id: meadow, prompt: the first, duration: 0.3s}
  - {id: hill, prompt: the second, duration: 0.3s}
"""


@contextmanager
def client_of(prefect_url: str) -> Iterator[SyncPrefectClient]:
    with temporary_settings({PREFECT_API_URL: prefect_url}), get_client(sync_client=True) as client:
        yield client


def logs_of(client: SyncPrefectClient, run: UUID, awaited: str) -> list[Log]:
    """What Prefect keeps of a run's logs once this is among it; lines arrive in batches."""
    asked = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run]))
    deadline = time.monotonic() + 40
    while True:
        kept = client.read_logs(asked, limit=200)
        if any(awaited in line.message for line in kept):
            return kept
        assert time.monotonic() < deadline, [line.message for line in kept]
        time.sleep(0.2)


def test_a_run_is_told_in_its_logs_with_ids_in_json_and_in_openlineage(studio, prefect_url, tmp_path):
    events = tmp_path / "lineage.jsonl"
    environment = {
        **studio.environment,
        "PREFECT_LOGGING_TO_API_ENABLED": "true",
        "REELHOUSE_LOG": "json",
        "REELHOUSE_OPENLINEAGE": events.as_uri(),
    }
    with client_of(prefect_url) as client:
        run = submitted(client, BOARD)
        said = executed(run, environment, tmp_path)
        kept = logs_of(client, run, "take meadow: made")
    render = json.loads(studio.run("show", "--json").stdout)[0]["render_id"]

    [made] = [line for line in kept if "take meadow: made" in line.message]
    assert made.message.startswith(f"render={render} scene=meadow step=")
    assert made.task_run_id is not None
    told = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert {"begun", "made"} <= {line.get("event") for line in told}
    [take] = [line for line in told if (line.get("event"), line.get("scene")) == ("made", "hill")][-1:]
    assert list(take)[:4] == ["render", "scene", "step", "attempt"]
    assert take["render"] == render

    runs = [json.loads(line) for line in events.read_text().splitlines()]
    ended = [one for one in runs if one["eventType"] == event_v2.RunState.COMPLETE.value]
    assert len(ended) == len(runs) / 2
    assert {"prompt", "take", "piece", "film", "stills"} <= {one["job"]["name"] for one in ended}
    [film] = [one for one in ended if one["job"]["name"] == "film"]
    pieces = {made["name"] for one in ended if one["job"]["name"] == "piece" for made in one["outputs"]}
    assert pieces & {used["name"] for used in film["inputs"]}


def test_a_run_that_fails_for_its_storyboard_logs_what_is_wrong_and_no_trace(studio, prefect_url, tmp_path):
    environment = {
        **studio.environment,
        "PREFECT_LOGGING_TO_API_ENABLED": "true",
        "PREFECT_LOGGING_LEVEL": "INFO",
    }
    wrong = BOARD.replace("0.3s", "soon", 1)
    with client_of(prefect_url) as client:
        run = submitted(client, wrong)
        executed(run, environment, tmp_path)
        kept = [line.message for line in logs_of(client, run, "Finished in state Failed")]
        state = client.read_flow_run(run).state

    assert state is not None
    assert "soon" in (state.message or "")
    assert any(line.startswith("StoryboardError: storyboard.yaml:5: scenes[1].duration: ") for line in kept)
    assert "Traceback" not in "\n".join(kept)


def test_a_render_with_json_logs_writes_nothing_else_to_standard_error(studio):
    studio.environment["REELHOUSE_LOG"] = "json"
    studio.write(BOARD)
    lines = [json.loads(line) for line in studio.run("render", "board.yaml").stderr.splitlines()]
    assert {"meadow", "hill"} <= {line.get("scene") for line in lines}
