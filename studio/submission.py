"""`reelhouse submit`, `runs`, `fetch`, `deploy`, `steward`: films made by the studio's workers."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from rich.table import Table

from db.damage import is_whole
from db.presence import renders_of_run
from db.records import RenderRow
from reelhouse.errors import InputError, LineageError, ServiceUnavailable
from reelhouse.identity import digest
from reelhouse.settings import Settings
from reelhouse.storyboard import Choices, Storyboard
from reelhouse.storyboard_reader import read_storyboard
from studio.console import out, print_json
from studio.film_folder import check_folder, choose_folder
from studio.prefect_environment import prepare_prefect
from studio.rendering import put_looked_at, put_results
from tasks.bundles import pack
from tasks.observation import observed_service
from tasks.results import looked_at_in, results_in
from tasks.retakes import bundle_of
from tasks.workbench import Workbench

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

LISTED = 20
MOST_ATTEMPTS = 100
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Submitted:
    """A run that makes a film, and the page that shows it."""

    run_id: str
    name: str
    state: str
    page: str
    bundle: str


def submit(storyboard: Path, choices: Choices, *, priority: int, as_json: bool) -> None:
    """Send a storyboard with its files to the studio; the same request again is the same run."""
    bench = Workbench(Settings())
    board = choices.applied_to(read_storyboard(storyboard))
    bench.plan(board)  # what cannot be planned is refused here, not on a worker
    with _server(bench.settings.home) as client:
        bundle = pack(bench, board)
        run = _run_of(client, bench, board, choices, bundle=bundle, priority=priority)
        submitted = Submitted(str(run.id), run.name, _state(run), _page(client, run.id), bundle)
    if as_json:
        print_json({name: getattr(submitted, name) for name in Submitted.__slots__})
        return
    out().print(f"{submitted.name}: {submitted.state.lower()}, run {submitted.run_id}", soft_wrap=True)
    out().print(f"  watch it    {submitted.page}", soft_wrap=True)
    out().print(f"  its files   reelhouse fetch {submitted.run_id}", soft_wrap=True)


def show_runs(*, as_json: bool) -> None:
    """List the latest runs of the studio, newest first."""
    from prefect.client.schemas.sorting import FlowRunSort

    with _server(Settings().home) as client:
        runs = client.read_flow_runs(sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=LISTED)
    rows = [
        {
            "run": str(run.id),
            "name": run.name,
            "state": _state(run),
            "says": (run.state and run.state.message) or "",
        }
        for run in runs
    ]
    if as_json:
        print_json(rows)
        return
    table = Table("run", "film", "state", "says", box=None, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*row.values())
    out().print(table)


def fetch(wanted: str, *, folder: Path | None, as_json: bool) -> None:
    """Put the files of a finished film into a folder; of one that waits for a person, what to look at.

    Args:
        wanted: a render's id or its first characters, or a run's id.
    """
    bench = Workbench(Settings())
    row = _to_show(bench, wanted)
    source = Path("/bundle", bundle_of(row))  # films of one storyboard share a folder, those of two do not
    folder = folder or choose_folder(bench.settings.home / "films", row.title, source)
    check_folder(folder)
    if row.status == "waiting":
        files = put_looked_at(bench, looked_at_in(row), folder)
    else:
        files = put_results(bench, row.title, results_in(row), folder, source)
    if as_json:
        print_json({"render_id": row.id, "files": {name: str(path) for name, path in files.items()}})
        return
    for path in files.values():
        out().print(str(path), soft_wrap=True)


def deploy(job_template: Path | None) -> None:
    """Register pools, deployments and automations with the Prefect server in use.

    Raises:
        InputError: the template cannot be read, or the renders' pool takes none.
    """
    template = _read_job_template(job_template) if job_template else None
    with _server(Settings().home) as client:
        from flows.deployments import DEPLOYMENTS, register

        register(client, job_template=template)
    for deployment in DEPLOYMENTS:
        out().print(f"{deployment.full_name}  {deployment.description}", soft_wrap=True)


def steward() -> None:
    """Take up what killed processes left, until a signal ends this."""
    settings = Settings()
    with _server(settings.home) as client:
        client.hello()  # once at work, the steward waits for what is away; here somebody reads it
        from flows.steward import keep_house

        bench = Workbench(settings)
        bench.open_services()
        with observed_service(bench):
            keep_house(bench)


def _read_job_template(file: Path) -> dict[str, Any]:
    """A base job template of Prefect's.

    Raises:
        InputError: it is none.
    """
    wanted = 'a JSON object with "job_configuration" and "variables"'
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"{file} is no job template: {wanted} is wanted, found: {error}") from error
    if not isinstance(found, dict) or not found.keys() >= {"job_configuration", "variables"}:
        raise InputError(f"{file} is no job template: {wanted} is wanted")
    return found


@contextmanager
def _server(home: Path) -> Iterator["SyncPrefectClient"]:
    """A client of the Prefect server in use.

    Raises:
        InputError: none is named, or it refuses.
        ServiceUnavailable: it does not answer.
    """
    url = prepare_prefect(home)
    if url is None:
        raise InputError(
            "PREFECT_API_URL names no Prefect server: `reelhouse up --detach` starts a studio, and `eval "
            '"$(reelhouse env)"` leads this shell to it; `reelhouse render` needs none'
        )
    from prefect.client.orchestration import get_client

    from flows.prefect_errors import prefect_translated

    with prefect_translated(url), get_client(sync_client=True) as client:
        yield client


def _run_of(
    client: "SyncPrefectClient",
    bench: Workbench,
    board: Storyboard,
    choices: Choices,
    *,
    bundle: str,
    priority: int,
) -> "FlowRun":
    """The run that makes a film so; a new one where the last one came to nothing, or its film is lost."""
    from prefect.exceptions import ObjectNotFound

    from flows.deployments import RENDER
    from flows.page import run_name

    try:
        deployment = client.read_deployment_by_name(RENDER.full_name)
    except ObjectNotFound as error:
        raise ServiceUnavailable(
            f"Prefect's server has no deployment {RENDER.full_name}: `reelhouse deploy` registers it"
        ) from error
    parameters = {
        "storyboard": bundle,
        "engine": choices.engine,
        "quality": choices.quality,
        "speed": choices.speed,
        "deliveries": list(choices.deliver),
        "approve": choices.approve,
        "priority": priority,
    }
    name = run_name(board)
    for attempt in range(MOST_ATTEMPTS):
        run = client.create_flow_run_from_deployment(
            deployment.id,
            parameters=parameters,
            name=name,
            idempotency_key=digest("submission", {**parameters, "attempt": attempt}),
        )
        if not (run.state and run.state.is_final()):
            return run
        if run.state.is_completed() and _is_kept(bench, run):
            return run
    raise InputError(
        f"{name} was submitted {MOST_ATTEMPTS} times and came to nothing each time: `reelhouse runs` says why"
    )


def _is_kept(bench: Workbench, run: "FlowRun") -> bool:
    """Whether what a completed run made is in the store, all of it and undamaged."""
    for render_id in renders_of_run(bench.lineage.engine, str(run.id))[:1]:
        keys = {result.source.step_key for result in results_in(bench.lineage.render(render_id)).values()}
        made = bench.lineage.steps(keys)
        return len(made) == len(keys) and all(
            is_whole(bench.store, step, hashed=True) for step in made.values()
        )
    return False


def render_named(bench: Workbench, wanted: str) -> RenderRow:
    """A render by its id or the beginning of it, or the latest one of a run by the run's id.

    Raises:
        LineageError: there is no such render.
        ServiceUnavailable: the run has not begun.
    """
    if not _UUID.fullmatch(wanted):
        return bench.lineage.render(wanted)
    if begun := renders_of_run(bench.lineage.engine, wanted):
        return bench.lineage.render(begun[0])
    raise ServiceUnavailable(
        f"run {wanted} has not begun yet, or its database is another one: `reelhouse runs` shows it"
    )


def _to_show(bench: Workbench, wanted: str) -> RenderRow:
    """A render that is finished, or waits for a person.

    Raises:
        LineageError: there is no such render, or it came to nothing.
        ServiceUnavailable: it is still at work.
    """
    row = render_named(bench, wanted)
    if row.status == "running":
        raise ServiceUnavailable(f"{row.title} is not finished yet: `reelhouse runs` shows how far it is")
    if row.status not in ("done", "waiting"):
        raise LineageError(f"render {row.id} of {row.title} is {row.status}, there is no film: {row.message}")
    return row


def _page(client: "SyncPrefectClient", run_id: UUID) -> str:
    return f"{str(client.api_url).rstrip('/').removesuffix('/api')}/runs/flow-run/{run_id}"


def _state(run: "FlowRun") -> str:
    return (run.state and run.state.name) or "Scheduled"
