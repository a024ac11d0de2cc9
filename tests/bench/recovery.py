"""Recovery: how long a studio takes to come up, to replace what was killed, and to go on with its work.

A whole `reelhouse up` with two engine workers. Each service is killed by -9 while nothing is made; then,
while films are made, the engine worker that makes a take, the process that makes a film, and the worker that
began that process. Prints a table and one JSON line, in seconds; they are as good as the machine is quiet.

    python tests/bench/recovery.py
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID
from zlib import crc32

sys.path.insert(0, str(Path(__file__).parents[2]))

import psutil

from db.lineage import Lineage
from db.presence import present, renders_of_run
from db.session import open_database
from db.workers import Seen, Workers
from reelhouse.processes import Owner
from tests.services.studios import House, studio_up

KILLED = ("postgresql", "s3", "prefect", "worker-cpu", "worker-engines", "steward")
BOARD = """
title: {title}
engine: testcard
seed: {seed}
parameters: {{seconds_per_frame: {seconds}}}
video: {{size: 64x64, frame_rate: 16}}
scenes: [{{id: a, prompt: one, duration: 3s}}]
"""


def main() -> None:
    """Run it."""
    figures: dict[str, float] = {"load": os.getloadavg()[0]}
    with studio_up({"REELHOUSE_ENGINE_WORKERS": "2"}) as house:
        figures["up, new home"] = house.record.ready_s or 0
        house.run("down")
        house.run("up", "--detach")
        figures["up, known home"] = house.record.ready_s or 0
        for name in KILLED:
            figures[f"{name} killed"] = seconds_until_up_again(house, name)
        lineage = Lineage(open_database(house.leads["REELHOUSE_DATABASE_URL"]))
        seconds_of_a_film(house, lineage, title="Warm")  # files are cached now, and everybody is there
        figures["a film through the deployment"] = seconds_of_a_film(house, lineage)
        figures["a take taken over"] = seconds_until_taken_over(house, lineage)
        figures["a film's process replaced"] = seconds_until_begun_again(house, lineage, whom="film")
        figures["the same, its worker killed"] = seconds_until_begun_again(house, lineage, whom="worker-cpu")
        lineage.engine.dispose()
    for what, value in figures.items():
        print(f"{what:<32}{value:8.1f}")
    print(json.dumps({"bench": "recovery", **{what: round(value, 2) for what, value in figures.items()}}))


def seconds_until_up_again(house: House, name: str) -> float:
    """From the kill of a service to its being up again."""
    before = house.pid(name)
    return seconds(
        lambda: os.kill(before, signal.SIGKILL),
        lambda: (now := house.service(name)).phase == "up" and now.pid not in (None, before),
    )


def seconds_of_a_film(house: House, lineage: Lineage, title: str = "Quick") -> float:
    """From a submitted storyboard of one scene, which costs the engine nothing, to its finished render."""
    run = submitted(house, title, 0)
    return seconds(lambda: None, lambda: statuses(lineage, run)[-1:] == ["done"])


def seconds_until_taken_over(house: House, lineage: Lineage) -> float:
    """From the kill of the engine worker at work to another at the same take."""
    run = submitted(house, "Taken over", 0.3)
    seconds(lambda: None, lambda: at_work(lineage) is not None)
    first = at_work(lineage)
    assert first is not None
    took = seconds(
        lambda: os.kill(Owner.parse(first.worker.owner).pid, signal.SIGKILL),
        lambda: (now := at_work(lineage)) is not None and now.worker.owner != first.worker.owner,
    )
    seconds(lambda: None, lambda: statuses(lineage, run)[-1:] == ["done"])
    return took


def seconds_until_begun_again(house: House, lineage: Lineage, *, whom: str) -> float:
    """From the kill of the process that makes a film, or of its worker, to the same run at work again."""
    run = submitted(house, f"Begun again after {whom}", 0.3)
    seconds(lambda: None, lambda: at_work(lineage) is not None)
    [one] = present(lineage.engine)
    pid = Owner.parse(one.owner).pid if whom == "film" else house.pid(whom)
    took = seconds(lambda: os.kill(pid, signal.SIGKILL), lambda: len(statuses(lineage, run)) == 2)
    seconds(lambda: None, lambda: "done" in statuses(lineage, run))
    return took


def submitted(house: House, title: str, seconds_per_frame: float) -> UUID:
    """The run of a film of one scene."""
    file = house.home / "board.yaml"
    file.write_text(BOARD.format(title=title, seed=crc32(title.encode()), seconds=seconds_per_frame))
    return UUID(house.json("submit", str(file))["run_id"])


def statuses(lineage: Lineage, run: UUID) -> list[str]:
    """The renders of a run, the newest first."""
    return [lineage.render(one).status for one in renders_of_run(lineage.engine, str(run))]


def at_work(lineage: Lineage) -> Seen | None:
    """The engine worker that makes a take, if it lives."""
    for one in Workers(lineage.engine).seen():
        if one.worker.state == "working" and psutil.pid_exists(Owner.parse(one.worker.owner).pid):
            return one
    return None


def seconds(begin: Callable[[], None], true: Callable[[], bool], within_s: float = 240) -> float:
    """From the beginning until it is true."""
    begin()
    began = time.perf_counter()
    while not true():
        if time.perf_counter() - began > within_s:
            raise TimeoutError(f"not within {within_s} s")
        time.sleep(0.05)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
