"""Segments: stretches of takes in a delivery's encoding, with captions and logo, ready to be joined."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from reelhouse.media.captions import caption_overlay
from reelhouse.media.logos import logo_overlay
from reelhouse.media.pictures import open_picture, save_png
from reelhouse.media.segments import Overlay, SegmentFormat, encode_blend, encode_piece, encode_still
from reelhouse.stages import Stage
from tasks.recorded import Job, Output, recorded


@recorded(Stage.PIECE)
def cut_piece(job: Job) -> Mapping[str, Output]:
    """Encode a scene's own frames under its caption."""
    parameters = job.parameters
    format = _format(parameters["format"])
    overlay = Overlay(
        caption=_caption(job, "caption", parameters["caption"], format),
        logo=_logo(job, format),
        fades_in=parameters["fade_in"],
        fades_out=parameters["fade_out"],
    )
    out = job.folder / "segment.mp4"
    encode_piece(
        job.path("take"),
        parameters["start"],
        parameters["stop"],
        out,
        format,
        overlay,
        cancelled=job.bench.cancelled.is_set,
    )
    return {"segment": Output(out, "video/mp4")}


@recorded(Stage.BLEND)
def blend_pieces(job: Job) -> Mapping[str, Output]:
    """Encode a dissolve between two takes, each under its own caption."""
    parameters = job.parameters
    format = _format(parameters["format"])
    logo = _logo(job, format)
    leaving = _caption(job, "leaving", parameters["leaving_caption"], format)
    coming = _caption(job, "coming", parameters["coming_caption"], format)
    out = job.folder / "segment.mp4"
    encode_blend(
        job.path("leaving"),
        parameters["start"],
        job.path("coming"),
        parameters["num_frames"],
        out,
        format,
        Overlay(leaving, logo),
        Overlay(coming, logo),
        cancelled=job.bench.cancelled.is_set,
    )
    return {"segment": Output(out, "video/mp4")}


@recorded(Stage.CARD)
def hold_card(job: Job) -> Mapping[str, Output]:
    """Encode the end card, held."""
    parameters = job.parameters
    out = job.folder / "segment.mp4"
    encode_still(
        job.path("picture"),
        parameters["num_frames"],
        out,
        _format(parameters["format"]),
        cancelled=job.bench.cancelled.is_set,
    )
    return {"segment": Output(out, "video/mp4")}


def _format(written: Mapping[str, Any]) -> SegmentFormat:
    return SegmentFormat(**{**written, "frame_rate": Fraction(written["frame_rate"])})


def _caption(job: Job, name: str, lines: Sequence[str], format: SegmentFormat) -> Path | None:
    if not lines:
        return None
    path = job.folder / f"{name}.png"
    save_png(caption_overlay(lines, height=format.height, width=format.width), path)
    return path


def _logo(job: Job, format: SegmentFormat) -> Path | None:
    picture = job.optional_path("logo")
    if picture is None:
        return None
    path = job.folder / "logo.png"
    save_png(logo_overlay(open_picture(picture), height=format.height, width=format.width), path)
    return path
