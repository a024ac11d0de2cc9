"""Schedules: when work ends that waits for other work and for hands.

List scheduling: a free hand takes the ready work with the longest chain of work behind it. The end is never
later than twice the best there is.
Source: R. L. Graham, Bounds on Multiprocessing Timing Anomalies, SIAM J. Appl. Math. 17 (1969), theorem 1.
"""

import heapq
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of work: how long it takes, what it waits for, and whose hands it needs."""

    seconds: float
    needs: Collection[str]
    pool: str


def ends_after_s(work: Mapping[str, Work], hands: Mapping[str, int]) -> float:
    """Seconds until all the work is done.

    Args:
        work: by name; a need that is not among the names is done already.
        hands: of each pool, how many pieces of its work are done at once.

    Raises:
        ValueError: a pool without hands has work, or work waits for itself.
    """
    tails = _tails(work)
    lacking = {name: sum(need in work for need in set(piece.needs)) for name, piece in work.items()}
    needed_by = _needed_by(work)
    ready: dict[str, list[tuple[float, str]]] = {pool: [] for pool in {p.pool for p in work.values()}}
    free = {pool: hands.get(pool, 0) for pool in ready}
    if idle := [pool for pool, count in free.items() if count < 1]:
        raise ValueError(f"there is work for {', '.join(sorted(idle))}, and nobody to do it")
    running: list[tuple[float, str]] = []
    at = 0.0
    freed = [name for name, count in lacking.items() if not count]
    while True:
        for name in freed:
            heapq.heappush(ready[work[name].pool], (-tails[name], name))
        for pool, queue in ready.items():
            while queue and free[pool]:
                _, name = heapq.heappop(queue)
                heapq.heappush(running, (at + work[name].seconds, name))
                free[pool] -= 1
        if not running:
            return at
        at, done = heapq.heappop(running)
        free[work[done].pool] += 1
        freed = []
        for name in needed_by.get(done, ()):
            lacking[name] -= 1
            if not lacking[name]:
                freed.append(name)


def longest_chain_s(work: Mapping[str, Work]) -> float:
    """Seconds of the longest chain of work in which each piece waits for the one before."""
    return max(_tails(work).values(), default=0.0)


def _needed_by(work: Mapping[str, Work]) -> Mapping[str, Sequence[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, piece in work.items():
        for need in set(piece.needs):
            found[need].append(name)
    return dict(found)


def _tails(work: Mapping[str, Work]) -> dict[str, float]:
    """Of each piece, the seconds of the longest chain that begins with it."""
    needed_by = _needed_by(work)
    waiting = {name: len(needed_by.get(name, ())) for name in work}
    last = [name for name, count in waiting.items() if not count]
    tails: dict[str, float] = {}
    while last:
        name = last.pop()
        after = needed_by.get(name, ())
        tails[name] = work[name].seconds + max((tails[later] for later in after), default=0.0)
        for need in set(work[name].needs):
            if need in waiting:
                waiting[need] -= 1
                if not waiting[need]:
                    last.append(need)
    if len(tails) < len(work):
        raise ValueError("some of the work waits for itself")
    return tails
