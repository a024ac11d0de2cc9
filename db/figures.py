"""The house in figures: what was made in all, what waits, who is at work; counted by the database itself."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Select, and_, case, func, select

from db.claims import database_time
from db.ledger import MAX_DEATHS
from db.session import reading
from db.tables import claims, render_steps, renders, steps, wants, workers

SILENT_S = 30


@dataclass(frozen=True, slots=True)
class Waiting:
    """The takes wanted of one engine.

    Attributes:
        waiting: nobody makes them yet.
        at_work: an engine worker makes them.
        oldest_s: since when the longest waiting of the first is wanted; 0 without any.
    """

    waiting: int
    at_work: int
    oldest_s: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The house at one moment.

    Attributes:
        renders: by status.
        made: steps recorded, by stage; their seconds of work in `seconds`.
        hits: steps that renders used and did not have to make, by stage.
        wanted: by engine.
        leases: steps claimed, by state: held, ended (their holder fell silent), quarantined.
        errors: steps whose last attempt failed and that nobody makes now, by the error's class.
        workers: engine workers, by state; "silent" when nothing was heard for 30 seconds.
    """

    renders: Mapping[str, int]
    made: Mapping[str, int]
    seconds: Mapping[str, float]
    hits: Mapping[str, int]
    wanted: Mapping[str, Waiting]
    leases: Mapping[str, int]
    errors: Mapping[str, int]
    workers: Mapping[str, int]


def count_house(engine: Engine) -> Figures:
    """Count everything, in one transaction. Raises as `db.session.reading` does."""
    by_stage = select(steps.c.stage, func.count(), func.sum(steps.c.seconds)).group_by(steps.c.stage)
    hits = (
        select(steps.c.stage, func.count())
        .join(render_steps, render_steps.c.step_key == steps.c.key)
        .where(render_steps.c.reused)
        .group_by(steps.c.stage)
    )
    by_status = select(renders.c.status, func.count()).group_by(renders.c.status)
    silent = database_time() - workers.c.seen_at > SILENT_S
    state = case((silent, "silent"), else_=workers.c.state)
    with reading(engine) as connection:
        made = connection.execute(by_stage).all()
        return Figures(
            renders=_counts(connection, by_status),
            made={stage: count for stage, count, _ in made},
            seconds={stage: float(seconds) for stage, _, seconds in made},
            hits=_counts(connection, hits),
            wanted=_wanted(connection),
            leases=_leases(connection),
            errors=_errors(connection),
            workers=Counter(connection.scalars(select(state))),
        )


def _counts(connection: Connection, question: Select[tuple[Any, int]]) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.execute(question)}


def _wanted(connection: Connection) -> dict[str, Waiting]:
    """Each take counts once, however many renders want it."""
    held = and_(claims.c.owner.is_not(None), claims.c.lease_ends_at > database_time())
    begun = func.max(case((held, 1), else_=0)).label("begun")
    takes = (
        select(wants.c.engine, begun, (database_time() - func.min(wants.c.wanted_at)).label("age_s"))
        .outerjoin(claims, claims.c.step_key == wants.c.step_key)
        .where(wants.c.state == "wanted", wants.c.wanted_until > database_time())
        .group_by(wants.c.engine, wants.c.step_key)
        .subquery()
    )
    question = select(
        takes.c.engine,
        func.sum(1 - takes.c.begun),
        func.sum(takes.c.begun),
        func.max(case((takes.c.begun == 0, takes.c.age_s), else_=0.0)),
    ).group_by(takes.c.engine)
    return {
        engine: Waiting(int(waiting), int(at_work), float(oldest_s))
        for engine, waiting, at_work, oldest_s in connection.execute(question)
    }


def _leases(connection: Connection) -> dict[str, int]:
    is_over = and_(claims.c.owner.is_not(None), claims.c.lease_ends_at <= database_time())
    deaths = claims.c.deaths + case((is_over, 1), else_=0)
    state = case(
        (deaths >= MAX_DEATHS, "quarantined"),
        (is_over, "ended"),
        (claims.c.owner.is_not(None), "held"),
        else_="free",
    )
    found = Counter(connection.scalars(select(state)))
    return {name: found[name] for name in ("held", "ended", "quarantined")}


def _errors(connection: Connection) -> dict[str, int]:
    """The ledger keeps an error as "Class: message"; what a dead process left there is no error."""
    told = select(claims.c.last_error).where(claims.c.owner.is_(None), claims.c.last_error.like("%:%"))
    classes = (said.partition(":")[0] for said in connection.scalars(told))
    return Counter(name for name in classes if name.isidentifier())
