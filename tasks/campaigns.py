"""Campaigns at the workbench: planned, kept as bundles, unpacked again, and reported."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime

from db.campaigns import CampaignRun
from db.store import Artifact
from reelhouse.campaign import Campaign, Variant
from reelhouse.campaign_films import made_for, written_for
from reelhouse.campaign_plan import CampaignPlan, FilmPlan, unite
from reelhouse.campaign_reader import read_campaign
from reelhouse.identity import canonical_json
from reelhouse.storyboard_reader import read_storyboard
from tasks.bundles import keep, pack, unpack
from tasks.renders import look_up
from tasks.workbench import Workbench


def plan_campaign(bench: Workbench, campaign: Campaign) -> CampaignPlan:
    """Plan every film of a campaign for the tools in use, and unite the plans; loads no tool.

    Raises:
        StoryboardError: an engine cannot make what a variant asks; the message names the entry to blame.
    """
    films = []
    for variant in campaign.variants:
        plan = made_for(campaign, variant, bench.plan)
        films.append((variant.name, plan, look_up(bench, plan).outstanding))
    return unite(campaign, films, {"engine": 1, "cpu": bench.settings.scenes_at_once})


def keep_campaign(bench: Workbench, campaign: Campaign) -> str:
    """Keep a campaign, its storyboard and every file they name, as one bundle; the bundle's id.

    Raises:
        DiskFull, StoreError, LineageError, ServiceUnavailable: it cannot be kept.
    """
    return keep(bench, campaign.file, campaign.files)


@contextmanager
def opened_campaign(bench: Workbench, bundle_id: str) -> Iterator[Campaign]:
    """The campaign of a bundle, with its files, for as long as the block runs.

    Raises:
        InputError, StoryboardError: there is no such bundle, or it is no campaign.
    """
    with bench.folder() as folder:
        yield read_campaign(unpack(bench.store, bundle_id, folder))


def keep_film(bench: Workbench, campaign: Campaign, variant: Variant) -> str:
    """Keep one film's storyboard, which is an ordinary one, with its files; the bundle's id.

    Writes beside the campaign's file, which is an unpacked one.
    """
    file = campaign.file.with_name(f"{campaign.name}-{campaign.variants.index(variant) + 1}.yaml")
    file.write_text(written_for(campaign, variant), encoding="utf-8")
    return pack(bench, read_storyboard(file))


def spent_by_film(bench: Workbench, plan: CampaignPlan, run: CampaignRun) -> dict[str, float]:
    """Engine seconds by film, of the takes lacking at the start: each with the first film that needs it."""
    lacking = set(run.takes)
    spent: dict[str, float] = {}
    records = bench.lineage.steps(run.takes)
    for film in plan.films:
        own = [step.key for step in film.plan.steps if step.key in lacking]
        lacking -= set(own)
        spent[film.name] = sum(records[key].seconds for key in own if key in records)
    return spent


def keep_report(
    bench: Workbench, plan: CampaignPlan, run: CampaignRun, *, ended_at: datetime
) -> tuple[Artifact, Mapping[str, object]]:
    """Keep the report of a campaign that has ended as JSON; the artifact, and what it says."""
    spent = spent_by_film(bench, plan, run)
    planned = {film.name: film for film in plan.films}
    deadline = plan.campaign.deadline
    due = deadline.moment(run.started_at) if deadline else None
    report: dict[str, object] = {
        "campaign": run.name,
        "id": run.id,
        "bundle": run.bundle_id,
        "started_at": run.started_at.isoformat(),
        "finished_at": ended_at.isoformat(),
        "films_done": sum(film.status == "done" for film in run.films),
        "failures": sum(film.status == "failed" for film in run.films),
        "engine_calls": len(bench.lineage.steps(run.takes)),
        "engine_seconds": round(sum(spent.values()), 3),
        "budget_seconds": plan.campaign.budget_s,
        "deadline": due.isoformat() if due else None,
        "in_time": ended_at <= due if due else None,
        "films": [
            {
                **asdict(film),
                "deliveries": _deliveries(bench, planned[film.name]) if film.film else {},
                "engine_seconds": round(spent[film.name], 3),
            }
            for film in run.films
        ],
    }
    artifact = bench.store.put_bytes(canonical_json(report).encode(), "application/json")
    bench.lineage.add_artifact(artifact)
    return artifact, report


def _deliveries(bench: Workbench, film: FilmPlan) -> dict[str, str]:
    """Delivery → artifact id."""
    sources = film.plan.deliveries
    records = bench.lineage.steps([source.step_key for source in sources.values()])
    return {
        delivery.name: records[source.step_key].outputs[source.output].id
        for delivery, source in sources.items()
        if source.step_key in records
    }
