"""The gate: where a film waits, its takes made, until a person or the deadline has decided on them."""

from collections.abc import Collection
from logging import getLogger

from db.approvals import Approval, Decision
from reelhouse.errors import ApprovalPending, Rejected
from reelhouse.plan import Plan
from tasks.renders import Render
from tasks.workbench import Workbench

DECISIONS: dict[str, Decision] = {"approve": "approved", "reject": "rejected"}

log = getLogger(__name__)


def is_at_gate(bench: Workbench, plan: Plan, made: Collection[str]) -> bool:
    """Whether all that can be done for a film is to ask a person.

    Args:
        made: the keys of the steps that are made.
    """
    if plan.takes_sheet is None or plan.takes_sheet.step_key not in made:
        return False
    bench.approvals.apply_deadlines()
    standing = bench.approvals.standing(plan.takes_sheet.step_key)
    return standing is None or standing.decision != "approved"


def pass_gate(bench: Workbench, render: Render, *, run_id: str | None) -> None:
    """Go on if nobody is to be asked, or if the takes are approved.

    Args:
        run_id: the Prefect run that can be suspended meanwhile, if there is one.

    Raises:
        ApprovalPending: the render waits from now on.
        Rejected: the takes were refused.
    """
    source = render.plan.takes_sheet
    if source is None:
        return
    bench.approvals.apply_deadlines()
    standing = bench.approvals.standing(source.step_key)
    if standing and standing.decision == "approved":
        log.info("render %s: its takes were approved by %s", render.id, standing.decided_by)
        return
    if standing:
        raise Rejected(rejection(standing))
    wanted = render.plan.storyboard.approval
    asked = bench.approvals.ask(
        render.id,
        sheet_key=source.step_key,
        within_s=wanted.within_s,
        default=DECISIONS[wanted.default],
        flow_run_id=run_id,
    )
    raise ApprovalPending(
        f"{asked.title}: the takes are made and wait for a person. Look at their contact sheet, then say "
        f"`reelhouse approve {asked.render_id}`, or `reelhouse approve {asked.render_id} --reject`; without "
        f"an answer within {asked.left_s / 3600:.1f} hours they are {asked.default}",
        render_id=asked.render_id,
        sheet=render.artifact(source).id,
    )


def rejection(approval: Approval) -> str:
    """What is said of rejected takes."""
    note = f' ("{approval.note}")' if approval.note else ""
    return (
        f"the takes of {approval.title} were rejected by {approval.decided_by}{note}: change the storyboard "
        f"or its seed, or take them after all with `reelhouse approve {approval.render_id}`, and render again"
    )
