"""Presence: which renders are at work, and when each was last heard of, by the database's clock."""

from dataclasses import dataclass

from sqlalchemy import Engine, String, cast, select, update

from db.claims import database_time
from db.session import reading, writing
from db.tables import renders


@dataclass(frozen=True, slots=True)
class Present:
    """A render that is recorded as running.

    Attributes:
        owner: its process, as `reelhouse.processes.Owner` writes it.
        flow_run_id: the Prefect run it belongs to, None for one that belongs to none.
        silent_s: since when nothing was heard of it.
    """

    render_id: str
    owner: str
    flow_run_id: str | None
    silent_s: float


def tell(engine: Engine, render_id: str) -> None:
    """Say that a render goes on. Raises as `db.session.writing` does."""
    running = (renders.c.id == render_id) & (renders.c.status == "running")
    with writing(engine) as connection:
        connection.execute(update(renders).where(running).values(heard_at=database_time()))


def present(engine: Engine) -> list[Present]:
    """Every render that is recorded as running, the longest silent first."""
    silent = (database_time() - renders.c.heard_at).label("silent_s")
    question = select(renders.c.id, renders.c.parameters, silent).where(renders.c.status == "running")
    with reading(engine) as connection:
        rows = connection.execute(question.order_by(renders.c.heard_at)).all()
    return [
        Present(row.id, str(row.parameters["owner"]), row.parameters.get("flow_run_id"), row.silent_s)
        for row in rows
    ]


def renders_of_run(engine: Engine, flow_run_id: str) -> list[str]:
    """The renders of one Prefect run, newest first: one for each time it was begun."""
    named = renders.c.parameters["flow_run_id"].as_string() == cast(flow_run_id, String)
    with reading(engine) as connection:
        return list(
            connection.scalars(select(renders.c.id).where(named).order_by(renders.c.started_at.desc()))
        )
