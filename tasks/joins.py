"""Joins: the windows of a long scene as one take, with the same outputs as any other."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

import numpy as np

from reelhouse.media.joining import ColourMatch, Frame, joined
from reelhouse.media.pictures import open_picture
from reelhouse.media.takes import TakeWriter
from reelhouse.media.video import read_frames
from reelhouse.stages import Stage
from tasks.filming import take_outputs
from tasks.recorded import Job, Output, recorded


@recorded(Stage.JOIN)
def join_windows(job: Job) -> Mapping[str, Output]:
    """Melt the windows into each other, their colours matched."""
    parameters = job.parameters
    height, width, num_frames = parameters["height"], parameters["width"], parameters["num_frames"]
    job.facts["colour_matches"] = []
    path = job.folder / "take.mp4"
    writer = TakeWriter(path, height=height, width=width, frame_rate=Fraction(parameters["frame_rate"]))
    with writer:
        clip = joined(_windows(job), parameters["overlap"], lambda match: _note(job, match))
        for count, frame in enumerate(clip, 1):
            writer.write(frame[None])
            job.progress(count / num_frames)
    return take_outputs(job, writer, path)


def _windows(job: Job) -> list[Iterator[Frame]]:
    """The frames of each window; its clip's first and last frame exactly as the engine made them."""
    counts = job.parameters["windows"]
    windows: list[Iterator[Frame]] = []
    for number, count in enumerate(counts):
        exact = {0: job.path("first_frame")} if number == 0 else {}
        if number == len(counts) - 1:
            exact[count - 1] = job.path("last_frame")
        windows.append(_frames(job.path(f"window.{number:05d}"), count, exact))
    return windows


def _frames(take: Path, num_frames: int, exact: Mapping[int, Path]) -> Iterator[Frame]:
    for number, frame in enumerate(read_frames(take, stop=num_frames)):
        if number in exact:
            yield np.asarray(open_picture(exact[number]).convert("RGB"))
        else:
            yield frame


def _note(job: Job, match: ColourMatch) -> None:
    matches = job.facts["colour_matches"]
    matches.append(asdict(match))
    if match.bounded:
        number = len(matches) + 1
        job.warn(
            f"{job.step.label}: the colours of window {number} are too far from those of window {number - 1} "
            "to be matched whole: look at the join"
        )
