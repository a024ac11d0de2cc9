"""What containers run, run here: the script that makes the databases, the store, the bucket's texts."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import yaml
from minio import Minio
from minio.error import S3Error

from db.session import open_database
from db.store import S3Credentials, open_store
from studio.backups import postgres_program
from studio.one_machine import object_store, process
from studio.one_machine.object_store import ObjectStore, weed
from studio.one_machine.ports import free_ports
from studio.one_machine.process import Program

from ..containers import ROOT
from ..servers import PostgresServer, S3Server, Server

pytestmark = pytest.mark.services

SCRIPT = ROOT / "infra" / "postgresql" / "10-databases.sh"


def test_the_script_of_postgresqls_image_makes_two_databases_that_strangers_cannot_enter(
    postgresql: PostgresServer,
):
    postgresql.execute("ALTER DATABASE reelhouse RENAME TO put_aside")
    environment = {
        "PATH": f"{Path(postgres_program('psql')).parent}:/usr/bin:/bin",
        "PGHOST": "127.0.0.1",
        "PGPORT": str(postgresql.port),
        "PGPASSWORD": postgresql.password,
        "REELHOUSE_DATABASE_PASSWORD": "it's; DROP",
        "PREFECT_DATABASE_PASSWORD": "other",
    }
    try:
        done = subprocess.run(["/bin/sh", SCRIPT], env=environment, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        url = f"postgresql://reelhouse:it%27s%3B%20DROP@127.0.0.1:{postgresql.port}"
        open_database(f"{url}/reelhouse").dispose()
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            psycopg2.connect(f"{url}/prefect")
        postgresql.execute("CREATE EXTENSION pg_trgm", database="prefect")
    finally:
        for name in ("reelhouse", "prefect"):
            postgresql.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            postgresql.execute(f"DROP ROLE IF EXISTS {name}")
        postgresql.execute("ALTER DATABASE put_aside RENAME TO reelhouse")


@pytest.fixture
def store_of_compose(tmp_path: Path) -> Iterator[tuple[str, S3Credentials]]:
    """The store as compose starts it, on other ports and in another folder; its endpoint and keys."""
    compose = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text("utf-8"))
    ports = dict(zip(object_store.PORTS, free_ports(len(object_store.PORTS), and_grpc=True), strict=True))
    keys = S3Credentials("reelhouse", "made-up-secret")
    ours = {"-dir": str(tmp_path / "data"), "-ip": "127.0.0.1", "-ip.bind": "127.0.0.1"}
    ours |= {f"-{name.replace('s3-', '')}.port": str(port) for name, port in ports.items()}
    words = [word for word in compose["services"]["s3"]["command"] if word.partition("=")[0] not in ours]
    (tmp_path / "data").mkdir()
    environment = {
        "PATH": os.defpath,
        "HOME": str(tmp_path),
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
    }
    argv = [weed(), *words, *(f"{name}={value}" for name, value in ours.items())]
    program = Program(argv=argv, environment=environment, folder=tmp_path, log=tmp_path / "log")
    asked = ObjectStore(tmp_path, tmp_path / "log", ports, keys, environment)
    server = Server(process.start(program), program, ports["s3"], asked.check)
    try:
        server.wait()
        yield asked.endpoint, keys
    finally:
        server.kill()
        asked.tidy()


def test_the_store_of_compose_asks_for_the_key_it_was_given(
    store_of_compose: tuple[str, S3Credentials], tmp_path: Path
):
    endpoint, keys = store_of_compose
    done = set_bucket(f"s3://reelhouse?endpoint={endpoint}", keys)
    assert (done.returncode, done.stderr) == (0, "")

    store = open_store(f"s3://reelhouse?endpoint={endpoint}", cache=tmp_path / "cache", credentials=keys)
    assert store.read(store.put_bytes(b"kept", "text/plain").id) == b"kept"
    stranger = Minio(endpoint.removeprefix("http://"), secure=False)
    with pytest.raises(S3Error, match="Access Denied"):
        list(stranger.list_objects("reelhouse"))


def test_the_policy_lets_artifacts_be_written_and_nothing_else(s3: S3Server):
    done = set_bucket(f"s3://policed/house?endpoint={s3.endpoint}", s3.admin)
    assert (done.returncode, done.stderr) == (0, "")

    keys = (s3.admin.access_key, s3.admin.secret_key)
    client = Minio(s3.endpoint.removeprefix("http://"), *keys, secure=False)
    client.put_object("policed", "house/sha256/ab/abcd", io.BytesIO(b"x"), 1)
    with pytest.raises(S3Error, match="Access Denied"):
        client.put_object("policed", "elsewhere", io.BytesIO(b"x"), 1)
    client.remove_object("policed", "house/sha256/ab/abcd")
    with pytest.raises(S3Error, match="Access Denied"):
        client.remove_bucket("policed")
    # It is asked without TLS, so the statement that wants TLS would have locked everybody out.
    kept = json.loads(client.get_bucket_policy("policed"))
    assert {part["Sid"] for part in kept["Statement"]} == {
        "NobodyRemovesTheBucket",
        "NothingButArtifactsIsWritten",
    }


def test_the_lifecycle_is_kept_and_may_be_set_again(s3: S3Server):
    for _ in range(2):
        done = set_bucket(f"s3://tidied?endpoint={s3.endpoint}", s3.admin)
        assert (done.returncode, done.stderr) == (0, "")

    keys = (s3.admin.access_key, s3.admin.secret_key)
    lifecycle = Minio(s3.endpoint.removeprefix("http://"), *keys, secure=False).get_bucket_lifecycle("tidied")
    assert lifecycle
    [rule] = lifecycle.rules
    assert rule.abort_incomplete_multipart_upload
    assert rule.abort_incomplete_multipart_upload.days_after_initiation == 7
    assert rule.expiration is None


def test_who_does_not_own_the_bucket_is_told_so(s3: S3Server):
    done = set_bucket(f"s3://tidied?endpoint={s3.endpoint}", s3.reader)

    assert done.returncode == 1
    assert "refuses" in done.stderr
    assert "Traceback" not in done.stderr


def set_bucket(store: str, keys: S3Credentials) -> subprocess.CompletedProcess[str]:
    """Run infra/bucket.py as an operator does."""
    settings = {
        "REELHOUSE_STORE": store,
        "REELHOUSE_STORE_ACCESS_KEY": keys.access_key,
        "REELHOUSE_STORE_SECRET_KEY": keys.secret_key,
    }
    command = [sys.executable, ROOT / "infra" / "bucket.py"]
    return subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True)
