"""`reelhouse parity`: what this machine computes, held against golden tensors."""

import sys
from dataclasses import asdict
from pathlib import Path

from rich import box
from rich.table import Table

from models.parity import check_golden
from reelhouse.settings import Settings
from studio.console import out, print_json


def show_parity(directory: Path, *, mode: str, as_json: bool) -> None:
    """Print what was measured and what is allowed, tensor by tensor."""
    rows = check_golden(directory, device=Settings().device, mode=mode)
    missed = [row for row in rows if not row.ok]
    if as_json:
        print_json({"ok": not missed, "rows": [{**asdict(row), "ok": row.ok} for row in rows]})
    else:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for name in ("tensor", "measured", "allowed", "unit", ""):
            table.add_column(name, justify="right" if name in ("measured", "allowed") else "left")
        for row in rows:
            verdict = "[green]ok[/]" if row.ok else "[red]missed[/]"
            table.add_row(row.name, f"{row.measured:.1e}", f"{row.allowed:.1e}", row.unit, verdict)
        console = out()
        console.print(table)
        console.print(
            f"{len(rows) - len(missed)} of {len(rows)} tensors as the official program computes them"
        )
    if missed:
        sys.exit(1)
