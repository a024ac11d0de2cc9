"""Listeners: who is told of a render's steps. Each does one thing and knows none of the others.

A listener that fails is the loser alone: the render goes on, the others are told, and the log names it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from logging import DEBUG, ERROR, INFO, WARNING, getLogger

from reelhouse.errors import Cancelled, LeaseLost, ReelhouseError
from reelhouse.logs import bound
from tasks.progress import (
    Listener,
    StepClaimed,
    StepElsewhere,
    StepEvent,
    StepFailed,
    StepFinished,
    StepStarted,
    StepStuck,
)
from tasks.workbench import Workbench

log = getLogger(__name__)


@contextmanager
def heard_by(bench: Workbench, *listeners: Listener) -> Iterator[None]:
    """Tell these listeners of the workbench's steps while the block runs, after those told already."""
    before = bench.listener
    bench.listener = _all_told(before, *listeners)
    try:
        yield
    finally:
        bench.listener = before


def _all_told(*listeners: Listener) -> Listener:
    def tell(event: StepEvent) -> None:
        for listener in listeners:
            try:
                listener(event)
            except Exception:  # whoever watches must not stop what is watched
                log.exception("a listener failed at a %s", type(event).__name__)

    return tell


def log_step(event: StepEvent) -> None:
    """One log line for each event but progress; the ids come from where the step's work began."""
    stage, label = event.step.stage.value, event.step.label
    fields: dict[str, object] = {"stage": stage, "label": label}
    match event:
        case StepStarted():
            _say(DEBUG, f"{stage} {label}: wanted", fields | {"event": "wanted"})
        case StepClaimed():
            _say(INFO, f"{stage} {label}: begun", fields | {"event": "begun"})
        case StepStuck(reason=reason):
            level, why = (WARNING, f"waits: {reason}") if reason else (INFO, "waits for its turn")
            _say(level, f"{stage} {label}: {why}", fields | {"event": "stuck" if reason else "waits"})
        case StepElsewhere(host=host):
            fields |= {"event": "elsewhere", "made_by": host}
            _say(DEBUG, f"{stage} {label}: being made by {host}", fields)
        case StepFinished(record=record, attempt=None):
            _say(INFO, f"{stage} {label}: made by another process", fields | {"event": "found"})
        case StepFinished(record=record, attempt=attempt):
            fields |= {"event": "made", "seconds": round(record.seconds, 3)}
            fields["predicted_s"] = record.facts.get("predicted_s")
            _say(INFO, f"{stage} {label}: made in {record.seconds:.1f} s", fields, attempt)
        case StepFailed(error=error, attempt=attempt):
            stopped = isinstance(error, Cancelled | LeaseLost)
            fields |= {"event": "stopped" if stopped else "failed", "error": type(error).__name__}
            level = WARNING if stopped or getattr(error, "retryable", False) else ERROR
            _say(level, f"{stage} {label}: {type(error).__name__}: {error}", fields, attempt, _trace(error))


def _say(
    level: int,
    message: str,
    fields: dict[str, object],
    attempt: int | None = None,
    trace: BaseException | None = None,
) -> None:
    with bound(attempt=attempt):
        log.log(level, "%s", message, extra={"fields": fields}, exc_info=trace)


def _trace(error: BaseException) -> BaseException | None:
    """Where an error came from, unless its message is meant to say everything."""
    return None if isinstance(error, ReelhouseError) else error
