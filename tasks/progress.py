"""Progress: what a person watching a render is told, as values that any display can show."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from reelhouse.steps import Step

Picture: TypeAlias = NDArray[np.uint8]  # [H, W, 3] RGB


@dataclass(frozen=True, slots=True)
class StepStarted:
    """Work on a step began."""

    step: Step


@dataclass(frozen=True, slots=True)
class StepElsewhere:
    """Another process is making the step, on `host`, and is this far, 0 … 1; told again and again."""

    step: Step
    host: str
    fraction: float


@dataclass(frozen=True, slots=True)
class StepProgressed:
    """A step is this far, 0 … 1; `preview` is a small look at what it is becoming, where there is one."""

    step: Step
    fraction: float
    preview: Picture | None = None


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A step is recorded: made just now, or found made by another process."""

    step: Step
    reused: bool


@dataclass(frozen=True, slots=True)
class StepFailed:
    """A step could not be made; the render's error says why."""

    step: Step


StepEvent: TypeAlias = StepStarted | StepElsewhere | StepProgressed | StepFinished | StepFailed
Listener: TypeAlias = Callable[[StepEvent], None]


def unheard(event: StepEvent) -> None:
    """The listener of a render nobody watches."""
