"""How the real services are reached, and what is said when they cannot be."""

import logging
import os
import time
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import text

from db.s3 import S3Store
from db.s3_service import parse_address
from db.s3_upload import send_in_parts
from db.session import open_database
from db.store import Artifact, S3Credentials, open_store
from reelhouse.errors import ArtifactCorrupt, LineageError, ServiceUnavailable, StoreError

from ..recorded import tamper
from ..servers import PostgresServer, S3Server, free_ports

pytestmark = pytest.mark.services


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_a_postgresql_url_may_be_written_in_three_ways(postgresql_url: str, scheme: str):
    engine = open_database(postgresql_url.replace("postgresql", scheme, 1))

    with engine.connect() as connection:
        assert connection.scalar(text("SHOW server_version_num")) >= "140000"
        assert connection.scalar(text("SHOW application_name")) == "reelhouse"
    engine.dispose()


@pytest.mark.parametrize("password", ["wrong-secret", "p@ss:w/ord%"])
def test_a_wrong_password_is_not_tried_again_and_not_shown(
    postgresql: PostgresServer, password: str, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    url = f"postgresql://postgres:{quote(password, safe='')}@127.0.0.1:{postgresql.port}/postgres"

    with pytest.raises(LineageError, match=r"postgres:\*\*\*@127\.0\.0\.1.*authentication failed") as raised:
        open_database(url)

    for shown in (str(raised.value), caplog.text):
        assert password not in shown
        assert quote(password, safe="") not in shown


def test_a_database_that_does_not_exist_is_named(postgresql: PostgresServer):
    with pytest.raises(LineageError, match="does not exist"):
        open_database(postgresql.url("nowhere"))


def test_a_database_that_does_not_answer_may_be_tried_again():
    [port] = free_ports(1)

    with pytest.raises(ServiceUnavailable, match=f"{port}.*REELHOUSE_DATABASE_URL") as raised:
        open_database(f"postgresql://u:secret@127.0.0.1:{port}/lineage?password=secret")

    assert "secret" not in str(raised.value)


def test_a_store_that_does_not_answer_is_given_up_on_quickly(tmp_path: Path):
    [port] = free_ports(1)
    keys = S3Credentials("somebody", "hush")
    began = time.monotonic()

    with pytest.raises(ServiceUnavailable, match=f"127.0.0.1:{port}.*refused") as raised:
        open_store(f"s3://films?endpoint=http://127.0.0.1:{port}", cache=tmp_path, credentials=keys)

    assert time.monotonic() - began < 15  # an answer is waited for four times as long
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        (S3Credentials("admin", "wrong-secret"), "secret key does not belong"),
        (S3Credentials("nobody", "wrong-secret"), "does not know the access key"),
    ],
)
def test_wrong_keys_are_told_apart_and_not_shown(
    s3_url: str, tmp_path: Path, keys: S3Credentials, reason: str, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)

    with pytest.raises(StoreError, match=reason) as raised:
        open_store(s3_url, cache=tmp_path, credentials=keys)

    assert not raised.value.retryable
    assert "wrong-secret" not in str(raised.value) + caplog.text + repr(keys)


def test_keys_that_may_only_read_are_told_so(s3: S3Server, s3_url: str, tmp_path: Path):
    kept = open_store(s3_url, cache=tmp_path, credentials=s3.admin).put_bytes(b"kept", "text/plain")
    reader = open_store(s3_url, cache=tmp_path, credentials=s3.reader)

    assert reader.read(kept.id) == b"kept"
    with pytest.raises(StoreError, match="may not do this"):
        reader.put_bytes(b"more", "text/plain")


def test_keys_may_come_from_the_environment(
    s3: S3Server, s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3.admin.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3.admin.secret_key)

    open_store(s3_url, cache=tmp_path).put_bytes(b"kept", "text/plain")


def test_a_missing_bucket_is_made_only_when_asked_for(s3: S3Server, s3_url: str, tmp_path: Path):
    asking = s3_url.replace("s3://films/", f"s3://{tmp_path.name.replace('_', '-')}/")
    without = asking.replace("&create=yes", "")

    with pytest.raises(StoreError, match="create=yes"):
        open_store(without, cache=tmp_path, credentials=s3.admin)
    open_store(asking, cache=tmp_path, credentials=s3.admin)
    open_store(without, cache=tmp_path, credentials=s3.admin)


def test_two_prefixes_of_a_bucket_are_two_stores(s3: S3Server, s3_url: str, tmp_path: Path):
    one = open_store(s3_url, cache=tmp_path / "1", credentials=s3.admin)
    other = open_store(s3_url.replace("?", "/drafts?"), cache=tmp_path / "2", credentials=s3.admin)

    kept = one.put_bytes(b"kept", "text/plain")

    assert not other.exists(kept.id)
    assert list(other.ids()) == []


def test_a_damaged_object_never_reaches_the_cache(s3: S3Server, s3_url: str, tmp_path: Path):
    store = open_store(s3_url, cache=tmp_path, credentials=s3.admin)
    kept = store.put_bytes(b"kept", "text/plain")
    tamper(store, kept.id, b"kepT")

    with pytest.raises(ArtifactCorrupt, match=kept.id):
        store.fetch(kept.id)
    assert list(tmp_path.glob("sha256/*/*")) == []
    assert list(tmp_path.glob("tmp/*")) == []


def test_downloads_that_nobody_asked_for_lately_are_swept(s3: S3Server, s3_url: str, tmp_path: Path):
    store = open_store(s3_url, cache=tmp_path, credentials=s3.admin)
    stale, used = (store.put_bytes(data, "text/plain") for data in (b"stale", b"used"))
    for artifact in (stale, used):
        os.utime(store.fetch(artifact.id), (0, 0))
    store.fetch(used.id)

    assert store.sweep(before=datetime.now(UTC) - timedelta(hours=1)) == 1
    assert [path.name for path in tmp_path.glob("sha256/*/*")] == [used.id]
    assert store.fetch(stale.id).read_bytes() == b"stale"


def test_a_large_file_that_changes_while_it_is_sent_is_not_kept(s3: S3Server, s3_url: str, tmp_path: Path):
    store = S3Store(parse_address(s3_url), cache=tmp_path, credentials=s3.admin)
    name = f"{store.address.prefix}large"
    said = Artifact("ab" * 32, "video/mp4", 7)

    with pytest.raises(StoreError, match="changed while it was being stored"):
        send_in_parts(store._client, store.address.bucket, name, said, BytesIO(b"changed"))

    assert store._client._list_multipart_uploads(store.address.bucket, prefix=name).uploads == []
