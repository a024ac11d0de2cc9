"""Observation: what the settings ask to be told of a process's steps, put together at its door."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from reelhouse.logs import Redaction, handled, stderr_handler
from tasks.health import Watch
from tasks.house_metrics import HouseMetrics
from tasks.listeners import heard_by, log_step
from tasks.metrics import GpuMemory, StepMetrics
from tasks.metrics_server import metrics_page, served
from tasks.openlineage import OpenLineage
from tasks.openlineage_outlets import outlet_to
from tasks.workbench import Workbench

log = logging.getLogger(__name__)


@contextmanager
def observed_render(bench: Workbench, handlers: Sequence[logging.Handler]) -> Iterator[None]:
    """Tell of a render's steps while the block runs: the handlers, JSON logs and OpenLineage if asked for.

    A person at a terminal is told by the progress display instead of by logs.
    """
    settings = bench.settings
    with ExitStack() as stack:
        for handler in handlers:
            stack.enter_context(handled(handler, level=logging.INFO, alone=False))
        if settings.log == "json":
            _log_to_stderr(bench, stack)
        if handlers or settings.log == "json":
            stack.enter_context(heard_by(bench, log_step))
        _tell_openlineage(bench, stack, None)
        yield


@contextmanager
def observed_service(bench: Workbench) -> Iterator[int | None]:
    """Tell of a service's steps while the block runs; where REELHOUSE_METRICS_PORT is set, serve metrics.

    Yields the port, if there is one. For processes that last: those of single renders would fight for it.

    Raises:
        InputError: the port cannot be listened on.
        ReelhouseError: the database cannot be opened.
    """
    registry = CollectorRegistry()
    with ExitStack() as stack:
        _log_to_stderr(bench, stack)
        stack.enter_context(heard_by(bench, log_step, StepMetrics(registry)))
        _tell_openlineage(bench, stack, registry)
        yield _serve(bench, stack, registry)


def _log_to_stderr(bench: Workbench, stack: ExitStack) -> None:
    settings = bench.settings
    handler = stderr_handler(settings.log, Redaction(settings.secrets))
    level = logging.getLevelNamesMapping()[settings.log_level]
    stack.enter_context(handled(handler, level=level, alone=True))


def _tell_openlineage(bench: Workbench, stack: ExitStack, registry: CollectorRegistry | None) -> None:
    settings = bench.settings
    if not settings.openlineage:
        return
    outlet = stack.enter_context(outlet_to(settings.openlineage, settings.openlineage_key.get_secret_value()))
    if registry:
        registry.register(outlet.tally)
    listener = OpenLineage(outlet.send, Redaction(settings.secrets))
    stack.enter_context(heard_by(bench, listener))


def _serve(bench: Workbench, stack: ExitStack, registry: CollectorRegistry) -> int | None:
    settings = bench.settings
    if settings.metrics_port is None:
        return None
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    registry.register(GpuMemory())
    registry.register(HouseMetrics(bench.lineage.engine))
    page = metrics_page(registry, Watch(bench).look, Redaction(settings.secrets))
    port = stack.enter_context(served(page, host=settings.metrics_host, port=settings.metrics_port))
    log.info("metrics and health: http://%s:%d/metrics, /healthz", settings.metrics_host, port)
    return port
