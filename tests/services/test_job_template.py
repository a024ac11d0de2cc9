"""Renders as Kubernetes Jobs: `reelhouse deploy --job-template`, asked of a real Prefect server."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolUpdate

from flows.deployments import DEPLOYMENTS, RENDER

from ..command_line import run_here
from ..containers import ROOT

pytestmark = [pytest.mark.services, pytest.mark.timeout(240)]
OURS: dict[str, Any] = json.loads(
    (ROOT / "infra" / "kubernetes" / "base" / "base-job-template.json").read_text("utf-8")
)


@pytest.fixture
def deploy(prefect_url: str, tmp_path: Path):
    """`reelhouse deploy` with a template, None for a file that is not there; gives its standard error."""
    environment = {**os.environ, "PREFECT_API_URL": prefect_url, "REELHOUSE_HOME": str(tmp_path / "home")}

    def run(template: object, code: int = 0) -> str:
        if template is not None:
            (tmp_path / "template.json").write_text(json.dumps(template), "utf-8")
        done = run_here(tmp_path, environment, "deploy", "--job-template", "template.json", code=code)
        return done.stderr

    return run


def test_a_pool_of_processes_takes_no_template_and_is_made_anew_once_it_is_deleted(
    deploy, client: SyncPrefectClient
):
    said = " ".join(deploy(OURS, code=2).split())
    assert "the work pool cpu is of type process" in said
    assert "`prefect work-pool delete cpu`" in said

    client.delete_work_pool(RENDER.pool)
    deploy(OURS)

    pool = client.read_work_pool(RENDER.pool)
    assert (pool.type, pool.base_job_template, pool.concurrency_limit) == ("kubernetes", OURS, 2)
    assert client.read_work_pool("campaigns").type == "process"
    for deployment in DEPLOYMENTS:
        assert client.read_deployment_by_name(deployment.full_name).work_pool_name == deployment.pool


def test_a_new_template_is_taken_and_what_operators_chose_stays(deploy, client: SyncPrefectClient):
    client.delete_work_pool(RENDER.pool)
    deploy(OURS)
    client.update_work_pool(RENDER.pool, WorkPoolUpdate(concurrency_limit=7, is_paused=True))
    newer = json.loads(json.dumps(OURS))
    newer["variables"]["properties"]["memory"]["default"] = "12Gi"
    deploy(newer)

    pool = client.read_work_pool(RENDER.pool)
    assert pool.base_job_template == newer
    assert (pool.concurrency_limit, pool.is_paused) == (7, True)


@pytest.mark.parametrize("template", [None, [], {}, {"variables": {}}])
def test_what_is_not_there_or_is_no_template_is_refused(deploy, template):
    said = deploy(template, code=2)
    assert "template.json is no job template" in said
    assert "job_configuration" in said
