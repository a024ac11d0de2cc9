"""Headway: how far a render is, heard from the events of its steps, for whoever shows it."""

import time
from collections.abc import Sequence

from reelhouse.eta import SHORTEST_S
from reelhouse.steps import Step
from tasks.hands import eta_of
from tasks.progress import (
    StepElsewhere,
    StepEvent,
    StepFailed,
    StepFinished,
    StepProgressed,
    StepStarted,
    StepStuck,
)
from tasks.workbench import Workbench


class Headway:
    """How much of a render's work is done, what time it still needs, and what keeps it.

    A listener that never waits; any thread may ask it.

    Args:
        steps: those to be made, weighed by their expected seconds.
    """

    def __init__(self, bench: Workbench, steps: Sequence[Step]) -> None:
        self._weights = {step.key: max(step.cost.seconds, SHORTEST_S) for step in steps}
        self._total = sum(self._weights.values())
        self._eta = eta_of(bench, steps)
        self._fractions: dict[str, float] = {}
        self._stuck: dict[str, str] = {}

    def __call__(self, event: StepEvent) -> None:
        """Hear of a step."""
        key = event.step.key
        match event:
            case StepStarted():
                self._fractions[key] = 0.0
                self._eta.started(key, time.monotonic())
            case StepStuck(reason=reason):
                self._stuck[key] = reason
            case StepElsewhere(fraction=fraction) | StepProgressed(fraction=fraction):
                self._fractions[key] = fraction
                self._eta.progressed(key, fraction)
            case StepFinished():
                self._fractions[key] = 1.0
                self._eta.finished(key, time.monotonic())
                self._stuck.pop(key, None)
            case StepFailed():
                self._stuck.pop(key, None)

    @property
    def fraction(self) -> float:
        """The part of the work that is done, 0 … 1."""
        if not self._total:
            return 1.0
        done = sum(self._weights.get(key, 0.0) * part for key, part in list(self._fractions.items()))
        return done / self._total

    @property
    def left_s(self) -> float:
        """Seconds until all steps are made; may ask the database who is there to make them."""
        return self._eta.left_s(time.monotonic())

    @property
    def obstacles(self) -> list[str]:
        """Why takes wait that no engine worker can make, each reason once."""
        return list(dict.fromkeys(reason for reason in list(self._stuck.values()) if reason))
