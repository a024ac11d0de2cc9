"""Child processes: started on a leash, recognised later, ended with everything they started.

A process is known by its number and the moment it was created, and by a mark in its environment which its
own children inherit; so no stranger who was given an old number is ever ended.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import Signals

import psutil

from studio.one_machine import leash

MARK = "REELHOUSE_STUDIO"
LOG_BYTES = 5_000_000
SAME_MOMENT_S = 2.0  # a corrected clock moves the creation times that the kernel reports


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine that a service runs as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Program:
    """What is started.

    Attributes:
        argv: the program's path and its arguments; never a secret, since everybody can list them.
        environment: all of it; nothing is inherited.
        folder: where it works.
        log: the file its words are added to.
        end_signal: what asks it to end, also sent by the kernel when the supervisor dies.
        account: whom it runs as; None: as we do.
    """

    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    end_signal: Signals = Signals.SIGTERM
    account: Account | None = None


def start(program: Program) -> subprocess.Popen[bytes]:
    """Start it in a session of its own; on Linux it ends with the thread that called this.

    Raises:
        OSError: the log or the folder cannot be used.
    """
    account = program.account
    user = f"{account.uid}:{account.gid}" if account else "-"
    held = [sys.executable, "-I", "-S", leash.__file__, str(int(program.end_signal)), str(os.getpid()), user]
    descriptor = os.open(program.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            [*held, *program.argv],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd=program.folder,
            env=dict(program.environment),
            start_new_session=True,  # Ctrl-C reaches the supervisor, which ends the others in order
        )
    finally:
        os.close(descriptor)


def rotate(log: Path) -> None:
    """Put a long log aside, in place of the one before it."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))


def created(pid: int) -> float | None:
    """When a process was created, in seconds since 1970; None when there is none, or only its remains."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def is_alive(pid: int, created_at: float) -> bool:
    """Whether the process created then under this number still lives."""
    found = created(pid)
    return found is not None and abs(found - created_at) < SAME_MOMENT_S


def members(leader: int, mark: str) -> list[psutil.Process]:
    """What runs in a service's session, or carries its mark; also where the leader is gone."""
    return [
        process
        for process in psutil.process_iter()
        if process.pid != os.getpid() and (_session(process.pid) == leader or _mark(process) == mark)
    ]


def marked(studio_id: str) -> list[psutil.Process]:
    """Every process of a studio."""
    return [
        process
        for process in psutil.process_iter()
        if (_mark(process) or "").partition("/")[0] == studio_id and process.pid != os.getpid()
    ]


def end(processes: Iterable[psutil.Process], *, grace_s: float) -> int:
    """Ask them to end, insist after `grace_s`, and wait; how many there were."""
    alive = list(processes)
    for process in alive:
        with suppress(psutil.Error):
            process.terminate()
    _, left = psutil.wait_procs(alive, timeout=grace_s)
    for process in left:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(left, timeout=grace_s)
    return len(alive)


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):  # ended just now, or somebody else's
        return None
