"""A database that is restarted, or stays away, while a step is made."""

import time
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from db.bell import RECONNECT_S, Channel, listening, ring
from db.session import open_database, parse_url, writing
from reelhouse.errors import ServiceUnavailable
from reelhouse.settings import Settings
from studio.one_machine import process
from tasks.workbench import Workbench

from ..servers import PostgresServer, postgres_server
from .test_ownership import Maker, a_step, beside

pytestmark = pytest.mark.services


def start_again(server: PostgresServer) -> None:
    """Start a stopped server on its port and its data."""
    server.process = process.start(server.program)
    engine = create_engine(parse_url(server.url("postgres")))
    while True:
        try:
            engine.connect().close()
        except OperationalError:
            time.sleep(0.05)
        else:
            return engine.dispose()


def bench_at(server: PostgresServer, home: Path, lease_s: float) -> Workbench:
    """A workbench at a server."""
    return Workbench(Settings(home=home, database_url=SecretStr(server.url("postgres")), lease_s=lease_s))


@pytest.mark.parametrize("moment", ["at work", "done"])
def test_work_outlives_a_restart_of_the_database(tmp_path: Path, moment: str):
    with postgres_server() as server:
        bench = bench_at(server, tmp_path, lease_s=3)
        maker = Maker()
        thread, failures = beside(bench, maker)
        server.stop()
        if moment == "done":
            maker.end.set()
        time.sleep(1.5)  # the thread that keeps the claims asks in vain meanwhile
        start_again(server)
        time.sleep(3)
        maker.end.set()
        thread.join(20)

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
            start_again(server)
            time.sleep(RECONNECT_S)
            bell.listen()
            with writing(engine) as connection:
                ring(connection, Channel.WANTED)
            began = time.monotonic()
            bell.wait(30)
        engine.dispose()

    assert time.monotonic() - began < 15


def test_a_database_that_stays_away_is_told_after_one_lease(tmp_path: Path):
    with postgres_server() as server:
        maker = Maker()
        thread, failures = beside(bench_at(server, tmp_path, lease_s=1), maker)
        server.stop()
        maker.end.set()
        thread.join(20)

    assert [type(failure) for failure in failures] == [ServiceUnavailable]
