"""A film goes on while what it rests on is restarted. What is killed without warning: test_chaos.py."""

import os
import signal
from collections.abc import Iterator

import pytest

from db.lineage import Lineage
from db.presence import present, renders_of_run
from db.session import open_database
from tasks.recorded import RETRY_DELAYS_S

from ..eventually import eventually
from .studios import House, studio_up

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]

SCENES = 3
BOARD = """\
title: {title}
engine: testcard
parameters: {{seconds_per_frame: {seconds_per_frame}}}
video: {{size: 64x64, frame_rate: 16}}
scenes:
  - {{id: a, prompt: "{title}, one", duration: 0.6s}}
  - {{id: b, prompt: "{title}, two", duration: 0.6s}}
  - {{id: c, prompt: "{title}, three", duration: 0.6s}}
"""


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A studio that is up."""
    with studio_up() as house:
        yield house


@pytest.fixture(scope="module")
def lineage(house: House) -> Iterator[Lineage]:
    """What the studio records."""
    engine = open_database(house.leads["REELHOUSE_DATABASE_URL"])
    yield Lineage(engine)
    engine.dispose()


def write(house: House, title: str, *, seconds_per_frame: float = 0.0) -> str:
    """A storyboard of three scenes; the name of its file."""
    name = f"{title.lower()}.yaml"
    (house.home / name).write_text(BOARD.format(title=title, seconds_per_frame=seconds_per_frame))
    return name


def begun(house: House, lineage: Lineage, title: str, seconds_per_frame: float) -> str:
    """Submit a film, and wait until its process is at work; the run's id."""
    run_id = house.json("submit", write(house, title, seconds_per_frame=seconds_per_frame))["run_id"]
    eventually(lambda: is_at_work(lineage, run_id))
    return run_id


def is_at_work(lineage: Lineage, run_id: str) -> bool:
    return any(one.flow_run_id == run_id for one in present(lineage.engine))


def end_in_order(house: House, name: str) -> None:
    """Ask a service to end, as a deployment of a new version does, and wait until it is up again."""
    before = house.service(name).restarts
    os.kill(house.pid(name), signal.SIGINT if name == "postgresql" else signal.SIGTERM)
    eventually(lambda: house.service(name).restarts > before and house.service(name).phase == "up")


def is_finished(lineage: Lineage, run_id: str) -> bool:
    return lineage.render(renders_of_run(lineage.engine, run_id)[0]).status == "done"


def attempts_at_takes(lineage: Lineage, run_id: str) -> list[int]:
    """How often each take of a run was begun."""
    newest = renders_of_run(lineage.engine, run_id)[0]
    steps = lineage.steps([step.step_key for step in lineage.render_steps(newest)]).values()
    return [int(str(step.facts["attempt"])) for step in steps if step.engine_calls]


def test_a_film_is_made_while_every_server_is_restarted_under_it(house: House, lineage: Lineage):
    run_id = begun(house, lineage, "Restarted", seconds_per_frame=1.0)

    for name in ("postgresql", "s3", "prefect"):
        assert is_at_work(lineage, run_id)
        end_in_order(house, name)

    eventually(lambda: is_finished(lineage, run_id), within_s=200)
    attempts = attempts_at_takes(lineage, run_id)
    assert len(attempts) == SCENES
    # A take that is begun while the store is away cannot read what it needs, and its task is tried again.
    assert max(attempts) <= 1 + len(RETRY_DELAYS_S)
    assert house.json("verify")["ok"]


def test_a_film_goes_on_when_the_worker_that_runs_it_is_replaced(house: House, lineage: Lineage):
    run_id = begun(house, lineage, "Replaced", seconds_per_frame=0.3)

    end_in_order(house, "worker-cpu")

    eventually(lambda: is_finished(lineage, run_id), within_s=200)
    assert attempts_at_takes(lineage, run_id) == [1] * SCENES
    assert house.json("verify")["ok"]
