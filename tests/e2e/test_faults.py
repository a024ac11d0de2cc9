"""Faults under a render: a clear error, a store that verifies, and a next run that goes on."""

import os
import resource
import signal
import time
from pathlib import Path

BOARD = """
title: Faults
engine: testcard
video: {size: 320x192}
parameters: {seconds_per_frame: 0.03}
scenes:
  - {id: a, prompt: rain, duration: 3s}
  - {id: b, prompt: sun, duration: 3s}
"""


def test_a_killed_ffmpeg_is_told_and_the_next_run_goes_on(studio):
    studio.write(BOARD)
    process = studio.start("render", "board.yaml")
    os.kill(_ffmpeg_below(process.pid), signal.SIGKILL)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1, errors
    assert "killed" in errors
    assert "Traceback" not in errors
    studio.run("verify")
    assert studio.json("render", "board.yaml")["engine_calls"] >= 1
    studio.run("verify")


def test_a_full_disk_is_told_and_leaves_the_store_consistent(studio):
    large = BOARD.replace("testcard", "animatic").replace("320x192", "832x480").replace("parameters", "# ")
    studio.write(large)
    room = 1 << 20  # enough for the database, not for a take
    process = studio.start(
        "render", "board.yaml", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    )
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1, errors
    assert "room" in errors
    assert "Traceback" not in errors
    studio.run("verify")
    assert not list(studio.home.rglob("*.part"))
    assert studio.json("render", "board.yaml")["engine_calls"] == 2


def _ffmpeg_below(parent: int) -> int:
    """The process id of an ffmpeg that `parent` runs, once there is one."""
    for _ in range(1200):
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                status = (folder / "stat").read_text()
            except OSError:
                continue
            name, _, rest = status.partition("(")[2].rpartition(")")
            if name.startswith("ffmpeg") and int(rest.split()[1]) == parent and b"-i" in _arguments(folder):
                return int(folder.name)
        time.sleep(0.05)
    raise AssertionError("no ffmpeg was started within a minute")


def _arguments(process: Path) -> list[bytes]:
    try:
        return (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return []
