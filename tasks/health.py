"""Health: whether what this process needs answers, looked at once a second at most, however often asked."""

import hashlib
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select

from db.session import reading
from reelhouse.errors import ReelhouseError
from tasks.workbench import Workbench

LOOKED_EVERY_S = 1.0
# Of no bytes but the empty ones: whether they are kept does not matter, only that the store says so.
PROBE = hashlib.sha256(b"").hexdigest()
ANSWERS = "answers"


@dataclass(frozen=True, slots=True)
class Health:
    """How a process is.

    Attributes:
        database: "answers", or what is wrong with it; the same for `store`.
        engine: the engine that is loaded, None for none.
        since: when the process opened for work.
    """

    database: str
    store: str
    engine: str | None
    since: datetime

    @property
    def is_well(self) -> bool:
        """Whether everything answers."""
        return self.database == self.store == ANSWERS


@dataclass(slots=True)
class Watch:
    """Looks at the services of one workbench."""

    bench: Workbench
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _last: Health | None = None
    _looked_at: float = float("-inf")

    def look(self) -> Health:
        """How it is now, or was within the last second; whoever asks meanwhile waits for the same answer."""
        with self._lock:
            if self._last is None or time.monotonic() - self._looked_at >= LOOKED_EVERY_S:
                self._last = Health(self._database(), self._store(), self.bench.engine_at_work, self.since)
                self._looked_at = time.monotonic()
            return self._last

    def _database(self) -> str:
        try:
            with reading(self.bench.lineage.engine) as connection:
                connection.execute(select(1))
        except ReelhouseError as error:
            return str(error)
        return ANSWERS

    def _store(self) -> str:
        try:
            self.bench.store.exists(PROBE)
        except ReelhouseError as error:
            return str(error)
        return ANSWERS
