"""Questions to the lineage, forwards and backwards; nothing here writes.

A step comes after another when it used an output of it. Where the record names the upstream step, that step
alone counts; an artifact that was handed in counts as made by every step that made the same bytes, since a
person may hand in a frame of an earlier film. `ancestry` and `where_used` follow the same links in opposite
directions, so each finds the other's starting point.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import CTE, Connection, Row, Select, func, or_, select

from db.records import Ancestry, RenderRow, RenderStep, StepInput, StepRecord, Uses
from db.store import Artifact
from db.tables import artifacts, render_steps, renders, step_inputs, step_outputs, steps, storyboards
from reelhouse.errors import LineageError

CHUNK = 1_000  # keys in one question; SQLite takes at most 32,766 values
SHORTEST_PREFIX = 6


def chunks(values: Collection[str]) -> Iterator[list[str]]:
    """The values in lists short enough for one question each."""
    listed = list(values)
    for start in range(0, len(listed), CHUNK):
        yield listed[start : start + CHUNK]


def load_steps(connection: Connection, keys: Collection[str]) -> dict[str, StepRecord]:
    """The recorded steps among these keys, by key, in the order of the keys."""
    found: dict[str, StepRecord] = {}
    for some in chunks(dict.fromkeys(keys)):
        rows = {row.key: row for row in connection.execute(select(steps).where(steps.c.key.in_(some)))}
        inputs, outputs = _inputs(connection, some), _outputs(connection, some)
        for key in some:
            if key in rows:
                found[key] = _step(rows[key], inputs[key], outputs[key])
    return found


def load_artifacts(connection: Connection, ids: Collection[str]) -> dict[str, Artifact]:
    """The recorded artifacts among these ids, by id."""
    found = {}
    for some in chunks(dict.fromkeys(ids)):
        for row in connection.execute(select(artifacts).where(artifacts.c.id.in_(some))):
            found[row.id] = Artifact(row.id, row.media_type, row.size_bytes)
    return found


def find_artifact(connection: Connection, prefix: str) -> Artifact:
    """The one recorded artifact whose id begins so.

    Raises:
        LineageError: none does, or several, or the prefix is shorter than 6 hexadecimal digits.
    """
    wanted = prefix.lower()
    if len(wanted) < SHORTEST_PREFIX or not set(wanted) <= set("0123456789abcdef"):
        raise LineageError(
            f"an artifact is named by its id or at least the first {SHORTEST_PREFIX} of its hexadecimal "
            f"digits, not by {prefix[:80]!r}"
        )
    matches = select(artifacts).where(artifacts.c.id >= wanted, artifacts.c.id < wanted + "g")
    rows = connection.execute(matches.order_by(artifacts.c.id).limit(2)).all()
    if not rows:
        raise LineageError(f"no recorded artifact begins with {wanted}")
    if len(rows) > 1:
        raise LineageError(
            f"several artifacts begin with {wanted}, {rows[0].id} among them: give more digits"
        )
    return Artifact(rows[0].id, rows[0].media_type, rows[0].size_bytes)


def ancestry(connection: Connection, artifact_id: str) -> Ancestry:
    """Every step and artifact that an artifact derives from.

    Raises:
        LineageError: the artifact is not recorded.
    """
    root = load_artifacts(connection, [artifact_id]).get(artifact_id)
    if root is None:
        raise LineageError(f"artifact {artifact_id} is not recorded")
    keys = connection.scalars(select(_ancestors(artifact_id).c.key)).all()
    found = _earliest_first(load_steps(connection, keys))
    makers: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    named = {artifact_id: root}
    for step in found.values():
        for made in step.outputs.values():
            named[made.id] = made
            makers[made.id] += (step.key,)
    used = {entry.artifact_id for step in found.values() for entry in step.inputs}
    named |= load_artifacts(connection, used - named.keys())
    return Ancestry(root, found, named, dict(makers))


def where_used(connection: Connection, artifact_id: str) -> Uses:
    """Every step and finished render that derives from an artifact, also from a storyboard's file."""
    descendants = _descendants(artifact_id)
    found = load_steps(connection, connection.scalars(select(descendants.c.key)).all())
    made = select(step_outputs.c.artifact_id).join(descendants, step_outputs.c.step_key == descendants.c.key)
    finished = (
        _renders()
        .where(renders.c.status == "done")
        .where(
            or_(
                renders.c.film_id.in_(made),
                renders.c.film_id == artifact_id,
                storyboards.c.source_id == artifact_id,
            )
        )
    )
    rows = connection.execute(finished).all()
    return Uses(tuple(_earliest_first(found).values()), tuple(_render(row) for row in rows))


def load_renders(connection: Connection, limit: int) -> list[RenderRow]:
    """The latest renders, newest first."""
    return [_render(row) for row in connection.execute(_renders().limit(limit))]


def find_render(connection: Connection, prefix: str) -> RenderRow:
    """The one render whose id begins so.

    Raises:
        LineageError: none does, or several.
    """
    begins = renders.c.id.startswith(prefix.lower(), autoescape=True)
    rows = connection.execute(_renders().where(begins).limit(2)).all()
    if not prefix or not rows:
        raise LineageError(
            f"no render has an id that begins with {prefix[:80]!r}; `reelhouse show` lists them"
        )
    if len(rows) > 1:
        raise LineageError(f"several renders have an id that begins with {prefix}: give more of it")
    return _render(rows[0])


def load_render_steps(connection: Connection, render_id: str) -> list[RenderStep]:
    """The steps that a render used, in the order it reported them."""
    question = (
        select(render_steps, steps.c.stage, steps.c.seconds, steps.c.facts)
        .join(steps, steps.c.key == render_steps.c.step_key)
        .where(render_steps.c.render_id == render_id)
        .order_by(render_steps.c.position, render_steps.c.label)
    )
    return [
        RenderStep(row.label, row.step_key, row.stage, row.reused, row.seconds, row.facts.get("predicted_s"))
        for row in connection.execute(question)
    ]


def _ancestors(artifact_id: str) -> CTE:
    makers = select(step_outputs.c.step_key.label("key")).where(step_outputs.c.artifact_id == artifact_id)
    found = makers.cte("ancestors", recursive=True)
    named_or_handed_in = or_(
        step_inputs.c.from_step_key.is_(None), step_inputs.c.from_step_key == step_outputs.c.step_key
    )
    further = (
        select(step_outputs.c.step_key)
        .join(step_inputs, step_inputs.c.artifact_id == step_outputs.c.artifact_id)
        .join(found, found.c.key == step_inputs.c.step_key)
        .where(named_or_handed_in)
    )
    return found.union(further)  # UNION, not UNION ALL: a step reached twice is followed once


def _descendants(artifact_id: str) -> CTE:
    users = select(step_inputs.c.step_key.label("key")).where(step_inputs.c.artifact_id == artifact_id)
    found = users.cte("descendants", recursive=True)
    named_or_handed_in = or_(
        step_inputs.c.from_step_key.is_(None), step_inputs.c.from_step_key == found.c.key
    )
    further = (
        select(step_inputs.c.step_key)
        .join(step_outputs, step_outputs.c.artifact_id == step_inputs.c.artifact_id)
        .join(found, found.c.key == step_outputs.c.step_key)
        .where(named_or_handed_in)
    )
    return found.union(further)


def _inputs(connection: Connection, keys: list[str]) -> defaultdict[str, list[StepInput]]:
    found: defaultdict[str, list[StepInput]] = defaultdict(list)
    question = select(step_inputs).where(step_inputs.c.step_key.in_(keys)).order_by(step_inputs.c.position)
    for row in connection.execute(question):
        found[row.step_key].append(StepInput(row.name, row.artifact_id, row.from_step_key, row.from_output))
    return found


def _outputs(connection: Connection, keys: list[str]) -> defaultdict[str, dict[str, Artifact]]:
    found: defaultdict[str, dict[str, Artifact]] = defaultdict(dict)
    question = (
        select(step_outputs, artifacts.c.media_type, artifacts.c.size_bytes)
        .join(artifacts, artifacts.c.id == step_outputs.c.artifact_id)
        .where(step_outputs.c.step_key.in_(keys))
        .order_by(step_outputs.c.name)
    )
    for row in connection.execute(question):
        found[row.step_key][row.name] = Artifact(row.artifact_id, row.media_type, row.size_bytes)
    return found


def _step(row: Row[Any], inputs: list[StepInput], outputs: dict[str, Artifact]) -> StepRecord:
    return StepRecord(
        key=row.key,
        stage=row.stage,
        label=row.label,
        code_version=row.code_version,
        weights_id=row.weights_id,
        parameters=row.parameters,
        inputs=tuple(inputs),
        outputs=outputs,
        facts=row.facts,
        engine_calls=row.engine_calls,
        started_at=row.started_at,
        seconds=row.seconds,
    )


def _earliest_first(found: dict[str, StepRecord]) -> dict[str, StepRecord]:
    return dict(sorted(found.items(), key=lambda item: (item[1].started_at, item[0])))


def _renders() -> Select[Any]:
    of_this = render_steps.c.render_id == renders.c.id
    count = select(func.count()).select_from(render_steps).where(of_this)
    return (
        select(
            renders,
            storyboards.c.title,
            storyboards.c.source_id,
            count.scalar_subquery().label("steps"),
            count.where(render_steps.c.reused).scalar_subquery().label("reused"),
        )
        .join(storyboards, storyboards.c.digest == renders.c.storyboard_digest)
        .order_by(renders.c.started_at.desc(), renders.c.id)
    )


def _render(row: Row[Any]) -> RenderRow:
    return RenderRow(
        id=row.id,
        storyboard_digest=row.storyboard_digest,
        title=row.title,
        source=row.source_id,
        status=row.status,
        message=row.message,
        film=row.film_id,
        parameters=row.parameters,
        started_at=row.started_at,
        finished_at=row.finished_at,
        steps=row.steps,
        reused=row.reused,
    )
