"""Verification: does the record still tell the truth about the bytes, and about itself?

Every artifact's bytes are hashed again, every step's key is derived again from its own row, and every link
between two steps is followed. Nothing is changed, and a problem is no reason to stop: all are listed.
"""

import secrets
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlalchemy import Connection, Engine, select

from db.history import chunks, load_steps
from db.records import StepRecord
from db.session import reading
from db.store import ArtifactStore
from db.tables import artifacts, step_outputs, steps
from reelhouse.errors import ArtifactCorrupt, ArtifactMissing, ReelhouseError

Kind: TypeAlias = Literal["missing", "corrupt", "key", "link", "unreadable"]
Progress: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as recorded.

    Attributes:
        kind: missing (bytes that a row names are not there), corrupt (they are others), key (a step's key is
            not what its row gives), link (an input is not what the step before recorded), unreadable (a row).
        id: the artifact id or step key.
    """

    kind: Kind
    id: str
    message: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was looked at and what was found: artifacts present, artifacts hashed, steps derived again."""

    artifacts: int
    hashed: int
    steps: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether everything is as recorded."""
        return not self.problems


def verify(
    engine: Engine, store: ArtifactStore, *, sample: int | None = None, progress: Progress | None = None
) -> VerifyReport:
    """Check the whole record against the bytes; with `sample`, hash only so many artifacts, chosen by chance.

    Args:
        progress: called as (done, of how many), once for each artifact hashed and step derived.

    Raises:
        LineageError, StoreError, ServiceUnavailable: the database or the store cannot be read at all.
    """
    with reading(engine) as connection:
        recorded = {row.id: row.size_bytes for row in connection.execute(select(artifacts))}
        keys = list(connection.scalars(select(steps.c.key).order_by(steps.c.key)))
    # Listed after the rows were read: bytes come first, so whatever was recorded by then is in the list.
    stored = {entry.id: entry.size_bytes for entry in store.entries()}
    problems = list(_missing(recorded, stored))
    whole = [found for found, size_bytes in recorded.items() if stored.get(found) == size_bytes]
    chosen = _sample(whole, sample)
    count = _Count(len(chosen) + len(keys), progress)
    problems += _corrupt(chosen, store, count)
    for some in chunks(keys):
        with reading(engine) as connection:
            problems += _wrong_steps(connection, some, count)
    return VerifyReport(len(recorded), len(chosen), len(keys), tuple(problems))


class _Count:
    """Tells the caller how far the work is."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._done, self._total, self._progress = 0, total, progress

    def advance(self) -> None:
        self._done += 1
        if self._progress:
            self._progress(self._done, self._total)


def _sample(ids: list[str], size: int | None) -> list[str]:
    if size is None or size >= len(ids):
        return ids
    return secrets.SystemRandom().sample(ids, size)


def _missing(recorded: dict[str, int], stored: dict[str, int]) -> Iterator[Problem]:
    for artifact_id, size_bytes in recorded.items():
        if artifact_id not in stored:
            yield Problem(
                "missing", artifact_id, f"artifact {artifact_id} is recorded, its bytes are not stored"
            )
        elif stored[artifact_id] != size_bytes:
            yield Problem(
                "corrupt",
                artifact_id,
                f"artifact {artifact_id} has {stored[artifact_id]} bytes, {size_bytes} are recorded",
            )


def _corrupt(ids: Collection[str], store: ArtifactStore, count: _Count) -> Iterator[Problem]:
    for artifact_id in ids:
        try:
            store.check(artifact_id)
        except ArtifactCorrupt as error:
            yield Problem("corrupt", artifact_id, str(error))
        except ArtifactMissing as error:
            yield Problem("missing", artifact_id, str(error))
        count.advance()


def _wrong_steps(connection: Connection, keys: list[str], count: _Count) -> Iterator[Problem]:
    found: dict[str, StepRecord] = {}
    for key, step in _readable_steps(connection, keys):
        if isinstance(step, StepRecord):
            found[key] = step
        else:
            yield Problem("unreadable", key, f"step {key} cannot be read: {step}")
    made = _outputs_before(connection, found.values())
    for step in found.values():
        yield from _wrong_step(step, made)
    for _ in keys:
        count.advance()


def _wrong_step(step: StepRecord, made: dict[tuple[str, str | None], str]) -> Iterator[Problem]:
    name = f"step {step.key} ({step.label})"
    derived = step.derived_key()
    if derived != step.key:
        yield Problem("key", step.key, f"{name}: its row gives the key {derived}")
    for used in step.inputs:
        if used.from_step_key is None:
            continue
        recorded = made.get((used.from_step_key, used.from_output))
        if recorded != used.artifact_id:
            yield Problem(
                "link",
                step.key,
                f"{name}: its input {used.name} is artifact {used.artifact_id}, but output "
                f"{used.from_output} of step {used.from_step_key} is {recorded or 'not recorded'}",
            )


def _readable_steps(connection: Connection, keys: list[str]) -> Iterator[tuple[str, StepRecord | Exception]]:
    try:
        yield from load_steps(connection, keys).items()
    except (ValueError, ReelhouseError):
        # Somebody has been at the rows: find out which.
        for key in keys:
            try:
                yield from load_steps(connection, [key]).items()
            except (ValueError, ReelhouseError) as error:
                yield key, error


def _outputs_before(
    connection: Connection, some: Collection[StepRecord]
) -> dict[tuple[str, str | None], str]:
    before = {used.from_step_key for step in some for used in step.inputs if used.from_step_key is not None}
    made: dict[tuple[str, str | None], str] = {}
    for keys in chunks(before):
        for row in connection.execute(select(step_outputs).where(step_outputs.c.step_key.in_(keys))):
            made[row.step_key, row.name] = row.artifact_id
    return made
