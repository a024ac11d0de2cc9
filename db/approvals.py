"""Approvals: films that wait for a person, by when, what happens without an answer, and what was decided.

Decided on are the takes, or the draft, named by the step that drew their contact sheet: a later render with
the same ones is bound by the same decision. Deadlines run by the database's clock.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from logging import getLogger
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, Engine, Row, Select, select, update
from sqlalchemy.dialects import postgresql, sqlite

from db import history
from db.claims import database_time
from db.session import reading, writing
from db.tables import approvals, renders, storyboards
from reelhouse.errors import LineageError

Decision: TypeAlias = Literal["approved", "rejected"]
DEADLINE = "the deadline"  # who decides when nobody does
_LEFT = approvals.c.deadline_at - database_time()
_IS_OPEN = (renders.c.id == approvals.c.render_id) & (renders.c.status == "waiting")

log = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Approval:
    """What one render asked for.

    Attributes:
        sheet_key: the step that drew the contact sheet of the takes, or of the draft.
        flow_run_id: the Prefect run that is suspended meanwhile; None for one that merely ended.
        left_s: until the deadline; negative after it.
        default: what is decided then.
        decision: None while nobody decided.
        decided_at: when, by the database's clock.
    """

    render_id: str
    title: str
    sheet_key: str
    flow_run_id: str | None
    left_s: float
    default: Decision
    decision: Decision | None
    decided_by: str
    decided_at: datetime | None
    note: str

    @property
    def answer(self) -> str:
        """What was decided, by whom, when and why; "" while nobody decided."""
        if self.decision is None or self.decided_at is None:
            return ""
        note = f' ("{self.note}")' if self.note else ""
        return f"{self.decision} by {self.decided_by}, {self.decided_at:%Y-%m-%d %H:%M} UTC{note}"


class Approvals:
    """The approvals of one house.

    Raises, from every method: LineageError (refused), ServiceUnavailable (no answer, retryable), DiskFull.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def ask(
        self, render_id: str, *, sheet_key: str, within_s: int, default: Decision, flow_run_id: str | None
    ) -> Approval:
        """Let a render wait for a person; asked again, it keeps its first deadline."""
        dialect = postgresql if self.engine.dialect.name == "postgresql" else sqlite
        row: dict[str, Any] = {"render_id": render_id, "sheet_key": sheet_key, "flow_run_id": flow_run_id}
        row |= {"asked_at": database_time(), "deadline_at": database_time() + within_s, "default": default}
        asked = dialect.insert(approvals).values(**row).on_conflict_do_nothing()
        mine = (renders.c.id == render_id) & (renders.c.status == "running")
        with writing(self.engine) as connection:
            connection.execute(asked)
            connection.execute(update(renders).where(mine).values(status="waiting"))
            return _find(connection, render_id)

    def take_up(self, storyboard_digest: str, flow_run_id: str | None, owner: str) -> str | None:
        """A waiting render of these very steps that this run may go on with, which is running from now on.

        Args:
            flow_run_id: the Prefect run that asks; a render that another run suspended is left to that one.
            owner: the process that goes on with it.
        """
        free = approvals.c.flow_run_id.is_(None) | (approvals.c.flow_run_id == flow_run_id)
        waiting = (
            select(renders.c.id, renders.c.parameters)
            .join(approvals, _IS_OPEN)
            .where(renders.c.storyboard_digest == storyboard_digest, free)
            .order_by(renders.c.started_at.desc())
            .limit(1)
            .with_for_update(of=renders)
        )
        with writing(self.engine) as connection:
            row = connection.execute(waiting).one_or_none()
            if row is None:
                return None
            taken = {"status": "running", "heard_at": database_time()}
            taken |= {"parameters": {**row.parameters, "owner": owner}}
            connection.execute(update(renders).where(renders.c.id == row.id).values(taken))
            return row.id

    def standing(self, sheet_key: str) -> Approval | None:
        """What was decided last on what a contact sheet shows, whichever render asked."""
        decided = (approvals.c.sheet_key == sheet_key) & approvals.c.decision.is_not(None)
        question = _approvals().where(decided).order_by(approvals.c.decided_at.desc()).limit(1)
        with reading(self.engine) as connection:
            row = connection.execute(question).one_or_none()
        return None if row is None else _approval(row)

    def decide(self, render_id_or_prefix: str, decision: Decision, *, by: str, note: str = "") -> Approval:
        """Decide on what a render asked; what is rejected may be approved later, for the next such render.

        Raises:
            LineageError: no such render asked, or it was approved or so decided already.
        """
        with writing(self.engine) as connection:
            render_id = history.find_render(connection, render_id_or_prefix).id
            open_to = approvals.c.decision.is_(None)
            if decision == "approved":
                open_to |= approvals.c.decision == "rejected"
            named = (approvals.c.render_id == render_id) & open_to
            values = _decided(decision, by, note)
            is_decided = connection.execute(update(approvals).where(named).values(values)).rowcount == 1
            found = _find(connection, render_id)
        if not is_decided:
            raise LineageError(_already(found))
        log.info("render %s: %s by %s", render_id, decision, by)
        return found

    def apply_deadlines(self) -> int:
        """Decide by default where the deadline has passed and nobody decided; how many that were."""
        values = _decided(approvals.c.default, DEADLINE, "")
        overdue = approvals.c.decision.is_(None) & (_LEFT <= 0)
        with writing(self.engine) as connection:
            return connection.execute(update(approvals).where(overdue).values(values)).rowcount

    def open(self) -> list[Approval]:
        """The approvals whose renders wait, decided or not, the next deadline first."""
        question = _approvals().where(renders.c.status == "waiting").order_by(approvals.c.deadline_at)
        with reading(self.engine) as connection:
            return [_approval(row) for row in connection.execute(question)]


def _already(found: Approval) -> str:
    said = f"render {found.render_id} of {found.title} is already {found.answer}"
    return f"{said}: to stop its film now, cancel its run" if found.decision == "approved" else said


def _decided(decision: Any, by: str, note: str) -> dict[str, Any]:
    return {"decision": decision, "decided_by": by, "note": note, "decided_at": database_time()}


def _approvals() -> Select[Any]:
    return (
        select(approvals, _LEFT.label("left_s"), storyboards.c.title)
        .join(renders, renders.c.id == approvals.c.render_id)
        .join(storyboards, storyboards.c.digest == renders.c.storyboard_digest)
    )


def _find(connection: Connection, render_id: str) -> Approval:
    row = connection.execute(_approvals().where(approvals.c.render_id == render_id)).one_or_none()
    if row is None:
        raise LineageError(
            f"render {render_id} does not ask for approval: `reelhouse approvals` lists those that do"
        )
    return _approval(row)


def _approval(row: Row[Any]) -> Approval:
    return Approval(
        render_id=row.render_id,
        title=row.title,
        sheet_key=row.sheet_key,
        flow_run_id=row.flow_run_id,
        left_s=row.left_s,
        default=row.default,
        decision=row.decision,
        decided_by=row.decided_by,
        decided_at=None if row.decided_at is None else datetime.fromtimestamp(row.decided_at, UTC),
        note=row.note,
    )
