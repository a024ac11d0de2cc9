"""The bell: how a process that waits for a change in the database hears of it.

PostgreSQL tells at once (LISTEN and NOTIFY, on a connection of its own). SQLite cannot; there the caller
looks again every `SQLITE_POLL_S`. A bell that is missed costs time, never work: whoever waits looks again
by itself.
"""

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from logging import getLogger
from typing import Any

import psycopg2
from sqlalchemy import Connection, Engine, text

from db.session import errors_translated
from reelhouse.errors import ReelhouseError

SQLITE_POLL_S = 0.1
RECONNECT_S = 1.0

log = getLogger(__name__)


class Channel(StrEnum):
    """What is told."""

    WANTED = "reelhouse_wanted"
    ANSWERED = "reelhouse_answered"


def ring(connection: Connection, channel: Channel) -> None:
    """Tell whoever waits, once this transaction is committed."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": str(channel)})


@dataclass(slots=True)
class Bell:
    """One who listens to a channel; used by one thread."""

    engine: Engine
    channel: Channel
    _line: Any = None
    _tried: float = float("-inf")

    def wait(self, at_most_s: float) -> None:
        """Return when the bell has rung, or after `at_most_s`; where there is no bell, sooner."""
        if self.engine.dialect.name != "postgresql":
            time.sleep(min(at_most_s, SQLITE_POLL_S))
            return
        self.listen()
        if self._line is None:  # the server is away: the caller's own look will say so
            time.sleep(min(at_most_s, RECONNECT_S))
            return
        try:
            poll = select.poll()
            poll.register(self._line, select.POLLIN)
            poll.poll(1000 * at_most_s)
            self._line.poll()
            self._line.notifies.clear()
        except psycopg2.Error as error:
            log.warning("the bell of %s is cut: %s", self.channel, str(error).strip())
            self.close()

    def listen(self) -> None:
        """Hear what is told from now on, where the server answers."""
        if self._line is not None or self.engine.dialect.name != "postgresql":
            return
        if time.monotonic() - self._tried < RECONNECT_S:
            return
        self._tried = time.monotonic()
        # Without the second, a server that is away ended the listener: SQLAlchemy leaves a raw one's errors.
        with suppress(ReelhouseError, psycopg2.Error), errors_translated(self.engine.url):
            pooled = self.engine.raw_connection()
            self._line = pooled.driver_connection
            pooled.detach()  # ours alone: it listens for as long as it lives
            try:
                self._line.autocommit = True
                with self._line.cursor() as cursor:
                    cursor.execute(f"LISTEN {self.channel}")
            except psycopg2.Error as error:
                log.warning("the bell of %s cannot be heard: %s", self.channel, str(error).strip())
                self.close()

    def close(self) -> None:
        """Listen no more."""
        if self._line is not None:
            self._line.close()
            self._line = None


@contextmanager
def listening(engine: Engine, channel: Channel) -> Iterator[Bell]:
    """Listen to a channel while the block runs; what is told from its first line on is heard."""
    bell = Bell(engine, channel)
    bell.listen()
    try:
        yield bell
    finally:
        bell.close()
