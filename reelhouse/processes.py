"""Processes: who does a piece of work, and whether they are still alive.

An owner is told apart from every other process of every machine, also from a later one with the same number.
Only processes of this machine (and of this container) can be seen from here; of the others nothing is known.
"""

import os
import secrets
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reelhouse.errors import InputError


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, written host:space:pid:token.

    Attributes:
        host: the machine's name, for people.
        space: the number of its process table: containers that share a machine's name have others.
        token: drawn at random when the process first gave its name.
    """

    host: str
    space: int
    pid: int
    token: str

    def __str__(self) -> str:
        return f"{self.host}:{self.space}:{self.pid}:{self.token}"

    @classmethod
    def parse(cls, text: str) -> "Owner":
        """The owner that wrote itself so.

        Raises:
            InputError: no owner does.
        """
        host, *rest = text.rsplit(":", 3)
        if len(rest) != 3 or not (rest[0].isdecimal() and rest[1].isdecimal()):
            raise InputError(f"a process is written host:space:pid:token, not {text[:80]!r}")
        return cls(host, int(rest[0]), int(rest[1]), rest[2])

    @property
    def is_seen(self) -> bool:
        """Whether it runs, or ran, where this process can see it."""
        here = this_process()
        return (self.host, self.space) == (here.host, here.space)

    @property
    def is_dead(self) -> bool:
        """Whether it is known to be gone; never said of a process that cannot be seen from here."""
        here = this_process()
        if not self.is_seen:
            return False
        if self.pid == here.pid:  # a restarted container gives the same numbers again
            return self.token != here.token
        return not is_running(self.pid)


def this_process() -> Owner:
    """The process that asks; a forked child is another one."""
    return _owner(os.getpid())


@cache
def _owner(pid: int) -> Owner:
    table = Path("/proc/self/ns/pid")  # Linux; elsewhere a machine has one process table
    space = table.stat().st_ino if table.exists() else 0
    return Owner(socket.gethostname(), space, pid, secrets.token_hex(4))


def is_running(pid: int) -> bool:
    """Whether a process of this machine is alive; one that ended and was not yet buried is not."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:  # not Linux, or gone since
        return not Path("/proc/self/stat").exists()
    return status.rpartition(")")[2].split()[0] not in ("Z", "X")
