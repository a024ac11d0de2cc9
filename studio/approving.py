"""`reelhouse approvals` and `approve`: films that wait for a person, and what that person decides."""

import getpass
import socket

from rich import box
from rich.table import Table

from db.approvals import Approval, Decision
from reelhouse.settings import Settings
from studio.console import out, print_json, seconds
from studio.prefect_environment import prepare_prefect
from tasks.workbench import Workbench

ID_DIGITS = 12


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
    for name in ("render", "film", "answer", "contact sheet of the takes"):
        table.add_column(name, overflow="fold")
    for approval in waiting:
        sheet = _sheet(bench, approval)
        table.add_row(approval.render_id[:ID_DIGITS], approval.title, _answer(approval), sheet)
    console.print(table)
    console.print("reelhouse approve RENDER [--reject] [--note WHY]", markup=False)


def decide(render_id: str, decision: Decision, *, note: str) -> None:
    """Record a decision, and let the run that waits for it go on or end."""
    bench = Workbench(Settings())
    by = f"{getpass.getuser()} on {socket.gethostname()}"
    found = bench.approvals.decide(render_id, decision, by=by, note=note)
    prepare_prefect(bench.settings.home)
    from tasks.approvals import settle

    settle(bench)
    is_resumed = found.flow_run_id is not None and bench.lineage.render(found.render_id).status != "rejected"
    what = f"{found.title}: its takes are {decision}"
    if decision == "rejected":
        out().print(what)
    else:
        out().print(f"{what}; {'its run goes on' if is_resumed else 'render it again, and it is finished'}")


def _answer(approval: Approval) -> str:
    if approval.decision:
        return f"{approval.decision} by {approval.decided_by}; not gone on yet"
    return f"{approval.default} in {seconds(approval.left_s)} without an answer"


def _sheet(bench: Workbench, approval: Approval) -> str:
    """A link where the store has a server, or else the file."""
    record = bench.lineage.steps([approval.sheet_key])[approval.sheet_key]
    artifact_id = record.outputs["sheet"].id
    return bench.store.link(artifact_id, for_s=24 * 3600) or str(bench.store.fetch(artifact_id))


def _as_json(bench: Workbench, approval: Approval) -> dict[str, object]:
    return {
        "render_id": approval.render_id,
        "title": approval.title,
        "flow_run_id": approval.flow_run_id,
        "left_s": round(approval.left_s, 1),
        "default": approval.default,
        "decision": approval.decision,
        "decided_by": approval.decided_by,
        "note": approval.note,
        "contact_sheet": _sheet(bench, approval),
    }
