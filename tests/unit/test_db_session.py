"""Opening the lineage database: URLs, what is masked, what it costs."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

import db
from db.session import masked, open_database, parse_url
from reelhouse.errors import InputError, LineageError

ROOT = Path(str(db.__file__)).parents[1]
OPEN_TWICE = """
import sys, time
import sqlalchemy
from db.session import open_database
open_database(sys.argv[1]).dispose()
print(sorted({"alembic", "minio", "urllib3", "psycopg2"} & set(sys.modules)))
"""


def test_the_driver_is_the_one_we_ship():
    for scheme in ("postgres", "postgresql", "postgresql+psycopg2"):
        assert parse_url(f"{scheme}://u:p@host/name").drivername == "postgresql+psycopg2"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "mysql://u:hush@host/name",
        "postgresql+asyncpg://u:hush@host/name",
        "postgresql://u:hu:sh@host:port/name",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_its_password(url: str):
    with pytest.raises(InputError) as raised:
        parse_url(url)

    assert "hush" not in str(raised.value)


def test_a_masked_url_holds_no_secret():
    url = make_url("postgresql+psycopg2://me:hush@host:1/name?password=hush&sslpassword=hush&sslmode=require")

    assert masked(url) == "postgresql://me:***@host:1/name?sslmode=require"


def test_sqlite_is_set_up_for_many_processes(tmp_path: Path):
    engine = open_database(f"sqlite:///{tmp_path / 'deep' / 'er' / 'lineage.db'}")
    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        }
    engine.dispose()

    assert pragmas == {"journal_mode": "wal", "synchronous": 1, "busy_timeout": 10_000, "foreign_keys": 1}


def test_opening_a_database_that_is_there_imports_nothing_heavy(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'lineage.db'}"
    open_database(url).dispose()

    child = subprocess.run(
        [sys.executable, "-c", OPEN_TWICE, url], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert child.stdout.strip() == "[]"


def test_a_file_that_is_no_database_is_named(tmp_path: Path):
    file = tmp_path / "lineage.db"
    file.write_text("this is a shopping list, and a long one at that" * 100)

    with pytest.raises(LineageError, match=r"lineage\.db cannot be used: file is not a database"):
        open_database(f"sqlite:///{file}")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").touch()

    with pytest.raises(LineageError, match="cannot be made"):
        open_database(f"sqlite:///{tmp_path / 'file' / 'lineage.db'}")


def test_an_engine_refuses_a_row_that_refers_to_nothing(tmp_path: Path):
    from sqlalchemy.exc import IntegrityError

    engine = open_database(f"sqlite:///{tmp_path / 'lineage.db'}")
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text("INSERT INTO storyboards VALUES ('" + "0" * 64 + "', 't', 'nothing')"))
    engine.dispose()
