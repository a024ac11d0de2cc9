"""The services of a studio on one machine, as data: their ports, and which GPU each engine worker sees."""

import os
import sys
from pathlib import Path

import pytest

from reelhouse.errors import InputError
from studio import worker
from studio.one_machine.lineup import Studio, wanted_ports
from studio.one_machine.premises import Passwords, Premises
from studio.one_machine.service import Service
from tasks.engine_worker import EngineWorker


def services(home: Path, engine_workers: int) -> dict[str, Service]:
    ports = {wanted.name: 20_000 + number for number, wanted in enumerate(wanted_ports(engine_workers))}
    passwords = Passwords("studio", "admin", "films", "prefect", "store")
    studio = Studio(Premises(home), passwords, ports, engine_workers)
    return {service.name: service for service in studio.services()}


@pytest.mark.parametrize("engine_workers", [1, 2, 3])
def test_the_steward_and_every_engine_worker_tell_their_metrics_at_an_address_of_their_own(
    tmp_path: Path, monkeypatch, engine_workers: int
):
    monkeypatch.setenv("REELHOUSE_METRICS_PORT", "9464")  # one port is not for many processes
    found = services(tmp_path, engine_workers)
    names = ["steward", "worker-engines", "worker-engines-2", "worker-engines-3"][: engine_workers + 1]

    ports = {found[name].program.environment["REELHOUSE_METRICS_PORT"] for name in names}
    assert len(ports) == engine_workers + 1
    assert "9464" not in ports
    for name in names:
        port = found[name].program.environment["REELHOUSE_METRICS_PORT"]
        assert found[name].address == f"http://127.0.0.1:{port}/metrics"


def test_engine_workers_share_the_gpus_that_the_user_lets_them_see(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,GPU-5f3c")
    found = services(tmp_path, 2)
    assert found["worker-engines"].program.environment["CUDA_VISIBLE_DEVICES"] == "2"
    assert found["worker-engines-2"].program.environment["CUDA_VISIBLE_DEVICES"] == "GPU-5f3c"

    with pytest.raises(InputError, match=r"3 engine workers, a GPU each, and CUDA_VISIBLE_DEVICES shows 2"):
        services(tmp_path, 3)


def test_the_user_chooses_which_of_its_pages_prefect_shows(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PREFECT_SERVER_UI_V2_ENABLED", "false")
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "postgresql+asyncpg://elsewhere/prefect")
    environment = services(tmp_path, 1)["prefect"].program.environment
    assert environment["PREFECT_SERVER_UI_V2_ENABLED"] == "false"
    assert "elsewhere" not in environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"]


def test_engine_workers_share_the_gpus_as_the_driver_numbers_them(tmp_path: Path, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    found = services(tmp_path, 2)
    seen = [found[name].program.environment for name in ("worker-engines", "worker-engines-2")]

    assert [one["CUDA_VISIBLE_DEVICES"] for one in seen] == ["0", "1"]
    assert [one["CUDA_DEVICE_ORDER"] for one in seen] == ["PCI_BUS_ID"] * 2


def test_a_worker_numbers_gpus_as_the_driver_does_before_it_opens_an_engine(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "FASTEST_FIRST")
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))
    seen: list[tuple[str, bool]] = []

    def run(self: EngineWorker) -> None:

        torch = sys.modules.get("torch")
        seen.append((os.environ["CUDA_DEVICE_ORDER"], bool(torch and torch.cuda.is_initialized())))

    monkeypatch.setattr(EngineWorker, "run", run)
    worker.work(engines="testcard", name=None, drain_s=1)

    assert seen == [("PCI_BUS_ID", False)]
