"""Restore: a backup's bytes into a store, then its rows into empty databases, then everything verified.

Nothing is written before the whole backup has been hashed. Bytes come first, as ever: a restore that is
interrupted leaves bytes without rows, which do no harm, and may simply be run again.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from db.backup import Progress
from db.backup_folder import Backup, DumpFile, mirror_of
from db.dumps import Program, is_sqlite, load, rows_in
from db.session import masked, open_database
from db.store import Artifact, ArtifactStore
from db.verify import VerifyReport, verify
from reelhouse.errors import ArtifactCorrupt, ArtifactMissing, InputError, LineageError, StoreError

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Targets:
    """Where a backup is restored to: databases without tables, and a store.

    Attributes:
        prefect: Prefect's database; None leaves Prefect's part of the backup alone.
        program: where PostgreSQL's programs are.
    """

    lineage: URL
    prefect: URL | None
    store: ArtifactStore
    program: Program


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was restored, what the backup could not give, and what `verify` says of the result."""

    artifacts: int
    lost: tuple[str, ...]
    prefect: bool
    verified: VerifyReport


def check(backup: Backup, progress: Progress | None = None) -> list[Artifact]:
    """Hash a whole backup; the artifacts that its mirror has lost or holds damaged.

    Those that were missing when it was made are among them.

    Raises:
        StoreError: a dump or the list of artifacts is damaged.
    """
    backup.check_files()
    mirror = mirror_of(backup.folder.parent)
    lost, named = [], backup.artifacts()
    for done, artifact in enumerate(named, start=1):
        try:
            mirror.check(artifact.id)
        except (ArtifactMissing, ArtifactCorrupt):
            lost.append(artifact)
        if progress:
            progress(done, len(named))
    return lost


def restore(
    backup: Backup, targets: Targets, *, partial: bool, progress: Progress | None = None
) -> RestoreReport:
    """Restore a backup and verify the result.

    Args:
        partial: restore what is whole although artifacts are lost; `verify` then names them.

    Raises:
        InputError: a target is not empty, or is of another kind than the backup.
        StoreError: the backup is damaged; nothing was written.
        LineageError, ServiceUnavailable, DiskFull: a target refuses or does not answer.
    """
    manifest = backup.manifest
    _check_target(targets.lineage, manifest.lineage)
    if targets.prefect is not None:
        if manifest.prefect is None:
            raise InputError(
                f"the backup {backup.folder} was made without Prefect's database: unset "
                "PREFECT_SERVER_DATABASE_CONNECTION_URL to restore the rest"
            )
        _check_target(targets.prefect, manifest.prefect)
    lost = check(backup)
    unexpected = [artifact for artifact in lost if artifact.id not in manifest.missing]
    if unexpected and not partial:
        raise StoreError(_damage(backup.folder, unexpected))
    _put_bytes(backup, targets.store, {artifact.id for artifact in lost}, progress)
    if targets.prefect is not None and manifest.prefect is not None:
        _load(backup.folder, targets.prefect, manifest.prefect, targets.program)
    _load(backup.folder, targets.lineage, manifest.lineage, targets.program)
    engine = open_database(targets.lineage.render_as_string(hide_password=False))
    try:
        verified = verify(engine, targets.store)
    finally:
        engine.dispose()
    return RestoreReport(
        manifest.artifacts - len(lost),
        tuple(artifact.id for artifact in lost),
        targets.prefect is not None,
        verified,
    )


def _check_target(url: URL, dump: DumpFile) -> None:
    if is_sqlite(url) != dump.name.endswith(".sqlite"):
        raise InputError(
            f"{dump.name} cannot be restored into {masked(url)}: a backup of SQLite goes into SQLite, one of "
            "PostgreSQL into PostgreSQL"
        )
    if found := rows_in(url):
        raise InputError(
            f"{masked(url)} is not empty (it has the tables {', '.join(sorted(found)[:3])} …): a backup is "
            "restored into a new, empty database; make one and name it in the settings"
        )


def _put_bytes(backup: Backup, store: ArtifactStore, lost: set[str], progress: Progress | None) -> None:
    mirror = mirror_of(backup.folder.parent)
    whole = [artifact for artifact in backup.artifacts() if artifact.id not in lost]
    for done, artifact in enumerate(whole, start=1):
        kept = store.put_file(mirror.fetch(artifact.id), artifact.media_type)
        if kept.id != artifact.id:
            raise StoreError(f"artifact {artifact.id} changed in {mirror.root} while it was restored")
        if progress:
            progress(done, len(whole))


def _load(folder: Path, url: URL, dump: DumpFile, program: Program) -> None:
    load(url, folder / dump.name, program)
    found = rows_in(url)
    wrong = {name for name in dump.rows.keys() | found.keys() if dump.rows.get(name) != found.get(name)}
    if wrong:
        raise LineageError(
            f"{masked(url)} has other rows than {folder / dump.name} in {', '.join(sorted(wrong))}: was "
            "somebody working on it? Empty it and restore again"
        )


def _damage(folder: Path, lost: list[Artifact]) -> str:
    names = ", ".join(artifact.id for artifact in lost[:_SHOWN])
    more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
    return (
        f"the backup {folder} is damaged: its mirror does not have the bytes of {names}{more}; nothing was "
        "restored. Copy them from another mirror, or restore the rest with --partial"
    )
