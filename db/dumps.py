"""A database as one file: written while others work on it, loaded into an empty database.

PostgreSQL goes through its own pg_dump and pg_restore, SQLite through its own online copy. What the file
holds is one moment of the database, and whoever writes it may look at that very moment.
"""

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import URL, Connection, create_engine, inspect, text
from sqlalchemy.pool import NullPool

from db.session import errors_translated, masked
from reelhouse.errors import InputError, LineageError

_UNLOCKED = {"uri": "true", "immutable": "1"}

Program: TypeAlias = Callable[[str], str]  # a name such as pg_dump → the path to start it by


@contextmanager
def dumped(url: URL, file: Path, program: Program) -> Iterator[Connection]:
    """Write the database to a new file; the connection reads exactly what the file holds.

    Raises:
        InputError: there is no such SQLite file.
        LineageError, ServiceUnavailable, DiskFull: it cannot be read, or the file not written.
    """
    if is_sqlite(url):
        _copy_sqlite(Path(url.database or ""), file)
        # Without "immutable" SQLite would put two more files beside the copy, to lock what nobody writes.
        with _connected(URL.create("sqlite", database=f"file:{file}", query=_UNLOCKED)) as connection:
            yield connection
        return
    with _connected(url) as connection:
        connection.execution_options(isolation_level="REPEATABLE READ")
        with errors_translated(url), connection.begin():
            snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
            words = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
            _run(url, program("pg_dump"), *words, f"--file={file}")
            yield connection


def load(url: URL, file: Path, program: Program) -> None:
    """Load a dumped file into an empty database, wholly or not at all.

    Raises:
        LineageError, ServiceUnavailable: the database refuses, or does not answer.
    """
    if is_sqlite(url):
        target = Path(url.database or "")
        part = target.with_name(f"{target.name}.part")
        part.unlink(missing_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy_sqlite(file, part)
        part.rename(target)
        return
    words = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
    _run(url, program("pg_restore"), *words, str(file))


def row_counts(connection: Connection) -> dict[str, int]:
    """How many rows each table has, by its name."""
    quoted = connection.dialect.identifier_preparer.quote
    return {
        name: connection.scalar(text(f"SELECT count(*) FROM {quoted(name)}")) or 0  # noqa: S608 - a table's own name
        for name in sorted(inspect(connection).get_table_names())
    }


def rows_in(url: URL) -> dict[str, int]:
    """How many rows each table of a database has; nothing for a SQLite file that is not there.

    Raises:
        LineageError, ServiceUnavailable: the database cannot be read.
    """
    if is_sqlite(url) and not Path(url.database or "").exists():
        return {}
    with _connected(url) as connection, errors_translated(url):
        return row_counts(connection)


def is_sqlite(url: URL) -> bool:
    """Whether the database is a file of SQLite; else it is PostgreSQL."""
    return url.get_backend_name() == "sqlite"


@contextmanager
def _connected(url: URL) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    with errors_translated(url):
        connection = engine.connect()
    with closing(connection):
        yield connection


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copy through SQLite, which leaves out what is not committed; the copy is whole or an error."""
    if not source.is_file():
        raise InputError(f"there is no database {source}")
    try:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as reader,
            closing(sqlite3.connect(target)) as writer,
        ):
            reader.backup(writer)
    except sqlite3.Error as error:
        raise LineageError(f"the database {source} cannot be copied to {target}: {error}") from error


def _run(url: URL, program: str, *words: str) -> None:
    """Run one of PostgreSQL's programs on a database; the password is in no argument list."""
    query = {name: value for name, value in url.query.items() if name != "password"}
    bare = URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
    environment = {**os.environ, "PGAPPNAME": "reelhouse"}
    if password := url.password or url.query.get("password"):
        environment["PGPASSWORD"] = str(password)
    done = subprocess.run(
        [program, f"--dbname={bare.render_as_string(hide_password=False)}", "--no-password", *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip()[-1000:]
        raise LineageError(
            f"{Path(program).name} ended with exit code {done.returncode} at {masked(url)}: {said}. (Its "
            "major version may not be older than the server's.)"
        )
