"""What every artifact store promises, asked of the folder and of a real S3 service."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.s3 import SINGLE_PUT_BYTES
from db.store import Artifact, ArtifactStore, S3Credentials, open_store
from reelhouse.errors import ArtifactCorrupt, ArtifactMissing, InputError

from ..recorded import tamper

ABSENT = "0" * 64
NOT_IDS = ["", "ABC", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 65, "a" * 64 + "\n", "٠" * 64]


def test_bytes_come_back_as_they_were_put(store: ArtifactStore):
    artifact = store.put_bytes(b"a fox", "text/plain")

    assert artifact == Artifact(hashlib.sha256(b"a fox").hexdigest(), "text/plain", 5)
    assert store.read(artifact.id) == b"a fox"
    assert store.fetch(artifact.id).read_bytes() == b"a fox"
    assert store.size(artifact.id) == 5
    assert store.exists(artifact.id)
    store.check(artifact.id)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=5_000))
def test_any_bytes_round_trip(store: ArtifactStore, data: bytes):
    artifact = store.put_bytes(data, "application/octet-stream")

    assert store.read(artifact.id) == data
    assert store.size(artifact.id) == len(data)


def test_a_file_is_copied_and_left_alone(store: ArtifactStore, tmp_path: Path):
    source = tmp_path / "clip.mp4"
    source.write_bytes(b"frames")

    artifact = store.put_file(source, "video/mp4")
    source.write_bytes(b"other!")

    assert store.read(artifact.id) == b"frames"


def test_a_file_that_is_not_there_is_named(store: ArtifactStore, tmp_path: Path):
    with pytest.raises(InputError, match=r"nothing\.mp4"):
        store.put_file(tmp_path / "nothing.mp4", "video/mp4")


def test_a_fetched_file_cannot_be_written_to(store: ArtifactStore):
    fetched = store.fetch(store.put_bytes(b"kept", "text/plain").id)

    assert not fetched.stat().st_mode & 0o222


def test_the_same_bytes_are_stored_once(store: ArtifactStore):
    first = store.put_bytes(b"same", "text/plain")
    second = store.put_bytes(b"same", "text/plain")

    assert first == second
    assert list(store.ids()) == [first.id]


def test_eight_threads_may_put_the_same_bytes_at_once(store: ArtifactStore):
    data = b"x" * 200_000
    with ThreadPoolExecutor(8) as threads:
        artifacts = set(threads.map(lambda _: store.put_bytes(data, "text/plain"), range(16)))

    assert len(artifacts) == 1
    store.check(artifacts.pop().id)
    assert store.sweep(before=datetime.now(UTC) + timedelta(days=1)) == 0


def test_putting_the_bytes_again_mends_a_damaged_artifact(store: ArtifactStore):
    artifact = store.put_bytes(b"whole", "text/plain")
    tamper(store, artifact.id, b"who")

    store.put_bytes(b"whole", "text/plain")

    store.check(artifact.id)


def test_damaged_bytes_are_told_from_missing_ones(store: ArtifactStore):
    artifact = store.put_bytes(b"whole", "text/plain")
    tamper(store, artifact.id, b"other")

    with pytest.raises(ArtifactCorrupt, match=artifact.id):
        store.check(artifact.id)
    with pytest.raises(ArtifactCorrupt, match=artifact.id):
        store.read(artifact.id)
    for ask in (store.check, store.read, store.size, store.fetch):
        with pytest.raises(ArtifactMissing, match=ABSENT):
            ask(ABSENT)
    assert not store.exists(ABSENT)


def test_a_deleted_artifact_is_gone_and_may_be_deleted_again(store: ArtifactStore):
    artifact = store.put_bytes(b"gone", "text/plain")
    store.fetch(artifact.id)

    store.delete(artifact.id)
    store.delete(artifact.id)

    assert not store.exists(artifact.id)
    assert list(store.ids()) == []
    with pytest.raises(ArtifactMissing):
        store.fetch(artifact.id)


def test_listing_gives_every_artifact_with_size_and_age(store: ArtifactStore):
    put = {store.put_bytes(b"%d" % number * number, "text/plain") for number in range(1, 30)}

    entries = list(store.entries())

    assert {(entry.id, entry.size_bytes) for entry in entries} == {(one.id, one.size_bytes) for one in put}
    now = datetime.now(UTC)
    assert all(abs(now - entry.stored_at) < timedelta(minutes=1) for entry in entries)


def test_only_what_is_old_enough_expires(store: ArtifactStore):
    artifact = store.put_bytes(b"young", "text/plain")
    now = datetime.now(UTC)

    assert not store.expire(artifact.id, before=now - timedelta(hours=1))
    assert store.exists(artifact.id)
    assert store.expire(artifact.id, before=now + timedelta(hours=1))
    assert not store.exists(artifact.id)
    assert not store.expire(artifact.id, before=now + timedelta(hours=1))


@pytest.mark.parametrize("not_id", NOT_IDS)
def test_nothing_but_an_id_becomes_part_of_a_path(store: ArtifactStore, not_id: str):
    for ask in (store.read, store.fetch, store.exists, store.size, store.check, store.delete):
        with pytest.raises(InputError, match="64 lower-case hexadecimal digits"):
            ask(not_id)


def test_a_media_type_cannot_smuggle_a_header(store: ArtifactStore):
    with pytest.raises(ValueError, match="media type"):
        store.put_bytes(b"x", "text/plain\r\nx-amz-acl: public-read")


def test_two_stores_at_one_address_are_one(
    store: ArtifactStore, store_address: tuple[str, S3Credentials | None], tmp_path: Path
):
    url, credentials = store_address
    other = open_store(url, cache=tmp_path / "other-cache", credentials=credentials)

    artifact = store.put_bytes(b"shared", "text/plain")

    assert other.fetch(artifact.id).read_bytes() == b"shared"


def test_a_large_file_round_trips(store: ArtifactStore, tmp_path: Path):
    source = tmp_path / "film.mp4"
    chunk = bytes(range(256)) * 4096
    with source.open("wb") as file:
        for _ in range(SINGLE_PUT_BYTES // len(chunk)):
            file.write(chunk)
        file.write(b"the last part is short")

    artifact = store.put_file(source, "video/mp4")
    again = store.put_file(source, "video/mp4")

    assert again == artifact
    assert artifact.size_bytes == SINGLE_PUT_BYTES + 22
    assert store.size(artifact.id) == artifact.size_bytes
    store.check(artifact.id)
