"""Waiting in tests for what other threads and processes do."""

import time
from collections.abc import Callable


def eventually(
    true: Callable[[], bool],
    within_s: float = 90,
    *,
    every_s: float = 0.1,
    otherwise: Callable[[], object] = lambda: "it did not come true in time",
) -> None:
    """Wait until it is true; `otherwise` says what a test that waited in vain shows."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(every_s)
