"""One ffmpeg process: its errors, its end, and what it leaves behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import ffmpeg
import pytest

from reelhouse.errors import Cancelled, DiskFull, MediaError
from reelhouse.media.atomic import written
from reelhouse.media.ffmpeg import run

ENDLESS = ["-re", "-f", "lavfi", "-i", "testsrc2=s=64x64", "-c:v", "rawvideo", "-f", "rawvideo"]
SOON_S = 5.0  # ffmpeg itself would never end


def test_a_failure_names_the_work_and_quotes_ffmpeg() -> None:
    with pytest.raises(MediaError, match=r"(?s)read the moon: .*exit code 254.*No such file.*moon\.mp4"):
        run(["-i", "moon.mp4", "-f", "null", "-"], what="read the moon")


def test_a_graph_runs_and_says_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out.raw"
    graph = ffmpeg.input("color=red:s=16x16:r=5:d=1", format="lavfi").output(str(out), format="rawvideo")
    assert run(graph, what="draw") == ""
    assert out.stat().st_size == 5 * 16 * 16 * 3 // 2


def test_progress_rises_to_one(tmp_path: Path) -> None:
    shares: list[float] = []
    source = ["-f", "lavfi", "-i", "testsrc2=s=640x360:d=8", "-c:v", "libx264", "-f", "mp4"]
    run([*source, str(tmp_path / "a.mp4")], what="draw", total_s=8, on_progress=shares.append)
    assert shares[-1] == 1
    assert shares == sorted(set(shares))


def test_stdin_larger_than_any_pipe_is_taken_whole(tmp_path: Path) -> None:
    out = tmp_path / "copy.raw"
    data = os.urandom(64 * 64 * 3) * 400
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", "64x64"]
    run([*raw, "-i", "pipe:0", *raw, str(out)], what="copy", stdin=iter([data[:1000], data[1000:]]))
    assert out.read_bytes() == data


def test_ffmpeg_killed_from_outside_is_reported_and_leaves_no_file(tmp_path: Path) -> None:
    killer = threading.Timer(0.5, lambda: os.kill(_only_child(), signal.SIGKILL))
    killer.start()
    wanted = r"film the sea: ffmpeg was killed by signal 9 \(SIGKILL\)"
    with pytest.raises(MediaError, match=wanted), written(tmp_path / "sea.raw") as part:
        run([*ENDLESS, str(part)], what="film the sea")
    killer.join()
    assert list(tmp_path.iterdir()) == []
    assert _children() == []


def test_ffmpeg_killed_while_it_is_fed_is_reported() -> None:
    def endless() -> Iterator[bytes]:
        for n in range(10_000):
            if n == 20:
                os.kill(_only_child(), signal.SIGKILL)
            yield bytes(64 * 64 * 3)

    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", "64x64", "-i", "pipe:0"]
    with pytest.raises(MediaError, match="signal 9"):
        run([*raw, "-f", "null", "-"], what="feed", stdin=endless())
    assert _children() == []


def test_a_cancelled_run_stops_and_is_reaped(tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(Cancelled), written(tmp_path / "sea.raw") as part:
        run([*ENDLESS, str(part)], what="film", cancelled=lambda: time.monotonic() > start + 0.3)
    assert time.monotonic() - start < SOON_S
    assert list(tmp_path.iterdir()) == []
    assert _children() == []


def test_a_run_is_cancelled_while_ffmpeg_is_not_listening() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(64 * 64 * 3)

    start = time.monotonic()
    raw = ["-re", "-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", "64x64", "-i", "pipe:0"]
    with pytest.raises(Cancelled):
        run(
            [*raw, "-f", "null", "-"],
            what="feed",
            stdin=endless(),
            cancelled=lambda: time.monotonic() > start + 0.5,
        )
    assert time.monotonic() - start < SOON_S
    assert _children() == []


def test_an_error_while_feeding_ends_the_process() -> None:
    def broken() -> Iterator[bytes]:
        yield bytes(64 * 64 * 3)
        raise KeyError("the engine broke")

    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", "64x64", "-i", "pipe:0"]
    with pytest.raises(KeyError):
        run([*raw, "-f", "null", "-"], what="feed", stdin=broken())
    assert _children() == []


def test_a_full_disk_is_called_that() -> None:
    source = ["-f", "lavfi", "-i", "testsrc2=s=640x360:d=2", "-c:v", "rawvideo"]
    with pytest.raises(DiskFull, match=r"(?s)film the sea: there is no room.*No space left on device"):
        run([*source, "-f", "rawvideo", "/dev/full"], what="film the sea")


def test_a_disk_that_fills_while_a_take_is_written_leaves_nothing(tmp_path: Path) -> None:
    """A limit on file size stands in for the disk; it is set in a process of its own."""
    program = """
import resource, sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from reelhouse.errors import DiskFull
from reelhouse.media.takes import TakeWriter
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
noise = np.random.default_rng(0).integers(0, 256, (16, 240, 320, 3), np.uint8)
try:
    with TakeWriter(Path(sys.argv[1]), height=240, width=320, frame_rate=Fraction(16)) as take:
        for _ in range(8):
            take.write(noise)
except DiskFull as error:
    print("full:", error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "take.mp4")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.startswith("full: write take.mp4: there is no room"), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_met_by_our_own_writing_is_called_that(tmp_path: Path) -> None:
    def fill(path: Path) -> None:
        with written(path) as part:
            part.write_bytes(b"begun")
            Path("/dev/full").write_bytes(b"no room")

    with pytest.raises(DiskFull, match=r"no room to write .*picture\.png"):
        fill(tmp_path / "picture.png")
    assert list(tmp_path.iterdir()) == []


def test_a_caller_s_own_error_passes_through_the_writing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), written(tmp_path / "picture.png"):
        (tmp_path / "elsewhere" / "missing").read_bytes()


def _children() -> list[int]:
    """The processes this one has started and not yet reaped, zombies included."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text()
            except OSError:
                continue
            if int(status.rpartition(")")[2].split()[1]) == os.getpid() and "(ffmpeg" in status:
                found.append(int(entry.name))
    return found


def _only_child() -> int:
    (child,) = _children()
    return child
