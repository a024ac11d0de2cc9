"""A Prefect server for tests, started as a render starts its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flows.in_process import events_sent
from flows.local_server import LocalServer


@contextmanager
def prefect_server(home: Path) -> Iterator[str]:
    """The address of a server that has its files in `home`, which is Prefect's here as well meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(home))
        with LocalServer(home / "server.log") as server, events_sent():
            yield server.url()
