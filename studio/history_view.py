"""`reelhouse show`: past renders, and one of them step by step."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from db.approvals import Approval
from db.records import RenderRow, RenderStep
from reelhouse.settings import Settings
from studio.console import out, print_json, seconds
from tasks.results import artifact_ids, looked_at_in
from tasks.workbench import Workbench

COLOURS = {
    "done": "green",
    "failed": "red",
    "cancelled": "yellow",
    "running": "cyan",
    "waiting": "magenta",
    "rejected": "red",
}
ID_DIGITS = 12


def show_renders(*, as_json: bool) -> None:
    """Print the latest renders, newest first."""
    renders = Workbench(Settings()).lineage.renders()
    if as_json:
        print_json([_as_json(render) for render in renders])
        return
    console = out()
    if not renders:
        console.print("Nothing has been rendered here yet: reelhouse render STORYBOARD")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("render", "film", "started", "took", "state", "steps"):
        table.add_column(name, no_wrap=True)
    for render in renders:
        table.add_row(
            render.id[:ID_DIGITS],
            render.title,
            f"{render.started_at.astimezone():%Y-%m-%d %H:%M}",
            _took(render),
            f"[{COLOURS[render.status]}]{render.status}[/]",
            f"{render.steps - render.reused} made, {render.reused} reused",
        )
    console.print(table)


def show_render(render_id: str, *, as_json: bool) -> None:
    """Print one render and its steps in working order."""
    bench = Workbench(Settings())
    lineage = bench.lineage
    render = lineage.render(render_id)
    steps = lineage.render_steps(render.id)
    looked_at, approval = _looked_at(bench, render)
    if as_json:
        rows = [
            {
                "stage": step.stage,
                "label": step.label,
                "key": step.step_key,
                "reused": step.reused,
                "seconds": step.seconds,
                "predicted_s": step.predicted_s,
            }
            for step in steps
        ]
        judged = {"looked_at": looked_at, "approval": _approval_as_json(approval)}
        print_json({**_as_json(render), **judged, "steps": rows})
        return
    console = out()
    console.print(
        f"[bold]{render.title}[/]  {render.id}  [{COLOURS[render.status]}]{render.status}[/]  {_took(render)}"
    )
    if render.message:
        console.print(render.message, markup=False)
    if render.film:
        console.print(f"film {render.film}")
    for name, artifact_id in looked_at.items():
        console.print(f"{name} {artifact_id}")
    if approval:
        console.print(approval.answer, markup=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("stage", "what", "key", "", "expected", "took"):
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    for step in steps:
        key = f"[dim]{step.step_key[:ID_DIGITS]}[/]"
        expected = "" if step.predicted_s is None else seconds(step.predicted_s)
        made = "reused" if step.reused else "made"
        table.add_row(step.stage, step.label, key, made, expected, seconds(step.seconds))
    console.print(table)
    if compared := _compared(steps):
        console.print(compared)


def _looked_at(bench: Workbench, render: RenderRow) -> tuple[dict[str, str], Approval | None]:
    """What a person looks at of a render, by name, and what was decided last on it."""
    files = looked_at_in(render)
    sheets = [result.source.step_key for result in files.values() if result.suffix == "jpg"]
    found = bench.approvals.standing(sheets[0]) if sheets else None
    return artifact_ids(bench.lineage, files), found


def _approval_as_json(found: Approval | None) -> dict[str, str | None] | None:
    return found and {
        "decision": found.decision,
        "decided_by": found.decided_by,
        "decided_at": found.decided_at.isoformat() if found.decided_at else None,
        "note": found.note,
        "asked_by": found.render_id,
    }


def _compared(steps: Sequence[RenderStep]) -> str:
    """What was expected of the steps made for a render, against what they took; "" where none was."""
    told = [(step.predicted_s, step.seconds) for step in steps if step.predicted_s and not step.reused]
    if not told:
        return ""
    predicted, actual = (sum(values) for values in zip(*told, strict=True))
    return (
        f"{len(told)} steps made here: {seconds(predicted)} of work expected, {seconds(actual)} taken "
        f"({actual / predicted:.2f} times)"
    )


def _took(render: RenderRow) -> str:
    if render.finished_at is None:
        return ""
    return seconds((render.finished_at - render.started_at).total_seconds())


def _as_json(render: RenderRow) -> dict[str, object]:
    return {
        "render_id": render.id,
        "title": render.title,
        "status": render.status,
        "message": render.message,
        "film_artifact": render.film,
        "started_at": render.started_at.isoformat(),
        "finished_at": render.finished_at.isoformat() if render.finished_at else None,
        "steps_rendered": render.steps - render.reused,
        "steps_reused": render.reused,
    }
