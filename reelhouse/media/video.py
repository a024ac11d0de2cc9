"""What is in a video, and its frames, exactly.

Frames are counted, never timed: frame 40 is the forty-first picture shown. Reading happens in this
process through PyAV, so a single frame costs no new process.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from reelhouse.errors import MediaError
from reelhouse.media.encoding import ACCURATE


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What a video is: its pictures, their pace and how they are coded.

    Attributes:
        num_frames, frame_rate, height, width, duration_s: of the picture; frames per second and pixels.
        has_audio: whether there is a sound track.
        codec, pixel_format: ffmpeg's names, such as "h264" and "yuv420p".
    """

    num_frames: int
    frame_rate: Fraction
    height: int
    width: int
    duration_s: Fraction
    has_audio: bool
    codec: str
    pixel_format: str


def probe(path: Path) -> VideoFacts:
    """The facts of a video file.

    Raises:
        MediaError: the file is missing, damaged, or has no picture.
    """
    with _opened(path) as (container, stream):
        return _facts(path, container, stream)


def read_frames(path: Path, start: int = 0, stop: int | None = None) -> Iterator[NDArray[np.uint8]]:
    """Frames [start, stop) of a video, each [H, W, 3] uint8 RGB; to the end when `stop` is None.

    Raises:
        MediaError: the file cannot be read, or has fewer than `stop` frames.
        ValueError: `start` is negative or behind `stop`.
    """
    if start < 0 or (stop is not None and stop < start):
        raise ValueError(f"frames [{start}, {stop}) are no stretch of a video")
    with _opened(path) as (container, stream):
        if stop is None:
            stop = _facts(path, container, stream).num_frames
        if stop <= start:
            return
        to_rgb = _ToRgb(stream)
        yield from (to_rgb(frame) for frame in _decoded(path, container, stream, start, stop))


def frame_at(path: Path, index: int) -> NDArray[np.uint8]:
    """Frame `index` of a video, [H, W, 3] uint8 RGB; a negative index counts from the end.

    Raises:
        MediaError: the file cannot be read or has no such frame.
    """
    return frames_at(path, [index])[0]


def frames_at(path: Path, indices: Sequence[int]) -> list[NDArray[np.uint8]]:
    """The frames of a video with these numbers, each [H, W, 3] uint8 RGB, in the order asked for.

    Raises:
        MediaError: the file cannot be read or has no such frame.
    """
    with _opened(path) as (container, stream):
        if any(index < 0 for index in indices):
            count = _facts(path, container, stream).num_frames
            indices = [index + count if index < 0 else index for index in indices]
            if any(index < 0 for index in indices):
                raise MediaError(f"{path} has only {count} frames")
        to_rgb = _ToRgb(stream)
        found = {
            index: to_rgb(next(_decoded(path, container, stream, index, index + 1)))
            for index in sorted(set(indices))
        }
    return [found[index] for index in indices]


def evenly_spaced(path: Path, n: int) -> list[NDArray[np.uint8]]:
    """`n` frames from the middles of n equal stretches of a video, each [H, W, 3] uint8 RGB.

    Raises:
        MediaError: the file cannot be read.
        ValueError: n is less than one.
    """
    return frames_at(path, evenly_spaced_indices(probe(path).num_frames, n))


def evenly_spaced_indices(num_frames: int, n: int) -> list[int]:
    """The numbers of the frames in the middles of n equal stretches; some repeat if n > num_frames."""
    if n < 1:
        raise ValueError(f"at least one frame is wanted, not {n}")
    return [(2 * i + 1) * num_frames // (2 * n) for i in range(n)]


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise MediaError(f"{path} has no picture in it")
            stream = container.streams.video[0]
            # A slice thread shows frames at once; frame threads would decode past the one wanted.
            stream.thread_type = "SLICE"
            yield container, stream
    except FFmpegError as error:
        raise MediaError(f"cannot read {path} as a video: {error.strerror or error}") from error


def _facts(path: Path, container: InputContainer, stream: VideoStream) -> VideoFacts:
    frame_rate = stream.average_rate or stream.guessed_rate
    num_frames = stream.frames or _count_packets(container, stream)
    if not frame_rate or not num_frames:
        raise MediaError(f"{path} has no frames in it")
    return VideoFacts(
        num_frames=num_frames,
        frame_rate=Fraction(frame_rate),
        height=stream.height,
        width=stream.width,
        duration_s=num_frames / Fraction(frame_rate),
        has_audio=bool(container.streams.audio),
        codec=stream.codec_context.name,
        pixel_format=stream.pix_fmt or "",
    )


def _count_packets(container: InputContainer, stream: VideoStream) -> int:
    """For containers that do not say how many frames they hold."""
    count = sum(1 for packet in container.demux(stream) if packet.size)
    container.seek(0)
    return count


def _decoded(
    path: Path, container: InputContainer, stream: VideoStream, start: int, stop: int
) -> Iterator[VideoFrame]:
    frame_rate = stream.average_rate or stream.guessed_rate
    time_base = stream.time_base
    if not frame_rate or not time_base:
        raise MediaError(f"{path} has no frames in it")
    first_pts = stream.start_time or 0
    # Half a frame early is still within the frame before, so rounding cannot skip the one wanted.
    container.seek(
        first_pts + max(0, round((start - Fraction(1, 2)) / frame_rate / time_base)), stream=stream
    )
    wanted = start
    for frame in container.decode(stream):
        if frame.pts is None:
            raise MediaError(f"{path} has frames without a time")
        index = round((frame.pts - first_pts) * time_base * frame_rate)
        if index < start:
            continue
        yield frame
        wanted += 1
        if wanted == stop:
            return
    raise MediaError(f"{path} has only {wanted} frames; frame {stop - 1} was wanted")


class _ToRgb:
    """Turns a stream's frames into [H, W, 3] uint8 RGB with the accuracy they were encoded with."""

    def __init__(self, stream: VideoStream) -> None:
        self._graph = Graph()
        source = self._graph.add_buffer(template=stream, time_base=stream.time_base)
        scale = self._graph.add("scale", f"in_color_matrix=bt709:in_range=tv:out_range=pc:flags={ACCURATE}")
        self._graph.link_nodes(
            source, scale, self._graph.add("format", "rgb24"), self._graph.add("buffersink")
        ).configure()

    def __call__(self, frame: VideoFrame) -> NDArray[np.uint8]:
        self._graph.push(frame)
        rgb = self._graph.pull()
        assert isinstance(rgb, VideoFrame)  # noqa: S101 - the graph holds nothing but video filters
        return rgb.to_ndarray().astype(np.uint8, copy=False)
