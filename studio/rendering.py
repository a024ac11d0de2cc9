"""`reelhouse render`: a storyboard becomes files on disk, with progress to watch and Ctrl-C to stop it."""

import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from rich.table import Table

from db.records import StepRecord
from flows.in_process import render_in_process
from reelhouse.errors import ApprovalPending
from reelhouse.media.atomic import written
from reelhouse.plan import Plan
from reelhouse.settings import Settings
from reelhouse.storyboard import Choices, Storyboard
from reelhouse.storyboard_reader import read_storyboard
from reelhouse.timing import timecode
from studio.console import err, out, print_json, seconds
from studio.film_folder import check_folder, choose_folder, put_files, slug
from studio.prefect_environment import prepare_prefect
from studio.preview_file import previewed
from studio.progress_view import watching
from tasks.gate import is_at_gate, pass_gate
from tasks.renders import look_up, rendering, warnings_of
from tasks.results import Result, artifact_ids, looked_at_in, results_of
from tasks.retakes import noted
from tasks.workbench import Workbench, at_workbench


@dataclass(frozen=True, slots=True)
class Finished:
    """A render that is done, as the lineage tells it, and where its results were put."""

    plan: Plan
    render_id: str
    records: Mapping[str, StepRecord]
    rendered: frozenset[str]
    files: Mapping[str, Path]
    wall_s: float

    @property
    def engine_calls(self) -> int:
        """How often the video engine ran."""
        return sum(self.records[key].engine_calls for key in self.rendered)


def read_board(file: Path, choices: Choices) -> Storyboard:
    """The storyboard as it is to be rendered.

    Raises:
        StoryboardError: it cannot be used; the message names file and line.
    """
    return choices.applied_to(read_storyboard(file))


def render_film(storyboard: Path, choices: Choices, *, folder: Path | None, as_json: bool) -> None:
    """Render, put the results in a folder, and say where they are."""
    started = time.monotonic()
    bench = Workbench(Settings())
    plan = bench.plan(read_board(storyboard, choices))
    folder = folder or choose_folder(bench.settings.home / "films", plan.storyboard.title, storyboard)
    check_folder(folder)
    with at_workbench(bench), _shown_first(bench, folder):
        bench.open_services()
        found = bench.found[plan.digest] = look_up(bench, plan)
        if found.outstanding and not is_at_gate(bench, plan, found.outstanding):
            render_id = _run_flow(bench, plan, choices, folder)
        else:  # nothing to make: the render is recorded without Prefect, whose import alone takes seconds
            with rendering(bench, plan, {"choices": noted(choices)}) as render:
                pass_gate(bench, render, run_id=None)
                render_id = render.id
        finished = _collect(bench, plan, render_id, folder, started)
    if as_json:
        print_json(_summary(finished))
    else:
        _print(finished)


def _run_flow(bench: Workbench, plan: Plan, choices: Choices, folder: Path) -> str:
    server_url = prepare_prefect(bench.settings.home)
    # The progress display takes the listener's place, so the preview comes after it.
    outstanding = bench.found[plan.digest].outstanding
    watched = watching(bench, plan, plan.before_approval(outstanding) or outstanding)
    with _stoppable(bench), watched, previewed(bench, folder):
        return render_in_process(bench, plan.storyboard, choices, server_url=server_url)


@contextmanager
def _shown_first(bench: Workbench, folder: Path) -> Iterator[None]:
    """Put what waits for a person, takes or a draft, where the film will be."""
    try:
        yield
    except ApprovalPending as pending:
        results = looked_at_in(bench.lineage.render(pending.render_id))
        for name, path in put_looked_at(bench, results, folder).items():
            err().print(f"{name}: {_shown(path)}", markup=False, soft_wrap=True)
        raise


@contextmanager
def _stoppable(bench: Workbench) -> Iterator[None]:
    """Ctrl-C lets running steps stop cleanly; a second one does not wait for them."""

    def stop(signum: int, frame: FrameType | None) -> None:
        bench.cancelled.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        err().print("stopping … (press Ctrl-C again to stop at once)")

    previous = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _collect(bench: Workbench, plan: Plan, render_id: str, folder: Path, started: float) -> Finished:
    steps = bench.lineage.render_steps(render_id)
    records = bench.lineage.steps([step.step_key for step in steps])
    files = put_results(bench, plan.storyboard.title, results_of(plan), folder, plan.storyboard.file)
    rendered = frozenset(step.step_key for step in steps if not step.reused)
    return Finished(plan, render_id, records, rendered, files, time.monotonic() - started)


def put_results(
    bench: Workbench, title: str, results: Mapping[str, Result], folder: Path, storyboard: Path
) -> dict[str, Path]:
    """Put a film's files into its folder; where each went, by the result's name.

    Raises:
        ArtifactMissing, ArtifactCorrupt, ServiceUnavailable: one cannot be fetched; nothing is put.
        MediaError, DiskFull: one cannot be written.
    """
    ids = artifact_ids(bench.lineage, results)
    files = {name: folder / _file_name(title, name, results[name].suffix) for name in results}
    put_files(folder, storyboard, {files[name]: bench.store.fetch(ids[name]) for name in results})
    return files


def put_looked_at(bench: Workbench, results: Mapping[str, Result], folder: Path) -> dict[str, Path]:
    """Put what a person looks at first beside what is in a film's folder; where each file went, by name.

    Raises:
        ArtifactMissing, ArtifactCorrupt, ServiceUnavailable, MediaError, DiskFull: as `put_results`.
    """
    files = {name: folder / f"{name}.{result.suffix}" for name, result in results.items()}
    for name, artifact_id in artifact_ids(bench.lineage, results).items():
        with written(files[name]) as part:
            shutil.copyfile(bench.store.fetch(artifact_id), part)
    return files


def _file_name(title: str, result: str, suffix: str) -> str:
    if result in ("contact_sheet", "poster"):
        return f"{result.replace('_', '-')}.{suffix}"
    return f"{slug(title)}{'' if result == 'film' else f'-{result}'}.{suffix}"


def _summary(finished: Finished) -> dict[str, object]:
    plan = finished.plan
    return {
        "film": str(finished.files["film"]),
        "contact_sheet": str(finished.files["contact_sheet"]),
        "poster": str(finished.files["poster"]),
        "deliveries": {delivery.name: str(finished.files[delivery.name]) for delivery in plan.deliveries},
        "render_id": finished.render_id,
        "film_artifact": finished.records[plan.film.step_key].outputs[plan.film.output].id,
        "duration_s": float(plan.duration_s),
        "scenes": len(plan.storyboard.scenes),
        "engine": plan.storyboard.engine,
        "steps_rendered": len(finished.rendered),
        "steps_reused": len(finished.records) - len(finished.rendered),
        "engine_calls": finished.engine_calls,
        "wall_s": round(finished.wall_s, 2),
        "warnings": warnings_of(plan, finished.records),
    }


def _print(finished: Finished) -> None:
    console = out()
    plan = finished.plan
    scenes = len(plan.storyboard.scenes)
    console.print(
        f"[bold]{plan.storyboard.title}[/]  {scenes} scene{'s' * (scenes > 1)}, {timecode(plan.duration_s)}"
    )
    rows = Table.grid(padding=(0, 2))
    for what, path in finished.files.items():
        rows.add_row(f"  {what.replace('_', ' ')}", _shown(path))
    rows.add_row("  lineage", f"reelhouse lineage {_shown(finished.files['film'])}")
    console.print(rows)
    reused = len(finished.records) - len(finished.rendered)
    if finished.rendered:
        calls = finished.engine_calls
        console.print(
            f"{len(finished.rendered)} steps rendered ({calls} engine call{'s' * (calls != 1)}), "
            f"{reused} reused, in {seconds(finished.wall_s)}"
        )
    else:
        console.print(f"Nothing to render: all {reused} steps were already made ({seconds(finished.wall_s)})")
    for warning in warnings_of(plan, finished.records):
        console.print(f"[yellow]look at this:[/] {warning}")


def _shown(path: Path) -> str:
    """The path as short as it can be typed from here."""
    absolute, here = path.absolute(), Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(absolute)
