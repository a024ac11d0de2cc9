"""The film: segments joined by copying, sound beside them, ready to stream.

Nothing is encoded here, so the work is that of copying the bytes. Segments are compared first, because
ffmpeg joins segments of different sizes without a word into a film that no player shows rightly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import ffmpeg
from av.error import FFmpegError

from reelhouse.errors import InputError, MediaError
from reelhouse.media.atomic import written
from reelhouse.media.encoding import REPRODUCIBLE, TAGS, ticks_per_frame, timescale
from reelhouse.media.ffmpeg import Cancellation, Progress, run


@dataclass(frozen=True, slots=True)
class _Kind:
    """Everything that segments must share to be joined, worded for a message."""

    codec: str
    size: str
    pixel_format: str
    frame_rate: str
    ticks_per_second: str
    sample_description: bytes

    def difference(self, other: "_Kind") -> str:
        for name in ("codec", "size", "pixel_format", "frame_rate", "ticks_per_second"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                return f"its {name.replace('_', ' ')} is {mine}, not {theirs}"
        return "its encoder settings are others"


def concatenate(
    segments: Sequence[Path],
    out: Path,
    *,
    audio: Path | None = None,
    title: str = "",
    comment: str = "",
    on_progress: Progress | None = None,
    cancelled: Cancellation | None = None,
) -> None:
    """Joins segments of one `SegmentFormat`, and AAC sound if there is any, into an MP4 that starts at once.

    The same segments, sound, title and comment give the same bytes. The film is as long as its picture.

    Raises:
        InputError: there are no segments.
        MediaError: a segment is not like the first, or ffmpeg failed.
        DiskFull, Cancelled: as `ffmpeg.run` says.
    """
    if not segments:
        raise InputError("a film needs at least one segment")
    frame_rate, num_frames = _checked(segments)
    listed = "ffconcat version 1.0\n" + "".join(f"file {_quoted(path)}\n" for path in segments)
    video = ffmpeg.input(
        "pipe:0", format="concat", safe=0, auto_convert=0, protocol_whitelist="file,pipe,fd"
    ).video
    streams = [video] if audio is None else [video, ffmpeg.input(str(audio)).audio]
    with written(out) as part:
        command = ffmpeg.output(
            *streams,
            str(part),
            format="mp4",
            codec="copy",
            movflags="+faststart",
            video_track_timescale=timescale(frame_rate),
            movie_timescale=timescale(frame_rate),
            t=f"{float(num_frames / frame_rate):.6f}",
            **{"bsf:v": _exact_times(frame_rate)},
            **TAGS,
            **REPRODUCIBLE,
            **{"metadata:g:0": f"title={title}", "metadata:g:1": f"comment={comment}"},
        )
        run(
            command,
            what=f"assemble {out.name}",
            total_s=num_frames / frame_rate,
            on_progress=on_progress,
            stdin=(listed.encode(),),
            cancelled=cancelled,
        )


def _exact_times(frame_rate: Fraction) -> str:
    """A bitstream filter that puts each picture back on its frame.

    The concat demuxer adds lengths up in microseconds, and a segment too short for B-frames has no
    decoding delay; both are mended by rounding to whole frames and decoding at one steady pace.
    """
    tick = ticks_per_frame(frame_rate)
    return f"setts=pts=round(PTS/{tick})*{tick}:dts=(N-2)*{tick}:duration={tick}"


def _checked(segments: Sequence[Path]) -> tuple[Fraction, int]:
    """The frame rate and the number of frames of all segments together."""
    first, frame_rate, num_frames = _inspected(segments[0])
    for path in segments[1:]:
        kind, _, count = _inspected(path)
        if kind != first:
            raise MediaError(
                f"{path} cannot be joined to {segments[0].name}: {kind.difference(first)}. Encode it again."
            )
        num_frames += count
    return frame_rate, num_frames


def _inspected(path: Path) -> tuple[_Kind, Fraction, int]:
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            codec = stream.codec_context
            frame_rate = Fraction(stream.average_rate or 0)
            kind = _Kind(
                codec=codec.name,
                size=f"{codec.width}x{codec.height}",
                pixel_format=str(codec.pix_fmt),
                frame_rate=str(frame_rate),
                ticks_per_second=str(1 / (stream.time_base or Fraction(1))),
                sample_description=bytes(codec.extradata or b""),
            )
            return kind, frame_rate, stream.frames
    except (FFmpegError, IndexError) as error:
        raise MediaError(f"cannot read the segment {path}: {error}") from error


def _quoted(path: Path) -> str:
    """The absolute path as the concat demuxer wants it; without "file:" it would look inside the pipe."""
    text = str(path.absolute())
    if "\n" in text or "\r" in text:
        raise MediaError(f"a segment's path may not hold a line break: {text!r}")
    return "'file:" + text.replace("'", r"'\''") + "'"
