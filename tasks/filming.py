"""Filming a take: the engine's frames, kept near-lossless, with the exact first and last of them."""

import time
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
from tasks.making import Job, Materials, Output


def film_take(job: Job) -> Mapping[str, Output]:
    """Let the engine make the clip, writing frames as they come."""
    request = clip_request(job)
    if request.checkpoint:
        job.leftovers.append(request.checkpoint)
    engine = job.bench.engine(job.parameters["tool"])

    def while_waiting() -> None:
        job.check()
        engine.prepare(request)

    path = job.folder / "take.mp4"
    writer = TakeWriter(path, height=request.height, width=request.width, frame_rate=request.frame_rate)
    asked = time.monotonic()
    with job.bench.turn(job.parameters["tool"], while_waiting), writer:
        job.facts["waited_s"] = time.monotonic() - asked
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


def clip_request(materials: Materials) -> ClipRequest:
    """What the engine is asked for."""
    parameters = materials.parameters
    checkpoint = materials.bench.settings.home / "checkpoints" / f"{materials.step.key}.safetensors"
    references = tuple(
        Reference(
            name=described["name"],
            role=Role(described["role"]),
            description=described["description"],
            cutout=materials.path(f"cutout.{number}"),
            letterboxed=materials.path(f"reference.{number}"),
        )
        for number, described in enumerate(parameters["references"])
    )
    return ClipRequest(
        scene=parameters["scene"],
        prompt=materials.text("prompt"),
        negative_prompt=materials.text("negative"),
        action=parameters["action"],
        style=parameters["style"],
        camera=parameters["camera"],
        references=references,
        num_frames=parameters["num_frames"],
        frame_rate=Fraction(parameters["frame_rate"]),
        height=parameters["height"],
        width=parameters["width"],
        seed=parameters["seed"],
        first_frame=materials.optional_path("first_frame"),
        last_frame=materials.optional_path("last_frame"),
        parameters=parameters["parameters"],
        overlap=materials.optional_path("overlap"),
        overlap_frames=parameters["overlap_frames"] if "overlap" in materials.inputs else 0,
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
