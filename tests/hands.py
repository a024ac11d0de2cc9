"""A worker's hands for tests: what is scheduled on a Prefect server is run on threads of this process.

A worker starts a process for each run, which imports for seconds; what is tried here is what the runs do.
"""

import threading
from contextlib import suppress
from contextvars import copy_context
from typing import Any, cast
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import Pause
from prefect.flow_engine import run_flow

from flows.campaign import render_campaign
from flows.render import render_storyboard

FLOWS = {"render-campaign": render_campaign, "render-storyboard": render_storyboard}
LOOK_S = 0.1


class Hands:
    """While the block runs, every scheduled run of our flows is run here."""

    def __init__(self, client: SyncPrefectClient) -> None:
        self._client = client
        self._ended = threading.Event()
        self._taken: dict[UUID, threading.Thread] = {}
        self._thread = threading.Thread(target=copy_context().run, args=(self._take,))

    def __enter__(self) -> "Hands":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()
        for thread in self._taken.values():
            thread.join(60)

    def _take(self) -> None:
        due = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])))
        while not self._ended.wait(LOOK_S):
            for run in self._client.read_flow_runs(flow_run_filter=due):
                at_work = self._taken.get(run.id)
                if run.auto_scheduled or (at_work and at_work.is_alive()):
                    continue
                thread = threading.Thread(target=copy_context().run, args=(self._run, run))
                self._taken[run.id] = thread
                thread.start()

    def _run(self, run: FlowRun) -> None:
        flow = self._client.read_flow(run.flow_id).name
        with suppress(Pause):  # it is suspended, and run again when it is resumed
            run_flow(
                cast("Flow[Any, Any]", FLOWS[flow]),
                flow_run=run,
                parameters=run.parameters,
                return_type="state",
            )
