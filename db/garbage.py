"""Garbage collection: bytes that no row names, and what interrupted writes left behind.

Bytes are stored before the row that names them, so a render in progress owns bytes without a row. They are
safe for the length of the grace: a put counts their age anew, and the store looks at it once more when it
deletes. Rows are never deleted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from logging import getLogger

from sqlalchemy import Engine, select

from db.history import chunks
from db.session import reading
from db.store import ArtifactStore
from db.tables import artifacts

GRACE = timedelta(hours=24)

log = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GarbageReport:
    """What was removed, or would be.

    Attributes:
        artifacts: ids of the removed artifacts.
        size_bytes: their size together.
        leftovers: half-written files, abandoned uploads, downloads that nobody asked for lately.
        young: how many artifacts have no row, but are younger than the grace.
    """

    artifacts: tuple[str, ...]
    size_bytes: int
    leftovers: int
    young: int


def collect(
    engine: Engine, store: ArtifactStore, *, dry_run: bool, grace: timedelta = GRACE
) -> GarbageReport:
    """Remove the bytes that no row names and that were last put longer ago than `grace`.

    A grace shorter than the longest time between storing and recording, in any process that uses the store,
    takes bytes from a render in progress.

    Raises:
        LineageError, StoreError, ServiceUnavailable: the database or the store cannot be used.
    """
    before = datetime.now(UTC) - grace
    entries = list(store.entries())
    sizes = {entry.id: entry.size_bytes for entry in entries if entry.stored_at < before}
    recent = [entry.id for entry in entries if entry.stored_at >= before]
    removed = []
    for some in chunks(sizes):
        # Asked chunk by chunk, not once for all: the answer should be as fresh as can be.
        for artifact_id in _unnamed(engine, some):
            if dry_run or store.expire(artifact_id, before=before):
                removed.append(artifact_id)
    size_bytes = sum(sizes[artifact_id] for artifact_id in removed)
    leftovers = store.sweep(before=before, dry_run=dry_run)
    young = sum(len(_unnamed(engine, some)) for some in chunks(recent))
    if not dry_run:
        log.info(
            "garbage: %d artifacts (%d bytes), %d leftovers removed", len(removed), size_bytes, leftovers
        )
    return GarbageReport(tuple(removed), size_bytes, leftovers, young)


def _unnamed(engine: Engine, ids: Iterable[str]) -> list[str]:
    wanted = list(ids)
    with reading(engine) as connection:
        named = set(connection.scalars(select(artifacts.c.id).where(artifacts.c.id.in_(wanted))))
    return [artifact_id for artifact_id in wanted if artifact_id not in named]
