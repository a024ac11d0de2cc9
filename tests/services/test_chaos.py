"""Many films at once while processes are killed: every film is made, nothing is lost, little is made twice.

Real PostgreSQL, S3, Prefect server, Prefect worker and two engine workers; kill -9 of any of them, or of a
process that makes a film, at random moments. A fixed seed draws when; who is there to be hit differs.
"""

import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import psutil
import psycopg2
import pytest

from studio.one_machine.process import is_alive

from ..eventually import eventually
from .studios import House, studio_up

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

    house: House
    killed: Counter[str] = field(default_factory=Counter)

    def kill_one(self, draw: random.Random) -> None:
        """Kill a service, or a process that makes a film, if there is one."""
        services = self.house.record.services
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

    def all_up(self) -> bool:
        """Whether every service is up again; a kill is written down a moment after it."""
        return all(
            one.phase == "done"
            or (one.phase == "up" and one.pid and one.created and is_alive(one.pid, one.created))
            for one in self.house.record.services
        )


@pytest.fixture
def victims() -> Iterator[Victims]:
    with studio_up({"REELHOUSE_ENGINE_WORKERS": "2", "REELHOUSE_LEASE_S": "10"}) as house:
        yield Victims(house)


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
    draw = random.Random(7)  # noqa: S311 -- chance is wanted, not secrecy
    house = victims.house
    url = house.leads["REELHOUSE_DATABASE_URL"]

    def submit(number: int) -> None:
        (house.home / f"board-{number}.yaml").write_text(BOARD.format(number=number))
        house.json("submit", f"board-{number}.yaml")

    with ThreadPoolExecutor(4) as doors:
        list(doors.map(submit, range(films)))
    began = time.monotonic()
    for _ in range(kills):
        time.sleep(draw.uniform(2.0, 18.0))
        victims.kill_one(draw)
    while (done := films_done(url)) < films:
        assert time.monotonic() - began < within_s, f"{done} of {films} films; killed: {dict(victims.killed)}"
        time.sleep(1)
    took = time.monotonic() - began
    eventually(victims.all_up, 180, otherwise=lambda: str(house.record))
    calls, attempts = takes_begun(url)
    sys.stdout.write(
        f"{films} films in {took:.0f} s, killed {dict(victims.killed)}, "
        f"{calls} takes in {attempts} attempts\n"
    )
    assert calls == films * SCENES
    assert attempts <= calls + victims.killed.total()
    assert house.json("verify")["ok"]
