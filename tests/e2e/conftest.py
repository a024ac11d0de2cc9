"""Fixtures for whole films: a Prefect server for the session, a studio of its own for each test."""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from studio.prefect_environment import prepare_prefect

from ..command_line import Done, run_here
from ..prefect_server import prefect_server

# Prefect reads its environment when it is imported, which other test modules do.
_PREFECT_HOME = tempfile.mkdtemp(prefix="reelhouse-prefect-")
atexit.register(shutil.rmtree, _PREFECT_HOME, ignore_errors=True)
prepare_prefect(Path(_PREFECT_HOME))

COMMAND = [sys.executable, "-m", "studio.cli"]


@pytest.fixture(scope="session")
def prefect_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prefect server, started as a render starts its own."""
    with (
        prefect_server(tmp_path_factory.mktemp("prefect")) as url,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("PREFECT_API_URL", url)
        yield url


@dataclass(frozen=True)
class Studio:
    """A folder with a storyboard, a home beside it, and the command line run in it."""

    folder: Path
    environment: dict[str, str]

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def write(self, text: str, name: str = "board.yaml") -> Path:
        (self.folder / name).write_text(text, encoding="utf-8")
        return self.folder / name

    def start(self, *arguments: str, preexec_fn: Callable[[], None] | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=preexec_fn,
        )

    def run(self, *arguments: str, code: int = 0) -> Done:
        """Run the command line in this process."""
        return run_here(self.folder, self.environment, *arguments, code=code)

    def json(self, *arguments: str) -> dict[str, Any]:
        return json.loads(self.run(*arguments, "--json").stdout)


@pytest.fixture
def studio(tmp_path: Path, prefect_url: str) -> Studio:
    """A studio with two pictures, fox.png and kite.png, that reports to the session's Prefect server."""
    folder = tmp_path / "studio"
    folder.mkdir()
    for name, colour in (("fox", (200, 90, 40)), ("kite", (240, 200, 40))):
        picture = Image.new("RGBA", (120, 90))
        ImageDraw.Draw(picture).ellipse((20, 15, 100, 75), fill=colour)
        picture.save(folder / f"{name}.png")
    environment = {**os.environ, "PREFECT_API_URL": prefect_url, "REELHOUSE_HOME": str(folder / "home")}
    return Studio(folder, environment)
