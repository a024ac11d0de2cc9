"""`reelhouse render`: a storyboard becomes files on disk, with progress to watch and Ctrl-C to stop it."""

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
from reelhouse.plan import Plan
from reelhouse.settings import Settings
from reelhouse.steps import OutputOf
from reelhouse.storyboard import Choices, Storyboard
from reelhouse.storyboard_reader import read_storyboard
from reelhouse.timing import timecode
from studio.console import err, out, print_json, seconds
from studio.film_folder import check_folder, choose_folder, put_files, slug
from studio.prefect_environment import prepare_prefect
from studio.progress_view import watching
from tasks.renders import look_up, rendering, warnings_of
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
    with at_workbench(bench):
        found = bench.found[plan.digest] = look_up(bench, plan)
        if found.outstanding:
            render_id = _run_flow(bench, plan, choices)
        else:  # nothing to make: the render is recorded without Prefect, whose import alone takes seconds
            with rendering(bench, plan) as render:
                render_id = render.id
        finished = _collect(bench, plan, render_id, folder, started)
    if as_json:
        print_json(_summary(finished))
    else:
        _print(finished)


def _run_flow(bench: Workbench, plan: Plan, choices: Choices) -> str:
    server_url = prepare_prefect(bench.settings.home)
    with _stoppable(bench), watching(bench, plan, bench.found[plan.digest].outstanding):
        return render_in_process(bench, plan.storyboard, choices, server_url=server_url)


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
    name = slug(plan.storyboard.title)
    sources: dict[str, tuple[OutputOf, str]] = {
        "film": (plan.film, f"{name}.mp4"),
        "contact_sheet": (plan.contact_sheet, "contact-sheet.jpg"),
        "poster": (plan.poster, "poster.jpg"),
    }
    for delivery, source in plan.deliveries.items():
        sources[delivery.name] = (source, f"{name}-{delivery.name}.{delivery.format}")
    files: dict[str, Path] = {}
    kept: dict[Path, Path] = {}
    for what, (source, file_name) in sources.items():
        files[what] = folder / file_name
        kept[files[what]] = bench.store.fetch(records[source.step_key].outputs[source.output].id)
    put_files(folder, plan.storyboard.file, kept)
    rendered = frozenset(step.step_key for step in steps if not step.reused)
    return Finished(plan, render_id, records, rendered, files, time.monotonic() - started)


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
