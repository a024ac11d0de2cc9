"""What people read: two consoles, and the shapes of numbers."""

import json
import sys

from rich.console import Console

WIDTH = 110  # where the output is no terminal


def out() -> Console:
    """Standard output, for results."""
    return Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)


def err() -> Console:
    """Standard error, for progress."""
    return Console(stderr=True, width=None if sys.stderr.isatty() else WIDTH, highlight=False)


def print_json(value: object) -> None:
    """One JSON object on standard output, a line of its own."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def seconds(value: float) -> str:
    """ "0.4 s", "12 s", "3 min 05 s"."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 60:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def size(size_bytes: int) -> str:
    """ "812 B", "4.2 MB", decimal as file managers show it."""
    value = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
