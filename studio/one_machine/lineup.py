"""Who works in a studio on one machine: every service as data, and the settings that lead others to them."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from db.store import S3Credentials
from reelhouse.errors import InputError
from studio.one_machine import object_store, prefect_server, workers
from studio.one_machine.object_store import ObjectStore
from studio.one_machine.ports import Wanted
from studio.one_machine.postgres import Cluster
from studio.one_machine.prefect_server import api_url, check_server, server_program, server_settings
from studio.one_machine.premises import Passwords, Premises
from studio.one_machine.process import MARK, Program
from studio.one_machine.service import Service
from studio.one_machine.workers import (
    check_engine_worker,
    check_worker,
    engine_worker_program,
    worker_program,
)

FILMS, RUNS = "reelhouse", "prefect"  # the two databases, each with a user of its name
STORE_USER = "reelhouse"
_OF_THE_USER = ("PREFECT_SERVER_UI_V2_ENABLED",)  # which of its two pages Prefect shows
_OF_THE_MACHINE = ("PATH", "LANG", "LC_ALL", "TZ")


def wanted_ports(engine_workers: int) -> list[Wanted]:
    """The ports that a studio with so many engine workers listens on."""
    with_metrics = ("steward", *map(_engine_worker_name, range(1, engine_workers + 1)))
    servers = (Wanted("postgresql"), *object_store.WANTED, prefect_server.WANTED)
    return [*servers, *(Wanted(_metrics(service)) for service in with_metrics)]


def _metrics(service: str) -> str:
    """The name of the port that a service tells its metrics on."""
    return "metrics" if service == "steward" else f"metrics-{service}"


def _engine_worker_name(number: int) -> str:
    return "worker-engines" if number == 1 else f"worker-engines-{number}"


@dataclass(frozen=True, slots=True)
class Studio:
    """A studio's folder, passwords, ports and size: all that its services and their users need to know."""

    premises: Premises
    passwords: Passwords
    ports: Mapping[str, int]
    engine_workers: int

    @property
    def settings(self) -> dict[str, str]:
        """What leads any `reelhouse` command to this studio, as environment variables."""
        return {
            "REELHOUSE_HOME": str(self.premises.home),
            "REELHOUSE_DATABASE_URL": self.cluster.url(FILMS, self.passwords.database_films),
            "REELHOUSE_STORE": self.store.url,
            "REELHOUSE_STORE_ACCESS_KEY": STORE_USER,
            "REELHOUSE_STORE_SECRET_KEY": self.passwords.store,
            "REELHOUSE_ENGINES": "workers",
            "PREFECT_API_URL": api_url(self.ports["prefect"]),
        }

    @property
    def settings_for_backups(self) -> dict[str, str]:
        """What `reelhouse backup` needs beside the settings: Prefect's own database."""
        return {
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": self.cluster.url(
                RUNS, self.passwords.database_prefect, driver="postgresql+asyncpg"
            )
        }

    @property
    def cluster(self) -> Cluster:
        """The database server."""
        return Cluster(
            folder=self.premises.folder / "postgresql",
            log=self.premises.log("postgresql"),
            port=self.ports["postgresql"],
            password=self.passwords.database_admin,
            environment=self._bare("postgresql"),
        )

    @property
    def store(self) -> ObjectStore:
        """The S3 service."""
        return ObjectStore(
            folder=self.premises.folder / "s3",
            log=self.premises.log("s3"),
            ports={name: self.ports[name] for name in object_store.PORTS},
            owner=S3Credentials(STORE_USER, self.passwords.store),
            environment=self._bare("s3"),
        )

    def services(self) -> list[Service]:
        """Every service, in the order of `status`."""
        return [
            self._postgresql(),
            self._s3(),
            self._prefect(),
            self._deployments(),
            *map(self._worker, ("cpu", "campaigns")),
            *(self._engine_worker(number) for number in range(1, self.engine_workers + 1)),
            self._steward(),
        ]

    def _postgresql(self) -> Service:
        cluster = self.cluster

        def furnish() -> None:
            cluster.add_database(FILMS, self.passwords.database_films)
            cluster.add_database(RUNS, self.passwords.database_prefect)

        return Service(
            name="postgresql",
            program=cluster.program(),
            address=f"127.0.0.1:{cluster.port}",
            prepare=cluster.prepare,
            check=_whenever(cluster.check),
            furnish=furnish,
        )

    def _s3(self) -> Service:
        store = self.store
        return Service(
            name="s3",
            program=store.program(),
            address=store.endpoint,
            prepare=store.prepare,
            check=_whenever(store.check),
            furnish=store.furnish,
            tidy=store.tidy,
        )

    def _prefect(self) -> Service:
        port = self.ports["prefect"]
        database = self.cluster.url(RUNS, self.passwords.database_prefect, driver="postgresql+asyncpg")
        environment = self._prefect_environment("prefect") | server_settings(port, database)
        return Service(
            name="prefect",
            program=server_program(port, environment, self.premises.folder, self.premises.log("prefect")),
            address=f"http://127.0.0.1:{port}",
            after=("postgresql",),
            check=_whenever(lambda: check_server(port)),
        )

    def _deployments(self) -> Service:
        """It waits for the server by itself, so that its slow imports run while the server starts."""
        return Service(
            name="deployments",
            program=Program(
                argv=[sys.executable, "-m", "flows.deployments"],
                environment=self._prefect_environment("deployments"),
                folder=self.premises.folder,
                log=self.premises.log("deployments"),
            ),
            after=("postgresql",),
            check=_whenever(lambda: None),
            is_job=True,
        )

    def _worker(self, pool: str) -> Service:
        name = f"worker-{pool}"
        environment = self._prefect_environment(name) | self.settings | workers.SETTINGS
        url = api_url(self.ports["prefect"])
        return Service(
            name=name,
            program=worker_program(pool, name, environment, self.premises.folder, self.premises.log(name)),
            after=("postgresql", "s3", "prefect"),
            check=lambda started_at: check_worker(url, pool, name, started_at),
        )

    def _engine_worker(self, number: int) -> Service:
        name = _engine_worker_name(number)
        environment = self._prefect_environment(name) | self.settings | self._metrics_settings(name)
        if self.engine_workers > 1:
            # The driver's numbers, which plans are made by; CUDA's own begin with the fastest GPU.
            environment |= {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": self._gpu(number)}
        url = self.settings["REELHOUSE_DATABASE_URL"]
        return Service(
            name=name,
            program=engine_worker_program(name, environment, self.premises.folder, self.premises.log(name)),
            address=self._metrics_page(name),
            after=("postgresql", "s3"),
            check=lambda started_at: check_engine_worker(url, name, started_at),
        )

    def _gpu(self, number: int) -> str:
        """The GPU of one of several engine workers, out of those that the user lets them see."""
        visible = [
            gpu.strip() for gpu in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if gpu.strip()
        ]
        if not visible:
            return str(number - 1)
        if len(visible) < self.engine_workers:
            raise InputError(
                f"REELHOUSE_ENGINE_WORKERS asks for {self.engine_workers} engine workers, a GPU each, and "
                f"CUDA_VISIBLE_DEVICES shows {len(visible)}: ask for fewer, or show more"
            )
        return visible[number - 1]

    def _steward(self) -> Service:
        return Service(
            name="steward",
            program=Program(
                argv=[sys.executable, "-m", "studio.cli", "steward"],
                environment=self._prefect_environment("steward")
                | self.settings
                | self._metrics_settings("steward"),
                folder=self.premises.folder,
                log=self.premises.log("steward"),
            ),
            address=self._metrics_page("steward"),
            after=("postgresql", "s3", "prefect"),
            check=_whenever(lambda: None),
        )

    def _metrics_settings(self, service: str) -> dict[str, str]:
        return {"REELHOUSE_METRICS_PORT": str(self.ports[_metrics(service)])}

    def _metrics_page(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports[_metrics(service)]}/metrics"

    def _prefect_environment(self, service: str) -> dict[str, str]:
        """The user's own environment without what leads Prefect or us to another studio."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            # One port is not for many processes.
            if name in _OF_THE_USER
            or (not name.startswith(("PREFECT_", "REELHOUSE_METRICS_")) and name not in self.settings)
        }
        return inherited | {
            "DO_NOT_TRACK": "1",
            "PREFECT_API_URL": api_url(self.ports["prefect"]),
            "PREFECT_HOME": str(self.premises.home / "prefect"),
            "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
            "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
            "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
            MARK: self.mark(service),
        }

    def _bare(self, service: str) -> dict[str, str]:
        """The environment of a program that has no business with the user's."""
        kept = {name: os.environ[name] for name in _OF_THE_MACHINE if name in os.environ}
        return kept | {"HOME": str(self.premises.folder / service), MARK: self.mark(service)}

    def mark(self, service: str) -> str:
        """What tells the processes of a service of this studio from all others."""
        return f"{self.passwords.studio_id}/{service}"


def _whenever(check: Callable[[], None]) -> Callable[[float], None]:
    """A check that does not depend on when the service was started."""
    return lambda started_at: check()
