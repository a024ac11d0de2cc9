"""A campaign, from its bundle to its report, as one Prefect flow that starts a run for each film."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.exceptions import ObjectNotFound
from prefect.runtime import flow_run as this_run
from prefect.states import Completed, Failed

from db.campaigns import CampaignRun, Campaigns
from flows.campaign_ends import stop_films
from flows.campaign_runs import PrefectRuns, conduct
from flows.notices import tell_campaign_done, tell_campaign_failed
from flows.outages import outlasting
from flows.prefect_errors import prefect_translated
from flows.run_logs import plain_failures
from reelhouse.campaign_plan import CampaignPlan
from reelhouse.errors import ServiceUnavailable
from tasks.campaigns import keep_film, keep_report, opened_campaign, plan_campaign
from tasks.workbench import Workbench, workbench

FILM_DEPLOYMENT = "render-storyboard/render"


@flow(  # pyright: ignore[reportCallIssue] Prefect's overloads want a flow that returns no state
    name="render-campaign",
    persist_result=False,
    on_completion=[tell_campaign_done],
    on_failure=[tell_campaign_failed],
    on_cancellation=[stop_films],
)
def render_campaign(campaign: str) -> "State[str]":
    """Render every film of a campaign; what films share is made once, and what is made is not made again.

    A run that was killed goes on where it was when it is run again.

    Args:
        campaign: A campaign's bundle id, which reelhouse campaign submit gives.

    Returns:
        The campaign's id, once all its films are done; failed, if some are not.
    """

    plain_failures()

    def films() -> "State[str]":
        bench = workbench()
        with (
            opened_campaign(bench, campaign) as read,
            get_client(sync_client=True) as client,
            prefect_translated(client.api_url),  # an outage of the server is outlasted like any other
        ):
            plan = plan_campaign(bench, read)
            run = _begun(bench, plan, campaign)
            _render_films(client, bench, plan, run)
            return _reported(bench, plan, run.id)

    return outlasting(films)


def _begun(bench: Workbench, plan: CampaignPlan, bundle_id: str) -> CampaignRun:
    """The record of this run; a new one is held against budget and deadline first."""
    campaigns = Campaigns(bench.lineage.engine)
    campaign_id = str(this_run.id)
    if not campaigns.has_begun(campaign_id):
        plan.check(datetime.now(UTC))
    takes = [step.key for step in plan.steps if step.engine_calls]
    films = [film.name for film in plan.films]
    return campaigns.begin(
        campaign_id, name=plan.campaign.name, bundle_id=bundle_id, takes=takes, films=films
    )


def _render_films(client: SyncPrefectClient, bench: Workbench, plan: CampaignPlan, run: CampaignRun) -> None:
    campaign = plan.campaign
    variants = {campaign.film_name(variant): variant for variant in campaign.variants}
    campaigns = Campaigns(bench.lineage.engine)
    try:
        deployment = client.read_deployment_by_name(FILM_DEPLOYMENT)
    except ObjectNotFound as error:
        raise ServiceUnavailable(
            f"Prefect's server has no deployment {FILM_DEPLOYMENT}: reelhouse deploy adds it"
        ) from error
    runs = PrefectRuns(
        client=client,
        lineage=bench.lineage,
        deployment_id=deployment.id,
        campaign_id=run.id,
        priority=campaign.priority,
        bundle_of=lambda film: keep_film(bench, campaign, variants[film]),
    )
    conduct(campaigns, run.id, runs, at_once=campaign.at_once, refusal=_limits(campaigns, plan, run))


def _limits(campaigns: Campaigns, plan: CampaignPlan, run: CampaignRun) -> Callable[[], str]:
    """Says why no further film may be started, once the budget is spent or the deadline has passed."""
    budget_s, deadline = plan.campaign.budget_s, plan.campaign.deadline

    def refusal() -> str:
        if deadline and datetime.now(UTC) > (due := deadline.moment(run.started_at)):
            return f"the deadline, {due:%Y-%m-%d %H:%M:%S} UTC, has passed"
        spent_s = campaigns.spent_s(run.takes)
        if budget_s is None or spent_s <= budget_s:
            return ""
        return f"the budget of {budget_s:,g} s is spent: {spent_s:,.1f} s of engine time were taken"

    return refusal


def _reported(bench: Workbench, plan: CampaignPlan, campaign_id: str) -> "State[str]":
    campaigns = Campaigns(bench.lineage.engine)
    run = campaigns.find(campaign_id)
    artifact, report = keep_report(bench, plan, run, ended_at=datetime.now(UTC))
    missing = [film for film in run.films if film.status != "done"]
    message = f"{len(run.films) - len(missing)} of {len(run.films)} films are done" + "".join(
        f"; {film.name}: {film.status}" for film in missing
    )
    create_markdown_artifact(
        _markdown(run, report, message), key="campaign-report", description=f"Campaign {run.name}"
    )
    status = "failed" if missing else "done"
    campaigns.finish(run.id, status, message=message, report=artifact)
    return Failed(message=message) if missing else Completed(message=message, data=campaign_id)


def _markdown(run: CampaignRun, report: "Mapping[str, object]", message: str) -> str:
    rows = [
        f"| {film.name} | {film.status} | {(film.film or '')[:12]} | {film.message} |" for film in run.films
    ]
    return "\n".join(
        [
            f"# Campaign {run.name}",
            f"{message}. {report['engine_calls']} engine calls, {report['engine_seconds']} s of engine time.",
            "",
            "| film | state | artifact | |",
            "|---|---|---|---|",
            *rows,
        ]
    )
