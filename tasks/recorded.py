"""The one wrapper around every stage: a Prefect task that makes a step of it, once.

Prefect's own caching is off: the step key in the lineage is the one truth about what has been made.
"""

from collections.abc import Callable
from typing import Any

from prefect import Task, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from db.records import StepRecord
from reelhouse.errors import ReelhouseError
from reelhouse.stages import Stage
from reelhouse.steps import Step
from tasks.making import Job, Make, Output, make_recorded
from tasks.sending import is_sent, made_by_worker
from tasks.workbench import workbench

__all__ = ["Job", "Output", "make_recorded", "recorded"]

RETRY_DELAYS_S = [1.0, 5.0, 20.0]


def recorded(stage: Stage) -> Callable[[Make], Task[..., StepRecord]]:
    """Turn a stage's function into the Prefect task that makes a step of it, once.

    The task takes the step and its label, and returns what the lineage holds of it: ids, no bytes.
    """

    def decorate(make: Make) -> Task[..., StepRecord]:
        def run(step: Step, label: str) -> StepRecord:
            bench = workbench()
            if is_sent(bench, step):
                return make_recorded(bench, step, make, find=made_by_worker)
            return make_recorded(bench, step, make)

        run.__doc__ = make.__doc__
        return task(
            name=stage.value,
            task_run_name=f"{stage.value}: {{label}}",
            cache_policy=NO_CACHE,
            persist_result=False,
            retries=len(RETRY_DELAYS_S),
            retry_delay_seconds=RETRY_DELAYS_S,
            retry_condition_fn=_is_worth_retrying,
        )(run)

    return decorate


def _is_worth_retrying(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    error = state.result(raise_on_failure=False)
    worth = isinstance(error, ReelhouseError) and error.retryable
    if worth:
        get_run_logger().warning("%s: %s; trying again", task.name, error)
    return worth
