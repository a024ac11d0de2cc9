"""Production: the outstanding steps of a render, each started as soon as what it needs is made.

Later stages go first, so that a film grows scene by scene and not stage by stage. Takes that are sent to
engine workers only wait here: they have a bound of their own, far beyond that of the steps made here, so that
every worker is fed and no step waits behind a take that waits. When a step fails, whatever does not depend on
it is still made, and kept for the next run.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from queue import SimpleQueue
from typing import Any, Literal, TypeAlias

from prefect import Task
from prefect.futures import PrefectFuture
from prefect.utilities.annotations import quote

from db.records import StepRecord
from reelhouse.errors import Cancelled
from reelhouse.stages import Stage
from reelhouse.steps import Step
from tasks.renders import Render

SENT_AT_ONCE = 64  # each waits in a thread
Hands: TypeAlias = Literal["here", "sent"]  # who makes a step: this process, or an engine worker
_STAGE_NUMBER = {stage: number for number, stage in enumerate(Stage)}


class ReadySteps:
    """Steps in the order they can be made: one becomes ready when all it needs is done."""

    def __init__(self, steps: Sequence[Step], hands_of: Callable[[Step], Hands]) -> None:
        self._hands_of = hands_of
        outstanding = {step.key for step in steps}
        self._lacking = {step.key: len(step.needs & outstanding) for step in steps}
        self._needed_by: dict[str, list[Step]] = defaultdict(list)
        self._number = {step.key: number for number, step in enumerate(steps)}
        self._ready: dict[Hands, list[tuple[int, int, Step]]] = {"here": [], "sent": []}
        for step in steps:
            for key in step.needs & outstanding:
                self._needed_by[key].append(step)
            if not self._lacking[step.key]:
                self._push(step)

    def __bool__(self) -> bool:
        return any(self._ready.values())

    def pop(self, free: Collection[Hands]) -> Step | None:
        """The ready step of the latest stage, the earliest scene first, for hands that are free; or None."""
        ready = [self._ready[hands] for hands in free if self._ready[hands]]
        return heapq.heappop(min(ready))[2] if ready else None

    def done(self, key: str) -> None:
        """A step is made: those that only waited for it become ready."""
        for step in self._needed_by.pop(key, ()):
            self._lacking[step.key] -= 1
            if not self._lacking[step.key]:
                self._push(step)

    def _push(self, step: Step) -> None:
        ready = self._ready[self._hands_of(step)]
        heapq.heappush(ready, (-_STAGE_NUMBER[step.stage], self._number[step.key], step))


def produce(
    render: Render,
    wanted: Sequence[Step],
    tasks: Mapping[Stage, Task[..., StepRecord]],
    *,
    at_once: int,
    is_sent: Callable[[Step], bool],
) -> None:
    """Make steps of a render with the stages' tasks.

    Args:
        at_once: how many are made here side by side.
        is_sent: whether a step is made by an engine worker; `SENT_AT_ONCE` of these are waited for at once.

    Raises:
        Exception: the first failure, once nothing else can be made; at once if the work was cancelled.
    """

    def hands_of(step: Step) -> Hands:
        return "sent" if is_sent(step) else "here"

    steps = ReadySteps(wanted, hands_of)
    free: dict[Hands, int] = {"here": at_once, "sent": SENT_AT_ONCE}
    finished: SimpleQueue[tuple[Step, PrefectFuture[StepRecord]]] = SimpleQueue()
    futures: dict[str, PrefectFuture[Any]] = {}
    running = 0
    failure: BaseException | None = None
    while running or (steps and not isinstance(failure, Cancelled)):
        while not isinstance(failure, Cancelled) and (step := steps.pop([who for who in free if free[who]])):
            # The step is quoted, or Prefect would search all of it for futures.
            future = tasks[step.stage].submit(
                quote(step), step.label, wait_for=_made_here(step.needs, futures)
            )
            future.add_done_callback(lambda future, step=step: finished.put((step, future)))
            futures[step.key] = future
            free[hands_of(step)] -= 1
            running += 1
        step, future = finished.get()
        free[hands_of(step)] += 1
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
