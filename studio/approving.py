"""`reelhouse approvals` and `approve`: films that wait for a person, and what that person decides."""

import getpass
import socket
from dataclasses import dataclass
from typing import Literal

from rich import box
from rich.table import Table

from db.approvals import Approval, Decision
from reelhouse.settings import Settings
from studio.console import out, print_json, seconds
from studio.prefect_environment import prepare_prefect
from studio.submission import render_named
from tasks.results import artifact_ids, looked_at_in
from tasks.workbench import Workbench

ID_DIGITS = 12
LINK_S = 24 * 3600
GOING_ON = ("waiting", "running", "done")


@dataclass(frozen=True, slots=True)
class LookedAt:
    """What a person looks at of a film: where its draft and the contact sheet of draft or takes are."""

    kind: Literal["takes", "draft"]
    contact_sheet: str
    draft: str | None


def show_approvals(*, as_json: bool) -> None:
    """Print what waits, the next deadline first."""
    bench = Workbench(Settings())
    bench.approvals.apply_deadlines()
    waiting = bench.approvals.open()
    if as_json:
        print_json([_as_json(bench, approval) for approval in waiting])
        return
    console = out()
    if not waiting:
        console.print("No film waits for a person.")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("render", "film", "answer", "", "look at"):
        table.add_column(name, overflow="fold")
    for approval in waiting:
        shown = _looked_at(bench, approval)
        place = shown.draft or shown.contact_sheet
        table.add_row(approval.render_id[:ID_DIGITS], approval.title, _answer(approval), shown.kind, place)
    console.print(table)
    console.print(
        "reelhouse fetch RENDER gets the files; reelhouse approve RENDER [--reject] [--note WHY]",
        markup=False,
        soft_wrap=True,
    )


def decide(wanted: str, decision: Decision, *, note: str) -> None:
    """Record a decision, and let the run that waits for it go on or end.

    Args:
        wanted: a render's id or its first characters, or a run's id.
    """
    bench = Workbench(Settings())
    by = f"{getpass.getuser()} on {socket.gethostname()}"
    found = bench.approvals.decide(render_named(bench, wanted).id, decision, by=by, note=note)
    is_waiting = bench.lineage.render(found.render_id).status == "waiting"
    if is_waiting and not _is_told(bench, found):
        follows = "Prefect's server is not reached from here, so the studio's steward tells its run"
    elif decision == "rejected":
        follows = "its film is not made"
    elif found.flow_run_id and bench.lineage.render(found.render_id).status in GOING_ON:
        follows = "its run goes on"
    else:
        follows = "render it again, and it is finished"
    out().print(f"{found.title} is {decision}: {follows}", markup=False, soft_wrap=True)


def _is_told(bench: Workbench, found: Approval) -> bool:
    """Tell the render that waits; False where its run's server is not named here, or does not answer."""
    if prepare_prefect(bench.settings.home) is None and found.flow_run_id:
        return False
    import httpx

    from tasks.approvals import tell

    try:
        tell(bench, found)
    except httpx.TransportError:
        return False
    return True


def _answer(approval: Approval) -> str:
    if approval.decision:
        return f"{approval.decision} by {approval.decided_by}; not gone on yet"
    return f"{approval.default} in {seconds(approval.left_s)} without an answer"


def _looked_at(bench: Workbench, approval: Approval) -> LookedAt:
    ids = artifact_ids(bench.lineage, looked_at_in(bench.lineage.render(approval.render_id)))
    places = {name: _place(bench, artifact_id) for name, artifact_id in ids.items()}
    if "draft" in places:
        return LookedAt("draft", places["draft-sheet"], places["draft"])
    return LookedAt("takes", places["takes"], None)


def _place(bench: Workbench, artifact_id: str) -> str:
    """A link where the store has a server, or else the file."""
    return bench.store.link(artifact_id, for_s=LINK_S) or str(bench.store.fetch(artifact_id))


def _as_json(bench: Workbench, approval: Approval) -> dict[str, object]:
    shown = _looked_at(bench, approval)
    return {
        "render_id": approval.render_id,
        "title": approval.title,
        "flow_run_id": approval.flow_run_id,
        "left_s": round(approval.left_s, 1),
        "default": approval.default,
        "decision": approval.decision,
        "decided_by": approval.decided_by,
        "note": approval.note,
        "looked_at": shown.kind,
        "contact_sheet": shown.contact_sheet,
        "draft": shown.draft,
    }
