"""Notices: how a run's end becomes an event for the house's webhook.

Hooks of the flows: Prefect calls them when the run's last state stands, so that nothing waits for a receiver.
Where no process of the run is left, whoever ends it tells.
"""

from contextlib import suppress
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.client.schemas.objects import FlowRun, State
from prefect.utilities.urls import url_for

from db.presence import renders_of_run
from reelhouse.errors import ReelhouseError
from tasks.notifications import Event, EventName, notify
from tasks.workbench import Workbench, workbench


def tell_film_done(flow: "Flow[..., Any]", flow_run: FlowRun, state: "State[Any]") -> None:
    """A film is finished."""
    bench = workbench()
    notify(bench.settings, film_event(bench, "film.done", flow_run.id, flow_run.name))


def tell_film_failed(flow: "Flow[..., Any]", flow_run: FlowRun, state: "State[Any]") -> None:
    """A film could not be made."""
    bench = workbench()
    message = f"{flow_run.name}: {state.message or 'failed'}"
    notify(bench.settings, film_event(bench, "film.failed", flow_run.id, message))


def tell_campaign_done(flow: "Flow[..., Any]", flow_run: FlowRun, state: "State[Any]") -> None:
    """Every film of a campaign is finished."""
    _tell_campaign("campaign.done", flow_run, state)


def tell_campaign_failed(flow: "Flow[..., Any]", flow_run: FlowRun, state: "State[Any]") -> None:
    """A campaign was refused, or has films that could not be made."""
    _tell_campaign("campaign.failed", flow_run, state)


def tell_given_up(bench: Workbench, run: FlowRun, reason: str, *, is_campaign: bool) -> None:
    """A film or a campaign is not taken up any more, and has no process left that could tell."""
    message = f"{run.name}: {reason}"
    if is_campaign:
        notify(bench.settings, _campaign_event(bench, "campaign.failed", run.id, message))
    else:
        notify(bench.settings, film_event(bench, "film.failed", run.id, message))


def film_event(bench: Workbench, event: EventName, run_id: UUID, message: str) -> Event:
    """An event about a film, with the ids of the run's latest render as far as the lineage knows it."""
    ids = {"flow_run": str(run_id)}
    with suppress(ReelhouseError):  # the event is told without what the database does not say now
        for render_id in renders_of_run(bench.lineage.engine, str(run_id))[:1]:
            ids["render"] = render_id
            if film := bench.lineage.render(render_id).film:
                ids["film"] = film
    return Event(event, ids, run_links(bench, run_id), message)


def run_links(bench: Workbench, run_id: UUID) -> dict[str, str]:
    """The run's page, where the server is one that lasts."""
    page = url_for("flow-run", obj_id=run_id) if bench.server_lasts else None
    return {"run": page} if page else {}


def _tell_campaign(event: EventName, run: FlowRun, state: "State[Any]") -> None:
    bench = workbench()
    message = f"{run.name}: {state.message or state.name or ''}"
    notify(bench.settings, _campaign_event(bench, event, run.id, message))


def _campaign_event(bench: Workbench, event: EventName, run_id: UUID, message: str) -> Event:
    ids = {"flow_run": str(run_id), "campaign": str(run_id)}
    return Event(event, ids, run_links(bench, run_id), message)
