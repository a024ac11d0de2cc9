"""A line to a real S3 service that can be cut in an upload, or behind which the disk is full."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from .http_server import Silent, http_server

FOR_EVER = 1_000_000
CUT_AFTER_BYTES = 1_000
_RESET = struct.pack("ii", 1, 0)  # a closed socket says no goodbye
_FULL = (
    b"<Error><Code>XMinioStorageFull</Code><Message>Storage backend has reached its minimum</Message></Error>"
)
_NOT_PASSED_ON = ("connection", "transfer-encoding", "content-length")


@dataclass
class Line:
    """How the line is.

    Attributes:
        endpoint: where clients reach the service through it.
        cuts: so many of the next uploads are cut in the middle.
        room: so many further uploads find room; None for no end of it.
        uploads: how many were begun.
    """

    endpoint: str
    cuts: int = 0
    room: int | None = None
    uploads: int = 0


@contextmanager
def line_to(endpoint: str) -> Iterator[Line]:
    """A good line to an S3 service, until the end of the block."""

    class Handler(Silent, BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            if self.command == "PUT" and size:
                line.uploads += 1
                if line.cuts:
                    line.cuts -= 1
                    return self._cut(min(size, CUT_AFTER_BYTES))
                if line.room == 0:
                    self.rfile.read(size)
                    return self._answer(507, [("Content-Type", "application/xml")], _FULL)
                line.room = line.room and line.room - 1
            body = self.rfile.read(size)
            far = HTTPConnection(urlsplit(endpoint).netloc, timeout=30)
            try:
                far.request(self.command, self.path, body, dict(self.headers))
                answer = far.getresponse()
                self._answer(answer.status, answer.getheaders(), answer.read())
            finally:
                far.close()

        def _cut(self, after_bytes: int) -> None:
            self.rfile.read(after_bytes)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.close_connection = True

        def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response_only(status)
            told = {name.lower(): value for name, value in headers}
            for name, value in told.items():
                if name not in _NOT_PASSED_ON:
                    self.send_header(name, value)
            size = told.get("content-length", "0") if self.command == "HEAD" else str(len(body))
            self.send_header("Content-Length", size)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
        setattr(Handler, f"do_{method}", Handler._pass_on)
    with http_server(Handler) as address:
        line = Line(address)
        yield line
