"""A whole studio on one machine, as real processes: it comes up, survives kills, leaves nothing behind."""

import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from reelhouse.errors import DiskFull, InputError
from studio.one_machine import postgres
from studio.one_machine.ports import Wanted, choose_ports, free_ports
from studio.one_machine.premises import Premises
from studio.one_machine.process import Account

from ..eventually import eventually
from .studios import House, studio_up

pytestmark = [pytest.mark.services, pytest.mark.timeout(240)]
KEPT_UP = ("postgresql", "s3", "prefect", "worker-cpu", "worker-campaigns", "worker-engines", "steward")


def is_listened_to(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A studio that is up."""
    with studio_up() as house:
        yield house


def test_a_draft_is_rendered_through_the_deployment_and_its_film_is_in_the_store(house: House):
    assert re.search(r"two scenes rendered .* film [0-9a-f]{12}", house.run("up", "--check"))
    assert house.record.phase == "ready"  # it was up before, so it stays up


def test_status_tells_each_service_its_process_and_its_address(house: House):
    status = json.loads(house.run("status", "--json"))

    services = {service["name"]: service for service in status["services"]}
    assert set(services) == {*KEPT_UP, "deployments"}
    for name in KEPT_UP:
        assert services[name]["phase"] == "up"
        assert psutil.pid_exists(services[name]["pid"])
    assert services["prefect"]["address"] == f"http://127.0.0.1:{house.port('prefect')}"
    assert is_listened_to(house.port("prefect"))


def test_the_settings_it_prints_open_its_database(house: House):
    lines = house.run("env").splitlines()
    settings = dict(line.removeprefix("export ").split("=", 1) for line in lines)

    url = settings["REELHOUSE_DATABASE_URL"].replace("postgresql+psycopg2", "postgresql")
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM renders")
        assert cursor.fetchone() is not None
    connection.close()


def test_no_password_is_on_a_command_line_or_in_a_log_and_its_files_are_the_owners_alone(house: House):
    kept = json.loads((house.home / "studio/passwords.json").read_text())
    kept.pop("studio_id")
    shown = [" ".join(process.cmdline()) for process in house.processes()]
    logs = [path.read_text(errors="replace") for path in (house.home / "log").iterdir()]

    assert len(shown) >= len(KEPT_UP)
    assert len(logs) >= len(KEPT_UP)
    for words in [*shown, *logs]:
        assert not any(password in words for password in kept.values())
    for name in ("passwords.json", "state.json", "s3/users.json"):
        assert (house.home / "studio" / name).stat().st_mode & 0o777 == 0o600


def test_everything_listens_on_this_machine_alone(house: House):
    listening = {
        connection.laddr.ip
        for process in house.processes()
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_a_second_up_says_who_runs_the_studio(house: House):
    said = house.run("up", code=2)
    assert f"already up, under process {house.record.pid}" in said


def test_a_child_that_is_killed_is_started_again(house: House):
    before = {name: house.service(name) for name in KEPT_UP}
    for name in KEPT_UP:
        os.kill(house.pid(name), signal.SIGKILL)
    for name in KEPT_UP:
        eventually(lambda name=name: house.service(name).restarts > before[name].restarts)
        eventually(lambda name=name: house.service(name).phase == "up")
        assert house.pid(name) != before[name].pid


def test_after_a_killed_supervisor_the_next_up_works_and_leaves_no_orphan(house: House):
    supervisor, taken = house.record.pid, house.port("postgresql")
    old = {process.pid for process in house.processes()}
    assert supervisor is not None
    os.kill(supervisor, signal.SIGKILL)
    eventually(lambda: not is_listened_to(taken))
    house.run("status", code=3)

    with socket.socket() as stranger:  # while it is down, another program takes one of its ports
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", taken))
        stranger.listen()
        said = house.run("up", "--detach")

    assert f"port {taken} is taken" in said
    assert not old & {process.pid for process in house.processes()}
    assert house.record.phase == "ready"


def test_down_leaves_nothing_running_and_nothing_listening(house: House):
    ports = house.record.ports.values()
    assert any(is_listened_to(port) for port in ports)

    assert "is down" in house.run("down")

    assert house.processes() == []
    assert not any(is_listened_to(port) for port in ports)
    assert not list(Path("/tmp").glob(f"seaweedfs-*-{house.port('s3')}.sock"))  # noqa: S108 - where it puts them
    assert "no studio was up" in house.run("down")


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    assert "cannot be written" in House(tmp_path / "file").run("up", code=2)


def test_a_full_disk_is_named_before_anything_starts(tmp_path: Path):
    with pytest.raises(DiskFull, match="REELHOUSE_HOME"):
        Premises(tmp_path).prepare(room_bytes=2**62)


def test_a_damaged_password_file_is_named(tmp_path: Path):
    premises = Premises(tmp_path)
    premises.prepare()
    (premises.folder / "passwords.json").write_text("{")
    with pytest.raises(InputError, match=r"passwords\.json is damaged"):
        premises.passwords()


def test_a_folder_that_postgresqls_user_cannot_enter_is_named(tmp_path: Path):
    (tmp_path / "closed" / "inside").mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    with pytest.raises(InputError, match=r"cannot enter .*chmod o\+x"):
        postgres.check_reach(Account("nobody", 65534, 65534), tmp_path / "closed" / "inside")


def test_a_port_is_kept_as_long_as_it_is_free():
    [port] = free_ports(1)
    chosen, notices = choose_ports([Wanted("prefect")], {"prefect": port})
    assert (chosen, notices) == ({"prefect": port}, [])
