"""How Prefect is set up when Reelhouse itself runs a flow: quiet, offline, in a home of its own.

Prefect reads its environment when it is imported, so this runs before. What the user set stays as it is; a
server they named with PREFECT_API_URL is used instead of one of our own.
"""

import os
from collections.abc import MutableMapping
from pathlib import Path

from flows.run_settings import HEARTBEATS

_QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",  # our own errors are shown by our own door
    "PREFECT_INTERNAL_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",  # the one server there is, is ours or the user's
    **HEARTBEATS,  # or a server that lasts would call the run lost
}


def prepare_prefect(home: Path, environment: MutableMapping[str, str] = os.environ) -> str | None:
    """Set what is not set yet; returns the address of the server the user named, if they did."""
    for name, value in _QUIET.items():
        environment.setdefault(name, value)
    environment.setdefault("PREFECT_HOME", str(home / "prefect"))
    return environment.get("PREFECT_API_URL") or None
