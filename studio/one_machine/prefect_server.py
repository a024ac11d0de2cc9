"""Prefect's server and page on PostgreSQL, with all its services, on 127.0.0.1, silent to the outside."""

import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from reelhouse.errors import ServiceUnavailable
from studio.one_machine.ports import Wanted
from studio.one_machine.process import Program

WANTED = Wanted("prefect", known=4200)  # where everybody looks for it
TIMEOUT_S = 5


def api_url(port: int) -> str:
    """Where its API answers."""
    return f"http://127.0.0.1:{port}/api"


def server_settings(port: int, database_url: str) -> dict[str, str]:
    """What the server reads from its environment."""
    return {
        "PREFECT_API_URL": api_url(port),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database_url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        # Limits that are held stay held when the server starts anew.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT__SERVER_FINAL": "1",
    }


def server_program(port: int, environment: Mapping[str, str], folder: Path, log: Path) -> Program:
    """The server, as `prefect server start` runs it, without the command line around it."""
    argv = [sys.executable, "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app"]
    argv += ["--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
    return Program(argv=argv, environment=environment, folder=folder, log=log)


def check_server(port: int) -> None:
    """Ask whether it is healthy.

    Raises:
        ServiceUnavailable: it is not, or does not answer.
    """
    try:
        httpx.get(f"{api_url(port)}/health", timeout=TIMEOUT_S, trust_env=False).raise_for_status()
    except httpx.HTTPError as error:
        raise ServiceUnavailable(f"Prefect's server does not answer at {api_url(port)}: {error}") from error
