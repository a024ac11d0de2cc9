"""Production: the outstanding steps of a render, each started as soon as what it needs is made.

Later stages go first, so that a film grows scene by scene and not stage by stage. When a step fails, whatever
does not depend on it is still made, and kept for the next run.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from queue import SimpleQueue
from typing import Any

from prefect import Task
from prefect.futures import PrefectFuture
from prefect.utilities.annotations import quote

from db.records import StepRecord
from reelhouse.errors import Cancelled
from reelhouse.stages import Stage
from reelhouse.steps import Step
from tasks.renders import Render

_STAGE_NUMBER = {stage: number for number, stage in enumerate(Stage)}


class ReadySteps:
    """Steps in the order they can be made: one becomes ready when all it needs is done."""

    def __init__(self, steps: Sequence[Step]) -> None:
        outstanding = {step.key for step in steps}
        self._lacking = {step.key: len(step.needs & outstanding) for step in steps}
        self._needed_by: dict[str, list[Step]] = defaultdict(list)
        self._number = {step.key: number for number, step in enumerate(steps)}
        self._ready: list[tuple[int, int, Step]] = []
        for step in steps:
            for key in step.needs & outstanding:
                self._needed_by[key].append(step)
            if not self._lacking[step.key]:
                self._push(step)

    def __bool__(self) -> bool:
        return bool(self._ready)

    def pop(self) -> Step:
        """The ready step of the latest stage, the earliest scene first."""
        return heapq.heappop(self._ready)[2]

    def done(self, key: str) -> None:
        """A step is made: those that only waited for it become ready."""
        for step in self._needed_by.pop(key, ()):
            self._lacking[step.key] -= 1
            if not self._lacking[step.key]:
                self._push(step)

    def _push(self, step: Step) -> None:
        heapq.heappush(self._ready, (-_STAGE_NUMBER[step.stage], self._number[step.key], step))


def produce(
    render: Render, wanted: Sequence[Step], tasks: Mapping[Stage, Task[..., StepRecord]], *, at_once: int
) -> None:
    """Make steps of a render with the stages' tasks, `at_once` of them side by side.

    Raises:
        Exception: the first failure, once nothing else can be made; at once if the work was cancelled.
    """
    steps = ReadySteps(wanted)
    finished: SimpleQueue[tuple[Step, PrefectFuture[StepRecord]]] = SimpleQueue()
    futures: dict[str, PrefectFuture[Any]] = {}
    running = 0
    failure: BaseException | None = None
    while running or (steps and not isinstance(failure, Cancelled)):
        while steps and running < at_once and not isinstance(failure, Cancelled):
            step = steps.pop()
            # The step is quoted, or Prefect would search all of it for futures.
            future = tasks[step.stage].submit(
                quote(step), step.label, wait_for=_made_here(step.needs, futures)
            )
            future.add_done_callback(lambda future, step=step: finished.put((step, future)))
            futures[step.key] = future
            running += 1
        step, future = finished.get()
        running -= 1
        try:
            render.records[step.key] = future.result()
        except BaseException as error:  # every failure is raised below, after what can still be made
            failure = failure or error
        else:
            steps.done(step.key)
    if failure:
        raise failure


def _made_here(keys: Iterable[str], futures: Mapping[str, PrefectFuture[Any]]) -> list[PrefectFuture[Any]]:
    return [futures[key] for key in keys if key in futures]
