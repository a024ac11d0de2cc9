"""What a person is told when something is wrong: which, what was found, what to do; and nothing is lost.

By the command line: the one line that a command says, and its exit code.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch as mock_patch
from urllib.parse import quote

import psycopg2
import pytest
from alembic import command
from alembic.config import Config

import db
from db.lineage import Lineage
from db.s3 import S3Store
from db.s3_service import parse_address
from db.session import open_database
from db.store import open_store
from db.upgrade import HEAD, revision
from reelhouse.errors import ServiceUnavailable
from studio.cli import main

from ..s3_line import FOR_EVER, Line, line_to
from ..servers import PostgresServer, S3Server, free_ports
from .test_ownership import LEASE_S, MAKER, ROOT, a_step

pytestmark = [pytest.mark.services, pytest.mark.timeout(120)]

BOARD = """\
title: Faults
engine: testcard
video: {size: 64x64}
scenes: [{id: a, prompt: rain, duration: 0.5s}]
"""
CAMPAIGN = "name: faults\nstoryboard: board.yaml\nvariants: {locale: [en]}\n"
RENDER, SUBMIT, WORKERS = "render board.yaml", "submit board.yaml", "workers"
WORKER, STEWARD = "worker --offers testcard", "steward"
CAMPAIGNS = "campaign submit campaign.yaml"
EVERY_COMMAND = (RENDER, SUBMIT, WORKERS, WORKER, CAMPAIGNS)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a storyboard and a campaign, and no service at all."""
    (tmp_path / "board.yaml").write_text(BOARD)
    (tmp_path / "campaign.yaml").write_text(CAMPAIGN)
    return tmp_path


def all_say(home: Path, commands: tuple[str, ...], settings: Mapping[str, str], *, code: int) -> set[str]:
    """The lines that commands say, each command one, with this exit code; in this process."""
    said: set[str] = set()
    for words in commands:
        out, errors = StringIO(), StringIO()
        with (
            pytest.MonkeyPatch.context() as patch,
            mock_patch.dict(os.environ, {**settings, "REELHOUSE_HOME": str(home)}),
            redirect_stdout(out),
            redirect_stderr(errors),
        ):
            patch.chdir(home)
            patch.setattr(sys, "argv", ["reelhouse", *words.split()])
            with pytest.raises(SystemExit) as end:
                main()
        assert end.value.code == code, out.getvalue() + errors.getvalue()
        [line] = (out.getvalue() + errors.getvalue()).splitlines()
        said.add(line)
    return said


def processes_say(
    home: Path, commands: tuple[str, ...], settings: Mapping[str, str], *, code: int
) -> set[str]:
    """The same with each command in a process of its own: Prefect reads its settings once in a process."""

    def said(words: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-m", "studio.cli", *words.split()],
            cwd=home,
            env={**os.environ, **settings, "REELHOUSE_HOME": str(home)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return (done.stdout + done.stderr).splitlines()

    with ThreadPoolExecutor(2) as people:
        return {line for lines in people.map(said, commands) for line in lines}


def over(line: Line, s3: S3Server, url: str) -> str:
    """The URL of a store, reached over a line."""
    return url.replace(quote(s3.endpoint, safe=""), quote(line.endpoint, safe=""))


def nobody() -> str:
    """An address at which nobody listens."""
    [port] = free_ports(1)
    return f"127.0.0.1:{port}"


def test_a_database_that_is_down_is_named_with_how_to_start_it(home: Path):
    at = nobody()
    url = {"REELHOUSE_DATABASE_URL": f"postgresql://films:hush@{at}/films"}

    [said] = all_say(home, EVERY_COMMAND, url, code=3)

    assert f"the lineage database postgresql://films:***@{at}/films does not answer" in said
    assert "start it (`reelhouse up` runs one on this machine)" in said


def test_a_store_that_is_down_is_named_before_any_work_begins(home: Path):
    at = nobody()
    store = {
        "REELHOUSE_STORE": f"s3://films?endpoint=http://{at}",
        "REELHOUSE_STORE_ACCESS_KEY": "films",
        "REELHOUSE_STORE_SECRET_KEY": "hush",
        "PREFECT_API_URL": f"http://{at}/api",
    }

    [said] = all_say(home, (RENDER, WORKER), store, code=3) | processes_say(
        home, (SUBMIT, CAMPAIGNS), store, code=3
    )

    assert f"the artifact store s3://films/ at http://{at} does not answer" in said
    assert "Start it (`reelhouse up` runs one on this machine)" in said
    assert "hush" not in said


def test_a_prefect_server_that_is_down_is_named_with_what_goes_without_it(home: Path):
    at = nobody()

    server = {"PREFECT_API_URL": f"http://{at}/api"}
    answers = processes_say(home, (RENDER, SUBMIT, STEWARD, CAMPAIGNS), server, code=3)

    for said in answers:
        assert f"Prefect's server http://{at}/api" in said
        assert "does not answer" in said
        assert "start it (`reelhouse up` runs one on this machine)" in said
        assert "`reelhouse render` without PREFECT_API_URL needs none" in said


def test_a_studio_that_is_down_is_said_with_how_to_start_it(home: Path):
    assert "is down: `reelhouse up` starts it" in all_say(home, ("status",), {}, code=3).pop()


def test_a_wrong_database_password_is_told_by_every_command_and_shown_by_none(
    home: Path, postgresql: PostgresServer
):
    url = f"postgresql://postgres:hush@127.0.0.1:{postgresql.port}/postgres"

    [said] = all_say(home, EVERY_COMMAND, {"REELHOUSE_DATABASE_URL": url}, code=1)

    assert "refuses the connection" in said
    assert "password authentication failed" in said
    assert "check the URL" in said
    assert "hush" not in said


def test_wrong_keys_of_the_store_end_a_worker_before_it_takes_anything_up(home: Path, s3: S3Server):
    store = {
        "REELHOUSE_STORE": f"s3://films?endpoint={s3.endpoint}",
        "REELHOUSE_STORE_ACCESS_KEY": s3.admin.access_key,
        "REELHOUSE_STORE_SECRET_KEY": "hush",
    }

    [said] = all_say(home, (RENDER, WORKER), store, code=1)

    assert "the secret key does not belong to the access key" in said
    assert "Check REELHOUSE_STORE_ACCESS_KEY and REELHOUSE_STORE_SECRET_KEY" in said
    assert "hush" not in said


def test_a_setting_that_cannot_be_used_is_named_and_its_value_is_not_shown(home: Path):
    settings = {"REELHOUSE_LEASE_S": "hush", "REELHOUSE_ENGINES": "there"}

    [said] = all_say(home, EVERY_COMMAND, settings, code=2)

    assert "REELHOUSE_LEASE_S: Input should be a valid number" in said
    assert "REELHOUSE_ENGINES: Input should be 'here' or 'workers'" in said
    assert "hush" not in said


def test_tables_of_a_newer_program_are_left_alone_by_every_command(home: Path, empty_postgresql_url: str):
    open_database(empty_postgresql_url).dispose()
    with psycopg2.connect(empty_postgresql_url) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    [said] = all_say(home, EVERY_COMMAND, {"REELHOUSE_DATABASE_URL": empty_postgresql_url}, code=1)

    assert f"has schema revision 9999, this program knows up to {HEAD}" in said
    assert "upgrade this one, or name another database" in said


def test_tables_of_an_older_program_are_brought_up_by_whichever_command_comes_first(
    home: Path, empty_postgresql_url: str
):
    engine = open_database(empty_postgresql_url)
    older = Config()
    older.set_main_option("script_location", str(Path(str(db.__file__)).parent / "migrations"))
    with engine.begin() as connection:
        older.attributes["connection"] = connection
        command.downgrade(older, "0002")  # before there were wants and workers

    url = {"REELHOUSE_DATABASE_URL": empty_postgresql_url}
    processes_say(home, ("workers", "approvals"), url, code=0)  # at once: one of them does it

    with engine.connect() as connection:
        assert revision(connection) == HEAD
    engine.dispose()


def test_an_upload_that_is_cut_off_once_is_sent_again_and_whole(s3: S3Server, s3_url: str, tmp_path: Path):
    with line_to(s3.endpoint) as line:
        store = open_store(over(line, s3, s3_url), cache=tmp_path / "cache", credentials=s3.admin)
        line.cuts = 1
        kept = store.put_bytes(b"x" * 300_000, "video/mp4")

    assert line.uploads == 2
    open_store(s3_url, cache=tmp_path / "other", credentials=s3.admin).check(kept.id)


def test_uploads_that_are_cut_off_for_good_are_told_and_leave_nothing_under_their_names(
    s3: S3Server, s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("db.s3.SINGLE_PUT_BYTES", 1 << 20)
    there = open_store(s3_url, cache=tmp_path / "other", credentials=s3.admin)
    with line_to(s3.endpoint) as line:
        store = open_store(over(line, s3, s3_url), cache=tmp_path / "cache", credentials=s3.admin)
        line.cuts = FOR_EVER
        for data in (b"x" * 300_000, b"x" * (2 << 20)):  # in one piece, and in parts
            with pytest.raises(ServiceUnavailable, match="does not answer"):
                store.put_bytes(data, "video/mp4")

        assert list(there.ids()) == []
        line.cuts = 0
        there.check(store.put_bytes(b"x" * (2 << 20), "video/mp4").id)


def test_an_upload_in_parts_whose_end_is_not_seen_is_reaped_by_maintenance(
    s3: S3Server, s3_url: str, tmp_path: Path
):
    store = S3Store(parse_address(s3_url), cache=tmp_path, credentials=s3.admin)
    name = f"{store.address.prefix}sha256/ab/{'ab' * 32}"
    store._client._create_multipart_upload(store.address.bucket, name, {})  # its process is killed now

    assert store.sweep(before=datetime.now(UTC) - timedelta(hours=1)) == 0
    assert store.sweep(before=datetime.now(UTC) + timedelta(minutes=1)) == 1
    assert store._client._list_multipart_uploads(store.address.bucket, prefix=name).uploads == []


# Runs what follows with a clock that differs from this machine's by the seconds given.
SKEWED = """
import datetime, time
class Skewed(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + datetime.timedelta(seconds={seconds})
right = time.time
time.time = lambda: right() + {seconds}
datetime.datetime = Skewed
"""


def test_a_clock_that_the_store_does_not_take_is_told_as_that(home: Path, s3: S3Server):
    store = {
        "REELHOUSE_STORE": f"s3://films?endpoint={s3.endpoint}",
        "REELHOUSE_STORE_ACCESS_KEY": s3.admin.access_key,
        "REELHOUSE_STORE_SECRET_KEY": s3.admin.secret_key,
        "REELHOUSE_HOME": str(home),
    }
    script = SKEWED.format(seconds=3600) + "from studio.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, *WORKER.split()],
        cwd=home,
        env={**os.environ, **store},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 1, done.stderr
    assert "Set the clock that is wrong" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_process_whose_clock_is_an_hour_wrong_neither_loses_its_step_nor_takes_a_live_one(
    tmp_path: Path, postgresql_url: str, seconds: int
):
    waits = MAKER.replace("bench =", 'print("ready", flush=True); input()\nbench =', 1)

    def maker(skew: int) -> subprocess.Popen[str]:
        arguments = [str(tmp_path), postgresql_url, str(2 * LEASE_S)]
        return subprocess.Popen(
            [sys.executable, "-c", SKEWED.format(seconds=skew) + waits, *arguments],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    with maker(seconds) as first, maker(-seconds) as second:
        assert first.stdin
        assert first.stdout
        assert second.stdout
        assert first.stdout.readline() == second.stdout.readline() == "ready\n"
        first.stdin.write("begin\n")
        first.stdin.flush()
        assert first.stdout.readline() == "at work\n"
        told = [process.communicate("begin\n", timeout=60) for process in (second, first)]

    assert [said for said, _ in told] == ["recorded\n", "recorded\n"], told
    [step] = Lineage(open_database(postgresql_url)).steps([a_step().key]).values()
    assert step.facts["attempt"] == 1


FILM = """\
title: Film
engine: testcard
video: {size: 64x64}
scenes:
  - {id: a, prompt: rain, duration: 0.6s}
  - {id: b, prompt: sun, duration: 0.6s}
  - {id: c, prompt: snow, duration: 0.6s}
"""


@pytest.fixture
def line(s3: S3Server) -> Iterator[Line]:
    """A line to the S3 service."""
    with line_to(s3.endpoint) as line:
        yield line


@pytest.fixture
def over_the_line(home: Path, line: Line, s3: S3Server, s3_url: str, prefect_url: str) -> dict[str, str]:
    """Settings of a render that reaches its store over the line; its storyboard is film.yaml."""
    (home / "film.yaml").write_text(FILM)
    return {
        "PREFECT_API_URL": prefect_url,
        "REELHOUSE_STORE": over(line, s3, s3_url),
        "REELHOUSE_STORE_ACCESS_KEY": s3.admin.access_key,
        "REELHOUSE_STORE_SECRET_KEY": s3.admin.secret_key,
        "REELHOUSE_SCENES_AT_ONCE": "1",
    }


def answer(said: set[str]) -> dict[str, Any]:
    """What a command with --json answers, among all that it says."""
    [line] = [line for line in said if line.startswith("{")]
    return json.loads(line)


@pytest.mark.timeout(300)
def test_a_store_that_is_full_stops_a_render_and_the_same_command_goes_on_when_there_is_room(
    home: Path, line: Line, over_the_line: dict[str, str]
):
    line.room = 10
    said = " ".join(processes_say(home, ("render film.yaml",), over_the_line, code=1))
    line.room = None
    finished = answer(processes_say(home, ("render film.yaml --json",), over_the_line, code=0))

    assert "has no room left" in said
    assert "Make room there, and run the same command again" in said
    assert "Traceback" not in said
    assert 0 < finished["engine_calls"] < 3
    assert answer(processes_say(home, ("verify --json",), over_the_line, code=0))["ok"]


@pytest.mark.timeout(300)
def test_a_render_outlasts_uploads_that_are_cut_off(home: Path, line: Line, over_the_line: dict[str, str]):
    line.cuts = 2
    finished = answer(processes_say(home, ("render film.yaml --json",), over_the_line, code=0))

    assert line.cuts == 0
    assert finished["engine_calls"] == 3
    assert answer(processes_say(home, ("verify --json",), over_the_line, code=0))["ok"]
