"""The lineage database: how it is opened, and what its failures are called.

SQLite (one file, many processes of one machine) and PostgreSQL (many machines) are used alike through
`reading` and `writing`, which also turn every SQLAlchemy error into one of ours. A password never reaches
a message.
"""

import os
import re
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url

from db.upgrade import bring_to_head
from reelhouse.errors import DiskFull, InputError, LineageError, ReelhouseError, ServiceUnavailable
from reelhouse.identity import canonical_json

BUSY_TIMEOUT_S = 10
CONNECT_TIMEOUT_S = 5
# A machine that vanishes says no goodbye: without these, whoever asks it waits a quarter of an hour, and no
# claim or want is renewed meanwhile. So the server's machine is asked after 10 s of silence, each 5 s, and
# given up at the third time, or when what was sent to it is not acknowledged for 15 s. A statement that
# takes long is none of it: the server's kernel answers.
VANISHED_AFTER: Mapping[str, int] = MappingProxyType(
    {
        "keepalives": 1,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,  # ms
    }
)
# PostgreSQL refuses a connection with words only: these say that asking again is no use.
_REFUSED_FOR_GOOD = re.compile(
    r"authentication failed|no password supplied|pg_hba\.conf|(role|user|database) .* does not exist|"
    r"not permitted to log in|permission denied for database"
)
_ADVICE = (
    "set REELHOUSE_DATABASE_URL to another database, or unset it to keep the lineage in a local SQLite file"
)


def open_database(url: str) -> Engine:
    """Open the lineage database, making or upgrading its tables; safe from many processes at once.

    `sqlite:////absolute/path.db` is made when it is not there. `postgresql://user:password@host/name` names
    an existing database; `postgres://` and `postgresql+psycopg2://` mean the same.

    Raises:
        InputError: the URL cannot be understood.
        LineageError: the password, role or database is wrong, or the tables are newer than this program.
        ServiceUnavailable: the server does not answer.
    """
    parsed = parse_url(url)
    engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed)
    _forget_pool_after_fork(engine)
    try:
        with errors_translated(parsed):
            bring_to_head(engine)
    except ReelhouseError:
        engine.dispose()
        raise
    return engine


def parse_url(url: str) -> URL:
    """The database URL, with the driver this project ships.

    Raises:
        InputError: it is not the URL of a SQLite file or a PostgreSQL database.
    """
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError):
        # Without the cause: it may quote the URL, and the URL a password.
        raise InputError(
            "the database URL cannot be understood; it looks like postgresql://user:password@host:5432/name "
            "(a special character in the password is written %40) or sqlite:////absolute/path.db"
        ) from None
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg2"):
        # A bare postgresql:// would ask SQLAlchemy 2.1 for psycopg 3.
        return parsed.set(drivername="postgresql+psycopg2")
    if parsed.get_backend_name() == "sqlite" and parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        if parsed.database in (None, "", ":memory:"):
            raise InputError(
                "the lineage outlives the process: name a file, as in sqlite:////absolute/path.db"
            )
        return parsed.set(drivername="sqlite+pysqlite")
    raise InputError(f"the database must be postgresql:// or sqlite:///, not {parsed.drivername}://")


def masked(url: URL) -> str:
    """What the database is called in logs and messages: its URL without secrets, a SQLite file's path."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    secret = [name for name in url.query if "password" in name]
    shown = url.set(drivername="postgresql").difference_update_query(secret)
    return shown.render_as_string(hide_password=True)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection with a transaction that only reads. Raises as `errors_translated` does."""
    with errors_translated(engine.url), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A connection with a transaction that is committed at the end, or undone by any exception.

    SQLite's write lock is taken at once: a transaction that reads first and writes later could not be waited
    for. Raises as `errors_translated` does.
    """
    with errors_translated(engine.url), engine.connect() as connection:
        connection.execution_options(reelhouse_writes=True)
        with connection.begin():
            yield connection


@contextmanager
def errors_translated(url: URL) -> Iterator[None]:
    """Turn what SQLAlchemy raises into what a person can act on.

    Raises:
        LineageError: the database refuses, and would again.
        ServiceUnavailable: it does not answer, or is busy.
        DiskFull: it has no room.
    """
    try:
        yield
    except exc.SQLAlchemyError as error:
        raise _translation(error, url) from error


def _translation(error: exc.SQLAlchemyError, url: URL) -> ReelhouseError:
    where = f"the lineage database {masked(url)}"
    original = getattr(error, "orig", None)
    # The first line of the driver's words; SQLAlchemy's own text would add the whole statement.
    said = (str(original or error).strip().splitlines() or [type(error).__name__])[0]
    code = getattr(original, "pgcode", None)
    if code == "53100" or "disk is full" in said:
        return DiskFull(f"{where} has no room left ({said}); free some space and run again")
    if isinstance(error, exc.IntegrityError):
        return LineageError(f"{where} does not take the record: {said}")
    if isinstance(error, exc.TimeoutError) or "database is locked" in said:
        return ServiceUnavailable(f"{where} is busy ({said}); run again")
    if (
        isinstance(error, exc.OperationalError | exc.InterfaceError)
        and url.get_backend_name() == "postgresql"
    ):
        if _REFUSED_FOR_GOOD.search(str(original)):
            return LineageError(f"{where} refuses the connection: {said}; check the URL, or {_ADVICE}")
        return ServiceUnavailable(
            f"{where} does not answer ({said}); start it (`reelhouse up` runs one on this machine), "
            f"or {_ADVICE}"
        )
    return LineageError(f"{where} cannot be used: {said}")


def _postgresql(url: URL) -> Engine:
    ours = {"application_name": "reelhouse", "connect_timeout": CONNECT_TIMEOUT_S, **VANISHED_AFTER}
    return create_engine(
        url,
        pool_pre_ping=True,
        connect_args={name: value for name, value in ours.items() if name not in url.query},
        json_serializer=canonical_json,
        hide_parameters=True,
    )


def _sqlite(url: URL) -> Engine:
    file = Path(url.database or "").expanduser().absolute()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LineageError(f"the lineage database {file} cannot be made: {error.strerror}") from error
    engine = create_engine(
        url.set(database=str(file)),
        connect_args={"timeout": BUSY_TIMEOUT_S},
        json_serializer=canonical_json,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection, _record: object) -> None:
    # sqlite3 would begin transactions by itself, and only before a write: _begin_sqlite does it.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    # In WAL mode this loses nothing when a process dies, and at a power cut only the last commits.
    connection.execute("PRAGMA synchronous = NORMAL")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("reelhouse_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _forget_pool_after_fork(engine: Engine) -> None:
    # Two processes talking on one inherited connection answer each other's questions.
    reference = weakref.ref(engine)

    def forget() -> None:
        inherited = reference()
        if inherited is not None:
            inherited.dispose(close=False)

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forget)
