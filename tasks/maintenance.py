"""Upkeep of the house: what is stored is looked at, what nobody names is removed, backups are watched."""

from datetime import UTC, datetime, timedelta

from db.backup_folder import find_backup
from db.garbage import GRACE, collect
from db.verify import verify
from reelhouse.errors import InputError, LineageError
from tasks.workbench import Workbench


def check_sample(bench: Workbench, sample: int) -> str:
    """Hash some of the artifacts again and derive every key again; what was found.

    Raises:
        LineageError: something is not as it was recorded; the message names the first of it.
    """
    report = verify(bench.lineage.engine, bench.store, sample=sample)
    if not report.ok:
        raise LineageError(
            f"not all is as recorded, the first of {len(report.problems)}: {report.problems[0].message}; "
            "`reelhouse verify` lists them all"
        )
    return f"{report.hashed} of {report.artifacts} artifacts hashed, {report.steps} steps: all as recorded"


def remove_leftovers(bench: Workbench) -> str:
    """Remove bytes without a record, part files and abandoned uploads, older than a day; how many."""
    report = collect(bench.lineage.engine, bench.store, dry_run=False, grace=GRACE)
    return (
        f"{len(report.artifacts)} artifacts without a record ({report.size_bytes} bytes) and "
        f"{report.leftovers} leftovers removed; {report.young} younger ones left alone"
    )


def check_backup_age(bench: Workbench) -> str:
    """See that the newest backup is young enough; what was found.

    Raises:
        InputError: it is too old, or there is none.
    """
    settings = bench.settings
    if settings.backups is None:
        return "no backup was looked for: REELHOUSE_BACKUPS names no folder"
    newest = find_backup(settings.backups, None)
    age = datetime.now(UTC) - datetime.fromisoformat(newest.manifest.made_at)
    hours = age / timedelta(hours=1)
    if hours > settings.backup_max_age_h:
        raise InputError(
            f"the newest backup in {settings.backups} is {hours:.0f} hours old, at most "
            f"{settings.backup_max_age_h:g} are allowed: see why `reelhouse backup` did not run"
        )
    return f"the newest backup is {hours:.1f} hours old"
