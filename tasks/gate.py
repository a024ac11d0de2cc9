"""The gate: where a film waits, its takes or a draft made, until a person or the deadline has decided."""

from collections.abc import Sequence
from logging import getLogger

from db.approvals import Approval, Decision
from reelhouse.errors import ApprovalPending, Rejected
from reelhouse.plan import Plan
from reelhouse.steps import Step
from tasks.renders import Render
from tasks.workbench import Workbench

DECISIONS: dict[str, Decision] = {"approve": "approved", "reject": "rejected"}

log = getLogger(__name__)


def is_at_gate(bench: Workbench, plan: Plan, outstanding: Sequence[Step]) -> bool:
    """Whether all that can be done for a film is to ask a person.

    Args:
        outstanding: the steps that are still to be made.
    """
    if plan.gate is None or plan.before_approval(outstanding):
        return False
    bench.approvals.apply_deadlines()
    found = standing(bench, plan)
    return found is None or found.decision != "approved"


def pass_gate(bench: Workbench, render: Render, *, run_id: str | None) -> None:
    """Go on if nobody is to be asked, or if the takes or the draft are approved.

    Args:
        run_id: the Prefect run that can be suspended meanwhile, if there is one.

    Raises:
        ApprovalPending: the render waits from now on.
        Rejected: they were refused.
    """
    gate = render.plan.gate
    if gate is None:
        return
    bench.approvals.apply_deadlines()
    found = standing(bench, render.plan)
    if found and found.decision == "approved":
        log.info("render %s: %s", render.id, found.answer)
        return
    if found:
        raise Rejected(rejection(found))
    wanted = render.plan.storyboard.approval
    asked = bench.approvals.ask(
        render.id,
        sheet_key=gate.sheet.step_key,
        within_s=wanted.within_s,
        default=DECISIONS[wanted.default],
        flow_run_id=run_id,
    )
    what = "a draft is made and waits" if gate.draft else "the takes are made and wait"
    raise ApprovalPending(
        f"{asked.title}: {what} for a person. Look (`reelhouse fetch {asked.render_id}` gets the files), "
        f"then say `reelhouse approve {asked.render_id}`, or `reelhouse approve {asked.render_id} --reject`; "
        f"without an answer within {asked.left_s / 3600:.1f} hours the film is {asked.default}",
        render_id=asked.render_id,
        sheet=render.artifact(gate.sheet).id,
    )


def standing(bench: Workbench, plan: Plan) -> Approval | None:
    """What was decided last on a film's takes or draft; None where nobody decided, or is asked."""
    return bench.approvals.standing(plan.gate.sheet.step_key) if plan.gate else None


def rejection(approval: Approval) -> str:
    """What is said of a film that was rejected."""
    return (
        f"{approval.title} was {approval.answer}: change the storyboard or its seed, or take it after all "
        f"with `reelhouse approve {approval.render_id}`, and render again"
    )
