"""The runs of a campaign's films: started in order, so many at once, watched to their end.

Films that wait for a person's approval do not count among those at work, so that nobody's holiday stops a
campaign. What has begun is found again: by its record, or by the idempotency key of its run.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from logging import getLogger
from typing import Literal, Protocol, TypeAlias
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import State
from prefect.exceptions import ObjectNotFound

from db.campaigns import Campaigns
from db.lineage import Lineage
from db.presence import renders_of_run

POLL_S = 1.0
CRASHED_FOR_S = 300.0  # within it the house schedules a crashed run again, if it does at all
Ending: TypeAlias = Literal["done", "failed", "cancelled"]

log = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a film's run ended: its last render, the film's artifact id, why it failed."""

    how: Ending
    render_id: str | None = None
    film: str | None = None
    message: str = ""


class FilmRuns(Protocol):
    """Who renders films."""

    def start(self, film: str) -> str:
        """Start the run of a film, or find the one that was started; its id."""
        ...

    def look(self, run_id: str) -> Ended | Literal["at work", "waits"]:
        """How a run stands; one that waits for a person does nothing meanwhile."""
        ...


@dataclass(frozen=True, slots=True)
class PrefectRuns:
    """Films rendered by Prefect runs of one deployment.

    Attributes:
        bundle_of: keeps a film's storyboard and gives the bundle's id.
    """

    client: SyncPrefectClient
    lineage: Lineage
    deployment_id: UUID
    campaign_id: str
    priority: int
    bundle_of: Callable[[str], str]

    def start(self, film: str) -> str:
        """Start the run of a film, or find the one that was started; its id."""
        run = self.client.create_flow_run_from_deployment(
            self.deployment_id,
            name=film,
            parameters={"storyboard": self.bundle_of(film), "priority": self.priority},
            tags=["campaign"],
            idempotency_key=film_key(self.campaign_id, film),
        )
        log.info("campaign %s: %s is run %s", self.campaign_id, film, run.id)
        return str(run.id)

    def look(self, run_id: str) -> Ended | Literal["at work", "waits"]:
        """How a run stands; one that the server does not tell of is taken to be at work."""
        try:
            return look_at(self.client, self.lineage, run_id)
        except httpx.TransportError:
            pass
        except httpx.HTTPStatusError as error:
            if not error.response.is_server_error:  # a refusal is no outage, and has no end
                raise
        return "at work"  # asked again in a moment


def look_at(client: SyncPrefectClient, lineage: Lineage, run_id: str) -> Ended | Literal["at work", "waits"]:
    """How the run of a film stands.

    Raises:
        httpx.TransportError, httpx.HTTPStatusError: the server does not answer, or does not tell.
    """
    try:
        state = client.read_flow_run(UUID(run_id)).state
    except ObjectNotFound:
        return Ended("cancelled", message="its run was deleted in Prefect")
    how = ending(state) if state else None
    if state is None or how is None:
        return "waits" if state and state.is_paused() else "at work"
    message = "" if how == "done" else state.message or state.name or how
    renders = renders_of_run(lineage.engine, run_id)
    film = lineage.render(renders[0]).film if renders else None
    return Ended(how, renders[0] if renders else None, film if how == "done" else None, message)


def film_key(campaign_id: str, film: str) -> str:
    """What the run of a film is known by, however often it is started."""
    return f"campaign {campaign_id}: {film}"


def ending(state: State[object]) -> Ending | None:
    """How a run in this state has ended; None for one at work, or that the steward may take up again."""
    if state.is_completed():
        return "done"
    if state.is_cancelled():
        return "cancelled"
    age_s = (datetime.now(UTC) - state.timestamp).total_seconds()
    return "failed" if state.is_failed() or (state.is_crashed() and age_s > CRASHED_FOR_S) else None


def conduct(
    campaigns: Campaigns, campaign_id: str, runs: FilmRuns, *, at_once: int, refusal: Callable[[], str]
) -> None:
    """Render the films of a recorded campaign that have not ended yet.

    Args:
        at_once: how many are at work side by side.
        refusal: asked before each start; why no further film may be started, or "".
    """
    films = campaigns.find(campaign_id).films
    waiting = deque(film.name for film in films if film.status == "waiting")
    running = {film.name: film.run_id for film in films if film.status == "running" and film.run_id}
    while waiting or running:
        at_work = 0
        for film, run_id in list(running.items()):
            found = runs.look(run_id)
            at_work += found == "at work"
            if isinstance(found, Ended):
                note(campaigns, campaign_id, film, found)
                del running[film]
        while waiting and at_work < at_once:
            if reason := refusal():
                while waiting:
                    campaigns.film_ended(campaign_id, waiting.popleft(), "left out", message=reason)
                break
            film = waiting.popleft()
            running[film] = runs.start(film)
            campaigns.film_began(campaign_id, film, running[film])
            at_work += 1
        if running:
            time.sleep(POLL_S)


def note(campaigns: Campaigns, campaign_id: str, film: str, ended: Ended) -> None:
    """Record how a film's run ended."""
    log.info("campaign %s: %s is %s", campaign_id, film, ended.how)
    campaigns.film_ended(
        campaign_id, film, ended.how, render_id=ended.render_id, film=ended.film, message=ended.message
    )
