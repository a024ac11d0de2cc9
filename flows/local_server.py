"""A Prefect server for one render, for machines that run none.

It lives in a child process that ends when its parent does, even by kill -9: the child reads a pipe that only
the parent holds open. It is its own process group, so that Ctrl-C reaches the render and not the server the
render still has to report to. Starting it first and importing Prefect meanwhile hides a part of its start-up.
"""

import asyncio
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from reelhouse.errors import ServiceUnavailable

if TYPE_CHECKING:
    from uvicorn import Server

START_TIMEOUT_S = 120  # the first start in a new home makes Prefect's tables: 20 s on two busy cores
# No render needs the services behind schedules and automations; a server starts and ends quicker without.
_SERVICES = (
    "EVENT_PERSISTER",
    "TRIGGERS",
    "TASK_RUN_RECORDER",
    "SCHEDULER",
    "LATE_RUNS",
    "FOREMAN",
    "PAUSE_EXPIRATIONS",
    "CANCELLATION_CLEANUP",
)


class LocalServer:
    """A server being started; `url()` waits until it answers."""

    def __init__(self, log: Path) -> None:
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            **{f"PREFECT_SERVER_SERVICES_{service}_ENABLED": "false" for service in _SERVICES},
            "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
            "PREFECT_SERVER_UI_ENABLED": "false",
            "PREFECT_LOGGING_LEVEL": "ERROR",
        }
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "flows.local_server"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                start_new_session=True,
            )

    def url(self) -> str:
        """The API's address, once the server answers.

        Raises:
            ServiceUnavailable: it did not start; its log is named.
        """
        too_late = threading.Timer(START_TIMEOUT_S, self._process.kill)
        too_late.start()
        line = self._process.stdout.readline() if self._process.stdout else b""
        too_late.cancel()
        if not line:
            raise ServiceUnavailable(
                f"the local Prefect server did not start ({START_TIMEOUT_S} s are allowed); its words are in "
                f"{self._log}: run the same command again, or set PREFECT_API_URL to a server that runs"
            )
        return line.decode().strip()

    def stop(self) -> None:
        """End the server and wait for it."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def main() -> None:
    """Serve on a free port of this machine, print the address, end when standard input does."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import uvicorn
    from prefect.server.api.server import create_app

    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(create_app(ephemeral=True), log_level="error"))
        asyncio.run(_serve(server, listening))


async def _serve(server: "Server", listening: socket.socket) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    if server.started:
        sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}/api\n")
        sys.stdout.flush()
    await serving


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)  # nothing of a server for one render is worth keeping


if __name__ == "__main__":
    main()
