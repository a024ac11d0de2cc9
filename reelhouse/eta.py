"""When a render that is at work will be done: its plan's expected seconds, corrected by what this run shows.

Steps that are ready wait for hands: this process has so many, its GPU one; takes that are sent wait for the
engine workers there are. How much longer a kind of step takes than expected is the median over those this run
has finished, and over those far enough to tell. Times are seconds of any one clock.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

from reelhouse.estimates import Kind, kind_of
from reelhouse.schedule import Work, ends_after_s
from reelhouse.steps import Step

WorkersNow: TypeAlias = Callable[[], Mapping[str, int]]
TELLING = 0.1  # from this fraction on, a running step tells how long it will take
SHORTEST_S = 0.05  # of a step that is expected to take no time


@dataclass(slots=True)
class _Course:
    """One step on its way."""

    step: Step
    expected_s: float
    started_at: float | None = None
    fraction: float = 0.0
    took_s: float | None = None

    def total_s(self, now: float) -> float | None:
        """How long it took or, far enough, will have taken."""
        if self.took_s is not None:
            return self.took_s
        started_at, fraction = self.started_at, self.fraction  # another thread may begin it anew
        if started_at is None or fraction < TELLING:
            return None
        return (now - started_at) / fraction

    def left_s(self, now: float, pace: float) -> float:
        total, elapsed = self.total_s(now), now - (now if self.started_at is None else self.started_at)
        return max((pace * self.expected_s if total is None else total) - elapsed, 0.0)


class Eta:
    """The time a render still needs; it may be asked by one thread while others tell it of steps.

    Args:
        steps: those to be made.
        at_once: how many of them this process makes side by side.
        workers: says of each engine how many processes elsewhere can make its takes now; None where this one
            makes them itself, those that want a GPU one after another.
    """

    def __init__(self, steps: Iterable[Step], *, at_once: int, workers: WorkersNow | None = None) -> None:
        self._courses = {step.key: _Course(step, max(step.cost.seconds, SHORTEST_S)) for step in steps}
        self._workers = workers
        self._here = {"here": at_once, "gpu": 1}

    def started(self, key: str, now: float) -> None:
        """A step was begun; one that is not among the render's is nobody's concern here."""
        if course := self._courses.get(key):
            course.started_at, course.fraction = now, 0.0

    def progressed(self, key: str, fraction: float) -> None:
        """A step is this far, 0 … 1."""
        if course := self._courses.get(key):
            course.fraction = fraction

    def finished(self, key: str, now: float) -> None:
        """A step is made."""
        if course := self._courses.get(key):
            course.took_s = 0.0 if course.started_at is None else now - course.started_at

    def left_s(self, now: float) -> float:
        """Seconds until all steps are made, if nothing fails and an engine nobody offers gets one worker."""
        paces = self._paces(now)
        left = {
            key: Work(
                course.left_s(now, paces.get(kind_of(course.step), 1.0)),
                course.step.needs,
                self._pool(course.step),
            )
            for key, course in self._courses.items()
            if course.took_s is None
        }
        elsewhere = {piece.pool: 1 for piece in left.values() if piece.pool not in self._here}
        if elsewhere and self._workers:
            able = self._workers()
            elsewhere = {engine: max(able.get(engine, 0), 1) for engine in elsewhere}
        return ends_after_s(left, self._here | elsewhere)

    def _paces(self, now: float) -> dict[Kind, float]:
        found: defaultdict[Kind, list[float]] = defaultdict(list)
        for course in self._courses.values():
            total = course.total_s(now)
            if total is not None:
                found[kind_of(course.step)].append(total / course.expected_s)
        return {kind: median(ratios) for kind, ratios in found.items()}

    def _pool(self, step: Step) -> str:
        if step.engine and self._workers:
            return step.engine
        return "gpu" if step.wants_gpu else "here"
