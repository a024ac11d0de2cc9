"""How fast the animatic engine films: frames a second and how many times real time, at 832x480.

Run: python tests/bench/animatic.py
Prints a small table, then one JSON line. Wall time says what a user waits, CPU time what it costs when other
work shares the machine.
"""

import json
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from models.animatic.engine import PRESETS, AnimaticEngine
from models.engine import Frames
from reelhouse.clips import ClipRequest, Reference, Role

FRAME_RATE = 16
NUM_FRAMES = 81
SCENES = (
    ("meadow", "the fox runs across a meadow pulling the kite", "tracking right"),
    ("forest", "the fox walks through a forest in the rain", "slow zoom in"),
    ("city", "the fox jumps in the city at night", "handheld"),
    ("room", "the fox dances in the living room", "orbit"),
)


def cut_out(path: Path, colour: tuple[int, int, int]) -> Path:
    """A blob of one colour on a clear ground, the size of a photograph."""
    picture = np.zeros((700, 900, 4), np.uint8)
    cv2.ellipse(picture, (450, 350), (380, 290), 0, 0, 360, (*colour, 255), -1, cv2.LINE_AA)
    cv2.imwrite(str(path), picture)
    return path


def request(folder: Path, action: str, camera: str, preset: str) -> ClipRequest:
    """One scene of five seconds."""
    fox, kite = cut_out(folder / "fox.png", (60, 110, 220)), cut_out(folder / "kite.png", (60, 200, 240))
    return ClipRequest(
        scene="bench",
        prompt=action,
        negative_prompt="",
        action=action,
        style="storybook",
        camera=camera,
        references=(
            Reference("fox", Role.SUBJECT, "a red fox", fox, fox),
            Reference("kite", Role.PRODUCT, "a yellow kite", kite, kite),
        ),
        num_frames=NUM_FRAMES,
        frame_rate=Fraction(FRAME_RATE),
        height=480,
        width=832,
        seed=7,
        first_frame=None,
        last_frame=None,
        parameters=PRESETS[preset],
    )


def measure(wanted: ClipRequest) -> tuple[float, float]:
    """Wall and CPU seconds of one clip, the better of two."""
    engine, times = AnimaticEngine(), []
    for _ in range(2):
        wall, cpu = time.perf_counter(), time.process_time()
        made = sum(len(event.frames) for event in engine.generate(wanted) if isinstance(event, Frames))
        assert made == wanted.num_frames
        times.append((time.perf_counter() - wall, time.process_time() - cpu))
    return min(wall for wall, _ in times), min(cpu for _, cpu in times)


def main() -> None:
    """Measure every scene at every preset."""
    print(f"{'scene':10} {'preset':10} {'frames/s':>9} {'x real time':>12} {'CPU ms/frame':>13}")
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for preset in PRESETS:
            for scene, action, camera in SCENES:
                wall, cpu = measure(request(Path(folder), action, camera, preset))
                rate = NUM_FRAMES / wall
                cpu_ms = cpu / NUM_FRAMES * 1e3
                print(f"{scene:10} {preset:10} {rate:9.1f} {rate / FRAME_RATE:12.1f} {cpu_ms:13.2f}")
                results.append({"preset": preset, "rate": rate, "cpu_ms": cpu_ms})
    standard = [result for result in results if result["preset"] == "standard"]
    slowest = min(result["rate"] for result in standard)
    cpu_ms = max(result["cpu_ms"] for result in standard)
    line = {
        "bench": "animatic",
        "size": "832x480",
        "preset": "standard",
        "frames_per_s_slowest": round(slowest, 1),
        "times_real_time_slowest": round(slowest / FRAME_RATE, 1),
        "cpu_ms_per_frame_most": round(cpu_ms, 2),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
