"""What runs in a studio, as its supervisor last wrote it: for `status`, for `down`, and for the next `up`."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from reelhouse.errors import InputError
from studio.one_machine.premises import write_whole


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """One service.

    Attributes:
        phase: waiting, preparing, starting, furnishing, up, restarting, done (a job that ended well) or
            stopped.
        pid: its process, None when it has none.
        created: when that process was created, in seconds since 1970; its number alone may be used again.
        address: where it answers; empty where nobody calls it.
        problem: what was last wrong with it.
    """

    name: str
    phase: str
    pid: int | None
    created: float | None
    address: str
    restarts: int
    problem: str

    @property
    def uptime_s(self) -> float | None:
        """How long its process has lived."""
        return None if self.created is None else max(0.0, time.time() - self.created)


@dataclass(frozen=True, slots=True)
class Record:
    """A studio.

    Attributes:
        phase: starting, ready, stopping or down.
        pid: the supervisor's process.
        ready_s: how long the start took, once it is ready.
        ports: every port in use, by what listens; kept for the next start.
        notices: what a person should know, such as a port that had to change.
    """

    phase: str = "down"
    pid: int | None = None
    ready_s: float | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    services: tuple[ServiceRecord, ...] = ()


def read_record(file: Path) -> Record:
    """The record; an empty one where none was written.

    Raises:
        InputError: the file is damaged.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        services = tuple(ServiceRecord(**service) for service in found.pop("services"))
        return Record(**found | {"services": services, "notices": tuple(found["notices"])})
    except FileNotFoundError:
        return Record()
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{file} is damaged: end what it names by hand and remove it") from error


def write_record(file: Path, record: Record) -> None:
    """Write the record in place of the one before."""
    write_whole(file, json.dumps(asdict(record), indent=1))
