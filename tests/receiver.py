"""A receiver of webhooks for tests: a real HTTP server on this machine that keeps what it is sent."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from reelhouse.settings import Settings
from tasks.notifications import signature

from .http_server import Silent, http_server

SECRET = "a secret nobody else has"


@dataclass
class Receiver:
    """A receiver that gives the answers it was told to give, the last one for ever; 0 is none at all."""

    answers: list[int]
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    address: str = ""
    release: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"{self.address}/hook/token-in-the-path"

    @property
    def environment(self) -> dict[str, str]:
        """The settings that lead another process here."""
        return {"REELHOUSE_WEBHOOK_URL": self.url, "REELHOUSE_WEBHOOK_SECRET": SECRET}

    def settings(self, home: Path) -> Settings:
        return Settings.model_validate({"home": home, "webhook_url": self.url, "webhook_secret": SECRET})

    def events(self) -> list[dict[str, Any]]:
        """What was received, each with a signature that is right."""
        for headers, body in self.received:
            signed = signature(SECRET, headers["Reelhouse-Timestamp"], body)
            assert headers["Reelhouse-Signature"] == signed
        return [json.loads(body) for _, body in self.received]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that takes everything until it is told otherwise."""
    found = Receiver([200])

    class Handler(Silent, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.received.append((dict(self.headers), body))
            answer = found.answers[min(len(found.received), len(found.answers)) - 1]
            if not answer:
                found.release.wait(20)
                return
            self.send_response(answer)
            if answer == 302:
                self.send_header("Location", found.url)
            self.end_headers()

    with http_server(Handler) as address:
        found.address = address
        try:
            yield found
        finally:
            found.release.set()
