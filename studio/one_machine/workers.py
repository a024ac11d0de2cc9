"""The workers, each known by its heartbeat: Prefect's take runs from a pool, engine workers make takes."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx

from db.session import open_database
from db.workers import Workers
from flows.run_settings import RUN_SETTINGS
from reelhouse.errors import ServiceUnavailable
from studio.one_machine.process import Program
from studio.one_machine.service import CannotTell

HEARTBEAT_S = 10
MISSED = 3  # so many heartbeats in a row, and the worker is unwell
TIMEOUT_S = 5
ENGINES_SILENT_S = 15  # an engine worker says every 2 s that it is there
DRAIN_S = 10  # of the 20 s that the supervisor gives a service to end
SETTINGS = {
    "PREFECT_WORKER_HEARTBEAT_SECONDS": str(HEARTBEAT_S),
    "PREFECT_WORKER_QUERY_SECONDS": "1",  # a run begins within a second
    **RUN_SETTINGS,  # a worker outlives a restart of the server by the same
}


def worker_program(pool: str, name: str, environment: Mapping[str, str], folder: Path, log: Path) -> Program:
    """A worker that runs each run of a pool in a process of its own."""
    argv = [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool, "--name", name]
    argv += ["--type", "process", "--install-policy", "never"]
    return Program(argv=argv, environment=environment, folder=folder, log=log)


def check_worker(api_url: str, pool: str, name: str, started_at: float) -> None:
    """See that it has lately reported to the server, and did so since it was started.

    Raises:
        ServiceUnavailable: it has not.
        CannotTell: the server does not answer.
    """
    try:
        answer = httpx.post(
            f"{api_url}/work_pools/{pool}/workers/filter", json={}, timeout=TIMEOUT_S, trust_env=False
        )
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise CannotTell(f"Prefect's server does not say how worker {name} is: {error}") from error
    beats = [worker["last_heartbeat_time"] for worker in answer.json() if worker["name"] == name]
    if not beats or (beat := datetime.fromisoformat(beats[0]).timestamp()) < started_at:
        raise ServiceUnavailable(f"worker {name} has not reported to Prefect's server yet")
    age_s = datetime.now(UTC).timestamp() - beat
    if age_s > HEARTBEAT_S * MISSED:
        raise ServiceUnavailable(f"worker {name} last reported to Prefect's server {age_s:.0f} s ago")


def engine_worker_program(name: str, environment: Mapping[str, str], folder: Path, log: Path) -> Program:
    """An engine worker that offers every engine whose weights are there when it starts."""
    argv = [sys.executable, "-m", "studio.cli", "worker", "--name", name, "--drain-s", str(DRAIN_S)]
    return Program(argv=argv, environment=environment, folder=folder, log=log)


def check_engine_worker(database_url: str, name: str, started_at: float) -> None:
    """See that it has lately written that it is there, and did so since it was started.

    Raises:
        ServiceUnavailable: it has not.
        CannotTell: the database does not answer.
    """
    try:
        engine = open_database(database_url)
        try:
            seen = [one for one in Workers(engine).seen() if one.worker.name == name]
        finally:
            engine.dispose()
    except ServiceUnavailable as error:
        raise CannotTell(f"the database does not say how worker {name} is: {error}") from error
    latest = min(seen, key=lambda one: one.age_s, default=None)
    # The database is on this machine: its clock is the one that the start was read from.
    if latest is None or latest.age_s > datetime.now(UTC).timestamp() - started_at:
        raise ServiceUnavailable(f"the engine worker {name} has not written yet that it is there")
    if latest.silent_s > ENGINES_SILENT_S:
        raise ServiceUnavailable(f"the engine worker {name} last wrote {latest.silent_s:.0f} s ago")
