"""How long the latest steps of each kind took, for estimating the next ones."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Engine, Row, Select, select

from db.session import reading
from db.tables import steps
from reelhouse.estimates import LATEST, Kind, Timing

LOOKED_AT = 1_000  # records of a stage, among which one tool's latest are looked for
KEPT = 8 * LATEST  # of one kind: enough for several devices


def load_timings(engine: Engine, kinds: Collection[Kind]) -> list[Timing]:
    """The latest recorded steps of these kinds whose device and formula are known.

    Raises:
        LineageError: the database refuses.
        ServiceUnavailable: it does not answer.
    """
    found: list[Timing] = []
    with reading(engine) as connection:
        for kind in sorted(kinds):
            found += [timing for row in connection.execute(_latest(kind)) if (timing := _timing(kind, row))]
    return found


def _latest(kind: Kind) -> Select[Any]:
    stage, tool = kind
    recent = (
        select(steps.c.parameters["tool"].as_string().label("tool"), steps.c.facts)
        .add_columns(steps.c.seconds, steps.c.started_at)
        .where(steps.c.stage == stage)
        .order_by(steps.c.started_at.desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    latest = select(recent).order_by(recent.c.started_at.desc()).limit(KEPT)
    return latest.where(recent.c.tool == tool) if tool else latest


def _timing(kind: Kind, row: Row[Any]) -> Timing | None:
    facts = row.facts
    if "device" not in facts:  # recorded before this was kept
        return None
    return Timing(
        stage=kind[0],
        tool=kind[1],
        device=facts["device"],
        formula_s=facts["formula_s"],
        seconds=max(row.seconds - facts.get("waited_s", 0.0), 0.0),
        made_at=row.started_at,
    )
