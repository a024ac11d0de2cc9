"""Many films at once while processes are killed: every film is made, nothing is lost, little is made twice.

Real PostgreSQL, S3, Prefect server, Prefect worker and two engine workers; kill -9 of any of them, or of a
process that makes a film, at random moments from a fixed seed.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg2
import pytest

from studio.one_machine.premises import Premises
from studio.one_machine.record import read_record

COMMAND = [sys.executable, "-m", "studio.cli"]
SERVICES = ("postgresql", "s3", "prefect", "worker-cpu", "worker-engines", "worker-engines-2", "steward")
SCENES = 3
BOARD = """
title: Film {number}
engine: testcard
seed: {number}
parameters: {{seconds_per_frame: 0.05}}
video: {{size: 64x64, frame_rate: 16}}
scenes:
  - {{id: a, prompt: one, duration: 0.6s}}
  - {{id: b, prompt: two, duration: 0.6s, seam: dissolve 0.2s}}
  - {{id: c, prompt: three, duration: 0.6s, seam: continue}}
"""


@dataclass
class Victims:
    """A studio with two engine workers, and who was killed in it."""

    home: Path
    killed: Counter[str] = field(default_factory=Counter)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "REELHOUSE_HOME": str(self.home),
            "REELHOUSE_ENGINE_WORKERS": "2",
            "REELHOUSE_LEASE_S": "10",
        }

    def run(self, *arguments: str, more: dict[str, str] | None = None, code: int = 0) -> str:
        done = subprocess.run(
            [*COMMAND, *arguments],
            env=self.environment | (more or {}),
            capture_output=True,
            text=True,
            timeout=280,
            cwd=self.home,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def leads(self) -> dict[str, str]:
        """What leads other commands to this studio."""
        lines = (line.removeprefix("export ") for line in self.run("env").splitlines())
        return {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}

    def kill_one(self, draw: random.Random) -> None:
        """Kill a service, or a process that makes a film, if there is one."""
        services = read_record(Premises(self.home).record_file).services
        pids = {one.name: one.pid for one in services if one.pid and one.name in SERVICES}
        victims = sorted(pids.items())
        if worker := pids.get("worker-cpu"):
            with suppress(psutil.Error):
                films = psutil.Process(worker).children(recursive=True)
                victims += [("film", film.pid) for film in films[:1]]
        if victims:
            name, pid = draw.choice(victims)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.killed[name] += 1


@pytest.fixture
def victims() -> Iterator[Victims]:
    """Not in pytest's own folder, which PostgreSQL's user may not enter under root."""
    home = Path(tempfile.mkdtemp(prefix="reelhouse-chaos-"))
    home.chmod(0o711)
    victims = Victims(home)
    try:
        victims.run("up", "--detach")
        yield victims
    finally:
        victims.run("down")
        shutil.rmtree(home, ignore_errors=True)


def films_done(url: str) -> int:
    """How many distinct films are done; 0 while the database does not answer."""
    with suppress(psycopg2.Error):
        connection = psycopg2.connect(url.replace("+psycopg2", ""), connect_timeout=3)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(DISTINCT storyboard_digest) FROM renders WHERE status = 'done'")
                return (cursor.fetchone() or (0,))[0]
        finally:
            connection.close()
    return 0


def takes_begun(url: str) -> tuple[int, int]:
    """Engine calls: the recorded ones, and all attempts at them."""
    connection = psycopg2.connect(url.replace("+psycopg2", ""))
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*), sum(coalesce((facts->>'attempt')::int, 1)) FROM steps WHERE stage = 'take'"
            )
            calls, attempts = cursor.fetchone() or (0, 0)
            return int(calls), int(attempts)
    finally:
        connection.close()


@pytest.mark.services
@pytest.mark.parametrize(
    ("films", "kills", "within_s"),
    [
        pytest.param(4, 6, 420, marks=pytest.mark.timeout(700)),
        pytest.param(20, 30, 1200, marks=[pytest.mark.slow, pytest.mark.timeout(1800)]),
    ],
)
def test_every_film_is_made_whatever_is_killed(
    victims: Victims, films: int, kills: int, within_s: float
) -> None:
    draw = random.Random(7)  # noqa: S311 -- the same victims each time
    leads = victims.leads()

    def submit(number: int) -> None:
        (victims.home / f"board-{number}.yaml").write_text(BOARD.format(number=number))
        victims.run("submit", f"board-{number}.yaml", "--json", more=leads)

    with ThreadPoolExecutor(4) as doors:
        list(doors.map(submit, range(films)))
    url, began = leads["REELHOUSE_DATABASE_URL"], time.monotonic()
    for _ in range(kills):
        time.sleep(draw.uniform(2.0, 18.0))
        victims.kill_one(draw)
    while (done := films_done(url)) < films:
        assert time.monotonic() - began < within_s, f"{done} of {films} films; killed: {dict(victims.killed)}"
        time.sleep(1)
    took = time.monotonic() - began
    calls, attempts = takes_begun(url)
    sys.stdout.write(
        f"{films} films in {took:.0f} s, killed {dict(victims.killed)}, "
        f"{calls} takes in {attempts} attempts\n"
    )
    assert calls == films * SCENES
    assert attempts <= calls + victims.killed.total()
    assert json.loads(victims.run("verify", "--json", more=leads))["ok"]
