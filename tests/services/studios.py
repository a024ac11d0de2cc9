"""Whole studios for tests: `reelhouse up` in a home of its own, and the command line on it.

A studio comes up in 20 to 40 s, so a module shares one.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil

from studio.one_machine.premises import Premises
from studio.one_machine.record import Record, ServiceRecord, read_record

COMMAND = [sys.executable, "-m", "studio.cli"]
COMMAND_S = 280  # the longest that a command may take


@dataclass(frozen=True)
class House:
    """A REELHOUSE_HOME and the command line on it.

    Attributes:
        settings: environment variables of its commands, and so of the studio's services.
    """

    home: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, code: int = 0, settings: Mapping[str, str] | None = None) -> str:
        """Run a command in the home; what it says.

        Args:
            code: the exit code it must have.
            settings: further environment variables, such as those of `leads`.
        """
        done = self._done(arguments, settings or {})
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def json(self, *arguments: str) -> Any:
        """Run a command with --json, as in a shell after `eval "$(reelhouse env)"`; what it answers."""
        done = self._done([*arguments, "--json"], self.leads)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def _done(
        self, arguments: Sequence[str], settings: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.home if self.home.is_dir() else None,
            env={**self.environment, **settings},
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
        )

    @property
    def environment(self) -> dict[str, str]:
        """What commands on this home find in their environment."""
        return {**os.environ, **self.settings, "REELHOUSE_HOME": str(self.home)}

    @cached_property
    def leads(self) -> dict[str, str]:
        """What leads other commands to this studio, as `reelhouse env` says it."""
        lines = (line.removeprefix("export ") for line in self.run("env").splitlines())
        return {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}

    @property
    def record(self) -> Record:
        """What the studio has written down of itself."""
        return read_record(Premises(self.home).record_file)

    def service(self, name: str) -> ServiceRecord:
        """One of its services."""
        [found] = [service for service in self.record.services if service.name == name]
        return found

    def pid(self, name: str) -> int:
        """The process of a service."""
        pid = self.service(name).pid
        assert pid is not None
        return pid

    def port(self, name: str) -> int:
        """The port of a service."""
        return self.record.ports[name]

    def processes(self) -> list[psutil.Process]:
        """Everything that runs out of this house, wherever it was started."""
        studio_id = json.loads((self.home / "studio/passwords.json").read_text())["studio_id"]
        return [process for process in psutil.process_iter() if _mark(process).startswith(f"{studio_id}/")]


def _mark(process: psutil.Process) -> str:
    try:
        return process.environ().get("REELHOUSE_STUDIO", "")
    except psutil.Error:
        return ""


@contextmanager
def studio_up(settings: Mapping[str, str] | None = None) -> Iterator[House]:
    """A studio that is up, taken down and removed at the end.

    Not in pytest's own folder, which PostgreSQL's user may not enter under root.
    """
    home = Path(tempfile.mkdtemp(prefix="reelhouse-up-"))
    home.chmod(0o711)
    house = House(home, settings or {})
    try:
        assert "is up" in house.run("up", "--detach")
        yield house
    finally:
        house.run("down")
        shutil.rmtree(home, ignore_errors=True)
