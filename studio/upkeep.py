"""`reelhouse verify` and `gc` hold record and bytes together; `forgive` lets a step be tried again."""

import sys
from dataclasses import asdict

from db.garbage import collect
from db.verify import verify
from reelhouse.errors import InputError
from reelhouse.settings import Settings
from studio.console import out, print_json, size
from tasks.workbench import Workbench


def verify_all(*, sample: int | None, as_json: bool) -> None:
    """Hash again what is stored, derive again what is recorded; the exit code is 1 on any difference."""
    bench = Workbench(Settings())
    report = verify(bench.lineage.engine, bench.store, sample=sample)
    if as_json:
        print_json({**asdict(report), "ok": report.ok})
    else:
        console = out()
        for problem in report.problems:
            console.print(f"[red]{problem.kind}[/] {problem.message}", soft_wrap=True)
        verdict = (
            f"[red]{len(report.problems)} problems[/]" if report.problems else "[green]all as recorded[/]"
        )
        console.print(
            f"{report.hashed} of {report.artifacts} artifacts hashed, {report.steps} steps: {verdict}"
        )
    if not report.ok:
        sys.exit(1)


def collect_garbage(*, dry_run: bool, as_json: bool) -> None:
    """Remove what no record names."""
    bench = Workbench(Settings())
    report = collect(bench.lineage.engine, bench.store, dry_run=dry_run)
    if as_json:
        print_json(asdict(report))
        return
    verb = "would be removed" if dry_run else "removed"
    out().print(
        f"{len(report.artifacts)} artifacts ({size(report.size_bytes)}) and {report.leftovers} leftovers "
        f"{verb}; {report.young} young ones without a record are left alone"
    )


def forgive(step: str) -> None:
    """Let a step be tried again whose processes died.

    Raises:
        InputError: no such step has died.
    """
    if not Workbench(Settings()).ledger.forgive(step.lower()):
        raise InputError(
            f"no step whose key begins with {step[:80]!r} ended with its process: take the key from the "
            "message that told of it; a step that merely failed needs no forgiving"
        )
    out().print("forgiven; run the render again")
