"""A real HTTP server that answers like an OpenAI-compatible endpoint, and misbehaves as it is told to."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from .http_server import Silent, http_server


@dataclass
class Answer:
    """One answer to one request."""

    body: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    after_s: float = 0.0
    hangs_up: bool = False


def says(content: object) -> Answer:
    """A model's words in the shape of the API."""
    return Answer(json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}))


def writes(prompt: str) -> Answer:
    """A model that does as it was told."""
    return says(json.dumps({"prompt": prompt}, ensure_ascii=False))


@dataclass
class ChatServer:
    """What it will answer, the last answer for ever, and what it was asked."""

    url: str
    answers: list[Answer]
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def next_answer(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def chat_server(*answers: Answer) -> Iterator[ChatServer]:
    """Serve on a free port of this machine until the end of the block."""

    class Handler(Silent, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            served.requests.append({"path": self.path, **json.loads(body)})
            served.headers.append(dict(self.headers))
            answer = served.next_answer()
            time.sleep(answer.after_s)
            if answer.hangs_up:
                self.close_connection = True
                return
            data = answer.body.encode()
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except OSError:  # the caller has stopped waiting
                self.close_connection = True

    with http_server(Handler) as address:
        served = ChatServer(f"{address}/v1", list(answers))
        yield served
