"""A house is backed up while it works, and restored into an empty one; what is damaged is told, not restored.

Each test runs on a folder with SQLite, and on a real PostgreSQL with a real S3 service.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from db.backup import Sources, back_up
from db.backup_folder import Backup, find_backup, mirror_of
from db.dumps import rows_in
from db.lineage import Lineage
from db.restore import Targets, check, restore
from db.session import open_database, parse_url
from db.store import ArtifactStore, S3Credentials, open_store
from db.verify import verify
from reelhouse.errors import InputError, LineageError, StoreError
from studio.backups import PREFECT_URL, postgres_program, prefect_database

from ..recorded import record_film, tamper
from ..servers import PostgresServer


@dataclass(frozen=True, slots=True)
class House:
    """A database and a store, as settings name them."""

    database: str
    store_url: str
    keys: S3Credentials | None
    cache: Path

    def store(self, cache: Path | None = None) -> ArtifactStore:
        """Its store."""
        return open_store(self.store_url, cache=cache or self.cache, credentials=self.keys)

    @contextmanager
    def lineage(self) -> Iterator[Lineage]:
        """Its lineage, with tables."""
        engine = open_database(self.database)
        yield Lineage(engine)
        engine.dispose()

    def back_up(self, folder: Path) -> Backup:
        """Back it up; the backup."""
        sources = Sources(parse_url(self.database), None, self.store(folder / "artifacts"), postgres_program)
        return find_backup(folder, back_up(folder, sources, "1").name)

    def targets(self) -> Targets:
        """It, as where a backup goes."""
        return Targets(parse_url(self.database), None, self.store(), postgres_program)

    def fill(self, *films: str) -> None:
        """Record films."""
        with self.lineage() as lineage:
            for name in films:
                record_film(lineage, self.store(), name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def houses(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], House]]:
    """Makes empty houses by name, all of one kind."""
    if request.param == "sqlite":
        yield lambda name: House(
            f"sqlite:///{tmp_path / name / 'reelhouse.db'}",
            str(tmp_path / name / "artifacts"),
            None,
            tmp_path / name / "cache",
        )
        return
    server: PostgresServer = request.getfixturevalue("postgresql")
    bucket, _, options = request.getfixturevalue("s3_url").partition("?")
    keys = request.getfixturevalue("s3").admin
    made: list[str] = []

    def house(name: str) -> House:
        server.execute(f"CREATE DATABASE backup_{name}")
        made.append(name)
        return House(
            server.url(f"backup_{name}"), f"{bucket}/{name}?{options}", keys, tmp_path / name / "cache"
        )

    yield house
    for name in made:
        server.execute(f"DROP DATABASE backup_{name} WITH (FORCE)")


Houses = Callable[[str], House]


def test_a_restored_house_verifies_and_has_every_row_and_byte(houses: Houses, tmp_path: Path):
    old, new = houses("old"), houses("new")
    old.fill("fox", "hare")

    backup = old.back_up(tmp_path / "backups")
    report = restore(backup, new.targets(), partial=False)

    assert report.verified.ok
    assert report.lost == ()
    assert (
        rows_in(parse_url(new.database)) == rows_in(parse_url(old.database)) == backup.manifest.lineage.rows
    )
    with new.lineage() as lineage:
        assert sorted(render.title for render in lineage.renders(limit=9)) == ["fox", "hare"]
    assert sorted(new.store().ids()) == sorted(old.store().ids())
    new.fill("owl")  # and it goes on


def test_only_what_is_new_is_copied(houses: Houses, tmp_path: Path):
    house = houses("growing")
    house.fill("fox")
    first = house.back_up(tmp_path)
    kept = {path: path.stat().st_ino for path in (tmp_path / "artifacts").glob("sha256/*/*")}
    house.fill("hare")

    sources = Sources(parse_url(house.database), None, house.store(tmp_path / "artifacts"), postgres_program)
    report = back_up(tmp_path, sources, "1")

    assert report.copied == first.manifest.artifacts  # the second film is as large as the first
    assert report.manifest.artifacts == 2 * first.manifest.artifacts
    assert {path: path.stat().st_ino for path in kept} == kept
    assert find_backup(tmp_path, None).folder.name == report.name > first.folder.name
    assert find_backup(tmp_path, first.folder.name) == first


def test_a_backup_taken_while_films_are_recorded_leaves_nothing_dangling(houses: Houses, tmp_path: Path):
    old, new = houses("busy"), houses("calm")
    old.fill("first")
    stop, recorded = threading.Event(), []

    def work() -> None:
        with old.lineage() as lineage:
            while not stop.is_set():
                recorded.append(record_film(lineage, old.store(), f"film {len(recorded)}"))

    writer = threading.Thread(target=work)
    writer.start()
    try:
        while len(recorded) < 2:
            stop.wait(0.01)
        before = len(recorded)
        backup = old.back_up(tmp_path / "backups")
        during = len(recorded) - before
    finally:
        stop.set()
        writer.join()
    report = restore(backup, new.targets(), partial=False)

    assert during > 0
    assert before < backup.manifest.lineage.rows["renders"] <= len(recorded) + 1
    assert report.verified.ok
    assert backup.manifest.missing == ()


def test_a_row_recorded_after_the_moment_of_the_backup_is_not_in_it(houses: Houses, tmp_path: Path):
    old, new = houses("before"), houses("after")
    old.fill("fox")
    store = old.store(tmp_path / "backups" / "artifacts")

    def record_another(done: int, of_how_many: int) -> None:
        if done == 1:  # the rows are read, the bytes are being copied
            old.fill("hare")

    sources = Sources(parse_url(old.database), None, store, postgres_program)
    back_up(tmp_path / "backups", sources, "1", record_another)
    report = restore(find_backup(tmp_path / "backups", None), new.targets(), partial=False)

    assert report.verified.ok
    with new.lineage() as lineage:
        assert [render.title for render in lineage.renders(limit=9)] == ["fox"]


def test_a_bit_flipped_in_the_mirror_is_found_before_anything_is_restored(houses: Houses, tmp_path: Path):
    old, new = houses("whole"), houses("untouched")
    old.fill("fox")
    backup = old.back_up(tmp_path / "backups")
    victim = backup.artifacts()[0]
    tamper(mirror_of(tmp_path / "backups"), victim.id, b"x" * victim.size_bytes)

    assert check(backup) == [victim]
    with pytest.raises(StoreError, match=f"{victim.id}.*nothing was restored"):
        restore(backup, new.targets(), partial=False)

    assert rows_in(parse_url(new.database)) == {}
    assert list(new.store().ids()) == []


def test_what_is_whole_of_a_damaged_backup_can_be_restored_and_verify_names_the_rest(
    houses: Houses, tmp_path: Path
):
    old, new = houses("damaged"), houses("partly")
    old.fill("fox")
    backup = old.back_up(tmp_path / "backups")
    victim = backup.artifacts()[0]
    mirror_of(tmp_path / "backups").delete(victim.id)

    report = restore(backup, new.targets(), partial=True)

    assert report.lost == (victim.id,)
    assert [(problem.kind, problem.id) for problem in report.verified.problems] == [("missing", victim.id)]


def test_a_changed_dump_is_refused(houses: Houses, tmp_path: Path):
    old, new = houses("dumped"), houses("refusing")
    old.fill("fox")
    backup = old.back_up(tmp_path / "backups")
    dump = backup.folder / backup.manifest.lineage.name
    data = bytearray(dump.read_bytes())
    data[len(data) // 2] ^= 1
    dump.write_bytes(data)

    with pytest.raises(StoreError, match=dump.name):
        restore(backup, new.targets(), partial=True)
    assert rows_in(parse_url(new.database)) == {}


def test_bytes_damaged_in_the_store_are_named_and_the_rest_is_backed_up(houses: Houses, tmp_path: Path):
    old, new = houses("rotten"), houses("mended")
    old.fill("fox")
    backup_before = old.back_up(tmp_path / "one")
    victim = backup_before.artifacts()[0]
    tamper(old.store(), victim.id, b"x" * victim.size_bytes)

    backup = old.back_up(tmp_path / "other")
    report = restore(backup, new.targets(), partial=False)

    assert backup.manifest.missing == report.lost == (victim.id,)
    assert [problem.id for problem in report.verified.problems] == [victim.id]


def test_a_backup_that_was_not_finished_is_no_backup(houses: Houses, tmp_path: Path):
    house = houses("interrupted")
    house.fill("fox")
    whole = house.back_up(tmp_path)

    def die(done: int, of_how_many: int) -> None:
        raise KeyboardInterrupt

    sources = Sources(parse_url(house.database), None, house.store(tmp_path / "artifacts"), postgres_program)
    with pytest.raises(KeyboardInterrupt):
        back_up(tmp_path, sources, "1", die)
    killed = tmp_path / "2099-01-01T000000.000Z.part"  # a process killed by -9 leaves this
    killed.mkdir()

    assert find_backup(tmp_path, None) == whole
    whole.folder.joinpath("manifest.json").unlink()  # and somebody who copies by hand may leave this
    with pytest.raises(InputError, match=r"not a whole backup.*manifest\.json"):
        find_backup(tmp_path, None)
    house.back_up(tmp_path)
    assert not killed.exists()


def test_a_database_that_is_not_empty_is_left_alone(houses: Houses, tmp_path: Path):
    house = houses("used")
    house.fill("fox")
    backup = house.back_up(tmp_path)
    house.fill("hare")

    with pytest.raises(InputError, match="is not empty"):
        restore(backup, house.targets(), partial=False)

    with house.lineage() as lineage:
        assert len(lineage.renders(limit=9)) == 2
        assert verify(lineage.engine, house.store()).ok


def test_an_interrupted_restore_can_simply_be_run_again(houses: Houses, tmp_path: Path):
    old, new = houses("source"), houses("target")
    old.fill("fox")
    backup = old.back_up(tmp_path / "backups")

    def die(done: int, of_how_many: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(backup, new.targets(), partial=False, progress=die)
    assert restore(backup, new.targets(), partial=False).verified.ok


def test_two_backups_do_not_write_to_one_folder_at_once(houses: Houses, tmp_path: Path):
    house = houses("twice")
    house.fill("fox")

    def another(done: int, of_how_many: int) -> None:
        with pytest.raises(InputError, match="another backup is being written"):
            house.back_up(tmp_path)

    sources = Sources(parse_url(house.database), None, house.store(tmp_path / "artifacts"), postgres_program)
    back_up(tmp_path, sources, "1", another)


def test_no_backup_at_all_is_said(tmp_path: Path):
    with pytest.raises(InputError, match="no whole backup"):
        find_backup(tmp_path, None)


@pytest.mark.services
def test_prefects_database_is_backed_up_and_restored_beside_the_lineage(
    postgresql: PostgresServer, postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("prefect_old", "prefect_new", "lineage_new"):
        postgresql.execute(f"CREATE DATABASE {name}")
    # What makes Prefect's dump harder than ours: an extension, and an index that uses it.
    postgresql.execute(
        "CREATE EXTENSION pg_trgm; CREATE TABLE flow_run (name text); INSERT INTO flow_run VALUES ('fox');"
        "CREATE INDEX trigrams ON flow_run USING gin (name gin_trgm_ops)",
        database="prefect_old",
    )
    store = open_store(str(tmp_path / "store"), cache=tmp_path / "cache")
    prefect = as_prefect_knows_it(postgresql, "prefect_old", monkeypatch)
    back_up(tmp_path, Sources(parse_url(postgresql_url), prefect, store, postgres_program), "1")

    prefect = as_prefect_knows_it(postgresql, "prefect_new", monkeypatch)
    targets = Targets(parse_url(postgresql.url("lineage_new")), prefect, store, postgres_program)
    report = restore(find_backup(tmp_path, None), targets, partial=False)

    assert report.prefect
    assert prefect
    assert rows_in(prefect) == {"flow_run": 1}
    for name in ("prefect_old", "prefect_new", "lineage_new"):
        postgresql.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.services
def test_no_password_stands_on_a_command_line_or_in_a_message(
    postgresql: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    telling = tmp_path / "pg_dump"
    telling.write_text('#!/bin/sh\necho "$@" >&2; exit 1\n')
    telling.chmod(0o755)
    store = open_store(str(tmp_path / "store"), cache=tmp_path / "cache")
    sources = Sources(parse_url(postgresql.url("postgres")), None, store, lambda name: str(tmp_path / name))

    with pytest.raises(LineageError, match=r"exit code 1.*--dbname=postgresql://postgres@") as raised:
        back_up(tmp_path / "backups", sources, "1")

    assert postgresql.password not in str(raised.value)
    assert list((tmp_path / "backups").glob("2*")) == []


def as_prefect_knows_it(server: PostgresServer, name: str, monkeypatch: pytest.MonkeyPatch):
    """The URL of a database after it has gone through the environment variable of Prefect's server."""
    monkeypatch.setenv(PREFECT_URL, server.url(name).replace("postgresql:", "postgresql+asyncpg:"))
    return prefect_database()
