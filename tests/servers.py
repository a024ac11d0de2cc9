"""Real servers for tests: the studio's own PostgreSQL and S3 service, each alone in a folder of its own.

Each is one child process on 127.0.0.1 and a free port. It ends with the fixture that started it, and at the
latest when the kernel sees that this process has died.
"""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from db.store import S3Credentials
from reelhouse.errors import InputError, ServiceUnavailable
from studio.one_machine import object_store, process
from studio.one_machine.object_store import ObjectStore
from studio.one_machine.ports import free_ports
from studio.one_machine.postgres import Cluster
from studio.one_machine.process import Program

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 15

__all__ = [
    "PostgresServer",
    "S3Server",
    "Server",
    "Unavailable",
    "free_ports",
    "postgres_server",
    "s3_server",
]


class Unavailable(Exception):
    """A server cannot run here; the message says what it lacks."""


@dataclass(slots=True)
class Server:
    """A running child process."""

    process: subprocess.Popen[bytes]
    program: Program
    port: int
    answers: Callable[[], None]

    def stop(self) -> None:
        """End it in an orderly way, or else as `kill` does."""
        self.process.send_signal(self.program.end_signal)
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self.process.kill()
        self.process.wait()

    def start_again(self) -> None:
        """Start it with the data and the port it had."""
        self.process = process.start(self.program)
        self.wait()

    def wait(self) -> None:
        """Wait for its first answer. Raises Unavailable with the end of its log when there is none."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                return self.answers()
            except ServiceUnavailable as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.kill()
                    raise Unavailable(f"{error}: {self.program.log.read_text()[-1500:]}") from error
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


@dataclass(slots=True)
class S3Server(Server):
    """An S3 service with one administrator and one who may only read."""

    endpoint: str
    admin: S3Credentials
    reader: S3Credentials


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A new, empty PostgreSQL. Raises Unavailable."""
    with _folder("reelhouse-postgres-") as folder:
        [port] = free_ports(1)
        password = secrets.token_hex(16)
        cluster = Cluster(folder / "postgresql", folder / "log", port, password, _environment(folder))
        try:
            cluster.prepare()
        except InputError as error:
            raise Unavailable(str(error)) from error
        # Nothing here outlives the session, so nothing need reach the disk.
        program = cluster.program("-c", "fsync=off")
        server = PostgresServer(process.start(program), program, port, cluster.check, password)
        try:
            server.wait()
            yield server
        finally:
            server.stop()


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """A new, empty S3 service. Raises Unavailable."""
    admin = S3Credentials("admin", secrets.token_hex(16))
    reader = S3Credentials("reader", secrets.token_hex(16))
    with _folder("reelhouse-s3-") as folder:
        names = object_store.PORTS
        ports = dict(zip(names, free_ports(len(names), and_grpc=True), strict=True))
        store = ObjectStore(folder / "s3", folder / "log", ports, admin, _environment(folder), [reader])
        store.prepare()
        try:
            program = store.program()
        except InputError as error:
            raise Unavailable(str(error)) from error
        running = process.start(program)
        server = S3Server(running, program, ports["s3"], store.furnish, store.endpoint, admin, reader)
        try:
            server.wait()
            yield server
        finally:
            server.kill()  # an orderly end takes it 2 s, and nothing here is kept
            store.tidy()


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LC_ALL": "C.UTF-8"}


@contextmanager
def _folder(prefix: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o711)  # where this is root, PostgreSQL is somebody else
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
