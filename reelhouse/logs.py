"""Logs: one line an event, the ids first, for people or as JSON; no password of this installation in it.

The ids (render, scene, step, attempt) are bound where the work they name begins, and every line that is
logged meanwhile carries them, whoever writes it. Nothing is set up at import: a door does it, for as long as
it works.
"""

import json
import logging
import socket
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal, TypeAlias

Style: TypeAlias = Literal["text", "json"]
ROOMS = ("reelhouse", "db", "models", "tasks", "flows", "studio")
HIDDEN = "***"
_ORDER = ("render", "scene", "step", "attempt")

_bound: ContextVar[dict[str, str | int] | None] = ContextVar("ids", default=None)


@contextmanager
def bound(
    *,
    render: str | None = None,
    scene: str | None = None,
    step: str | None = None,
    attempt: int | None = None,
) -> Iterator[None]:
    """Give these ids to whatever is logged in the block, here and where its context is copied to."""
    given = {"render": render, "scene": scene, "step": step, "attempt": attempt}
    token = _bound.set(ids() | {name: value for name, value in given.items() if value is not None})
    try:
        yield
    finally:
        _bound.reset(token)


def ids() -> dict[str, str | int]:
    """The ids of the work at hand, in the order they are written."""
    bound_now = _bound.get() or {}
    return {name: bound_now[name] for name in _ORDER if name in bound_now}


class Redaction:
    """Takes the secrets of an installation out of what leaves it as text."""

    def __init__(self, secrets: Collection[str]) -> None:
        """Secrets of fewer than four characters stay, or every word would be cut."""
        self._secrets = sorted({secret for secret in secrets if len(secret) >= 4}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text without them."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text


class TextFormatter(logging.Formatter):
    """12:03:04 INFO render=5f1c scene=meadow step=0a1b attempt=1 tasks.listeners: take made in 3.2 s"""

    def __init__(self, redaction: Redaction, *, with_time: bool = True) -> None:
        """`with_time` is false where whoever keeps the line adds time and level."""
        super().__init__()
        self._redaction = redaction
        self._with_time = with_time

    def format(self, record: logging.LogRecord) -> str:
        """The line, and below it the trace of an exception."""
        words = [f"{name}={value}" for name, value in ids().items()]
        if self._with_time:
            moment = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
            words = [moment, record.levelname, *words, f"{record.name}:"]
        lines = [" ".join([*words, record.getMessage()])]
        if record.exc_info:
            lines.append(self.formatException(record.exc_info))
        return self._redaction("\n".join(lines))


class JsonFormatter(logging.Formatter):
    """One JSON object a line: the ids and the host, then time (UTC), level, logger, message, what was added.

    What a logging call gives as `extra={"fields": {...}}` is added under its own names.
    """

    def __init__(self, redaction: Redaction) -> None:
        super().__init__()
        self._redaction = redaction
        self._host = socket.gethostname()

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            **ids(),
            "host": self._host,
            "time": moment,
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        clean = {
            name: self._redaction(value) if isinstance(value, str) else value for name, value in line.items()
        }
        return json.dumps(clean, ensure_ascii=False, default=str)


def stderr_handler(style: Style, redaction: Redaction) -> logging.Handler:
    """Writes lines of a style to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(redaction) if style == "json" else TextFormatter(redaction))
    return handler


@contextmanager
def handled(handler: logging.Handler, *, level: int, alone: bool) -> Iterator[None]:
    """Give this program's logs to a handler while the block runs; `alone`: no longer to the root's, too."""
    handler.setLevel(level)
    rooms = [logging.getLogger(name) for name in ROOMS]
    before = [(room.level, room.propagate) for room in rooms]
    for room in rooms:
        room.addHandler(handler)
        room.setLevel(min(level, room.level or level))
        room.propagate = room.propagate and not alone
    try:
        yield
    finally:
        for room, (old_level, propagated) in zip(rooms, before, strict=True):
            room.removeHandler(handler)
            room.setLevel(old_level)
            room.propagate = propagated
