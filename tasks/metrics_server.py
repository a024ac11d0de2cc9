"""The page that Prometheus and probes read: /metrics and /healthz, on a port of its own.

It shows counts, no contents; still it listens on this machine alone unless told otherwise.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import Any, TypeAlias
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from reelhouse.errors import InputError
from reelhouse.logs import Redaction
from tasks.health import Health

Start: TypeAlias = Callable[..., Any]
Page: TypeAlias = Callable[[dict[str, Any], Start], Iterable[bytes]]


def metrics_page(registry: CollectorRegistry, look: Callable[[], Health], redaction: Redaction) -> Page:
    """The two pages as a WSGI application."""
    metrics = make_wsgi_app(registry)

    def page(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _answer(start, HTTPStatus.METHOD_NOT_ALLOWED, {"allowed": "GET"})
        match environ["PATH_INFO"]:
            case "/metrics":
                return metrics(environ, start)
            case "/healthz":
                return _tell_health(start, look(), redaction)
        return _answer(start, HTTPStatus.NOT_FOUND, {"pages": ["/metrics", "/healthz"]})

    return page


def _tell_health(start: Start, health: Health, redaction: Redaction) -> Iterable[bytes]:
    status = HTTPStatus.OK if health.is_well else HTTPStatus.SERVICE_UNAVAILABLE
    found = {
        "database": redaction(health.database),
        "store": redaction(health.store),
        "engine": health.engine,
        "since": health.since.isoformat(timespec="seconds"),
    }
    return _answer(start, status, found)


def _answer(start: Start, status: HTTPStatus, content: dict[str, object]) -> Iterable[bytes]:
    start(f"{status.value} {status.phrase}", [("Content-Type", "application/json")])
    return [json.dumps(content, ensure_ascii=False).encode() + b"\n"]


class _Server(ThreadingMixIn, WSGIServer):
    """Answers a scrape while a probe waits for a database that does not."""

    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    """Says nothing of each request."""

    timeout = 10  # whoever connects and is silent does not keep a thread

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def served(page: Page, *, host: str, port: int) -> Iterator[int]:
    """Serve a page while the block runs; the port, which is a free one if 0 was asked.

    Raises:
        InputError: the address cannot be listened on.
    """
    try:
        server = make_server(host, port, page, server_class=_Server, handler_class=_Quiet)
    except OSError as error:
        raise InputError(
            f"metrics cannot be served on {host}:{port} ({error.strerror}): set REELHOUSE_METRICS_PORT to a "
            "free port and REELHOUSE_METRICS_HOST to an address of this machine"
        ) from error
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
