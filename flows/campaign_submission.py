"""Handing a campaign to Prefect's server: a run now, or a schedule, which is told and removed here too.

A schedule's slug is the campaign's name, so that a campaign handed in again replaces its schedule and never
has two.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound

from flows.campaign_runs import ending
from flows.prefect_errors import prefect_translated
from reelhouse.campaign import Campaign
from reelhouse.errors import InputError, ServiceUnavailable
from reelhouse.identity import digest

CAMPAIGN_DEPLOYMENT = "render-campaign/render"


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What became of a campaign; `run_id` is None where it only waits for its schedule."""

    bundle_id: str
    is_scheduled: bool
    run_id: str | None


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A campaign that runs by itself; not `active` while somebody has paused its schedule in Prefect."""

    name: str
    cron: str
    timezone: str
    active: bool


def submit(campaign: Campaign, bundle_id: str, *, once: bool) -> HandedIn:
    """Give a campaign the schedule it asks for; run it now where it asks for none.

    Args:
        bundle_id: what `tasks.campaigns.keep_campaign` gave.
        once: run it now, and leave the schedule of its name as it is.

    Raises:
        InputError: Prefect does not take the schedule, or refuses who asks.
        ServiceUnavailable: the server does not answer, or has no deployment of campaigns.
    """
    with _deployment() as (client, deployment_id):
        scheduled = not once and _schedule(client, deployment_id, campaign, bundle_id)
        run = None if scheduled else _run(client, deployment_id, campaign, bundle_id)
        return HandedIn(bundle_id, scheduled, run)


def schedules() -> list[Scheduled]:
    """The campaigns that have a schedule, by name.

    Raises:
        InputError, ServiceUnavailable: as `submit`.
    """
    with _deployment() as (client, deployment_id):
        found = [
            Scheduled(str(one.slug), one.schedule.cron, one.schedule.timezone or "UTC", one.active)
            for one in client.read_deployment_schedules(deployment_id)
            if isinstance(one.schedule, CronSchedule)
        ]
    return sorted(found, key=lambda one: one.name)


def unschedule(name: str) -> None:
    """Remove the schedule of a campaign; a run of it that is at work goes on.

    Raises:
        InputError: it has none; or as `submit`.
        ServiceUnavailable: as `submit`.
    """
    with _deployment() as (client, deployment_id):
        if not _remove(client, deployment_id, name):
            known = ", ".join(one.slug or "" for one in client.read_deployment_schedules(deployment_id))
            raise InputError(f'no campaign "{name}" has a schedule; there is {known or "none"}')


@contextmanager
def _deployment() -> Iterator[tuple[SyncPrefectClient, UUID]]:
    """A client of Prefect's server, and the deployment of campaigns there."""
    with get_client(sync_client=True) as client, prefect_translated(client.api_url):
        try:
            deployment_id = client.read_deployment_by_name(CAMPAIGN_DEPLOYMENT).id
        except ObjectNotFound as error:
            raise ServiceUnavailable(
                f"Prefect's server has no deployment {CAMPAIGN_DEPLOYMENT}: reelhouse deploy adds it"
            ) from error
        yield client, deployment_id


def _run(client: SyncPrefectClient, deployment_id: UUID, campaign: Campaign, bundle_id: str) -> str:
    """Run a campaign; while it runs, the same one handed in again is the same run."""
    key = digest("campaign run", bundle_id)
    while True:
        run = client.create_flow_run_from_deployment(
            deployment_id, name=campaign.name, parameters={"campaign": bundle_id}, idempotency_key=key
        )
        if run.state is None or ending(run.state) is None:
            return str(run.id)
        key = digest("campaign run", [bundle_id, str(run.id)])  # it has ended: this is another run


def _schedule(client: SyncPrefectClient, deployment_id: UUID, campaign: Campaign, bundle_id: str) -> bool:
    """Make the schedule of the campaign's name what the campaign says; whether there is one."""
    if campaign.schedule is None:
        _remove(client, deployment_id, campaign.name)
        return False
    try:
        cron = CronSchedule(cron=campaign.schedule.cron, timezone=campaign.schedule.timezone)
    except ValueError as error:
        raise campaign.problem(("schedule",), f"Prefect does not take this schedule: {error}") from error
    schedule = DeploymentScheduleCreate(schedule=cron, parameters={"campaign": bundle_id}, slug=campaign.name)
    _remove(client, deployment_id, campaign.name)
    client.create_deployment_schedules(deployment_id, [schedule])
    return True


def _remove(client: SyncPrefectClient, deployment_id: UUID, name: str) -> bool:
    """Remove the schedule of a name, with the runs that are scheduled ahead; whether there was one."""
    found = [one.id for one in client.read_deployment_schedules(deployment_id) if one.slug == name]
    for schedule_id in found:
        client.delete_deployment_schedule(deployment_id, schedule_id)
    return bool(found)
