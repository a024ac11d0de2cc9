"""REELHOUSE_HOME/studio: whose it is, its passwords, and what it remembers of what runs.

One supervisor at a time owns the folder: it holds a lock that the kernel lets go of when it dies, so a lock
that is held names a process that lives. Every file is written whole under another name and then renamed;
files with passwords can be read by their owner alone.
"""

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from reelhouse.errors import DiskFull, InputError

ROOM_BYTES = 512 * 1024 * 1024  # the empty databases take 90 MB, their journals and a first film some more
LOCK_PATIENCE_S = 1.0  # a look at the lock holds it for a moment


@dataclass(frozen=True, slots=True)
class Passwords:
    """What the services are opened with; made once, kept in a file of mode 600.

    Attributes:
        studio_id: marks the studio's processes; no secret.
        database_admin: of PostgreSQL's user `postgres`.
        database_films: of the user and database `reelhouse`.
        database_prefect: of the user and database `prefect`.
        store: the secret key of the S3 service's user `reelhouse`.
    """

    studio_id: str
    database_admin: str = field(repr=False)
    database_films: str = field(repr=False)
    database_prefect: str = field(repr=False)
    store: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Premises:
    """The folder of a studio, below REELHOUSE_HOME."""

    home: Path

    @property
    def folder(self) -> Path:
        """What the services keep."""
        return self.home / "studio"

    @property
    def record_file(self) -> Path:
        """What runs, as the supervisor last wrote it."""
        return self.folder / "state.json"

    def log(self, name: str) -> Path:
        """Where a service's words go."""
        return self.home / "log" / f"{name}.log"

    def prepare(self, room_bytes: int = ROOM_BYTES) -> None:
        """Make the folders and see that something can be written.

        Raises:
            InputError: they cannot be made or written.
            DiskFull: less than `room_bytes` are free.
        """
        try:
            for folder in (self.folder, self.home / "log"):
                folder.mkdir(parents=True, exist_ok=True)
            # PostgreSQL runs as somebody else where this runs as root, and has to get to its own folder.
            self.folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
            free_bytes = shutil.disk_usage(self.folder).free
            if free_bytes < room_bytes:
                raise DiskFull(
                    f"the studio needs {room_bytes // 2**20} MiB in {self.home} and {free_bytes // 2**20} "
                    "MiB are free: make room, or set REELHOUSE_HOME to a folder on another disk"
                )
            write_whole(self.folder / "writable", "")
        except OSError as error:
            raise InputError(
                f"the studio keeps its files in {self.home}, which cannot be written ({error.strerror}): "
                "set REELHOUSE_HOME to a folder that can"
            ) from error

    def passwords(self) -> Passwords:
        """The passwords, made at the first call.

        Raises:
            InputError: the file is damaged.
        """
        file = self.folder / "passwords.json"
        if not file.exists():
            made = Passwords(secrets.token_hex(4), *(secrets.token_hex(24) for _ in range(4)))
            write_whole(file, json.dumps(asdict(made), indent=1))
        file.chmod(0o600)
        try:
            return Passwords(**json.loads(file.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise InputError(
                f"{file} is damaged: restore it from a backup, or remove {self.folder} to start with an "
                "empty studio"
            ) from error

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Own the studio for as long as the block runs.

        Raises:
            InputError: another process does.
        """
        with self._lock_file.open("a+") as lock:
            if not _locked(lock.fileno(), patience_s=LOCK_PATIENCE_S):
                raise InputError(
                    f"the studio in {self.home} is already up, under process {self.owner()}: `reelhouse "
                    "status` shows it, `reelhouse down` ends it"
                )
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def owner(self) -> int | None:
        """The process that owns the studio, None when nobody does."""
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while self._lock_file.exists():
            with self._lock_file.open() as lock:
                if _locked(lock.fileno(), patience_s=0):
                    return None
                pid = lock.read()
            if pid.isdigit():
                return int(pid)
            if time.monotonic() > deadline:
                raise InputError(f"{self._lock_file} is held by a process that did not write its id: end it")
            time.sleep(0.02)  # it has the lock and is about to write its id
        return None

    @property
    def _lock_file(self) -> Path:
        return self.folder / "owner"


def write_whole(file: Path, text: str) -> None:
    """Write a file that its owner alone may read: all of it or none."""
    written = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as output:
        output.write(text)
    written.replace(file)


def _locked(descriptor: int, *, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        else:
            return True
