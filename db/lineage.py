"""The lineage: what was made, by which step, from what; written once and asked in both directions.

Bytes are stored first, then recorded: every artifact named here is in the store. Each call is one
transaction and may be made from many threads and processes at once. A step that was recorded already stays
as it is, whoever comes second; `record` gives back the row that stands.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from logging import getLogger
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from db import history
from db.claims import Claim, database_time, settle
from db.records import Ancestry, RenderRow, RenderStep, Status, StepInput, StepRecord, Uses
from db.session import reading, writing
from db.store import Artifact
from db.tables import artifacts, render_steps, renders, step_inputs, step_outputs, steps, storyboards
from reelhouse.errors import LineageError

__all__ = ["Ancestry", "Lineage", "RenderRow", "RenderStep", "Status", "StepInput", "StepRecord", "Uses"]

log = getLogger(__name__)


class Lineage:
    """The record of one house.

    Raises, from every method: LineageError (refused), ServiceUnavailable (no answer, retryable), DiskFull.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def steps(self, keys: Collection[str]) -> dict[str, StepRecord]:
        """The steps among these keys that were recorded already, by key."""
        with reading(self.engine) as connection:
            return history.load_steps(connection, keys)

    def record(self, step: StepRecord, claim: Claim | None = None) -> StepRecord:
        """Record a step whose outputs are stored; the first record of a key stands and is given back.

        Args:
            claim: by which the step was made; it ends with the record, in one transaction.

        Raises:
            LineageError: the key is not the one its parts give, or an input is not recorded.
            LeaseLost: the claim does not stand any more; nothing is recorded.
        """
        if step.derived_key() != step.key:
            raise LineageError(
                f"step {step.label} has the key {step.key}, its parts give {step.derived_key()}"
            )
        try:
            with writing(self.engine) as connection:
                if claim is not None:
                    settle(connection, claim)
                if _insert_step(connection, step):
                    _insert_links(connection, step)
                    log.debug("step %s recorded: %s", step.key, step.label)
                return history.load_steps(connection, [step.key])[step.key]
        except LineageError as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            with reading(self.engine) as connection:
                reason = _unknown_input(connection, step)
            raise (LineageError(reason) if reason else error) from error.__cause__

    def begin_render(
        self, *, storyboard_digest: str, title: str, source: Artifact, parameters: Mapping[str, object]
    ) -> str:
        """Record that a storyboard, stored as `source`, is being rendered; the render's id."""
        render_id = secrets.token_hex(8)
        with writing(self.engine) as connection:
            _insert_new(connection, artifacts, [_artifact_row(source)])
            board = {"digest": storyboard_digest, "title": title, "source_id": source.id}
            _insert_new(connection, storyboards, [board])
            row = {"id": render_id, "storyboard_digest": storyboard_digest, "status": "running"}
            begun = renders.insert().values(heard_at=database_time())
            connection.execute(begun, row | {"parameters": parameters})
        log.info("render %s of %s has begun", render_id, title)
        return render_id

    def use(self, render_id: str, entries: Sequence[tuple[str, str, bool]]) -> None:
        """Record which steps a render uses, as (step key, label, reused); saying so again changes nothing."""
        if not entries:
            return
        with writing(self.engine) as connection:
            _status(connection, render_id)
            counted = select(func.count()).where(render_steps.c.render_id == render_id)
            first = connection.scalar(counted) or 0
            rows = [
                {"render_id": render_id, "step_key": key, "label": label, "position": at, "reused": reused}
                for at, (key, label, reused) in enumerate(entries, start=first)
            ]
            _insert_new(connection, render_steps, rows)

    def finish_render(self, render_id: str, *, status: Status, film: str | None, message: str = "") -> None:
        """Record how a render ended; a render that has ended stays as it ended first.

        Raises:
            LineageError: there is no such render, or its film is not recorded.
        """
        ending = {"status": status, "film_id": film, "message": message, "finished_at": datetime.now(UTC)}
        running = (renders.c.id == render_id) & renders.c.status.in_(("running", "waiting"))
        with writing(self.engine) as connection:
            if film is not None and not history.load_artifacts(connection, [film]):
                raise LineageError(f"render {render_id}: its film, artifact {film}, is not recorded")
            if connection.execute(update(renders).where(running).values(ending)).rowcount:
                log.info("render %s is %s", render_id, status)
                return
            stands = _status(connection, render_id)
        log.warning("render %s stays %s; it cannot become %s", render_id, stands, status)

    def renders(self, limit: int = 20) -> list[RenderRow]:
        """The latest renders, newest first."""
        with reading(self.engine) as connection:
            return history.load_renders(connection, limit)

    def render(self, render_id_or_prefix: str) -> RenderRow:
        """One render. Raises LineageError when no id, or more than one, begins so."""
        with reading(self.engine) as connection:
            return history.find_render(connection, render_id_or_prefix)

    def render_steps(self, render_id: str) -> list[RenderStep]:
        """The steps that a render used, in the order it reported them."""
        with reading(self.engine) as connection:
            return history.load_render_steps(connection, render_id)

    def add_artifact(self, artifact: Artifact) -> None:
        """Record stored bytes that were handed in: a picture, music, a storyboard file."""
        with writing(self.engine) as connection:
            _insert_new(connection, artifacts, [_artifact_row(artifact)])

    def find_artifact(self, prefix: str) -> Artifact:
        """One artifact by its id or the first 6 or more digits of it. Raises LineageError."""
        with reading(self.engine) as connection:
            return history.find_artifact(connection, prefix)

    def ancestry(self, artifact_id: str) -> Ancestry:
        """Every step and artifact that an artifact derives from. Raises LineageError."""
        with reading(self.engine) as connection:
            return history.ancestry(connection, artifact_id)

    def where_used(self, artifact_id: str) -> Uses:
        """Every step and finished render that derives from an artifact."""
        with reading(self.engine) as connection:
            return history.where_used(connection, artifact_id)


def _status(connection: Connection, render_id: str) -> str:
    status = connection.scalar(select(renders.c.status).where(renders.c.id == render_id))
    if status is None:
        raise LineageError(f"there is no render {render_id}")
    return status


def _insert_step(connection: Connection, step: StepRecord) -> bool:
    row = {
        "key": step.key,
        "stage": str(step.stage),  # a StrEnum, often: not every driver takes one
        "label": step.label,
        "code_version": step.code_version,
        "weights_id": step.weights_id,
        "parameters": step.parameters,
        "facts": step.facts,
        "engine_calls": step.engine_calls,
        "started_at": step.started_at,
        "seconds": step.seconds,
    }
    # PostgreSQL waits here for another writer of the same key to commit or give up.
    return _insert_new(connection, steps, [row]) == 1


def _insert_links(connection: Connection, step: StepRecord) -> None:
    made = sorted(step.outputs.values(), key=lambda artifact: artifact.id)  # one order: no deadlock
    _insert_new(connection, artifacts, [_artifact_row(artifact) for artifact in made])
    outputs = [
        {"step_key": step.key, "name": name, "artifact_id": artifact.id}
        for name, artifact in step.outputs.items()
    ]
    inputs = [
        {
            "step_key": step.key,
            "name": used.name,
            "position": position,
            "artifact_id": used.artifact_id,
            "from_step_key": used.from_step_key,
            "from_output": used.from_output,
        }
        for position, used in enumerate(step.inputs)
    ]
    if outputs:
        connection.execute(step_outputs.insert(), outputs)
    if inputs:
        connection.execute(step_inputs.insert(), inputs)


def _unknown_input(connection: Connection, step: StepRecord) -> str | None:
    """Which input has no record, in words; the database itself would name a constraint only."""
    known = history.load_artifacts(connection, [used.artifact_id for used in step.inputs])
    makers = history.load_steps(
        connection, [used.from_step_key for used in step.inputs if used.from_step_key]
    )
    for used in step.inputs:
        if used.artifact_id not in known:
            return (
                f"step {step.label}: its input {used.name} is artifact {used.artifact_id}, which is not "
                "recorded; store it and call add_artifact first"
            )
        if used.from_step_key is None or used.from_output is None:
            continue
        maker = makers.get(used.from_step_key)
        made = maker.outputs.get(used.from_output) if maker else None
        if made is None or made.id != used.artifact_id:
            return (
                f"step {step.label}: its input {used.name} is said to be output {used.from_output} of step "
                f"{used.from_step_key}, with artifact {used.artifact_id}; "
                + (f"recorded there is artifact {made.id}" if made else "no such output is recorded")
            )
    return None


def _insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the rows whose primary key is new; how many there were, when one row is given."""
    if not rows:
        return 0
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return connection.execute(dialect.insert(table).on_conflict_do_nothing(), list(rows)).rowcount


def _artifact_row(artifact: Artifact) -> dict[str, object]:
    return {"id": artifact.id, "media_type": artifact.media_type, "size_bytes": artifact.size_bytes}
