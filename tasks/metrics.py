"""Metrics of this process, as Prometheus reads them: what it made, in what time, and what failed.

Labels take few values: stages, engines, classes of errors; never a title, a label or an id. What the whole
house has made and still wants is asked of the database (tasks/house_metrics.py), so that the work of short
processes, which nobody could scrape, is counted too.
"""

import threading
import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from reelhouse import errors
from reelhouse.errors import Cancelled, LeaseLost, ReelhouseError
from tasks.gpus import find_gpu
from tasks.progress import StepClaimed, StepEvent, StepFailed, StepFinished, StepProgressed

# From an instant card to a take of many hours.
STEP_BUCKETS_S = (0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600, 1200, 3600, 10800)
ENGINE_STEP_BUCKETS_S = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 120)
OTHER = "other"
_OURS = frozenset(
    name for name, found in vars(errors).items() if isinstance(found, type) and issubclass(found, Exception)
)


def error_label(error_class: str) -> str:
    """An error's class as a label: one of our error tree, or "other"."""
    return error_class if error_class in _OURS else OTHER


class StepMetrics:
    """The listener that counts; `registry` is where it counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._steps = Counter(
            "reelhouse_steps",
            "Steps that came to an end in this process, by how.",
            ["stage", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "reelhouse_step_seconds",
            "How long the steps took that this process made.",
            ["stage"],
            buckets=STEP_BUCKETS_S,
            registry=registry,
        )
        self._predicted = Counter(
            "reelhouse_step_predicted_seconds",
            "How long the plan expected the steps to take that this process made.",
            ["stage"],
            registry=registry,
        )
        self._engine_seconds = Histogram(
            "reelhouse_engine_step_seconds",
            "How long one step of an engine's sampler took.",
            ["engine"],
            buckets=ENGINE_STEP_BUCKETS_S,
            registry=registry,
        )
        self._failures = Counter(
            "reelhouse_failures",
            "Steps that failed here, by the error's class.",
            ["error"],
            registry=registry,
        )
        self._marks: dict[str, float] = {}
        self._lock = threading.Lock()

    def __call__(self, event: StepEvent) -> None:
        """Count an event."""
        stage = event.step.stage.value
        match event:
            case StepClaimed():
                self._mark(event.step.key)
            case StepProgressed() if event.step.engine:
                began = self._mark(event.step.key)
                if began is not None:
                    self._engine_seconds.labels(event.step.engine).observe(time.monotonic() - began)
            case StepFinished(record=record, attempt=attempt):
                self._forget(event.step.key)
                self._steps.labels(stage, "reused" if attempt is None else "made").inc()
                if attempt is not None:
                    self._seconds.labels(stage).observe(record.seconds)
                    self._predicted.labels(stage).inc(event.step.cost.seconds)
            case StepFailed(error=error):
                self._forget(event.step.key)
                self._count_failure(stage, error)

    def _mark(self, key: str) -> float | None:
        """Note the moment; the last one noted, if work on the step goes on here."""
        with self._lock:
            before, self._marks[key] = self._marks.get(key), time.monotonic()
        return before

    def _forget(self, key: str) -> None:
        with self._lock:
            self._marks.pop(key, None)

    def _count_failure(self, stage: str, error: BaseException) -> None:
        if isinstance(error, Cancelled | LeaseLost):
            self._steps.labels(stage, "stopped").inc()
            return
        self._steps.labels(stage, "failed").inc()
        name = type(error).__name__ if isinstance(error, ReelhouseError) else OTHER
        self._failures.labels(error_label(name)).inc()


class GpuMemory(Collector):
    """The GPU's memory, asked of the driver at each scrape; no metric on a machine without one."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What the driver says now."""
        family = GaugeMetricFamily(
            "reelhouse_gpu_memory_bytes", "Memory of the GPU, by who holds it.", labels=["gpu", "holder"]
        )
        gpu = find_gpu()
        if gpu:
            family.add_metric([gpu.name, "this_process"], gpu.own_bytes)
            family.add_metric([gpu.name, "others"], gpu.others_bytes)
            family.add_metric([gpu.name, "nobody"], gpu.total_bytes - gpu.own_bytes - gpu.others_bytes)
        yield family
