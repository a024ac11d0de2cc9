"""One at a time: of all the processes that share a database, one does a piece of work."""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from db.session import reading


@contextmanager
def alone(engine: Engine, work: str) -> Iterator[bool]:
    """Whether this process may do the work now; nobody else may while the block runs.

    The right ends with the process, and with its connection. Raises as `db.session.reading` does.
    """
    if engine.dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256(work.encode()).digest()[:8], signed=True)
        with reading(engine) as connection:
            # Of the transaction: it goes whatever becomes of the block.
            yield bool(connection.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": key}))
        return
    with Path(f"{engine.url.database}.{work}").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
