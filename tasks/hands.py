"""Hands: who there is to make a film's steps, for telling when it will be done."""

import time
from collections.abc import Iterable, Mapping
from logging import getLogger

from db.wants import Offer
from db.workers import Workers
from reelhouse.errors import ReelhouseError
from reelhouse.eta import Eta
from reelhouse.steps import Step
from tasks.sending import gpu_bytes_of, is_sent, offer_of
from tasks.workbench import Workbench

FRESH_S = 5.0  # a worker comes or goes in minutes

log = getLogger(__name__)


def eta_of(bench: Workbench, steps: Iterable[Step]) -> Eta:
    """The time that these steps still need with the hands that this process and the house have."""
    steps = list(steps)
    sent = [step for step in steps if is_sent(bench, step)]
    workers = AbleWorkers(Workers(bench.lineage.engine), sent) if sent else None
    return Eta(steps, at_once=bench.settings.scenes_at_once, workers=workers)


class AbleWorkers:
    """How many engine workers can make all takes of an engine, asked of the database now and again.

    A worker that offers several engines counts for each of them.
    """

    def __init__(self, workers: Workers, takes: Iterable[Step]) -> None:
        self._workers = workers
        self._gpu_bytes: dict[Offer, int] = {}
        for take in takes:
            offer = offer_of(take)
            self._gpu_bytes[offer] = max(self._gpu_bytes.get(offer, 0), gpu_bytes_of(take))
        self._known: Mapping[str, int] = {}
        self._asked_at = float("-inf")

    def __call__(self) -> Mapping[str, int]:
        """By engine; as last known while the database does not answer."""
        if time.monotonic() - self._asked_at >= FRESH_S:
            self._asked_at = time.monotonic()
            try:
                able = self._workers.able(self._gpu_bytes)
            except ReelhouseError as error:
                log.warning("the engine workers are not known: %s", error)
            else:
                self._known = {offer.engine: count for offer, count in able.items()}
        return self._known
