"""The schema is made and upgraded by itself, on SQLite and on a real PostgreSQL."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

import db
from db.session import open_database
from db.tables import metadata
from db.upgrade import HEAD, revision
from reelhouse.errors import LineageError

ROOT = Path(str(db.__file__)).parents[1]
# All open the database at the moment that the parent gives, not when each has finished importing.
OPEN = """
import sys
import alembic.command
from db.session import open_database
print("ready", flush=True)
sys.stdin.readline()
open_database(sys.argv[1]).dispose()
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'lineage.db'}"
    return request.getfixturevalue("empty_postgresql_url")


def test_the_constant_is_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(ROOT / "db" / "migrations"))

    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_the_migrations_make_the_tables_that_the_code_uses(engine: Engine):
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_migrations_make_every_check(engine: Engine):
    made = inspect(engine)
    for table in metadata.tables.values():
        wanted = {str(check.name) for check in table.constraints if str(check.name).startswith("ck_")}
        assert {check["name"] for check in made.get_check_constraints(table.name)} == wanted


def test_four_processes_may_open_a_new_database_at_once(empty_url: str):
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", OPEN, empty_url],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("now\n")
        process.stdin.flush()

    said = [process.communicate(timeout=60)[1] for process in processes]

    assert [process.returncode for process in processes] == [0] * 4, said
    engine = open_database(empty_url)
    with engine.connect() as connection:
        assert revision(connection) == HEAD
    engine.dispose()


def test_a_schema_from_the_future_is_refused(empty_url: str):
    engine = open_database(empty_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    with pytest.raises(LineageError, match=r"9999.*newer Reelhouse"):
        open_database(empty_url)


def test_an_interrupted_migration_leaves_no_trace(empty_url: str, monkeypatch: pytest.MonkeyPatch):
    from alembic import command

    real = command.upgrade

    def upgrade_and_fail(*arguments: object) -> None:
        real(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "upgrade", upgrade_and_fail)
    with pytest.raises(KeyboardInterrupt):
        open_database(empty_url)
    monkeypatch.undo()

    engine = open_database(empty_url)
    with engine.connect() as connection:
        assert revision(connection) == HEAD
    engine.dispose()
