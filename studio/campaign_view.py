"""`reelhouse campaign plan | submit | status | unschedule`: what it takes, handing it in, how it goes."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from db.campaigns import CampaignRun, Campaigns
from reelhouse.campaign import Campaign
from reelhouse.campaign_plan import CampaignPlan, FilmPlan
from reelhouse.campaign_reader import read_campaign
from reelhouse.errors import InputError, ServiceUnavailable
from reelhouse.settings import Settings
from studio.console import err, out, print_json, seconds
from studio.prefect_environment import prepare_prefect
from tasks.campaigns import keep_campaign, plan_campaign
from tasks.workbench import Workbench

if TYPE_CHECKING:
    from flows.campaign_submission import Scheduled

COLOURS = {"done": "green", "failed": "red", "cancelled": "yellow", "left out": "yellow", "running": "cyan"}
ID_DIGITS = 12


def show_campaign_plan(file: Path, *, as_json: bool) -> None:
    """Print what each film takes and shares, and the sums.

    Raises:
        InputError: the campaign is over its budget, or late; the plan is printed all the same.
    """
    plan = plan_campaign(Workbench(Settings()), read_campaign(file))
    now = datetime.now(UTC)
    if as_json:
        print_json(_plan_as_json(plan, now))
    else:
        console = out()
        console.print(_plan_table(plan))
        console.print(_totals(plan))
    plan.check(now)


def submit_campaign(file: Path, *, once: bool, as_json: bool) -> None:
    """Plan a campaign, keep it, and hand it to Prefect's server.

    Raises:
        InputError: it cannot be used, or kept within budget and deadline; or no server is named.
        ServiceUnavailable: the server does not answer.
    """
    bench = Workbench(Settings())
    campaign = read_campaign(file)
    plan_campaign(bench, campaign).check(datetime.now(UTC))
    _need_studio(bench)
    from flows.campaign_submission import submit

    handed_in = submit(campaign, keep_campaign(bench, campaign), once=once)
    if as_json:
        print_json({"campaign": campaign.name, "bundle": handed_in.bundle_id, "run": handed_in.run_id})
        return
    console = out()
    if handed_in.is_scheduled and campaign.schedule:
        console.print(f"{campaign.name} runs at {campaign.schedule.cron} ({campaign.schedule.timezone})")
    if handed_in.run_id:
        console.print(
            f"{campaign.name} is run {handed_in.run_id}: reelhouse campaign status {handed_in.run_id}"
        )


def unschedule_campaign(name: str) -> None:
    """Remove a campaign's schedule.

    Raises:
        InputError: it has none, or no server is named.
        ServiceUnavailable: the server does not answer.
    """
    _need_studio(Workbench(Settings()))
    from flows.campaign_submission import unschedule

    unschedule(name)
    out().print(f"{name} is not run by itself any more")


def _need_studio(bench: Workbench) -> None:
    if prepare_prefect(bench.settings.home) is None:
        raise InputError(
            "a campaign is handed to a studio, and PREFECT_API_URL names none: start one by `reelhouse up`, "
            'then eval "$(reelhouse env)"'
        )


def show_campaigns(*, as_json: bool) -> None:
    """Print the schedules of campaigns, and their latest runs, newest first."""
    bench = Workbench(Settings())
    runs = Campaigns(bench.lineage.engine).latest()
    planned = _schedules(bench)
    if as_json:
        told = None if planned is None else [asdict(one) for one in planned]
        print_json({"schedules": told, "runs": [_run_as_json(run) for run in runs]})
        return
    console = out()
    for one in planned or ():
        paused = "" if one.active else ", paused in Prefect"
        console.print(f"{one.name} runs at {one.cron} ({one.timezone}){paused}", markup=False)
    if runs:
        console.print(_runs_table(runs))
    elif not planned:
        console.print("No campaign has run here yet: reelhouse campaign submit CAMPAIGN")


def _schedules(bench: Workbench) -> "list[Scheduled] | None":
    """The schedules; None where Prefect's server is not named or does not answer."""
    if prepare_prefect(bench.settings.home) is None:
        return None
    from flows.campaign_submission import schedules

    try:
        return schedules()
    except ServiceUnavailable as error:
        err().print(f"schedules are not shown: {error}", markup=False)
        return None


def _runs_table(runs: Sequence[CampaignRun]) -> Table:
    table = _table("id", "campaign", "started", "state", "films")
    for run in runs:
        done = sum(film.status == "done" for film in run.films)
        table.add_row(
            run.id[:ID_DIGITS],
            run.name,
            f"{run.started_at.astimezone():%Y-%m-%d %H:%M}",
            f"[{COLOURS[run.status]}]{run.status}[/]",
            f"{done} of {len(run.films)} done",
        )
    return table


def show_campaign(campaign_id: str, *, as_json: bool) -> None:
    """Print one run of a campaign and its films."""
    run = Campaigns(Workbench(Settings()).lineage.engine).find(campaign_id)
    if as_json:
        print_json(_run_as_json(run))
        return
    console = out()
    console.print(f"[bold]{run.name}[/]  {run.id}  [{COLOURS[run.status]}]{run.status}[/]  {run.message}")
    table = _table("film", "state", "render", "artifact", "")
    for film in run.films:
        colour = COLOURS.get(film.status, "dim")
        table.add_row(
            film.name,
            f"[{colour}]{film.status}[/]",
            (film.render_id or "")[:ID_DIGITS],
            (film.film or "")[:ID_DIGITS],
            film.message,
        )
    console.print(table)
    if run.report:
        console.print(f"report {run.report}")


def _table(*names: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def _plan_table(plan: CampaignPlan) -> Table:
    table = _table("film")
    for name in ("new steps", "shared", "made", "engine calls", "engine time"):
        table.add_column(name, justify="right")
    for film in plan.films:
        engine_s = film.engine_s
        table.add_row(
            film.name,
            str(len(film.new)),
            str(len(film.shared)),
            str(film.made),
            str(film.engine_calls),
            seconds(engine_s) if engine_s else "",
        )
    return table


def _totals(plan: CampaignPlan) -> str:
    campaign: Campaign = plan.campaign
    budget = f" of a budget of {seconds(campaign.budget_s)}" if campaign.budget_s is not None else ""
    return (
        f"{campaign.name}: {len(plan.films)} films, {plan.engine_calls} engine calls, about "
        f"{seconds(plan.engine_s)} of engine time{budget}, ready in about {seconds(plan.expected_s)}"
    )


def _plan_as_json(plan: CampaignPlan, now: datetime) -> dict[str, object]:
    deadline = plan.campaign.deadline
    return {
        "campaign": plan.campaign.name,
        "films": [_film_as_json(film) for film in plan.films],
        "steps_to_make": len(plan.steps),
        "engine_calls": plan.engine_calls,
        "engine_seconds": round(plan.engine_s, 2),
        "expected_seconds": round(plan.expected_s, 2),
        "budget_seconds": plan.campaign.budget_s,
        "deadline": deadline.moment(now).isoformat() if deadline else None,
        "over_budget": [film.variant for film in plan.over_budget],
        "late": [film.variant for film in plan.late(now)],
    }


def _film_as_json(film: FilmPlan) -> dict[str, object]:
    return {
        "name": film.name,
        "variant": film.variant,
        "digest": film.plan.digest,
        "new": len(film.new),
        "shared": len(film.shared),
        "made": film.made,
        "engine_calls": film.engine_calls,
        "engine_seconds": round(film.engine_s, 2),
    }


def _run_as_json(run: CampaignRun) -> dict[str, object]:
    return {
        "id": run.id,
        "campaign": run.name,
        "bundle": run.bundle_id,
        "status": run.status,
        "message": run.message,
        "report": run.report,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "films": [
            {
                "name": film.name,
                "status": film.status,
                "run_id": film.run_id,
                "render_id": film.render_id,
                "film_artifact": film.film,
                "message": film.message,
            }
            for film in run.films
        ],
    }
