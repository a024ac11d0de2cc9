"""Presence: a render at work says so, and one whose process is gone is found out and ended.

A render is lost when its process is known to be dead, or cannot be seen and was not heard of for `SILENCE_S`.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from logging import getLogger

from db.presence import Present, present, tell
from reelhouse.errors import ReelhouseError
from reelhouse.processes import Owner
from tasks.workbench import Workbench

EVERY_S = 10.0
SILENCE_S = 60.0

log = getLogger(__name__)


@contextmanager
def heard_of(bench: Workbench, render_id: str) -> Iterator[None]:
    """Say every `EVERY_S` that a render goes on, while the block runs."""
    ended = threading.Event()

    def tell_on() -> None:
        while not ended.wait(EVERY_S):
            try:
                tell(bench.lineage.engine, render_id)
            except ReelhouseError as error:  # the work goes on; it is said again soon
                log.warning("render %s: not heard: %s", render_id, error)

    thread = threading.Thread(target=tell_on, name="presence", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def lost_renders(bench: Workbench) -> list[Present]:
    """The renders that are recorded as running and do not run any more."""
    return [one for one in present(bench.lineage.engine) if _is_lost(Owner.parse(one.owner), one.silent_s)]


def _is_lost(owner: Owner, silent_s: float) -> bool:
    return owner.is_dead if owner.is_seen else silent_s > SILENCE_S


def end_lost(bench: Workbench, lost: Present) -> None:
    """Record the end of a lost render."""
    host = Owner.parse(lost.owner).host
    log.warning("render %s: its process on %s is gone", lost.render_id, host)
    bench.lineage.finish_render(
        lost.render_id,
        status="failed",
        film=None,
        message=f"its process on {host} was killed, or could not be heard any more; the next run goes on",
    )
