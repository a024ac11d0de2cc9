"""The film: segments joined by copying, sound beside them, ready to stream.

Nothing is encoded here, so the work is that of copying the bytes. Segments are compared first, because
ffmpeg joins segments of different sizes without a word into a film that no player shows rightly.
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import ffmpeg

from reelhouse.errors import InputError, MediaError
from reelhouse.media.atomic import written
from reelhouse.media.encoding import REPRODUCIBLE, TAGS, ticks_per_frame, timescale
from reelhouse.media.ffmpeg import Cancellation, Progress, run
from reelhouse.media.mp4 import VideoTrack, read_video_track
from reelhouse.media.video import probe


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
    first, num_frames = None, 0
    for path in segments:
        track = read_video_track(path)
        if first is None:
            first = track
        elif _kind(track) != _kind(first):
            raise MediaError(
                f"{path} cannot be joined to {segments[0].name}: {_difference(path, segments[0])}. "
                "Encode it again."
            )
        num_frames += track.num_frames
    if first is None:
        raise InputError("a film needs at least one segment")
    return first.frame_rate, num_frames


def _kind(track: VideoTrack) -> tuple[bytes, int, int]:
    """What segments must have in common."""
    return track.sample_description, track.ticks_per_second, track.ticks_per_frame


def _difference(path: Path, other: Path) -> str:
    mine, theirs = probe(path), probe(other)
    for name in ("height", "width", "frame_rate", "codec", "pixel_format"):
        if getattr(mine, name) != getattr(theirs, name):
            return f"its {name.replace('_', ' ')} is {getattr(mine, name)}, not {getattr(theirs, name)}"
    return "its encoder settings are others"


def _quoted(path: Path) -> str:
    """The absolute path as the concat demuxer wants it; without "file:" it would look inside the pipe."""
    text = str(path.absolute())
    if "\n" in text or "\r" in text:
        raise MediaError(f"a segment's path may not hold a line break: {text!r}")
    return "'file:" + text.replace("'", r"'\''") + "'"
