"""One ffmpeg process, run to its end: fed, watched, and never left behind.

`run` takes a graph built with ffmpeg-python, or a plain argument list, and returns only when the process
is gone. What ffmpeg said on stderr is in the error. This module knows nothing of codecs or pictures; see
`encoding` for what Reelhouse asks of ffmpeg.
"""

import fcntl
import os
import selectors
import signal
import subprocess
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any, TypeAlias

import ffmpeg
import imageio_ffmpeg

from reelhouse.errors import Cancelled, DiskFull, MediaError

# ffmpeg-python is untyped: a Stream cannot be named more closely than this.
Command: TypeAlias = Any
Progress: TypeAlias = Callable[[float], None]
Cancellation: TypeAlias = Callable[[], bool]

_LOOK_EVERY_S = 0.1
_STDERR_KEPT_BYTES = 16_384
_STDERR_SHOWN_LINES = 12
_PIPE_BYTES = 1 << 20
_NO_ROOM = ("No space left on device", "Disk quota exceeded", "File too large")


@cache
def binary() -> str:
    """The path of the ffmpeg that imageio-ffmpeg ships.

    Raises:
        MediaError: there is none for this machine.
    """
    try:
        return imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise MediaError(f"ffmpeg was not found: reinstall the package imageio-ffmpeg ({error})") from error


def run(
    command: Command | Sequence[str],
    *,
    what: str,
    total_s: Fraction | float | None = None,
    on_progress: Progress | None = None,
    stdin: Iterable[bytes] | None = None,
    cancelled: Cancellation | None = None,
) -> str:
    """Runs ffmpeg to its end.

    Args:
        command: a graph of ffmpeg-python, or ffmpeg's arguments.
        what: what is being done, for the error: "encode scene meadow".
        total_s: length of the result in seconds; needed for progress.
        on_progress: called with the share that is done, 0 … 1, rising.
        stdin: bytes for `pipe:0`, taken as ffmpeg asks for them.
        cancelled: asked ten times a second; the process is killed once it answers true.

    Returns:
        The end of what ffmpeg wrote to stderr; "" as a rule, since only errors are logged.

    Raises:
        MediaError: ffmpeg failed or was killed; the end of its stderr is in the message.
        DiskFull: there was no room for the result.
        Cancelled: `cancelled` answered true.
    """
    process = Process(
        command,
        what=what,
        total_s=total_s,
        on_progress=on_progress,
        cancelled=cancelled,
        fed=stdin is not None,
    )
    try:
        for data in stdin or ():
            if not process.feed(data):
                break
        return process.finish()
    finally:
        process.kill()


class Process:
    """A running ffmpeg that the caller feeds; `run` is the simpler door.

    One thread does everything: each call moves bytes in, drains stderr and progress, and looks whether
    the work was cancelled, so no full pipe can stop either side. Always end with `finish` or `kill`.
    """

    def __init__(
        self,
        command: Command | Sequence[str],
        *,
        what: str,
        total_s: Fraction | float | None = None,
        on_progress: Progress | None = None,
        cancelled: Cancellation | None = None,
        fed: bool = False,
    ) -> None:
        self._what = what
        self._total_s = total_s
        self._on_progress = on_progress if total_s else None
        self._cancelled = cancelled
        self._share = 0.0
        self._stderr = b""
        self._progress_line = b""
        arguments = _arguments(command, wants_progress=self._on_progress is not None)
        try:
            self._popen = subprocess.Popen(
                arguments,
                stdin=subprocess.PIPE if fed else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                # Out of reach of Ctrl-C, which is ours to answer: ffmpeg would end as if it had failed.
                process_group=0,
            )
        except OSError as error:
            raise MediaError(f"{what}: ffmpeg could not be started: {error.strerror}") from error
        self._pipes = selectors.DefaultSelector()
        for pipe, taken in (
            (self._popen.stdout, self._take_progress),
            (self._popen.stderr, self._take_stderr),
        ):
            assert pipe is not None  # noqa: S101 - PIPE was asked for just above
            self._pipes.register(pipe, selectors.EVENT_READ, taken)
        if self._popen.stdin is not None:
            os.set_blocking(self._popen.stdin.fileno(), False)
            _widen(self._popen.stdin.fileno())

    def feed(self, data: bytes | memoryview) -> bool:
        """Hands all of `data` to ffmpeg's stdin; False when ffmpeg has stopped listening.

        Raises:
            Cancelled: the work was cancelled.
        """
        stdin = self._popen.stdin
        if stdin is None or stdin.closed:
            return False
        rest = memoryview(data).cast("B")
        while rest:
            try:
                rest = rest[os.write(stdin.fileno(), rest) :]
            except BlockingIOError:
                self._wait_for_room(stdin)
            except BrokenPipeError:
                self._close_stdin()
                return False
        self._look()
        return True

    def finish(self) -> str:
        """Closes stdin, waits for the end, and returns what is kept of stderr.

        Raises:
            MediaError, DiskFull, Cancelled: as `run` says.
        """
        self._close_stdin()
        while self._pipes.get_map():
            self._look(timeout_s=_LOOK_EVERY_S)
        # Both pipes are at their end, so the process is ending: this wait is short.
        code = self._popen.wait()
        self.kill()
        stderr = self._stderr.decode(errors="replace").strip()
        if code != 0 or any(words in stderr for words in _NO_ROOM):
            raise _failure(self._what, code, stderr)
        self._advance(1.0)
        return stderr

    def kill(self) -> None:
        """Ends the process if it still runs, reaps it and closes every pipe; may be called twice."""
        if self._popen.returncode is None:
            self._popen.kill()
            self._popen.wait()
        self._pipes.close()
        for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            if pipe is not None:
                pipe.close()

    def _wait_for_room(self, stdin: Any) -> None:
        self._pipes.register(stdin, selectors.EVENT_WRITE, None)
        try:
            self._look(timeout_s=_LOOK_EVERY_S)
        finally:
            self._pipes.unregister(stdin)

    def _look(self, timeout_s: float = 0) -> None:
        """Drains what ffmpeg has said, waiting up to `timeout_s` for it, and honours a cancellation."""
        for key, _ in self._pipes.select(timeout_s):
            if key.data is None:
                continue
            data = os.read(key.fd, 65_536)
            if data:
                key.data(data)
            else:
                self._pipes.unregister(key.fileobj)
        if self._cancelled is not None and self._cancelled():
            raise Cancelled(f"{self._what}: stopped")

    def _take_stderr(self, data: bytes) -> None:
        self._stderr = (self._stderr + data)[-_STDERR_KEPT_BYTES:]

    def _take_progress(self, data: bytes) -> None:
        *lines, self._progress_line = (self._progress_line + data).split(b"\n")
        for line in lines:
            key, _, value = line.partition(b"=")
            # The first block says N/A.
            if self._total_s and key == b"out_time_us" and value.strip().isdigit():
                self._advance(min(1.0, int(value) / 1e6 / float(self._total_s)))

    def _advance(self, share: float) -> None:
        if self._on_progress is not None and share > self._share:
            self._share = share
            self._on_progress(share)

    def _close_stdin(self) -> None:
        if self._popen.stdin is not None:
            self._popen.stdin.close()


def _arguments(command: Command | Sequence[str], *, wants_progress: bool) -> list[str]:
    arguments = list(command) if isinstance(command, list | tuple) else ffmpeg.get_args(command)
    progress = ["-progress", "pipe:1", "-stats_period", "0.25"] if wants_progress else []
    loglevel = [] if "-v" in arguments else ["-v", "error"]
    return [
        binary(),
        "-hide_banner",
        "-nostdin",
        "-nostats",
        "-y",
        *loglevel,
        *progress,
        *map(str, arguments),
    ]


def _widen(descriptor: int) -> None:
    """Asks for a pipe that holds a whole frame; without it a frame is some twenty switches of process."""
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    except (AttributeError, OSError):  # not Linux, or the user's allowance of pipe memory is used up
        return


def _failure(what: str, code: int, stderr: str) -> MediaError:
    said = "\n".join(stderr.splitlines()[-_STDERR_SHOWN_LINES:]) or "ffmpeg said nothing"
    if code == -signal.SIGXFSZ or any(words in stderr for words in _NO_ROOM):
        return DiskFull(f"{what}: there is no room for the result. Free some space and try again.\n{said}")
    if code < 0:
        name = signal.Signals(-code).name
        hint = " Was memory short?" if -code == signal.SIGKILL else ""
        return MediaError(f"{what}: ffmpeg was killed by signal {-code} ({name}).{hint}\n{said}")
    return MediaError(f"{what}: ffmpeg failed with exit code {code}.\n{said}")
