"""What Prefect's server must know before a worker can take a run: pools, deployments, automations.

`register` may be called at every start: it makes what is missing, and brings descriptions, forms and
entrypoints up to date. What operators choose on the server stays: limits, pauses, schedules, job variables.
`python -m flows.deployments` waits for the server that PREFECT_API_URL names and registers there.
"""

import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import (
    DeploymentScheduleCreate,
    DeploymentUpdate,
    WorkPoolCreate,
    WorkPoolUpdate,
)
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions, StateType
from prefect.client.schemas.schedules import CronSchedule
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.utilities.callables import parameter_schema

from flows.campaign import render_campaign
from flows.maintenance import nightly_maintenance
from flows.render import render_storyboard
from flows.retake import retake_scene
from flows.run_settings import HEARTBEAT_S, RUN_SETTINGS
from reelhouse.errors import InputError

if TYPE_CHECKING:
    from prefect import Flow

WAIT_S = 120
# Without a pull step Prefect copies the folder that a run starts in, whatever lies there, to a temporary one.
PULL_STEPS: list[dict[str, Any]] = [{"prefect.deployments.steps.set_working_directory": {"directory": "."}}]
ONE_ALONE = ConcurrencyOptions(collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
# Also of a run whose process ended on purpose: it waits for a person, or was refused.
_ENDED = ("Completed", "Failed", "Cancelled", "Crashed", "Suspended", "Rejected")
HEARTBEATS_MISSED = timedelta(seconds=3 * HEARTBEAT_S + 5)


@dataclass(frozen=True, slots=True)
class Pool:
    """A work pool: workers of one type, and how many runs they may have at once at first."""

    name: str
    type: str
    runs_at_once: int
    description: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """A flow that a worker of a pool can run, found by its module's name from any folder.

    Attributes:
        cron: when it runs by itself at first, in UTC; None when a person or a program starts it.
        alone: a second run is refused while one is at work.
        is_resumed: whether the steward takes up again a run whose process died.
    """

    flow: "Flow[..., Any]"
    name: str
    entrypoint: str
    pool: str
    description: str
    tags: tuple[str, ...]
    cron: str | None = None
    alone: bool = False
    is_resumed: bool = True

    @property
    def full_name(self) -> str:
        """Its name in Prefect: flow/deployment."""
        return f"{self.flow.name}/{self.name}"


POOLS = (
    Pool("cpu", "process", 2, "Renders on this machine's processors, each in a process of its own"),
    # Of their own: a campaign waits for renders, and would hold the place they need.
    Pool("campaigns", "process", 20, "Campaigns: they start renders and wait for them"),
)
RENDER = Deployment(
    cast("Flow[..., Any]", render_storyboard),
    "render",
    "flows.render.render_storyboard",
    "cpu",
    "A storyboard becomes a film; what is already made is not made again.",
    ("film",),
)
RETAKE = Deployment(
    cast("Flow[..., Any]", retake_scene),
    "retake",
    "flows.retake.retake_scene",
    "cpu",
    "A film once more, with another take of one of its scenes; everything else is reused.",
    ("film",),
)
CAMPAIGN = Deployment(
    cast("Flow[..., Any]", render_campaign),
    "render",
    "flows.campaign.render_campaign",
    "campaigns",
    "Every film of a campaign; what films share is made once. Each schedule is a campaign's.",
    ("campaign",),
)
NIGHTLY = Deployment(
    cast("Flow[..., Any]", nightly_maintenance),
    "nightly",
    "flows.maintenance.nightly_maintenance",
    "cpu",
    "Every night: verify a sample, remove leftovers, see that the newest backup is young.",
    ("upkeep",),
    cron="0 3 * * *",
    alone=True,
    is_resumed=False,
)
DEPLOYMENTS = (RENDER, RETAKE, CAMPAIGN, NIGHTLY)


def register(client: SyncPrefectClient, *, job_template: dict[str, Any] | None = None) -> None:
    """Register everything with a server.

    Args:
        job_template: a base job template of Prefect's: each render becomes a Kubernetes Job made by it, not a
            process of a worker.

    Raises:
        InputError: the renders' pool is there and of another type.
    """
    for pool in POOLS:
        _register_pool(client, pool, job_template if pool.name == RENDER.pool else None)
    for deployment in DEPLOYMENTS:
        _register_deployment(client, deployment)
    _register_automation(client, _lost_runs())


def _register_pool(client: SyncPrefectClient, pool: Pool, job_template: dict[str, Any] | None) -> None:
    kind = pool.type if job_template is None else "kubernetes"
    with suppress(ObjectAlreadyExists):  # a worker that came first has made it
        client.create_work_pool(WorkPoolCreate(name=pool.name, type=kind))
    found = client.read_work_pool(pool.name)
    if job_template is not None and found.type != kind:
        raise InputError(
            f"the work pool {pool.name} is of type {found.type}, and only one of type {kind} takes a job "
            f"template: `prefect work-pool delete {pool.name}`, then deploy again"
        )
    if not found.description:  # only a pool that was never registered has none
        client.update_work_pool(
            pool.name, WorkPoolUpdate(description=pool.description, concurrency_limit=pool.runs_at_once)
        )
    if job_template is not None and found.base_job_template != job_template:
        client.update_work_pool(pool.name, WorkPoolUpdate(base_job_template=job_template))


def _register_deployment(client: SyncPrefectClient, deployment: Deployment) -> None:
    ours: dict[str, Any] = {
        "description": deployment.description,
        "entrypoint": deployment.entrypoint,
        "pull_steps": PULL_STEPS,
        "parameter_openapi_schema": parameter_schema(deployment.flow).model_dump(mode="json"),
        "enforce_parameter_schema": True,
    }
    try:
        found = client.read_deployment_by_name(deployment.full_name)
    except ObjectNotFound:
        client.create_deployment(
            flow_id=client.create_flow(deployment.flow),
            name=deployment.name,
            tags=list(deployment.tags),
            work_pool_name=deployment.pool,
            schedules=_schedules(deployment),
            concurrency_limit=1 if deployment.alone else None,
            concurrency_options=ONE_ALONE if deployment.alone else None,
            job_variables={"env": dict(RUN_SETTINGS)},
            **ours,
        )
        return
    chosen = found.job_variables or {}
    ours["job_variables"] = chosen | {"env": RUN_SETTINGS | chosen.get("env", {})}
    ours["work_pool_name"] = found.work_pool_name or deployment.pool  # it has none once its pool was deleted
    # Not written where nothing is new: it would take away the runs that are scheduled ahead.
    if any(getattr(found, name) != value for name, value in ours.items()):
        client.update_deployment(found.id, DeploymentUpdate(**ours))


def _schedules(deployment: Deployment) -> list[DeploymentScheduleCreate]:
    if deployment.cron is None:
        return []
    schedule = CronSchedule(cron=deployment.cron, timezone="UTC")
    return [DeploymentScheduleCreate(schedule=schedule, slug=deployment.name)]


def _lost_runs() -> AutomationCore:
    """A run whose process was killed says nothing any more, and Prefect itself goes on calling it running.

    Only our own flows: those of others on the same server give signs of life as seldom as they like.

    Source: https://docs.prefect.io/v3/advanced/detect-zombie-flows
    """
    flows = {"prefect.resource.role": "flow", "prefect.resource.name": [one.flow.name for one in DEPLOYMENTS]}
    ended = {f"prefect.flow-run.{state}" for state in _ENDED}
    heartbeat = "prefect.flow-run.heartbeat"
    trigger = EventTrigger(
        after={heartbeat},
        expect={heartbeat} | ended,
        match={"prefect.resource.id": ["prefect.flow-run.*"]},  # pyright: ignore[reportArgumentType] it is parsed
        match_related=flows,  # pyright: ignore[reportArgumentType] the same
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=HEARTBEATS_MISSED,
    )
    action = ChangeFlowRunState(
        name="Crashed",
        state=StateType.CRASHED,
        message="its process gave no sign of life any more",
        force=False,
    )
    return AutomationCore(
        name="reelhouse: runs that were lost",
        description="Marks a run as crashed when its heartbeats stop.",
        trigger=trigger,
        actions=[action],
    )


def _register_automation(client: SyncPrefectClient, automation: AutomationCore) -> None:
    found = client.read_automations_by_name(automation.name)
    if not found:
        client.create_automation(automation)
        return
    wanted = automation.model_copy(update={"enabled": found[0].enabled, "tags": found[0].tags})
    if AutomationCore.model_validate(found[0].model_dump()) != wanted:
        client.update_automation(found[0].id, wanted)


def main() -> None:
    """Wait for the server and register there."""
    deadline = time.monotonic() + WAIT_S
    with get_client(sync_client=True) as client:
        while (problem := client.api_healthcheck()) is not None:
            if time.monotonic() > deadline:
                sys.exit(f"Prefect's server {client.api_url} does not answer: {problem}")
            time.sleep(0.2)
        register(client)


if __name__ == "__main__":
    main()
