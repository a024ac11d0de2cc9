"""Our log lines among those of the Prefect run they belong to, with the ids of the work before each."""

import logging

from prefect.context import FlowRunContext, TaskRunContext
from prefect.logging.handlers import APILogHandler
from prefect.settings import get_current_settings

from reelhouse.logs import Redaction, TextFormatter
from reelhouse.settings import Settings


class _RunLogHandler(APILogHandler):
    """Sends what is logged within a run; the lines of threads that belong to none stay where they are."""

    def emit(self, record: logging.LogRecord) -> None:
        """Send a line to Prefect's server."""
        if TaskRunContext.get() or FlowRunContext.get():
            super().emit(record)


def run_log_handlers(settings: Settings) -> list[logging.Handler]:
    """The handler for the run at work here; none where Prefect is told to keep no logs."""
    if not get_current_settings().logging.to_api.enabled:
        return []
    handler = _RunLogHandler()
    handler.setFormatter(TextFormatter(Redaction(settings.secrets), with_time=False))
    return [handler]
