"""Takes: the frames an engine made, written once and nearly without loss.

A take is H.264 that plays in any browser, at a quality (x264 ultrafast, crf 10) where 4:2:0 chroma, not
the encoder, is the greater loss; a keyframe every few frames makes any stretch of it cheap to read. Every
rendition is made from takes, so no engine runs twice for a second size.
"""

from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from reelhouse.errors import InputError, MediaError
from reelhouse.media.atomic import written
from reelhouse.media.encoding import raw_frames, to_yuv, x264
from reelhouse.media.ffmpeg import Cancellation, Process

_CRF = 10
_PRESET = "ultrafast"
_KEYFRAME_EVERY = 8


class TakeWriter:
    """Writes a take frame by frame; the file has its name only once the block has ended well.

        with TakeWriter(path, height=480, width=832, frame_rate=Fraction(16)) as take:
            for frames in clip:
                take.write(frames)

    Attributes:
        num_frames: frames written so far.
        first_frame, last_frame: [H, W, 3] uint8 RGB, exactly as they were handed in; None before any.

    Raises:
        InputError: the height or width is odd, which 4:2:0 video cannot be.
        MediaError, DiskFull, Cancelled: as `ffmpeg.run` says; also when no frame was written.
    """

    def __init__(
        self,
        path: Path,
        *,
        height: int,
        width: int,
        frame_rate: Fraction,
        cancelled: Cancellation | None = None,
    ) -> None:
        if height < 2 or width < 2 or height % 2 or width % 2:
            raise InputError(f"a video needs an even width and height, not {width}x{height}")
        self.num_frames = 0
        self.first_frame: NDArray[np.uint8] | None = None
        self.last_frame: NDArray[np.uint8] | None = None
        self._path = path
        self._shape = (height, width, 3)
        self._frame_rate = frame_rate
        self._cancelled = cancelled
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        height, width, _ = self._shape
        part = self._stack.enter_context(written(self._path))
        frames = ffmpeg.input("pipe:0", **raw_frames(height=height, width=width, frame_rate=self._frame_rate))
        encoding = x264(crf=_CRF, preset=_PRESET, frame_rate=self._frame_rate, keyframe_every=_KEYFRAME_EVERY)
        command = to_yuv(frames).output(str(part), movflags="+faststart", **encoding)
        self._process = Process(command, what=f"write {self._path.name}", cancelled=self._cancelled, fed=True)
        self._stack.callback(self._process.kill)
        return self

    def write(self, frames: NDArray[np.uint8]) -> None:
        """Adds frames [F, H, W, 3] uint8 RGB.

        Raises:
            ValueError: the frames have another shape or type.
            MediaError, DiskFull, Cancelled: ffmpeg stopped; nothing is kept.
        """
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[1:] != self._shape:
            raise ValueError(
                f"frames [F, {self._shape[0]}, {self._shape[1]}, 3] of uint8 are wanted, "
                f"not {list(frames.shape)} of {frames.dtype}"
            )
        if len(frames) == 0:
            return
        if not self._process.feed(np.ascontiguousarray(frames).data):
            self._process.finish()
            raise MediaError(f"write {self._path.name}: ffmpeg stopped before the last frame")
        if self.first_frame is None:
            self.first_frame = frames[0].copy()
        self.last_frame = frames[-1].copy()
        self.num_frames += len(frames)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            # Unwound with the error, the stack kills ffmpeg and removes the file.
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack:
            if self.num_frames == 0:
                raise MediaError(f"write {self._path.name}: there was no frame to write")
            self._process.finish()
