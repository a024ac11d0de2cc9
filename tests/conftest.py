"""Fixtures for every room of tests: a lineage database, an artifact store, and the real servers behind.

A server starts when a first test asks for it and serves the whole session. Every test finds its database and
its store empty.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

import pytest
from sqlalchemy import Engine

from db.lineage import Lineage
from db.session import open_database
from db.store import ArtifactStore, S3Credentials, open_store
from db.tables import metadata

from .servers import PostgresServer, S3Server, Server, Unavailable, postgres_server, s3_server

DATABASE = "reelhouse"
Running = TypeVar("Running", bound=Server)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """A PostgreSQL server with one migrated database."""
    with ExitStack() as stack:
        server = _entered(stack, postgres_server())
        server.execute(f"CREATE DATABASE {DATABASE}")
        open_database(server.url(DATABASE)).dispose()
        yield server


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """An S3 service."""
    with ExitStack() as stack:
        yield _entered(stack, s3_server())


@pytest.fixture
def postgresql_url(postgresql: PostgresServer) -> str:
    """A migrated PostgreSQL database without a row."""
    url = postgresql.url(DATABASE)
    postgresql.cut_connections(url)  # one that is still open could hold a lock
    # A database of each test's own would take a busy machine a second each.
    rows = [str(table.delete()) for table in reversed(metadata.sorted_tables)]
    postgresql.execute("; ".join(rows), database=DATABASE)
    return url


@pytest.fixture
def empty_postgresql_url(postgresql: PostgresServer) -> Iterator[str]:
    """A PostgreSQL database of the test's own, without any tables."""
    name = f"test_{secrets.token_hex(8)}"
    postgresql.execute(f"CREATE DATABASE {name}")
    yield postgresql.url(name)
    postgresql.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def s3_url(s3: S3Server) -> str:
    """The URL of an empty S3 store: a prefix of the test's own, since a new bucket takes seconds."""
    options = {"endpoint": s3.endpoint, "create": "yes"}
    return f"s3://films/{secrets.token_hex(8)}?{urlencode(options)}"


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite lineage to copy: to migrate one takes 0.1 s."""
    file = tmp_path_factory.mktemp("sqlite") / "lineage.db"
    open_database(f"sqlite:///{file}").dispose()
    return file


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, sqlite_file: Path) -> str:
    """A migrated lineage database without a row, of each kind in turn."""
    if request.param == "sqlite":
        shutil.copy(sqlite_file, tmp_path / "lineage.db")
        return f"sqlite:///{tmp_path / 'lineage.db'}"
    return request.getfixturevalue("postgresql_url")


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.services)])
def store_address(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, S3Credentials | None]:
    """The URL and keys of an empty artifact store, of each kind in turn."""
    if request.param == "folder":
        return str(tmp_path / "store"), None
    return request.getfixturevalue("s3_url"), request.getfixturevalue("s3").admin


@pytest.fixture
def store(store_address: tuple[str, S3Credentials | None], tmp_path: Path) -> ArtifactStore:
    """An empty artifact store, of each kind in turn."""
    url, credentials = store_address
    return open_store(url, cache=tmp_path / "cache", credentials=credentials)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An empty lineage database, opened."""
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def lineage(engine: Engine) -> Lineage:
    """An empty lineage, on each kind of database in turn."""
    return Lineage(engine)


def _entered(stack: ExitStack, server: AbstractContextManager[Running]) -> Running:
    """The running server; the tests are skipped when it cannot run here, but fail in CI."""
    try:
        return stack.enter_context(server)
    except Unavailable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
