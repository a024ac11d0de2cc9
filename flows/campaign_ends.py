"""Ends of campaigns that their own process does not see: cancelled, or given up.

A film's run is found by its idempotency key, so that also one is cancelled that was started and not yet
recorded when the campaign's process ended.
"""

from collections.abc import Sequence
from logging import getLogger
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterIdempotencyKey
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelling

from db.campaigns import CampaignRun, Campaigns
from db.lineage import Lineage
from flows.campaign_runs import Ended, film_key, look_at, note
from tasks.workbench import workbench

CHUNK = 100  # keys in one question: a server's answer has 200 runs at most

log = getLogger(__name__)


def stop_films(flow: "Flow[..., Any]", flow_run: FlowRun, state: "State[Any]") -> None:
    """Who cancels a campaign cancels its films."""
    lineage = workbench().lineage
    campaigns = Campaigns(lineage.engine)
    if campaigns.has_begun(str(flow_run.id)):
        with get_client(sync_client=True) as client:
            _cancel(client, lineage, campaigns.find(str(flow_run.id)), state.message)


def end_left(client: SyncPrefectClient, lineage: Lineage) -> None:
    """End the campaigns that are recorded as running and whose runs have ended for good.

    Of one that was cancelled the films are cancelled; of one that failed those at work are finished first.

    Raises:
        httpx.HTTPError, LineageError, ServiceUnavailable: server or database cannot be used.
    """
    campaigns = Campaigns(lineage.engine)
    for run in campaigns.running():
        state = _state(client, run.id)
        if state is None or state.is_cancelled():
            _cancel(client, lineage, run, state and state.message)
        elif state.is_failed():
            _fail(client, lineage, run, state.message or "failed")


def _state(client: SyncPrefectClient, run_id: str) -> "State[Any] | None":
    """The state of a run; None where somebody deleted it."""
    try:
        return client.read_flow_run(UUID(run_id)).state
    except ObjectNotFound:
        return None


def _cancel(client: SyncPrefectClient, lineage: Lineage, run: CampaignRun, said: str | None) -> None:
    campaigns = Campaigns(lineage.engine)
    films = [film for film in run.films if film.status in ("waiting", "running")]
    for film in _runs_of(client, [film_key(run.id, film.name) for film in films]):
        if film.state is None or not film.state.is_final():
            client.set_flow_run_state(film.id, Cancelling())
    for film in films:
        found = look_at(client, lineage, film.run_id) if film.run_id else None
        if isinstance(found, Ended):  # it came before
            note(campaigns, run.id, film.name, found)
        else:
            campaigns.film_ended(run.id, film.name, "cancelled", message="its campaign was cancelled")
    campaigns.finish(run.id, "cancelled", message=said or "cancelled", report=None)


def _fail(client: SyncPrefectClient, lineage: Lineage, run: CampaignRun, reason: str) -> None:
    campaigns = Campaigns(lineage.engine)
    at_work = 0
    for film in run.films:
        if film.status == "waiting":
            campaigns.film_ended(run.id, film.name, "left out", message="its campaign failed")
        elif film.status == "running" and film.run_id:
            found = look_at(client, lineage, film.run_id)
            at_work += not isinstance(found, Ended)
            if isinstance(found, Ended):
                note(campaigns, run.id, film.name, found)
    if not at_work:
        campaigns.finish(run.id, "failed", message=reason, report=None)


def _runs_of(client: SyncPrefectClient, keys: Sequence[str]) -> list[FlowRun]:
    found: list[FlowRun] = []
    for start in range(0, len(keys), CHUNK):
        asked = FlowRunFilterIdempotencyKey(any_=list(keys[start : start + CHUNK]))
        found += client.read_flow_runs(flow_run_filter=FlowRunFilter(idempotency_key=asked), limit=2 * CHUNK)
    return found
