"""A Prefect run's logs: our lines among its own, the ids of the work before each; no needless trace."""

import logging

from prefect.context import FlowRunContext, TaskRunContext
from prefect.logging.handlers import APILogHandler
from prefect.settings import get_current_settings

from reelhouse.errors import ReelhouseError
from reelhouse.logs import Redaction, TextFormatter
from reelhouse.settings import Settings


class _RunLogHandler(APILogHandler):
    """Sends what is logged within a run; the lines of threads that belong to none stay where they are."""

    def emit(self, record: logging.LogRecord) -> None:
        """Send a line to Prefect's server."""
        if TaskRunContext.get() or FlowRunContext.get():
            super().emit(record)


def plain_failures() -> None:
    """Have Prefect log failures without their trace where the message is meant to say everything.

    It lasts as long as the process, since Prefect logs the failure when nothing of ours runs any more.
    """
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).addFilter(_without_trace)


def _without_trace(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, ReelhouseError):
        record.msg, record.args, record.exc_info = "%s: %s", (type(error).__name__, error), None
    return True


def run_log_handlers(settings: Settings) -> list[logging.Handler]:
    """The handler for the run at work here; none where Prefect is told to keep no logs."""
    if not get_current_settings().logging.to_api.enabled:
        return []
    handler = _RunLogHandler()
    handler.setFormatter(TextFormatter(Redaction(settings.secrets), with_time=False))
    return [handler]
