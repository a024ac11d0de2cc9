"""`reelhouse up --check`: a draft of two scenes, through deployment, worker, database and store."""

import os
import time
from datetime import UTC, datetime

from db.lineage import Lineage
from db.session import open_database
from db.store import S3Credentials, open_store
from reelhouse.errors import ServiceUnavailable
from studio.console import seconds
from studio.one_machine.lineup import Studio

PATIENCE_S = 120
BOARD = """\
title: {title}
engine: testcard
quality: draft
video: {{size: 64x64}}
scenes:
  - {{id: one, prompt: the first of two scenes at {moment}, duration: 0.5s}}
  - {{id: two, prompt: the second, duration: 0.5s}}
"""


def render_a_draft(studio: Studio) -> str:
    """Render a film that was never rendered before and read it back; what to tell a person.

    Raises:
        ServiceUnavailable: it was not finished in time, or failed; Prefect's page says why.
    """
    os.environ.update(studio.settings)  # Prefect reads it when it is imported
    began = time.monotonic()
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    title = f"Check of {moment}"
    board = BOARD.format(title=f'"{title}"', moment=moment.replace(":", "."))
    run_url = _run_to_its_end(studio, board, title)
    settings = studio.settings
    lineage = Lineage(open_database(settings["REELHOUSE_DATABASE_URL"]))
    keys = S3Credentials(settings["REELHOUSE_STORE_ACCESS_KEY"], settings["REELHOUSE_STORE_SECRET_KEY"])
    store = open_store(settings["REELHOUSE_STORE"], cache=studio.premises.home / "cache", credentials=keys)
    [render] = [render for render in lineage.renders(limit=50) if render.title == title]
    if render.film is None:
        raise ServiceUnavailable(f"the render {render.id} has no film; see {run_url}")
    store.check(render.film)
    lineage.engine.dispose()
    return (
        f"two scenes rendered through the deployment and read back from the store in "
        f"{seconds(time.monotonic() - began)}: film {render.film[:12]}, {run_url}"
    )


def _run_to_its_end(studio: Studio, board: str, name: str) -> str:
    """Start a run of the deployment and wait for it; its page."""
    from prefect.client.orchestration import get_client

    from flows.deployments import RENDER

    page = studio.settings["PREFECT_API_URL"].removesuffix("/api")
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(RENDER.full_name)
        run = client.create_flow_run_from_deployment(
            deployment.id, parameters={"storyboard": board}, name=name
        )
        run_url = f"{page}/runs/flow-run/{run.id}"
        deadline = time.monotonic() + PATIENCE_S
        while not (state := client.read_flow_run(run.id).state) or not state.is_final():
            if time.monotonic() > deadline:
                found = state.name if state else "unknown"
                raise ServiceUnavailable(f"the check is still {found} after {PATIENCE_S} s; see {run_url}")
            time.sleep(0.2)
    if not state.is_completed():
        raise ServiceUnavailable(f"the check ended as {state.name}: {state.message}; see {run_url}")
    return run_url
