"""Backup: the rows of one moment, then the bytes they name, into a folder of backups.

Bytes are stored before the row that names them and are never taken away while a row does, so whatever the
rows of a moment name is there when it is copied afterwards: the house may go on working. Bytes are named by
their hash, so only those that are new since the last backup are copied.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import URL, select

from db.backup_folder import DumpFile, Manifest, mirror_of, new_backup, write_list, write_manifest
from db.dumps import Program, dumped, is_sqlite, row_counts
from db.folder import FolderStore
from db.session import errors_translated
from db.store import Artifact, ArtifactStore
from db.tables import artifacts
from reelhouse.errors import ArtifactCorrupt, ArtifactMissing
from reelhouse.identity import file_digest

Progress: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Sources:
    """What is backed up.

    Attributes:
        lineage: the lineage database.
        prefect: Prefect's database, if it is to be backed up too.
        store: the artifact store.
        program: where PostgreSQL's programs are.
    """

    lineage: URL
    prefect: URL | None
    store: ArtifactStore
    program: Program


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A backup that was written: its name, its manifest, and how much was new in the mirror."""

    name: str
    manifest: Manifest
    copied: int
    copied_bytes: int


def back_up(folder: Path, sources: Sources, version: str, progress: Progress | None = None) -> BackupReport:
    """Write a backup; artifacts that are gone or damaged in the store are named in its manifest.

    Args:
        version: this program's, for the manifest.
        progress: called as (artifacts looked at, of how many).

    Raises:
        InputError: the folder cannot be written, or another backup is being written to it.
        LineageError, StoreError, ServiceUnavailable, DiskFull: nothing is kept but what the mirror has got.
    """
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    with new_backup(folder) as part:
        # Prefect's first: a run that it calls done has then rows in the lineage.
        prefect = _dump(part / "prefect.dump", sources.prefect, sources.program) if sources.prefect else None
        lineage, named = _dump_lineage(part, sources)
        mirror = mirror_of(folder)
        new, missing = [], []
        for done, artifact in enumerate(named, start=1):
            if not _is_kept(mirror, artifact):
                (new if _copy(sources.store, mirror, artifact) else missing).append(artifact)
            if progress:
                progress(done, len(named))
        manifest = Manifest(
            made_at=made_at,
            program=version,
            lineage=lineage,
            prefect=prefect,
            list_sha256=write_list(part, named),
            artifacts=len(named),
            size_bytes=sum(artifact.size_bytes for artifact in named),
            missing=tuple(artifact.id for artifact in missing),
        )
        write_manifest(part, manifest)
    name = part.name.removesuffix(part.suffix)
    return BackupReport(name, manifest, len(new), sum(artifact.size_bytes for artifact in new))


def _dump(file: Path, url: URL, program: Program) -> DumpFile:
    with dumped(url, file, program) as connection, errors_translated(url):
        return DumpFile(file.name, file_digest(file), row_counts(connection))


def _dump_lineage(part: Path, sources: Sources) -> tuple[DumpFile, list[Artifact]]:
    file = part / ("lineage.sqlite" if is_sqlite(sources.lineage) else "lineage.dump")
    with (
        dumped(sources.lineage, file, sources.program) as connection,
        errors_translated(sources.lineage),
    ):
        rows = connection.execute(select(artifacts).order_by(artifacts.c.id))
        named = [Artifact(row.id, row.media_type, row.size_bytes) for row in rows]
        return DumpFile(file.name, file_digest(file), row_counts(connection)), named


def _is_kept(mirror: FolderStore, artifact: Artifact) -> bool:
    """Whether the mirror has it; a file of another size is removed."""
    try:
        if mirror.size(artifact.id) == artifact.size_bytes:
            return True
    except ArtifactMissing:
        return False
    mirror.delete(artifact.id)
    return False


def _copy(store: ArtifactStore, mirror: FolderStore, artifact: Artifact) -> bool:
    """Copy an artifact to the mirror; False when the store has it no more, or damaged."""
    try:
        source = store.fetch(artifact.id)
    except (ArtifactMissing, ArtifactCorrupt):
        return False
    if not mirror.exists(artifact.id):  # a store that downloads has done so into the mirror
        mirror.put_file(source, artifact.media_type)
    return True
