"""Metrics of the whole house, asked of the database when Prometheus asks: also what short processes made.

Any process with a port may export them; where several do, their series are equal but for the instance.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from logging import getLogger

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine

from db.figures import Figures, count_house
from reelhouse.errors import ReelhouseError
from tasks.metrics import error_label

# The counting reads whole tables: no faster than this, however often and by how many it is asked.
FRESH_S = 5.0

Family = GaugeMetricFamily | CounterMetricFamily
log = getLogger(__name__)


class HouseMetrics(Collector):
    """Counts the house at each scrape; says `reelhouse_database_up 0` alone while the database is away."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._counted: Figures | None = None
        self._counted_at = float("-inf")

    def collect(self) -> Iterator[Family]:
        """What the database says now."""
        figures = self._figures()
        up = GaugeMetricFamily("reelhouse_database_up", "Whether the database answers.")
        up.add_metric([], float(figures is not None))
        yield up
        if figures:
            yield from _families(figures)

    def _figures(self) -> Figures | None:
        with self._lock:
            if time.monotonic() - self._counted_at >= FRESH_S:
                try:
                    self._counted = count_house(self._engine)
                except ReelhouseError as error:
                    log.warning("no figures of the house: %s", error)
                    self._counted = None
                self._counted_at = time.monotonic()
            return self._counted


def _families(figures: Figures) -> Iterator[Family]:
    yield _gauge("reelhouse_renders", "Renders recorded, by how they stand.", "status", figures.renders)
    yield _counter("reelhouse_recorded_steps", "Steps recorded by anybody.", "stage", figures.made)
    yield _counter(
        "reelhouse_recorded_step_seconds", "Seconds of work in the recorded steps.", "stage", figures.seconds
    )
    yield _counter(
        "reelhouse_cache_hits", "Steps that renders used and did not have to make.", "stage", figures.hits
    )
    yield _gauge("reelhouse_leases", "Steps claimed, by how the claim stands.", "state", figures.leases)
    yield _gauge("reelhouse_workers", "Engine workers, by what they do.", "state", figures.workers)
    errors: Counter[str] = Counter()
    for name, count in figures.errors.items():
        errors[error_label(name)] += count
    yield _gauge(
        "reelhouse_failing_steps", "Steps whose last attempt failed, by the error's class.", "error", errors
    )
    yield from _wanted(figures)


def _wanted(figures: Figures) -> Iterator[Family]:
    wants = GaugeMetricFamily(
        "reelhouse_wants", "Takes wanted of the engine workers.", labels=["engine", "state"]
    )
    oldest = GaugeMetricFamily(
        "reelhouse_oldest_want_seconds",
        "Since when the take is wanted that has waited longest for a worker.",
        labels=["engine"],
    )
    for engine, found in figures.wanted.items():
        wants.add_metric([engine, "waiting"], found.waiting)
        wants.add_metric([engine, "at_work"], found.at_work)
        oldest.add_metric([engine], found.oldest_s)
    yield wants
    yield oldest


def _gauge(name: str, about: str, label: str, values: Mapping[str, float]) -> Family:
    return _filled(GaugeMetricFamily(name, about, labels=[label]), values)


def _counter(name: str, about: str, label: str, values: Mapping[str, float]) -> Family:
    return _filled(CounterMetricFamily(name, about, labels=[label]), values)


def _filled(family: Family, values: Mapping[str, float]) -> Family:
    for value in sorted(values):
        family.add_metric([value], values[value])
    return family
