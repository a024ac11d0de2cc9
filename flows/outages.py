"""Outages: a run that a worker began waits for a service that does not answer, and then goes on.

A command says at once what is down, for the person who typed it; a run at night has nobody to read that.
"""

import time
from collections.abc import Callable
from itertools import chain, repeat
from logging import getLogger
from typing import TypeVar

from prefect.runtime import deployment

from reelhouse.errors import ServiceUnavailable

LONGEST_S = 600.0
PAUSES_S = (1.0, 2.0, 5.0, 10.0)
LAST_PAUSE_S = 30.0
ResultT = TypeVar("ResultT")

log = getLogger(__name__)


def outlasting(work: Callable[[], ResultT], *, longest_s: float = LONGEST_S) -> ResultT:
    """What work gives, begun anew when a service comes back; what was made by then is found again.

    Outside of a deployment's runs the first failure is raised.

    Args:
        work: all that a flow does; may be called many times.
        longest_s: how long one outage is waited for.

    Raises:
        ServiceUnavailable: it did not come back in that time.
    """
    if not deployment.id:
        return work()
    out_since: float | None = None
    pauses = iter(())
    while True:
        began = time.monotonic()
        try:
            return work()
        except ServiceUnavailable as error:
            now = time.monotonic()
            if out_since is None or now - began > longest_s:  # what worked for long was no outage
                out_since, pauses = now, chain(PAUSES_S, repeat(LAST_PAUSE_S))
            if now - out_since > longest_s:
                raise
            pause_s = next(pauses)
            log.warning("%s; this run goes on when it answers: tried again in %g s", error, pause_s)
        time.sleep(pause_s)
