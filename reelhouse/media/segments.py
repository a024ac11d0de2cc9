"""Segments: the pieces of a film in one delivery's encoding, made so that they can be joined by copying.

A piece is a stretch of a take; a blend is the window in which one take dissolves into the next; a still
is a picture held. All segments of one `SegmentFormat` have the same sample description, begin with an
IDR frame and refer to nothing outside themselves, so `assemble.concatenate` copies them and a changed
scene costs its own segments only. One ffmpeg process makes one segment.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import get_args

import ffmpeg

from reelhouse.errors import InputError, MediaError
from reelhouse.media.atomic import written
from reelhouse.media.encoding import Stream, raw_frames, tagged, to_yuv, x264
from reelhouse.media.ffmpeg import Cancellation, run
from reelhouse.media.framing import Fit, fitted
from reelhouse.media.pictures import flattened, open_picture
from reelhouse.media.video import probe

CAPTION_FADE_S = Fraction(1, 4)
_KEYFRAME_EVERY_S = 2


@dataclass(frozen=True, slots=True)
class SegmentFormat:
    """What every segment of one delivery has in common.

    Attributes:
        height, width: of the delivered picture, even.
        frame_rate: frames per second; the takes' own.
        fit: how a take of another shape fills it: "cover" crops, "contain" leaves black bars, "blur" fills
            the bars with the picture itself, blurred.
        crf: x264's constant rate factor, 0 … 51, lower is better.
        preset: x264's preset, such as "veryfast".

    Raises:
        InputError: a height or width that is odd or less than 16, or an unknown fit.
    """

    height: int
    width: int
    frame_rate: Fraction
    fit: Fit = "cover"
    crf: float = 18
    preset: str = "veryfast"

    def __post_init__(self) -> None:
        if self.height % 2 or self.width % 2 or min(self.height, self.width) < 16:
            raise InputError(
                f"a film needs an even width and height of at least 16, not {self.width}x{self.height}"
            )
        if self.fit not in get_args(Fit):
            raise InputError(f"fit is one of {', '.join(get_args(Fit))}, not {self.fit!r}")


@dataclass(frozen=True, slots=True)
class Overlay:
    """What lies over a stretch of film: PNGs with alpha of the delivered size.

    Attributes:
        caption: shown throughout, or fading over `CAPTION_FADE_S` where asked.
        logo: shown throughout, never fading.
        fades_in, fades_out: whether the caption fades at this stretch's own ends. At a dissolve it must
            not: the dissolve carries the caption along.
    """

    caption: Path | None = None
    logo: Path | None = None
    fades_in: bool = True
    fades_out: bool = True


NO_OVERLAY = Overlay()


def encode_piece(
    take: Path,
    start: int,
    stop: int,
    out: Path,
    format: SegmentFormat,
    overlay: Overlay = NO_OVERLAY,
    *,
    cancelled: Cancellation | None = None,
) -> None:
    """Encodes frames [start, stop) of a take.

    Raises:
        MediaError: the take cannot be read, is too short or has another frame rate.
        DiskFull, Cancelled: as `ffmpeg.run` says.
    """
    num_frames = stop - start
    picture = _laid_over(_stretch(take, start, num_frames, format), num_frames, format, overlay)
    _encode(picture, num_frames, out, format, cancelled=cancelled)


def encode_blend(
    take_a: Path,
    start_a: int,
    take_b: Path,
    num_frames: int,
    out: Path,
    format: SegmentFormat,
    overlay_a: Overlay = NO_OVERLAY,
    overlay_b: Overlay = NO_OVERLAY,
    *,
    cancelled: Cancellation | None = None,
) -> None:
    """Encodes a dissolve: `num_frames` frames of one take from `start_a` into the head of the next.

    Frame i shows (i + 1) / (num_frames + 1) of the second take, so no frame repeats a neighbour of the
    dissolve and the middle one is the average of both. Captions are held, whatever `fades_…` say.

    Raises:
        MediaError: a take cannot be read, is too short or has another frame rate.
        DiskFull, Cancelled: as `ffmpeg.run` says.
    """
    # What both sides show is laid on once, after the blend: cheaper, and ffmpeg-python merges equal chains.
    shared = _held(
        overlay_a.caption if overlay_a.caption == overlay_b.caption else None,
        overlay_a.logo if overlay_a.logo == overlay_b.logo else None,
    )
    sides = [
        _laid_over(
            _stretch(take, start, num_frames, format),
            num_frames,
            format,
            _held(
                None if overlay.caption == shared.caption else overlay.caption,
                None if overlay.logo == shared.logo else overlay.logo,
            ),
        )
        for take, start, overlay in ((take_a, start_a, overlay_a), (take_b, 0, overlay_b))
    ]
    blended = _laid_over(_dissolved(sides[0], sides[1], num_frames, format), num_frames, format, shared)
    _encode(blended, num_frames, out, format, cancelled=cancelled)


def encode_still(
    picture: Path,
    num_frames: int,
    out: Path,
    format: SegmentFormat,
    *,
    cancelled: Cancellation | None = None,
) -> None:
    """Encodes a picture held for `num_frames` frames; transparency is laid on black.

    Raises:
        InputError: it is not a picture.
        MediaError, DiskFull, Cancelled: as `ffmpeg.run` says.
    """
    image = flattened(open_picture(picture))
    source = ffmpeg.input(
        "pipe:0", **raw_frames(height=image.height, width=image.width, frame_rate=format.frame_rate)
    )
    shown = _fitted(source, image.height, image.width, format)
    held = shown.filter("loop", loop=num_frames - 1, size=1, start=0)
    _encode(_counted(held, format), num_frames, out, format, stdin=image.tobytes(), cancelled=cancelled)


def _stretch(take: Path, start: int, num_frames: int, format: SegmentFormat) -> Stream:
    """Frames [start, start + num_frames) of a take at the delivered size, counted from nought."""
    facts = probe(take)
    if start < 0 or num_frames < 1 or start + num_frames > facts.num_frames:
        raise MediaError(
            f"{take} has {facts.num_frames} frames; frames [{start}, {start + num_frames}) were wanted"
        )
    if facts.frame_rate != format.frame_rate:
        raise MediaError(
            f"{take} has {facts.frame_rate} frames a second; {format.frame_rate} are wanted for this film"
        )
    # ffmpeg drops what lies before the point sought, so half a frame early keeps exactly the frame wanted.
    seek = {"ss": _seconds((start - Fraction(1, 2)) / facts.frame_rate)} if start else {}
    frames = ffmpeg.input(str(take), threads=1, **seek).video.filter("trim", end_frame=num_frames)
    return _counted(_fitted(frames, facts.height, facts.width, format), format)


def _counted(frames: Stream, format: SegmentFormat) -> Stream:
    """The same frames, the n-th at exactly n / frame_rate."""
    return frames.filter("settb", str(1 / format.frame_rate)).filter("setpts", "N")


def _fitted(frames: Stream, height: int, width: int, format: SegmentFormat) -> Stream:
    return fitted(
        frames,
        height=height,
        width=width,
        into_height=format.height,
        into_width=format.width,
        fit=format.fit,
    )


def _held(caption: Path | None, logo: Path | None) -> Overlay:
    return Overlay(caption, logo, fades_in=False, fades_out=False)


def _dissolved(frames_a: Stream, frames_b: Stream, num_frames: int, format: SegmentFormat) -> Stream:
    # ffmpeg-python merges equal chains and then refuses the graph; a take dissolved into itself is itself.
    if frames_a == frames_b:
        return frames_a
    frame_s = 1 / format.frame_rate
    # xfade counts from a frame before the window, which is how the first frame already shows some of both.
    # It cuts fractions off, which in eight bits would darken the whole dissolve by a level.
    blended = ffmpeg.filter(
        [frames.filter("format", pix_fmts="yuv420p12le") for frames in (frames_a, frames_b)],
        "xfade",
        transition="fade",
        duration=_seconds(frame_s * (num_frames + 1)),
        offset=_seconds(-frame_s),
    )
    return to_yuv(blended)


def _laid_over(frames: Stream, num_frames: int, format: SegmentFormat, overlay: Overlay) -> Stream:
    if overlay.logo is not None:
        frames = frames.overlay(_png(overlay.logo))
    if overlay.caption is None:
        return frames
    caption = _png(overlay.caption)
    fade = min(round(CAPTION_FADE_S * format.frame_rate), num_frames // 2)
    if fade and (overlay.fades_in or overlay.fades_out):
        caption = _counted(caption.filter("loop", loop=-1, size=1), format)
        if overlay.fades_in:
            caption = caption.filter("fade", type="in", start_frame=0, nb_frames=fade, alpha=1)
        if overlay.fades_out:
            caption = caption.filter(
                "fade", type="out", start_frame=num_frames - fade, nb_frames=fade, alpha=1
            )
    return frames.overlay(caption)


def _png(path: Path) -> Stream:
    return to_yuv(ffmpeg.input(str(path), threads=1), "yuva420p")


def _seconds(seconds: Fraction) -> str:
    """For an option that ffmpeg keeps in microseconds."""
    return f"{float(seconds):.6f}"


def _encode(
    picture: Stream,
    num_frames: int,
    out: Path,
    format: SegmentFormat,
    *,
    stdin: bytes | None = None,
    cancelled: Cancellation | None = None,
) -> None:
    options = x264(
        crf=format.crf,
        preset=format.preset,
        frame_rate=format.frame_rate,
        keyframe_every=round(_KEYFRAME_EVERY_S * format.frame_rate),
    )
    with written(out) as part:
        command = tagged(picture).output(str(part), r=str(format.frame_rate), frames=num_frames, **options)
        run(
            command,
            what=f"encode {out.name}",
            stdin=None if stdin is None else (stdin,),
            cancelled=cancelled,
        )
