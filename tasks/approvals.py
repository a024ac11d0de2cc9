"""Approvals: the renders and Prefect runs that wait hear what was decided."""

from logging import getLogger
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound
from prefect.states import Failed

from db.approvals import Approval
from db.records import Status
from tasks.gate import rejection
from tasks.workbench import Workbench

log = getLogger(__name__)


def apply_deadlines(bench: Workbench) -> None:
    """Decide by default where nobody did in time, and let the renders that wait hear what was decided."""
    bench.approvals.apply_deadlines()
    settle(bench)


def settle(bench: Workbench) -> None:
    """Let waiting renders hear what was decided: rejected ones end, suspended runs are resumed.

    A run that is suspended only after it was decided on is resumed when this is called again.

    Raises:
        httpx.HTTPError: Prefect's server does not answer; the decisions stand.
    """
    for approval in bench.approvals.open():
        if approval.decision:
            tell(bench, approval)


def tell(bench: Workbench, approval: Approval) -> None:
    """Let one render that waits hear what was decided. Raises as `settle`."""
    if approval.flow_run_id is None:
        if approval.decision == "rejected":
            _end(bench, approval, "rejected", rejection(approval))
        return
    with get_client(sync_client=True) as client:
        _settle_run(bench, client, approval, UUID(approval.flow_run_id))


def _settle_run(bench: Workbench, client: SyncPrefectClient, approval: Approval, run_id: UUID) -> None:
    run = _read(client, run_id)
    if run is None or run.state is None or run.state.is_final():
        _end(bench, approval, "cancelled", "its run was ended in Prefect while it waited")
    elif approval.decision == "rejected":
        message = rejection(approval)
        client.set_flow_run_state(run_id, Failed(name="Rejected", message=message))
        _end(bench, approval, "rejected", message)
    elif run.state.is_paused():
        client.resume_flow_run(run_id)
        log.info("render %s: its run is resumed", approval.render_id)


def _read(client: SyncPrefectClient, run_id: UUID) -> FlowRun | None:
    try:
        return client.read_flow_run(run_id)
    except ObjectNotFound:
        return None


def _end(bench: Workbench, approval: Approval, status: Status, message: str) -> None:
    bench.lineage.finish_render(approval.render_id, status=status, film=None, message=message)
