"""Waiting for a person without holding anything: the run is suspended, and its process ends.

A resumed run begins again from the top and finds its steps made. Prefect suspends a run once for each key;
asked again, it goes on, since somebody resumed it: what nobody decided on by then was approved there.
"""

from uuid import UUID

from prefect.exceptions import Pause
from prefect.flow_runs import suspend_flow_run
from prefect.runtime import deployment, flow_run

from flows.notices import film_event
from reelhouse.errors import ApprovalPending
from tasks.notifications import notify
from tasks.workbench import Workbench

IN_PREFECT = "somebody who resumed its run in Prefect"


def wait_for_approval(bench: Workbench, pending: ApprovalPending) -> None:
    """Suspend the run that makes the film; comes back when it was resumed, and the film is approved.

    Raises:
        ApprovalPending: the run belongs to no deployment, so that nothing could resume it.
        Pause: the run is suspended; its process ends.
    """
    if deployment.id is None:
        raise pending
    try:
        suspend_flow_run(key=f"look-{pending.sheet}")
    except Pause:
        notify(bench.settings, film_event(bench, "film.needs_approval", UUID(flow_run.id), str(pending)))
        raise
    bench.approvals.decide(pending.render_id, "approved", by=IN_PREFECT)
