"""Where OpenLineage events go: a file of one JSON object a line, or an HTTP address such as Marquez's.

Neither fails or delays a render: what cannot be kept is dropped and counted.
"""

import json
import os
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from logging import getLogger
from pathlib import Path
from urllib.parse import unquote, urlsplit

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from reelhouse.errors import InputError
from tasks.openlineage import RunEvent

WAITING = 1000
TIMEOUT_S = 5.0
LAST_WORDS_S = 1.0
WARNED_EVERY_S = 60.0

log = getLogger(__name__)


class Tally(Collector):
    """How many events were sent and how many dropped; also as a metric."""

    def __init__(self) -> None:
        self.sent = 0
        self.dropped = 0
        self._lock = threading.Lock()
        self._warned_at = float("-inf")

    def count_sent(self) -> None:
        """One event is where it was to go."""
        with self._lock:
            self.sent += 1

    def count_dropped(self, reason: object) -> None:
        """One event is lost; said once a minute at most."""
        with self._lock:
            self.dropped += 1
            if time.monotonic() - self._warned_at < WARNED_EVERY_S:
                return
            self._warned_at, dropped = time.monotonic(), self.dropped
        log.warning("OpenLineage events are dropped, %d so far: %s", dropped, reason)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The metric."""
        family = CounterMetricFamily(
            "reelhouse_openlineage_events", "OpenLineage events of this process.", labels=["outcome"]
        )
        family.add_metric(["sent"], self.sent)
        family.add_metric(["dropped"], self.dropped)
        yield family


class FileOutlet:
    """Appends to a file, which several processes may share."""

    def __init__(self, path: Path, tally: Tally) -> None:
        self.tally = tally
        self._path = path

    def send(self, event: RunEvent) -> None:
        """Append one line; a single write, so that lines of several processes do not mix."""
        line = json.dumps(event, ensure_ascii=False).encode() + b"\n"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                if os.write(file, line) != len(line):
                    raise OSError("the line was written in part: the disk is full")
            finally:
                os.close(file)
        except OSError as error:
            self.tally.count_dropped(error)
        else:
            self.tally.count_sent()


class HttpOutlet:
    """Posts events one after the other on a thread of its own; at most `WAITING` of them wait for it."""

    def __init__(self, url: str, key: str, tally: Tally) -> None:
        self.tally = tally
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._waiting: queue.Queue[RunEvent | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._post_all, name="openlineage", daemon=True)
        self._thread.start()

    def send(self, event: RunEvent) -> None:
        """Queue an event, or drop it where too many wait."""
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            self.tally.count_dropped("too many wait for the receiver")

    def close(self) -> None:
        """Give what waits a last moment; what is left then is dropped."""
        with suppress(queue.Full):
            self._waiting.put_nowait(None)
            self._thread.join(LAST_WORDS_S)
        with suppress(queue.Empty):
            while True:
                if self._waiting.get_nowait() is not None:
                    self.tally.count_dropped("the work ended before they were taken")
        self._waiting.put_nowait(None)

    def _post_all(self) -> None:
        import httpx  # takes 0.1 s: not before somebody asks for events

        # Of the address only the host is told: the rest may hold a key.
        host = urlsplit(self._url).hostname
        with httpx.Client(timeout=TIMEOUT_S, headers=self._headers) as client:
            while (event := self._waiting.get()) is not None:
                try:
                    client.post(self._url, json=event).raise_for_status()
                except httpx.HTTPStatusError as error:
                    self.tally.count_dropped(f"{host} answered {error.response.status_code}")
                except (httpx.HTTPError, httpx.InvalidURL) as error:
                    self.tally.count_dropped(f"{host}: {type(error).__name__}")
                else:
                    self.tally.count_sent()


@contextmanager
def outlet_to(address: str, key: str) -> Iterator[FileOutlet | HttpOutlet]:
    """Where a setting says that events go: file:///path.jsonl, or an http address that takes them as POST.

    Raises:
        InputError: it is neither.
    """
    parts = urlsplit(address)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        yield FileOutlet(Path(unquote(parts.path)), Tally())
    elif parts.scheme in ("http", "https") and parts.hostname:
        outlet = HttpOutlet(address, key, Tally())
        try:
            yield outlet
        finally:
            outlet.close()
    else:
        raise InputError(
            f"REELHOUSE_OPENLINEAGE begins {address[:8]!r}: it must be file:///absolute/path.jsonl, or "
            "http://host:5000/api/v1/lineage"
        )
