"""prefect.yaml is read by `prefect deploy`'s own loader, and says what `reelhouse deploy` registers."""

from pathlib import Path

from prefect.cli.deploy._config import _load_deploy_configs_and_actions
from rich.console import Console

from flows.deployments import DEPLOYMENTS, PULL_STEPS, Deployment
from flows.run_settings import RUN_SETTINGS

FILE = Path(__file__).parents[2] / "prefect.yaml"


def as_written(deployment: Deployment) -> dict[str, object]:
    written: dict[str, object] = {
        "name": deployment.name,
        "description": deployment.description,
        "tags": list(deployment.tags),
        "entrypoint": deployment.entrypoint,
        "work_pool": {"name": deployment.pool, "job_variables": {"env": RUN_SETTINGS}},
    }
    if deployment.cron:
        written["schedules"] = [{"cron": deployment.cron, "timezone": "UTC", "slug": deployment.name}]
    if deployment.alone:
        written["concurrency_limit"] = {"limit": 1, "collision_strategy": "CANCEL_NEW"}
    return written


def test_the_file_and_the_registration_are_the_same():
    console = Console(record=True)

    found, actions = _load_deploy_configs_and_actions(FILE, console=console)

    assert console.export_text() == ""  # the loader prints what it does not understand, and goes on without
    assert found == [as_written(deployment) for deployment in DEPLOYMENTS]
    assert actions["pull"] == PULL_STEPS
