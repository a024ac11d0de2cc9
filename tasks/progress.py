"""Progress: what a person watching a render is told, as values that any display can show."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from db.records import StepRecord
from reelhouse.steps import Step

Picture: TypeAlias = NDArray[np.uint8]  # [H, W, 3] RGB


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step is wanted here now: whether this process makes it is not settled yet."""

    step: Step


@dataclass(frozen=True, slots=True)
class StepClaimed:
    """This process is the one to make the step, and begins; `attempt` as the ledger counts them."""

    step: Step
    attempt: int


@dataclass(frozen=True, slots=True)
class StepElsewhere:
    """Another process is making the step, on `host`, and is this far, 0 … 1; told again and again.

    `preview` is a new look at what it is becoming, where there is one since the last time.
    """

    step: Step
    host: str
    fraction: float
    preview: Picture | None = None


@dataclass(frozen=True, slots=True)
class StepStuck:
    """No engine worker that is there can make the step; told again with another reason, "" once one can."""

    step: Step
    reason: str


@dataclass(frozen=True, slots=True)
class StepProgressed:
    """A step is this far, 0 … 1; `preview` is a small look at what it is becoming, where there is one."""

    step: Step
    fraction: float
    preview: Picture | None = None


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A step is recorded: made just now by an attempt of this process, or (`reused`) by another one."""

    step: Step
    record: StepRecord
    attempt: int | None

    @property
    def reused(self) -> bool:
        """Whether another process made it."""
        return self.attempt is None


@dataclass(frozen=True, slots=True)
class StepFailed:
    """A step could not be made; `attempt` is None if this process never got to making it."""

    step: Step
    error: BaseException
    attempt: int | None


StepEvent: TypeAlias = (
    StepStarted | StepClaimed | StepStuck | StepElsewhere | StepProgressed | StepFinished | StepFailed
)
Listener: TypeAlias = Callable[[StepEvent], None]


def unheard(event: StepEvent) -> None:
    """The listener of a render nobody watches."""
