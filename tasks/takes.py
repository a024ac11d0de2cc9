"""Takes: one attempt of the engine at one scene, kept near-lossless with its exact first and last frames."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from models.engine import FrameArray, Frames, MadeWith, Sampled
from reelhouse.clips import ClipRequest, Reference, Role
from reelhouse.errors import EngineError
from reelhouse.media.pictures import save_png
from reelhouse.media.takes import TakeWriter
from reelhouse.stages import Stage
from tasks.recorded import Job, Output, recorded


@recorded(Stage.TAKE)
def generate_take(job: Job) -> Mapping[str, Output]:
    """Let the engine make the clip, writing frames as they come."""
    request = _request(job)
    # Whoever waits for the engine's turn has its words encoded meanwhile.
    job.bench.engine(job.parameters["tool"]).prepare(request)
    path = job.folder / "take.mp4"
    writer = TakeWriter(path, height=request.height, width=request.width, frame_rate=request.frame_rate)
    with job.bench.turn(job.parameters["tool"]), writer:
        for frames in _frames(job, request):
            writer.write(frames)
    return take_outputs(job, writer, path)


def take_outputs(job: Job, writer: TakeWriter, path: Path) -> Mapping[str, Output]:
    """A finished take, with its first and last frame without loss."""
    outputs = {"take": Output(path, "video/mp4")}
    for name, frame in (("first_frame", writer.first_frame), ("last_frame", writer.last_frame)):
        if frame is not None:
            still = job.folder / f"{name}.png"
            save_png(Image.fromarray(frame), still)
            outputs[name] = Output(still, "image/png")
    return outputs


def _request(job: Job) -> ClipRequest:
    parameters = job.parameters
    checkpoint = job.bench.settings.home / "checkpoints" / f"{job.step.key}.safetensors"
    job.leftovers.append(checkpoint)
    references = tuple(
        Reference(
            name=described["name"],
            role=Role(described["role"]),
            description=described["description"],
            cutout=job.path(f"cutout.{number}"),
            letterboxed=job.path(f"reference.{number}"),
        )
        for number, described in enumerate(parameters["references"])
    )
    return ClipRequest(
        scene=parameters["scene"],
        prompt=job.text("prompt"),
        negative_prompt=job.text("negative"),
        action=parameters["action"],
        style=parameters["style"],
        camera=parameters["camera"],
        references=references,
        num_frames=parameters["num_frames"],
        frame_rate=Fraction(parameters["frame_rate"]),
        height=parameters["height"],
        width=parameters["width"],
        seed=parameters["seed"],
        first_frame=job.optional_path("first_frame"),
        last_frame=job.optional_path("last_frame"),
        parameters=parameters["parameters"],
        overlap=job.optional_path("overlap"),
        overlap_frames=parameters["overlap_frames"] if "overlap" in job.inputs else 0,
        untrained="untrained" in parameters,
        checkpoint=checkpoint,
    )


def _frames(job: Job, request: ClipRequest) -> Iterator[FrameArray]:
    """The engine's frames, counted and checked; sampler steps become progress."""
    engine = job.bench.engine(job.parameters["tool"])
    events = engine.generate(request)
    count = steps = 0
    try:
        for event in events:
            if isinstance(event, Sampled):
                if not steps and event.step > 1:
                    job.facts["resumed_after_step"] = event.step - 1
                steps += 1
                job.progress(event.step / event.num_inference_steps, preview=event.preview)
            elif isinstance(event, MadeWith):
                job.facts["made_with"] = dict(event.facts)
            elif isinstance(event, Frames):
                _check(event.frames, request, engine.spec.name)
                count += len(event.frames)
                yield event.frames
            job.check()
    finally:
        close = getattr(events, "close", None)
        if close:
            close()  # stops the engine's work at once when the take is abandoned
    if count != request.num_frames:
        raise EngineError(
            f"{engine.spec.name} made {count} frames of scene {request.scene}, not {request.num_frames}"
        )


def _check(frames: FrameArray, request: ClipRequest, engine: str) -> None:
    wanted = (request.height, request.width, 3)
    if frames.dtype != np.uint8 or frames.shape[1:] != wanted or not len(frames):
        raise EngineError(
            f"{engine} gave frames of {frames.dtype} {frames.shape} for scene {request.scene}, "
            f"not uint8 [F, {request.height}, {request.width}, 3]"
        )
