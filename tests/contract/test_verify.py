"""Verification, garbage collection and provenance, on every kind of database and store."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, text, update

from db.folder import FolderStore
from db.garbage import collect
from db.lineage import Lineage
from db.prov import prov_json
from db.s3 import S3Store
from db.session import writing
from db.store import ArtifactStore
from db.tables import artifacts, step_inputs, step_outputs, steps
from db.verify import Problem, verify

from ..recorded import artifact, record_film, tamper

NO_GRACE = timedelta(minutes=-1)  # everything counts as old, however the servers' clocks differ


def found(problems: tuple[Problem, ...]) -> set[tuple[str, str]]:
    """The problems without their words."""
    return {(problem.kind, problem.id) for problem in problems}


def let_rows_be_forged(connection: Connection) -> None:
    """Switch off what keeps the rows consistent, as somebody with the database's password could."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))


@pytest.fixture
def forging(engine: Engine) -> Engine:
    """The engine, on which SQLite no longer checks foreign keys."""
    if engine.dialect.name == "sqlite":
        # The pragma does nothing inside a transaction.
        raw = engine.raw_connection()
        raw.cursor().execute("PRAGMA foreign_keys = OFF")
        raw.close()
    return engine


def test_what_was_recorded_verifies(lineage: Lineage, store: ArtifactStore):
    record_film(lineage, store)
    heard: list[tuple[int, int]] = []

    report = verify(lineage.engine, store, progress=lambda done, total: heard.append((done, total)))

    assert report.problems == ()
    assert report.ok
    assert (report.artifacts, report.hashed, report.steps) == (7, 7, 4)
    assert heard == [(done, 11) for done in range(1, 12)]


def test_a_sample_hashes_some_and_derives_all(lineage: Lineage, store: ArtifactStore):
    record_film(lineage, store)

    report = verify(lineage.engine, store, sample=2)

    assert (report.hashed, report.steps, report.ok) == (2, 4, True)


def test_every_damaged_or_missing_artifact_is_named(lineage: Lineage, store: ArtifactStore):
    film = record_film(lineage, store)
    clip, cutout = film.chosen.outputs["out"], film.cutout.outputs["out"]
    tamper(store, clip.id, b"x" * clip.size_bytes)
    tamper(store, cutout.id, b"shorter")
    store.delete(film.music.id)

    report = verify(lineage.engine, store)

    assert found(report.problems) == {
        ("corrupt", clip.id),
        ("corrupt", cutout.id),
        ("missing", film.music.id),
    }
    assert not report.ok


def test_a_planted_step_is_named(lineage: Lineage, store: ArtifactStore, forging: Engine):
    film = record_film(lineage, store)
    planted = "0" * 64
    with writing(forging) as connection:
        let_rows_be_forged(connection)
        row = connection.execute(steps.select().where(steps.c.key == film.chosen.key)).one()
        connection.execute(steps.insert(), {**row._mapping, "key": planted})
        changed = update(steps).where(steps.c.key == film.rejected.key).values(parameters={"seed": 8})
        connection.execute(changed)

    report = verify(lineage.engine, store)

    assert found(report.problems) == {("key", planted), ("key", film.rejected.key)}


def test_a_broken_link_is_named(lineage: Lineage, store: ArtifactStore, forging: Engine):
    film = record_film(lineage, store)
    with writing(forging) as connection:
        let_rows_be_forged(connection)
        swapped = update(step_outputs).where(step_outputs.c.step_key == film.chosen.key)
        connection.execute(swapped.values(artifact_id=film.rejected.outputs["out"].id))
        elsewhere = update(step_inputs).where(step_inputs.c.step_key == film.rejected.key)
        connection.execute(elsewhere.values(from_output="no such output"))

    report = verify(lineage.engine, store)

    assert found(report.problems) == {
        ("link", film.assembly.key),
        ("link", film.rejected.key),
        ("key", film.rejected.key),
    }


def test_a_row_that_cannot_be_read_hides_no_other(lineage: Lineage, store: ArtifactStore, forging: Engine):
    film = record_film(lineage, store)
    with writing(forging) as connection:
        broken = update(artifacts).where(artifacts.c.id == film.rejected.outputs["out"].id)
        connection.execute(broken.values(media_type="not a media type"))
        changed = update(steps).where(steps.c.key == film.assembly.key).values(code_version="2")
        connection.execute(changed)

    report = verify(lineage.engine, store)

    assert found(report.problems) == {("unreadable", film.rejected.key), ("key", film.assembly.key)}


def test_a_collection_removes_only_what_no_row_names(lineage: Lineage, store: ArtifactStore):
    film = record_film(lineage, store)
    stray = artifact(store, "made by a render that died")

    rehearsed = collect(lineage.engine, store, dry_run=True, grace=NO_GRACE)
    assert store.exists(stray.id)
    removed = collect(lineage.engine, store, dry_run=False, grace=NO_GRACE)

    assert rehearsed == removed
    assert (removed.artifacts, removed.size_bytes) == ((stray.id,), stray.size_bytes)
    assert not store.exists(stray.id)
    assert verify(lineage.engine, store).ok
    assert store.exists(film.artifact.id)


def test_a_collection_leaves_a_render_in_progress_its_bytes(lineage: Lineage, store: ArtifactStore):
    young = artifact(store, "not recorded yet")

    report = collect(lineage.engine, store, dry_run=False)

    assert (report.artifacts, report.young) == ((), 1)
    assert store.exists(young.id)


def test_a_collection_sweeps_what_interrupted_writes_left(lineage: Lineage, store: ArtifactStore):
    if isinstance(store, FolderStore):
        (store.root / "tmp" / "half.part").write_bytes(b"half a fi")
    elif isinstance(store, S3Store):
        name = f"{store.address.prefix}sha256/ab/{'ab' * 32}"
        store._client._create_multipart_upload(store.address.bucket, name, {})

    assert collect(lineage.engine, store, dry_run=False).leftovers == 0
    assert collect(lineage.engine, store, dry_run=True, grace=NO_GRACE).leftovers == 1
    assert collect(lineage.engine, store, dry_run=False, grace=NO_GRACE).leftovers == 1
    assert collect(lineage.engine, store, dry_run=False, grace=NO_GRACE).leftovers == 0


def test_provenance_is_a_prov_json_document(lineage: Lineage, store: ArtifactStore):
    film = record_film(lineage, store)

    document = json.loads(json.dumps(prov_json(lineage.ancestry(film.artifact.id))))

    names = {section: set(document[section]) for section in ("entity", "activity", "agent")}
    assert names["activity"] == {f"step:{step.key}" for step in (film.cutout, film.chosen, film.assembly)}
    assert len(names["entity"]) == 6  # film, clip, cutout, picture, music, and the weights
    handed_in = [name for name, said in document["entity"].items() if said["prov:type"] == "handed in"]
    assert set(handed_in) == {f"artifact:{given.id}" for given in (film.picture, film.music)}
    ends = {
        "used": ("prov:activity", "prov:entity"),
        "wasGeneratedBy": ("prov:entity", "prov:activity"),
        "wasDerivedFrom": ("prov:generatedEntity", "prov:usedEntity"),
        "wasAssociatedWith": ("prov:activity", "prov:agent"),
    }
    for relation, members in ends.items():
        assert document[relation]
        for entry in document[relation].values():
            for member in members:
                section = "entity" if "ntity" in member else member.removeprefix("prov:")
                assert entry[member] in names[section]
    prefixes = set(document["prefix"]) | {"prov", "_"}
    assert {name.partition(":")[0] for section in names.values() for name in section} <= prefixes
    activity = document["activity"][f"step:{film.chosen.key}"]
    assert activity["prov:startTime"] == "2026-01-01T12:02:00.123456Z"
    assert activity["prov:endTime"] == "2026-01-01T12:02:01.623456Z"
