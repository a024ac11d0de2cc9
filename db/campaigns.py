"""Campaigns: each run of one, its films, and how they ended.

A campaign's id is that of the Prefect run that makes it, so that a run which was killed and goes on finds its
own rows again. What it may spend is counted from the takes that were lacking when it began.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, Engine, Row, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from db.history import chunks
from db.session import reading, writing
from db.store import Artifact
from db.tables import campaign_films, campaigns, steps
from reelhouse.errors import LineageError

FilmStatus: TypeAlias = Literal["waiting", "running", "done", "failed", "cancelled", "left out"]
CampaignStatus: TypeAlias = Literal["running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class CampaignFilm:
    """One film of a campaign.

    Attributes:
        run_id: the Prefect run that makes it, once it is started.
        film: the artifact id of the finished film.
        message: why it failed or was left out.
    """

    name: str
    status: FilmStatus
    run_id: str | None
    render_id: str | None
    film: str | None
    message: str


@dataclass(frozen=True, slots=True)
class CampaignRun:
    """One run of a campaign, as it is recorded.

    Attributes:
        bundle_id: the campaign file and what it names.
        takes: the keys of the takes that were lacking when it began.
        report: the artifact id of its report, once it has ended.
        films: in the campaign's order.
    """

    id: str
    name: str
    bundle_id: str
    status: CampaignStatus
    message: str
    takes: tuple[str, ...]
    report: str | None
    started_at: datetime
    finished_at: datetime | None
    films: tuple[CampaignFilm, ...]


class Campaigns:
    """The campaigns of one house.

    Raises, from every method: LineageError (refused), ServiceUnavailable (no answer, retryable), DiskFull.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(
        self, campaign_id: str, *, name: str, bundle_id: str, takes: Sequence[str], films: Sequence[str]
    ) -> CampaignRun:
        """Record that a campaign begins; one that has begun already stays as it is, and is given back."""
        row = {"id": campaign_id, "name": name, "bundle_id": bundle_id, "takes": list(takes)}
        rows = [
            {"campaign_id": campaign_id, "name": film, "position": position}
            for position, film in enumerate(films)
        ]
        with writing(self._engine) as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            begun = dialect.insert(campaigns).values(status="running", message="").on_conflict_do_nothing()
            if connection.execute(begun, [row]).rowcount == 1:
                connection.execute(campaign_films.insert().values(status="waiting", message=""), rows)
            return _load(connection, campaign_id)

    def has_begun(self, campaign_id: str) -> bool:
        """Whether this very run has begun before."""
        with reading(self._engine) as connection:
            found = select(campaigns.c.id).where(campaigns.c.id == campaign_id)
            return connection.scalar(found) is not None

    def film_began(self, campaign_id: str, name: str, run_id: str) -> None:
        """Record which run makes a film."""
        self._tell(campaign_id, name, {"status": "running", "run_id": run_id})

    def film_ended(
        self,
        campaign_id: str,
        name: str,
        status: FilmStatus,
        *,
        render_id: str | None = None,
        film: str | None = None,
        message: str = "",
    ) -> None:
        """Record how a film ended, or that it is left out."""
        ending = {"status": status, "render_id": render_id, "film_id": film, "message": message}
        self._tell(campaign_id, name, ending)

    def finish(
        self, campaign_id: str, status: CampaignStatus, *, message: str, report: Artifact | None
    ) -> None:
        """Record how a campaign ended, and its stored report, if it came to one; the first ending stands."""
        ending = {"status": status, "message": message, "report_id": report and report.id}
        running = (campaigns.c.id == campaign_id) & (campaigns.c.status == "running")
        with writing(self._engine) as connection:
            connection.execute(
                update(campaigns).where(running).values(ending | {"finished_at": datetime.now(UTC)})
            )

    def find(self, prefix: str) -> CampaignRun:
        """One run of a campaign by its id or the beginning of it. Raises LineageError."""
        with reading(self._engine) as connection:
            ids = connection.scalars(
                select(campaigns.c.id).where(campaigns.c.id.startswith(prefix, autoescape=True)).limit(2)
            ).all()
            if len(ids) != 1:
                raise LineageError(
                    f"{'no campaign' if not ids else 'more than one campaign'} has an id that begins with "
                    f"{prefix[:80]!r}: `reelhouse campaign status` lists them"
                )
            return _load(connection, ids[0])

    def running(self) -> list[CampaignRun]:
        """The runs of campaigns that are recorded as running, the oldest first."""
        with reading(self._engine) as connection:
            ids = connection.scalars(
                select(campaigns.c.id).where(campaigns.c.status == "running").order_by(campaigns.c.started_at)
            ).all()
            return [_load(connection, campaign_id) for campaign_id in ids]

    def latest(self, limit: int = 20) -> list[CampaignRun]:
        """The latest runs of campaigns, newest first."""
        with reading(self._engine) as connection:
            ids = connection.scalars(
                select(campaigns.c.id).order_by(campaigns.c.started_at.desc()).limit(limit)
            ).all()
            return [_load(connection, campaign_id) for campaign_id in ids]

    def spent_s(self, takes: Sequence[str]) -> float:
        """The seconds that the recorded ones among these takes took."""
        with reading(self._engine) as connection:
            sums = [
                connection.scalar(select(func.sum(steps.c.seconds)).where(steps.c.key.in_(some)))
                for some in chunks(takes)
            ]
        return sum(spent or 0.0 for spent in sums)

    def _tell(self, campaign_id: str, name: str, values: Mapping[str, Any]) -> None:
        film = (campaign_films.c.campaign_id == campaign_id) & (campaign_films.c.name == name)
        with writing(self._engine) as connection:
            if not connection.execute(update(campaign_films).where(film).values(values)).rowcount:
                raise LineageError(f'campaign {campaign_id} has no film "{name}"')


def _load(connection: Connection, campaign_id: str) -> CampaignRun:
    row = connection.execute(select(campaigns).where(campaigns.c.id == campaign_id)).one()
    films = select(campaign_films).where(campaign_films.c.campaign_id == campaign_id)
    rows = connection.execute(films.order_by(campaign_films.c.position)).all()
    return CampaignRun(
        id=row.id,
        name=row.name,
        bundle_id=row.bundle_id,
        status=row.status,
        message=row.message,
        takes=tuple(row.takes),
        report=row.report_id,
        started_at=row.started_at,
        finished_at=row.finished_at,
        films=tuple(_film(film) for film in rows),
    )


def _film(row: Row[Any]) -> CampaignFilm:
    return CampaignFilm(row.name, row.status, row.run_id, row.render_id, row.film_id, row.message)
