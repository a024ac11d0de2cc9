"""Progress a person can see: bars on a terminal, a line a step where the output is a file."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from reelhouse.plan import Plan
from reelhouse.stages import Stage
from reelhouse.steps import Step
from studio.console import err, seconds
from tasks.headway import Headway
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


@contextmanager
def watching(bench: Workbench, plan: Plan, outstanding: Sequence[Step]) -> Iterator[None]:
    """Show the progress of the steps to be made on standard error while the block runs."""
    if bench.settings.log == "json":  # its lines say it all, and nothing may stand between them
        yield
        return
    console = err()
    if not console.is_terminal:
        bench.listener = _Lines(len(outstanding))
        yield
        return
    columns = (
        TextColumn("{task.description}", style="bold"),
        BarColumn(32),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        _Left(),
    )
    headway = Headway(bench, outstanding)
    with Progress(*columns, console=console, transient=True) as progress:
        bench.listener = _Bars(progress, plan.storyboard.title, outstanding, headway)
        yield


class _Left(ProgressColumn):
    """How much longer the film will take; nothing beside its single steps."""

    max_refresh = 1.0

    def render(self, task: Task) -> Text:
        left_s: Callable[[], float] | None = task.fields.get("left_s")
        return Text(f"about {seconds(left_s())} left" if left_s else "")


class _Bars:
    """A bar for the film and one for each step at work."""

    def __init__(self, progress: Progress, title: str, steps: Sequence[Step], headway: Headway) -> None:
        self._progress = progress
        self._title = title
        self._headway = headway
        self._steps: dict[str, TaskID] = {}
        self._total = len(steps)
        self._takes = sum(step.stage is Stage.TAKE for step in steps)
        self._made: Counter[Stage] = Counter()
        self._stuck: set[str] = set()
        self._lock = threading.Lock()
        self._film = progress.add_task(f"{title}: starting Prefect", total=1.0, left_s=lambda: headway.left_s)

    def __call__(self, event: StepEvent) -> None:
        key = event.step.key
        self._headway(event)
        with self._lock:
            match event:
                case StepStarted():
                    self._steps[key] = self._progress.add_task(_described(event), total=1.0)
                case StepStuck(reason=reason) if _is_news(reason, self._stuck):
                    self._progress.console.print(f"Takes wait: {reason}", markup=False)
                case StepElsewhere() | StepProgressed():
                    self._progress.update(
                        self._steps[key], completed=event.fraction, description=_described(event)
                    )
                case StepFinished():
                    self._made[event.step.stage] += 1
                    self._progress.remove_task(self._steps.pop(key))
                case StepFailed():
                    self._progress.remove_task(self._steps.pop(key))
            takes = f"{self._made[Stage.TAKE]}/{self._takes} takes, " if self._takes else ""
            text = f"{self._title}: {takes}{self._made.total()}/{self._total} steps"
            self._progress.update(self._film, completed=self._headway.fraction, description=text)


def _described(event: StepEvent) -> str:
    text = f"  {event.step.stage} {event.step.label}"
    return f"{text[:40]}, being made by {event.host}" if isinstance(event, StepElsewhere) else text[:60]


def _is_news(reason: str, told: set[str]) -> bool:
    """Whether a reason for waiting has not been told, which many takes may have; it counts as told now."""
    is_news = bool(reason) and reason not in told
    told.add(reason)
    return is_news


class _Lines:
    """One line a finished step, and one for a step that another machine is making, for logs."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._made = 0
        self._told: set[tuple[str, str]] = set()
        self._stuck: set[str] = set()
        self._console = err()
        self._lock = threading.Lock()

    def __call__(self, event: StepEvent) -> None:
        with self._lock:
            match event:
                case StepFinished(reused=reused):
                    self._made += 1
                    self._say(event, "  (made elsewhere)" if reused else "")
                case StepFailed():
                    self._say(event, "  FAILED")
                case StepStuck(reason=reason) if _is_news(reason, self._stuck):
                    self._console.print(f"Takes wait: {reason}", markup=False)
                case StepElsewhere(host=host) if (event.step.key, host) not in self._told:
                    self._told.add((event.step.key, host))
                    self._say(event, f"  being made by {host}")

    def _say(self, event: StepEvent, outcome: str) -> None:
        self._console.print(
            f"{self._made:>4}/{self._total} {event.step.stage:<9} {event.step.label}{outcome}", markup=False
        )
