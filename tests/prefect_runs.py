"""Runs of a deployment without a worker: handed in by a client, executed here as a worker would."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import cast
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient

from flows.deployments import PULL_STEPS
from flows.render import render_storyboard


def submitted(client: SyncPrefectClient, storyboard: str) -> UUID:
    """A run of this storyboard that nobody has begun."""
    deployment = client.create_deployment(
        flow_id=client.create_flow(cast(Flow, render_storyboard)),
        name="without a worker",
        entrypoint="flows.render.render_storyboard",
        pull_steps=PULL_STEPS,
        parameter_openapi_schema={"type": "object", "properties": {}},
    )
    return client.create_flow_run_from_deployment(deployment, parameters={"storyboard": storyboard}).id


def executed(run: UUID, environment: Mapping[str, str], folder: Path) -> str:
    """Execute a run in a process of its own, in this folder; what it said on standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "flow-run", "execute", str(run)],
        cwd=folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr
