"""The schema is brought to the newest revision when a database is opened, by one process at a time.

A database that is there already costs one question: alembic is imported only when there is work to do.
PostgreSQL and SQLite both undo a half-done migration, since it runs in one transaction.
"""

import fcntl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from logging import getLogger
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from reelhouse.errors import LineageError

HEAD = "0007"
_MIGRATIONS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 0x5265656C  # "Reel"

log = getLogger(__name__)


def bring_to_head(engine: Engine) -> None:
    """Make or upgrade the tables if they are not at `HEAD`.

    Raises:
        LineageError: the tables were made by a newer version of this program.
    """
    with engine.connect() as connection:
        if revision(connection) == HEAD:
            return
    with _alone(engine) as connection:
        found = revision(connection)
        if found != HEAD:  # another process may have done it while this one waited
            _migrate(connection, found)


def revision(connection: Connection) -> str | None:
    """The revision of the tables, None when there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(text("SELECT version_num FROM alembic_version"))


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that no other process enters before it has ended."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '60s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            yield connection
        return
    # A lock file, since SQLite does not wait for its own lock while the journal mode changes. The kernel
    # lets go of it when the process dies.
    with Path(f"{engine.url.database}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Kept in the file from here on; not possible inside a transaction, so past SQLAlchemy.
        with closing(engine.raw_connection()) as raw:
            raw.cursor().execute("PRAGMA journal_mode = WAL")
        with engine.connect() as connection:
            connection.execution_options(reelhouse_writes=True)
            with connection.begin():
                yield connection


def _migrate(connection: Connection, found: str | None) -> None:
    # Imported here: 0.2 s that a database at HEAD need not pay.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    if found is not None:
        try:
            ScriptDirectory.from_config(config).get_revision(found)
        except CommandError as error:
            raise LineageError(
                f"the lineage database has schema revision {found}, this program knows up to {HEAD}: "
                "it was written by a newer Reelhouse; upgrade this one, or name another database"
            ) from error
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    log.info("lineage database: schema brought from %s to %s", found or "nothing", HEAD)
