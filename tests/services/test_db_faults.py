"""What breaks in a real house: a process that is killed, a disk that is full, a server that goes away."""

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

import db
from db.folder import FolderStore
from db.lineage import Lineage
from db.session import open_database, writing
from db.store import ArtifactStore, S3Credentials, open_store
from db.verify import verify
from reelhouse.errors import DiskFull, ServiceUnavailable

from ..recorded import make_step, record_film
from ..servers import PostgresServer, postgres_server, s3_server

ROOT = Path(str(db.__file__)).parents[1]

# Stores and records steps for ever; a line on stdout says that a step is recorded.
WRITER = """
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from db.lineage import Lineage, StepInput, StepRecord
from db.session import open_database
from db.store import S3Credentials, open_store

database, address, cache, *keys = sys.argv[1:]
lineage = Lineage(open_database(database))
store = open_store(address, cache=Path(cache), credentials=S3Credentials(*keys) if keys else None)
inputs = ()
for number in range(1_000_000):
    made = store.put_bytes(b"%d" % number * 20_000, "application/octet-stream")
    step = StepRecord("", "take", "take", "1", "", {"n": number}, inputs, {"out": made}, {}, 1,
                      datetime.now(UTC), 0.1)
    step = lineage.record(replace(step, key=step.derived_key()))
    inputs = (StepInput("before", made.id, step.key, "out"),)
    print(step.key, flush=True)
"""

# Puts a file that is larger than what this process may write.
OVERFLOW = """
import resource, sys
from pathlib import Path
from db.store import open_store
from reelhouse.errors import DiskFull

store = open_store(sys.argv[1], cache=Path(sys.argv[1]))
small = store.put_bytes(b"small", "text/plain")
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    store.put_bytes(b"x" * 300_000, "video/mp4")
except DiskFull as error:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert list(store.ids()) == [small.id]
    store.put_bytes(b"x" * 300_000, "video/mp4")
    print(error)
"""

# Asks the same database from a parent and its forked child, on connections opened before the fork.
FORK = """
import os, sys
from db.lineage import Lineage
from db.session import open_database

lineage = Lineage(open_database(sys.argv[1]))
lineage.renders()
child = os.fork()
for _ in range(200):
    assert lineage.renders() == []
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""


def python(script: str, *arguments: str) -> subprocess.Popen[str]:
    """A child process that runs a script with this project's packages."""
    command = [sys.executable, "-W", "error", "-c", script, *arguments]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_killed_writer_loses_nothing_it_was_told_is_kept(
    database_url: str,
    store_address: tuple[str, S3Credentials | None],
    store: ArtifactStore,
    tmp_path: Path,
):
    address, credentials = store_address
    keys = (credentials.access_key, credentials.secret_key) if credentials else ()
    open_database(database_url).dispose()
    writer = python(WRITER, database_url, address, str(tmp_path / "cache"), *keys)
    assert writer.stdout is not None
    told = [writer.stdout.readline().strip() for _ in range(23)]
    writer.send_signal(signal.SIGKILL)
    told += writer.communicate()[0].split()

    engine = open_database(database_url)
    whole = [key for key in told if len(key) == 64]  # the last line may be cut short
    assert len(Lineage(engine).steps(whole)) == len(whole) >= 23
    assert verify(engine, store).problems == ()
    assert store.sweep(before=datetime.now(UTC) + timedelta(minutes=1)) <= 1
    engine.dispose()


def test_a_full_disk_keeps_nothing_half_written(tmp_path: Path):
    child = python(OVERFLOW, str(tmp_path / "store"))
    said, complaint = child.communicate(timeout=60)

    assert child.returncode == 0, complaint
    assert "no room left" in said
    assert list((tmp_path / "store" / "tmp").iterdir()) == []


def test_a_full_database_says_so_and_stays_whole(tmp_path: Path):
    engine = open_database(f"sqlite:///{tmp_path / 'lineage.db'}")
    lineage, store = Lineage(engine), FolderStore(tmp_path / "store")
    record_film(lineage, store)
    raw = engine.raw_connection()
    raw.cursor().execute("PRAGMA max_page_count = 1")  # no larger than it is
    raw.close()

    with pytest.raises(DiskFull, match="no room left"):
        lineage.record(make_step("take", parameters={"text": "x" * 100_000}))

    assert verify(engine, store).ok
    engine.dispose()


def test_a_forked_process_does_not_talk_on_its_parents_connection(database_url: str):
    child = python(FORK, database_url)

    assert child.communicate(timeout=60)[1] == ""
    assert child.returncode == 0


@pytest.mark.services
def test_a_store_whose_server_stops_says_where_it_was(tmp_path: Path):
    with s3_server() as server:
        url = f"s3://films?endpoint={server.endpoint}&create=yes"
        store = open_store(url, cache=tmp_path / "cache", credentials=server.admin)
        kept = store.put_bytes(b"kept", "text/plain")
        store.fetch(kept.id)
        server.kill()

        for ask in (store.check, store.size, store.read, store.delete):
            with pytest.raises(ServiceUnavailable, match=server.endpoint) as raised:
                ask(kept.id)
            assert "REELHOUSE_STORE" in str(raised.value)
        with pytest.raises(ServiceUnavailable, match="reelhouse up"):
            store.put_bytes(b"more", "text/plain")
        assert store.fetch(kept.id).read_bytes() == b"kept"


@pytest.mark.services
def test_a_database_whose_server_stops_says_where_it_was():
    with postgres_server() as server:
        engine = open_database(server.url("postgres"))
        lineage = Lineage(engine)
        lineage.record(make_step("take"))
        server.stop()

        with pytest.raises(ServiceUnavailable, match=str(server.port)) as raised:
            lineage.renders()
        assert server.password not in str(raised.value)
        engine.dispose()


@pytest.mark.services
def test_a_lost_connection_is_replaced(postgresql: PostgresServer, postgresql_url: str):
    engine = open_database(postgresql_url)
    lineage = Lineage(engine)
    lineage.renders()
    postgresql.cut_connections(postgresql_url)

    assert lineage.renders() == []
    engine.dispose()


@pytest.mark.services
def test_a_connection_that_is_lost_in_a_transaction_may_be_tried_again(
    postgresql: PostgresServer, postgresql_url: str
):
    engine = open_database(postgresql_url)

    def be_cut_off() -> None:
        with writing(engine) as connection:
            postgresql.cut_connections(postgresql_url)
            connection.execute(text("SELECT 1"))

    with pytest.raises(ServiceUnavailable):
        be_cut_off()
    assert Lineage(engine).renders() == []
    engine.dispose()
