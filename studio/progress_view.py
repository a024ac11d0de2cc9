"""Progress a person can see: bars on a terminal, a line a step where the output is a file."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from reelhouse.plan import Plan
from reelhouse.stages import Stage
from studio.console import err
from tasks.progress import StepEvent, StepFailed, StepFinished, StepProgressed, StepStarted
from tasks.renders import look_up
from tasks.workbench import Workbench

MIN_WEIGHT_S = 0.05


@contextmanager
def watching(bench: Workbench, plan: Plan) -> Iterator[None]:
    """Show a render's progress on standard error while the block runs."""
    outstanding = look_up(bench, plan).outstanding
    weights = {step.key: max(step.cost.seconds, MIN_WEIGHT_S) for step in outstanding}
    console = err()
    if not console.is_terminal:
        bench.listener = _Lines(len(weights))
        yield
        return
    columns = (
        TextColumn("{task.description}", style="bold"),
        BarColumn(32),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(elapsed_when_finished=False),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        takes = sum(step.stage is Stage.TAKE for step in outstanding)
        bench.listener = _Bars(progress, plan.storyboard.title, weights, takes)
        yield


class _Bars:
    """A bar for the film, weighed by expected seconds, and one for each step at work."""

    def __init__(self, progress: Progress, title: str, weights: dict[str, float], takes: int) -> None:
        self._progress = progress
        self._weights = weights
        self._title = title
        self._film = progress.add_task(f"{title}: starting Prefect", total=sum(weights.values()))
        self._steps: dict[str, TaskID] = {}
        self._fractions: dict[str, float] = {}
        self._takes = takes
        self._made: Counter[Stage] = Counter()
        self._lock = threading.Lock()

    def __call__(self, event: StepEvent) -> None:
        key = event.step.key
        with self._lock:
            match event:
                case StepStarted():
                    text = f"  {event.step.stage} {event.step.label}"
                    self._steps[key] = self._progress.add_task(text[:60], total=1.0)
                    self._fractions[key] = 0.0
                case StepProgressed():
                    self._fractions[key] = event.fraction
                    self._progress.update(self._steps[key], completed=event.fraction)
                case StepFinished():
                    self._fractions[key] = 1.0
                    self._made[event.step.stage] += 1
                    self._progress.remove_task(self._steps.pop(key))
                case StepFailed():
                    self._progress.remove_task(self._steps.pop(key))
            done = sum(self._weights.get(key, 0.0) * part for key, part in self._fractions.items())
            takes = f"{self._made[Stage.TAKE]}/{self._takes} takes, " if self._takes else ""
            text = f"{self._title}: {takes}{self._made.total()}/{len(self._weights)} steps"
            self._progress.update(self._film, completed=done, description=text)


class _Lines:
    """One line a finished step, for logs."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._made = 0
        self._console = err()
        self._lock = threading.Lock()

    def __call__(self, event: StepEvent) -> None:
        if not isinstance(event, StepFinished | StepFailed):
            return
        with self._lock:
            self._made += isinstance(event, StepFinished)
            outcome = "" if isinstance(event, StepFinished) else "  FAILED"
            self._console.print(
                f"{self._made:>4}/{self._total} {event.step.stage:<9} {event.step.label}{outcome}",
                markup=False,
            )
