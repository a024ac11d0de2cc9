"""Framing: how a picture of one shape fills a frame of another."""

from typing import Literal, TypeAlias

import ffmpeg

from reelhouse.media.encoding import Stream, to_yuv

Fit: TypeAlias = Literal["cover", "contain", "blur"]

_SCALING = "lanczos+accurate_rnd+full_chroma_int"
# Of the frame: the backdrop is blurred at an eighth of its size, a 64th of the work, and dimmed a little.
_BACKDROP_SCALE = 1 / 8
_BACKDROP_BLUR = 1 / 12
_BACKDROP_LIGHT = 0.6


def fitted(frames: Stream, *, height: int, width: int, into_height: int, into_width: int, fit: Fit) -> Stream:
    """Frames [height, width] at [into_height, into_width], in the delivered pixel format.

    Nothing is scaled that has the right size already. "cover" crops what is too much, "contain" leaves
    black bars, "blur" fills the bars with the picture itself, blurred and dimmed.
    """
    if (height, width) == (into_height, into_width):
        return to_yuv(frames)
    same_shape = height * into_width == width * into_height
    if same_shape or fit == "cover":
        return to_yuv(_covering(frames, into_height, into_width))
    if fit == "contain":
        inside = to_yuv(_scaled(frames, into_height, into_width, "decrease"))
        return inside.filter("pad", into_width, into_height, "(ow-iw)/2", "(oh-ih)/2", "black")
    both = frames.filter_multi_output("split")
    inside = to_yuv(_scaled(both[0], into_height, into_width, "decrease"))
    behind = _backdrop(both[1], into_height, into_width)
    return ffmpeg.overlay(behind, inside, x="(W-w)/2", y="(H-h)/2")


def _backdrop(frames: Stream, height: int, width: int) -> Stream:
    small_height, small_width = _even(height * _BACKDROP_SCALE), _even(width * _BACKDROP_SCALE)
    small = to_yuv(_covering(frames, small_height, small_width))
    blurred = small.filter("gblur", sigma=round(min(small_height, small_width) * _BACKDROP_BLUR, 2))
    dimmed = blurred.filter("lutyuv", y=f"16+(val-16)*{_BACKDROP_LIGHT}")
    return dimmed.filter("scale", width, height, flags="bicubic")


def _covering(frames: Stream, height: int, width: int) -> Stream:
    return _scaled(frames, height, width, "increase").filter("crop", width, height)


def _scaled(frames: Stream, height: int, width: int, keep_shape: str) -> Stream:
    return frames.filter(
        "scale",
        width,
        height,
        force_original_aspect_ratio=keep_shape,
        force_divisible_by=2,
        flags=_SCALING,
    )


def _even(size: float) -> int:
    return max(2, round(size / 2) * 2)
