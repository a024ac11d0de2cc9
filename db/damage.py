"""Damage: recorded artifacts whose bytes are gone or wrong, and what is done about them."""

from collections.abc import Iterator
from contextlib import contextmanager

from db.records import StepRecord
from db.store import Artifact, ArtifactStore
from reelhouse.errors import ArtifactCorrupt, ArtifactMissing


def is_whole(store: ArtifactStore, step: StepRecord, *, hashed: bool) -> bool:
    """Whether the store has everything a step made: by its size, or if `hashed` by its SHA-256."""
    return all(_is_kept(store, artifact, hashed) for artifact in step.outputs.values())


@contextmanager
def damage_removed(store: ArtifactStore, artifact_id: str) -> Iterator[None]:
    """Remove an artifact that the block finds damaged, so that its step is made anew.

    Raises:
        ArtifactCorrupt: it was; the message says so.
    """
    try:
        yield
    except ArtifactCorrupt as error:
        store.delete(artifact_id)
        raise ArtifactCorrupt(
            f"{error} The damaged copy was removed: run the same command again, and it is made anew"
        ) from error


def _is_kept(store: ArtifactStore, artifact: Artifact, hashed: bool) -> bool:
    try:
        if hashed:
            store.check(artifact.id)
        return store.size(artifact.id) == artifact.size_bytes
    except (ArtifactCorrupt, ArtifactMissing):
        return False
