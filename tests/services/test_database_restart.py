"""A database that is restarted, or stays away, while a step is made."""

import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from db.bell import RECONNECT_S, Channel, listening, ring
from db.session import open_database, writing
from reelhouse.errors import ServiceUnavailable
from reelhouse.settings import Settings
from tasks.workbench import Workbench

from ..eventually import eventually
from ..servers import PostgresServer, postgres_server
from .test_ownership import PATIENCE_S, Maker, a_step, beside

pytestmark = pytest.mark.services


def bench_at(server: PostgresServer, home: Path, lease_s: float) -> Workbench:
    """A workbench at a server."""
    return Workbench(Settings(home=home, database_url=SecretStr(server.url("postgres")), lease_s=lease_s))


def silent_s(bench: Workbench) -> float:
    """Since when nothing was heard of the step at work."""
    return bench.ledger.waiting([a_step().key])[a_step().key].silent_s


@pytest.mark.parametrize(
    ("moment", "lease_s", "in_vain"),
    [
        ("at work", 6, "not heard"),  # the claims are kept three times in a lease
        ("done", 60, "asking again"),  # for one lease
    ],
)
def test_work_outlives_a_restart_of_the_database(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, moment: str, lease_s: float, in_vain: str
):
    with postgres_server() as server:
        bench = bench_at(server, tmp_path, lease_s)
        maker = Maker()
        thread, failures = beside(bench, maker)
        server.stop()
        if moment == "done":
            maker.end.set()
        eventually(lambda: in_vain in caplog.text)
        server.start_again()
        if moment == "at work":
            since = time.monotonic()
            eventually(lambda: silent_s(bench) < time.monotonic() - since)
            maker.end.set()
        thread.join(PATIENCE_S)

        assert failures == []
        assert maker.ran == 1
        assert list(bench.lineage.steps([a_step().key])) == [a_step().key]
        assert bench.ledger.waiting([a_step().key]) == {}
        bench.lineage.engine.dispose()


def test_who_listens_outlives_a_restart_of_the_database_and_hears_again():
    with postgres_server() as server:
        engine = open_database(server.url("postgres"))
        with listening(engine, Channel.WANTED) as bell:
            server.stop()
            bell.wait(0.1)  # the line is cut
            bell.wait(0.1)  # and cannot be had again
            server.start_again()
            time.sleep(RECONNECT_S)
            bell.listen()
            with writing(engine) as connection:
                ring(connection, Channel.WANTED)
            began = time.monotonic()
            bell.wait(30)
        engine.dispose()

    assert time.monotonic() - began < 15  # it waits for 30 s where it hears nothing


def test_a_database_that_stays_away_is_told_after_one_lease(tmp_path: Path):
    with postgres_server() as server:
        maker = Maker()
        thread, failures = beside(bench_at(server, tmp_path, lease_s=1), maker)
        server.stop()
        maker.end.set()
        thread.join(PATIENCE_S)

    assert [type(failure) for failure in failures] == [ServiceUnavailable]
