"""Where an artifact store is, as its URL says, and the values that name artifacts."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import db
from db.folder import FolderStore
from db.s3_service import AMAZON, Address, parse_address
from db.store import Artifact, S3Credentials, location, open_store
from reelhouse.errors import InputError, StoreError

ROOT = Path(str(db.__file__)).parents[1]


@pytest.mark.parametrize("form", ["{}", "file://{}", "file://localhost{}"])
def test_a_folder_may_be_written_as_a_path_or_a_url(tmp_path: Path, form: str):
    store = open_store(form.format(tmp_path / "store"), cache=tmp_path)

    assert isinstance(store, FolderStore)
    assert store.root == tmp_path / "store"


def test_a_folder_url_may_hold_any_character(tmp_path: Path):
    store = open_store(f"file://{tmp_path}/two%20words", cache=tmp_path)

    assert isinstance(store, FolderStore)
    assert store.root.name == "two words"


@pytest.mark.parametrize("url", ["", "http://u:hush@host/x", "gs://bucket", "file://host/path", "file:path"])
def test_other_urls_are_refused(tmp_path: Path, url: str):
    with pytest.raises(InputError) as raised:
        open_store(url, cache=tmp_path)

    assert "hush" not in str(raised.value)


def test_an_s3_url_names_bucket_prefix_and_endpoint():
    local = "s3://films/house/one/?endpoint=http://127.0.0.1:9000/&region=eu-west-1&create=yes"

    assert parse_address(local) == Address("films", "house/one/", "http://127.0.0.1:9000", "eu-west-1", True)
    assert parse_address("s3://films") == Address("films", "", AMAZON, None, False)
    assert parse_address("s3://films?endpoint=https://s3.example.org").region == "us-east-1"


@pytest.mark.parametrize(
    "url",
    [
        "s3://key:hush@films",
        "s3://",
        "s3://UPPER",
        "s3://films/../other",
        "s3://films/a b",
        "s3://films?endpoint=127.0.0.1:9000",
        "s3://films?endpoint=http://key:hush@host",
        "s3://films?endpoint=http://host:port",
        "s3://films?endpoint=http://host/path",
        "s3://films?secret=hush",
        "s3://films?create=perhaps",
    ],
)
def test_an_s3_url_of_another_form_is_refused_without_its_secrets(url: str):
    with pytest.raises(InputError, match="s3://bucket") as raised:
        parse_address(url)

    assert "hush" not in str(raised.value)


def test_keys_that_nobody_gave_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(StoreError, match="AWS_ACCESS_KEY_ID"):
        open_store("s3://films", cache=tmp_path)


def test_a_secret_key_does_not_show():
    assert "hush" not in repr(S3Credentials("me", "hush"))


def test_an_artifact_that_cannot_be_cannot_be_built():
    assert location("ab" * 32) == f"sha256/ab/{'ab' * 32}"
    with pytest.raises(InputError):
        Artifact("ab", "text/plain", 1)
    with pytest.raises(ValueError, match="bytes"):
        Artifact("ab" * 32, "text/plain", -1)
    for media_type in ("", "text", "text/plain\n", "text/plain; charset"):
        with pytest.raises(ValueError, match="media type"):
            Artifact("ab" * 32, media_type, 1)
    assert Artifact("ab" * 32, "text/plain; charset=utf-8", 1).size_bytes == 1


def test_a_store_in_a_place_that_is_taken_is_refused(tmp_path: Path):
    (tmp_path / "store").touch()

    with pytest.raises(StoreError, match="cannot be used"):
        open_store(str(tmp_path / "store"), cache=tmp_path)


def test_files_that_are_no_artifacts_are_not_listed(tmp_path: Path):
    store = FolderStore(tmp_path)
    kept = store.put_bytes(b"kept", "text/plain")
    (tmp_path / location(kept.id)).with_name("notes.txt").write_text("mine")

    assert list(store.ids()) == [kept.id]


def test_putting_bytes_again_makes_them_young(tmp_path: Path):
    store = FolderStore(tmp_path)
    kept = store.put_bytes(b"kept", "text/plain")
    os.utime(store.fetch(kept.id), (0, 0))

    store.put_bytes(b"kept", "text/plain")

    assert not store.expire(kept.id, before=datetime.now(UTC) - timedelta(hours=1))


def test_a_folder_store_does_not_import_the_s3_sdk(tmp_path: Path):
    script = (
        "import sys; from pathlib import Path; from db.store import open_store; "
        "open_store(sys.argv[1], cache=Path(sys.argv[1])); "
        "print(sorted({'minio', 'urllib3', 'sqlalchemy'} & set(sys.modules)))"
    )
    child = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert child.stdout.strip() == "[]"
