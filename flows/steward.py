"""The steward: what a killed process leaves behind is ended, and its run is taken up again.

A render whose process is gone is recorded as failed, and its Prefect run as crashed, which frees the slots it
held. A crashed run of ours is scheduled again, as the same run: its render finds what was made. After
`MOST_CRASHES` it is failed, with the reason. Many stewards may run; one at a time acts.
"""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from logging import getLogger
from types import FrameType
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import ObjectNotFound, PrefectException, PrefectHTTPStatusError
from prefect.states import AwaitingRetry, Cancelled, Crashed, Failed

from db.alone import alone
from flows.campaign_ends import end_left
from flows.deployments import CAMPAIGN, DEPLOYMENTS, Deployment
from flows.notices import tell_given_up
from reelhouse.errors import ReelhouseError
from tasks.approvals import apply_deadlines
from tasks.claiming import end_dead_claims
from tasks.presence import EVERY_S as HEARD_EVERY_S
from tasks.presence import end_lost, lost_renders
from tasks.workbench import Workbench

MOST_CRASHES = 5
PAUSES_S = (0, 10, 30, 60)  # before a run is taken up after its first, second … crash
EVERY_S = 3.0
SETTLED_S = 3.0  # a run that is being cancelled may look crashed for a moment
PENDING_S = 120.0  # from being taken by a worker to running; a worker that died never gets there
LOOKED_BACK = timedelta(days=1)
TAKEN_UP = "taken up again by the steward"
TROUBLES = (ReelhouseError, httpx.HTTPError, PrefectException)

log = getLogger(__name__)


@dataclass(slots=True)
class Steward:
    """One steward of a house and its Prefect server; `now` is what the ages of states are counted to."""

    bench: Workbench
    client: SyncPrefectClient
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def round(self) -> None:
        """Do everything that is due now, unless another steward is at it.

        Raises:
            ReelhouseError, httpx.HTTPError, PrefectException: database or server cannot be used; what was
                left undone is done in a later round.
        """
        with alone(self.bench.lineage.engine, "steward") as may:
            if not may:
                return
            end_dead_claims(self.bench)
            apply_deadlines(self.bench)
            self.bench.wants.remove_lapsed()
            for lost in lost_renders(self.bench):
                if lost.flow_run_id:
                    self._set_state(UUID(lost.flow_run_id), Crashed(message="its process is gone"))
                end_lost(self.bench, lost)
            for run in self._runs(StateType.PENDING):
                if self._age_s(run) > PENDING_S:
                    self._set_state(run.id, Crashed(message="the worker that took it did not begin it"))
            for run in self._runs(StateType.CRASHED):
                if SETTLED_S < self._age_s(run) < LOOKED_BACK.total_seconds():
                    self._settle(run)
            end_left(self.client, self.bench.lineage)

    def _settle(self, run: FlowRun) -> None:
        """Take a crashed run up again, or end it for good."""
        states = sorted(self.client.read_flow_run_states(run.id), key=lambda state: state.timestamp)
        if _is_beginning(states) and self._age_s(run) < PENDING_S:
            return
        if _was_cancelled(states):
            self._give_up(run, "cancelled; its process has ended", Cancelled)
            return
        crashes = _taken_up(states) + 1
        reason = states[-1].message or "its process ended"
        if crashes >= MOST_CRASHES:
            message = (
                f"its process ended {crashes} times, and it is not taken up any more; the last time: "
                f"{reason}. Look for what ends it (memory is the usual cause; the worker's log has its last "
                "words), then Retry"
            )
            self._give_up(run, message, Failed)
            return
        due = states[-1].timestamp + timedelta(seconds=PAUSES_S[min(crashes, len(PAUSES_S)) - 1])
        message = f"{TAKEN_UP}, crash {crashes} of {MOST_CRASHES}: {reason}"
        self._set_state(run.id, AwaitingRetry(scheduled_time=due, message=message))

    def _give_up(self, run: FlowRun, reason: str, ended: Callable[..., State[Any]]) -> None:
        """End a run for good; who waits for it is told once, by the one who ended it."""
        if self._set_state(run.id, ended(message=reason)):
            campaigns = [found for found, of in self._deployments().items() if of is CAMPAIGN]
            tell_given_up(self.bench, run, reason, is_campaign=run.deployment_id in campaigns)

    def _runs(self, kind: StateType) -> list[FlowRun]:
        """The runs of our deployments in one kind of state."""
        ids = list(self._deployments())
        if not ids:
            return []
        asked = FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=ids),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[kind])),
        )
        return self.client.read_flow_runs(flow_run_filter=asked, limit=200)

    def _deployments(self) -> dict[UUID, Deployment]:
        found: dict[UUID, Deployment] = {}
        for deployment in DEPLOYMENTS:
            if deployment.is_resumed:
                with suppress(ObjectNotFound):  # not registered yet: nothing of it can have run
                    found[self.client.read_deployment_by_name(deployment.full_name).id] = deployment
        return found

    def _set_state(self, run_id: UUID, state: State[Any]) -> bool:
        """Whether the run is in that state from now on."""
        log.warning("run %s: %s, %s", run_id, state.name, state.message)
        try:
            return self.client.set_flow_run_state(run_id, state).status is SetStateStatus.ACCEPT
        except (ObjectNotFound, PrefectHTTPStatusError) as error:  # the other runs need the round, too
            log.warning("run %s: its state could not be set: %s", run_id, error)
            return False

    def _age_s(self, run: FlowRun) -> float:
        return (self.now() - run.state.timestamp).total_seconds() if run.state else 0.0


def keep_house(bench: Workbench) -> None:
    """Be the steward until a signal ends it."""
    with _until_told() as told, get_client(sync_client=True) as client:
        steward = Steward(bench, client)
        while not told.is_set():
            try:
                steward.now = server_clock(client)
                steward.round()
                told.wait(EVERY_S)
            except TROUBLES as error:
                log.warning("the round was not finished: %s", error)
                # After an outage every render seems silent, until each has told again.
                told.wait(2 * HEARD_EVERY_S)


def server_clock(client: SyncPrefectClient) -> Callable[[], datetime]:
    """The clock that dates the states of runs: the server's, which this machine's may differ from."""
    ahead = parsedate_to_datetime(client.hello().headers["Date"]) - datetime.now(UTC)
    return lambda: datetime.now(UTC) + ahead


def _is_beginning(states: Sequence[State[Any]]) -> bool:
    """Whether the run was taken up and has not got to running since.

    A worker reports one and the same end twice, the second time (measured: 25 s later) when the next attempt
    is on its way already, which then simply begins.
    """
    for state in reversed(states):
        if state.type is StateType.RUNNING:
            return False
        if (state.message or "").startswith(TAKEN_UP):
            return True
    return False


def _was_cancelled(states: Sequence[State[Any]]) -> bool:
    """Whether somebody cancelled the run since it was last begun."""
    for state in reversed(states):
        if state.type is StateType.CANCELLING:
            return True
        if state.type is StateType.RUNNING:
            return False
    return False


def _taken_up(states: Sequence[State[Any]]) -> int:
    """How often a run was taken up; anew when it failed and a person began it again."""
    count = 0
    for state in states:
        if state.type is StateType.FAILED:
            count = 0
        elif state.type is StateType.SCHEDULED and (state.message or "").startswith(TAKEN_UP):
            count += 1
    return count


@contextmanager
def _until_told() -> Iterator[threading.Event]:
    told = threading.Event()

    def stop(signum: int, frame: FrameType | None) -> None:
        told.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
