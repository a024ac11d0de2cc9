"""Assembly against ffmpeg alone: the same takes, cuts and dissolves, the same encoder settings.

    python tests/bench/assembly.py [--scenes 20] [--frames 81] [--height 480] [--width 832] [--repeats 3]

`ours` makes a segment for each stretch and dissolve, two at a time, and copies them together; `raw` is one
ffmpeg command with one filter graph, left to use every core. Four comparisons:

    from takes         everything is encoded
    seams and joining  the stretches were encoded while scenes came in; dissolves are left, and copying
    changed scene      one scene in the middle is new; the raw command has to start again
    joining only       all segments are there, against ffmpeg's bare `-f concat -c copy`

Medians of seconds on the clock and seconds of processor; ratios are ours ÷ raw. Ends in one line of JSON.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelhouse.media.assemble import concatenate
from reelhouse.media.ffmpeg import binary
from reelhouse.media.segments import SegmentFormat, encode_blend, encode_piece
from reelhouse.media.takes import TakeWriter
from reelhouse.media.video import probe
from reelhouse.seams import Blend, Cut, Piece, Seam, SeamKind, cut_list

FRAME_RATE = Fraction(16)
AT_ONCE = 2
# Each comparison, and the raw command it is held against.
RAW = {
    "from takes": "from takes",
    "seams and joining": "from takes",
    "changed scene": "from takes",
    "joining only": "joining only",
}


@dataclass(frozen=True, slots=True)
class Job:
    """A film to assemble: its takes, what is cut from them, and where results go."""

    takes: list[Path]
    film: list[Cut]
    format: SegmentFormat
    folder: Path

    def segment(self, index: int) -> Path:
        return self.folder / f"segment-{index:04d}.mp4"

    def segments_of(self, scene: int) -> list[int]:
        """The segments that show frames of a scene."""
        return [
            i
            for i, part in enumerate(self.film)
            if part.scene == scene or (isinstance(part, Blend) and part.scene + 1 == scene)
        ]


def main() -> None:
    """Runs every comparison and prints a table and a line of JSON."""
    options = argparse.ArgumentParser(description=__doc__)
    for name, default in (("scenes", 20), ("frames", 81), ("height", 480), ("width", 832), ("repeats", 3)):
        options.add_argument(f"--{name}", type=int, default=default)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        job = prepared(Path(folder), chosen.scenes, chosen.frames, chosen.height, chosen.width)
        figures = measured(job, chosen.repeats)
    for name, against in RAW.items():
        ours, raw = figures[f"{name}, ours"], figures[f"{against}, raw"]
        print(
            f"{name:18} ours {ours['wall_s']:7.2f} s, cpu {ours['cpu_s']:7.2f} s   "
            f"raw {raw['wall_s']:7.2f} s, cpu {raw['cpu_s']:7.2f} s   "
            f"ours ÷ raw {ours['wall_s'] / raw['wall_s']:5.2f}, cpu {ours['cpu_s'] / raw['cpu_s']:5.2f}"
        )
    print(json.dumps({**vars(chosen), "cores": os.cpu_count(), **figures}, ensure_ascii=False))


def prepared(folder: Path, scenes: int, frames: int, height: int, width: int) -> Job:
    """Takes drawn and written, every second seam a dissolve of half a second."""
    takes = [folder / f"take-{i:04d}.mp4" for i in range(scenes)]
    for seed, path in enumerate(takes):
        with TakeWriter(path, height=height, width=width, frame_rate=FRAME_RATE) as take:
            for frame in drawn(seed, frames, height, width):
                take.write(frame[None])
    dissolve = Seam(SeamKind.DISSOLVE, Fraction(1, 2))
    seams = [dissolve if i % 2 else Seam() for i in range(scenes)]
    film = cut_list([frames] * scenes, seams, FRAME_RATE)
    return Job(takes, film, SegmentFormat(height=height, width=width, frame_rate=FRAME_RATE), folder)


def drawn(seed: int, frames: int, height: int, width: int) -> Iterator[NDArray[np.uint8]]:
    """A camera gliding over painted clouds, with a little grain."""
    rng = np.random.default_rng(seed)
    painting = np.zeros((height + frames, width + 2 * frames, 3), np.float32)
    for blob, strength in ((160, 70), (50, 40), (14, 14)):
        small = rng.standard_normal((painting.shape[0] // blob + 2, painting.shape[1] // blob + 2, 3))
        for channel in range(3):
            layer = Image.fromarray(small[..., channel].astype(np.float32))
            size = (painting.shape[1], painting.shape[0])
            painting[..., channel] += strength * np.asarray(layer.resize(size, Image.Resampling.BICUBIC))
    grain = rng.standard_normal((8, height, width, 1)).astype(np.float32) * 1.5
    for n in range(frames):
        view = painting[n : n + height, 2 * n : 2 * n + width]
        yield np.clip(view + 128 + grain[n % 8], 0, 255).astype(np.uint8)


def measured(job: Job, repeats: int) -> dict[str, dict[str, float]]:
    """Median times of each job, the two sides taking turns so that a busy machine slows both."""
    blends = [i for i, part in enumerate(job.film) if isinstance(part, Blend)]
    changed = job.segments_of(len(job.takes) // 2)
    ours, raw = job.folder / "ours.mp4", job.folder / "raw.mp4"
    graph, copy = raw_graph(job, raw), raw_copy(job, raw)
    jobs: dict[str, Callable[[], None]] = {
        "from takes, ours": lambda: assemble(job, range(len(job.film)), ours),
        "from takes, raw": lambda: run_raw(graph),
        "seams and joining, ours": lambda: assemble(job, blends, ours),
        "changed scene, ours": lambda: assemble(job, changed, ours),
        "joining only, ours": lambda: assemble(job, [], ours),
        "joining only, raw": lambda: run_raw(copy),
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
    for _ in range(repeats):
        for name, work in jobs.items():
            times[name].append(timed(work))
            counts = probe(ours).num_frames, probe(raw).num_frames if raw.exists() else None
            assert counts[1] in (None, counts[0]), f"the films differ in length: {counts}"
    return {
        name: {
            "wall_s": round(statistics.median(wall for wall, _ in taken), 3),
            "cpu_s": round(statistics.median(cpu for _, cpu in taken), 3),
        }
        for name, taken in times.items()
    }


def timed(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds on the clock, and seconds of processor in this process and its children."""
    start, before = time.perf_counter(), sum(os.times()[:4])
    work()
    return time.perf_counter() - start, sum(os.times()[:4]) - before


def assemble(job: Job, indices: Sequence[int], out: Path) -> None:
    """Encodes the segments with these numbers, two at a time, and joins all of them."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda index: encode(job, index), indices))
    concatenate([job.segment(index) for index in range(len(job.film))], out)


def encode(job: Job, index: int) -> None:
    """Encodes one segment."""
    part, out = job.film[index], job.segment(index)
    if isinstance(part, Piece):
        encode_piece(job.takes[part.scene], part.start, part.stop, out, job.format)
    else:
        following = job.takes[part.scene + 1]
        encode_blend(job.takes[part.scene], part.start, following, part.num_frames, out, job.format)


def raw_graph(job: Job, out: Path) -> list[str]:
    """One command that does it all, as one would write it by hand."""
    steady = f"fps={FRAME_RATE},settb=AVTB,format=yuv420p"
    chains = [f"[{i}:v]{steady}[v{i}]" for i in range(len(job.takes))]
    frames = [probe(take).num_frames for take in job.takes]
    blends = {part.scene: part.num_frames for part in job.film if isinstance(part, Blend)}
    joined, length = "v0", frames[0]
    for i in range(1, len(job.takes)):
        blend = blends.get(i - 1, 0)
        if blend:
            offset, duration = float((length - blend) / FRAME_RATE), float(blend / FRAME_RATE)
            chain = (
                f"[{joined}][v{i}]xfade=transition=fade:duration={duration}:offset={offset},{steady}[j{i}]"
            )
        else:
            chain = f"[{joined}][v{i}]concat=n=2,{steady}[j{i}]"
        chains.append(chain)
        joined, length = f"j{i}", length + frames[i] - blend
    inputs = [word for take in job.takes for word in ("-i", str(take))]
    encoding = ["-c:v", "libx264", "-preset", job.format.preset, "-crf", str(job.format.crf), "-g", "32"]
    return [*inputs, "-filter_complex", ";".join(chains), "-map", f"[{joined}]", *encoding, *to_mp4(out)]


def raw_copy(job: Job, out: Path) -> list[str]:
    """The joining alone, with nothing checked and no time mended."""
    listed = job.folder / "list.txt"
    listed.write_text("".join(f"file '{job.segment(i)}'\n" for i in range(len(job.film))))
    return ["-f", "concat", "-safe", "0", "-i", str(listed), "-c", "copy", *to_mp4(out)]


def to_mp4(out: Path) -> list[str]:
    """The end of a command."""
    return ["-movflags", "+faststart", "-f", "mp4", str(out)]


def run_raw(arguments: list[str]) -> None:
    """Runs ffmpeg and nothing else."""
    subprocess.run([binary(), "-v", "error", "-nostdin", "-y", *arguments], check=True)


if __name__ == "__main__":
    main()
