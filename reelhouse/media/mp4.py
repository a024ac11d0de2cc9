"""The few facts of an MP4's video track that decide whether it can be joined to another by copying.

They are read from the file's boxes (ISO/IEC 14496-12) and not through a decoder: opening a segment with one
decodes its first picture, which for a film of a thousand scenes is longer than the joining itself.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from reelhouse.errors import MediaError

_VIDEO_HANDLER = b"vide"


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """How the pictures of a track are coded and timed.

    Attributes:
        num_frames: pictures in the track.
        ticks_per_second, ticks_per_frame: the track's clock.
        sample_description: the `stsd` box: codec, size, pixel shape, colour and the decoder's settings.
    """

    num_frames: int
    ticks_per_second: int
    ticks_per_frame: int
    sample_description: bytes

    @property
    def frame_rate(self) -> Fraction:
        """Frames per second, exactly."""
        return Fraction(self.ticks_per_second, self.ticks_per_frame)


def read_video_track(path: Path) -> VideoTrack:
    """The first video track of an MP4.

    Raises:
        MediaError: the file is missing, is no MP4, or has no pictures.
    """
    try:
        with path.open("rb") as file:
            movie = _movie_box(file)
        for kind, track in _boxes(movie):
            if kind == b"trak" and _inside(track, b"mdia", b"hdlr")[8:12] == _VIDEO_HANDLER:
                return _video_track(track)
    except OSError as error:
        raise MediaError(f"cannot read the segment {path}: {error.strerror}") from error
    except (struct.error, LookupError, ZeroDivisionError) as error:
        raise MediaError(f"the segment {path} is damaged or is not an MP4 file") from error
    raise MediaError(f"the segment {path} has no picture in it")


def _video_track(track: memoryview) -> VideoTrack:
    header = _inside(track, b"mdia", b"mdhd")
    # Version 1 has times of eight bytes before the clock, version 0 of four.
    (ticks_per_second,) = struct.unpack_from(">I", header, 20 if header[0] == 1 else 12)
    table = _inside(track, b"mdia", b"minf", b"stbl")
    times = _inside(table, b"stts")
    (entries,) = struct.unpack_from(">I", times, 4)
    runs = [struct.unpack_from(">II", times, 8 + 8 * i) for i in range(entries)]
    return VideoTrack(
        num_frames=sum(count for count, _ in runs),
        ticks_per_second=ticks_per_second,
        ticks_per_frame=runs[0][1],
        sample_description=bytes(_inside(table, b"stsd")),
    )


def _movie_box(file: BinaryIO) -> memoryview:
    while header := file.read(8):
        size, kind = struct.unpack(">I4s", header)
        left = size - 8
        if size == 1:
            left = struct.unpack(">Q", file.read(8))[0] - 16
        if kind == b"moov":
            movie = file.read(left)
            if len(movie) < left:
                break
            return memoryview(movie)
        if left < 0:
            break
        file.seek(left, 1)
    raise LookupError("no whole moov box")


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    while len(data) >= 8:
        size, kind = struct.unpack_from(">I4s", data)
        if size < 8:
            raise LookupError("a box of no size")
        yield kind, data[8:size]
        data = data[size:]


def _inside(data: memoryview, *kinds: bytes) -> memoryview:
    """The contents of a box within a box within a box."""
    for wanted in kinds:
        data = next((body for kind, body in _boxes(data) if kind == wanted), memoryview(b""))
        if not data:
            raise LookupError(f"no {wanted!r} box")
    return data
