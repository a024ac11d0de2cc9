"""How Reelhouse asks ffmpeg for picture: one colour space, exact time, and H.264 that can be joined.

Everything is BT.709, limited range, 4:2:0, and says so in its tags: clips whose tags differ make ffmpeg
rebuild its filter graph in the middle of a joined film. Conversions name their matrix for the same reason.
"""

from fractions import Fraction
from typing import Any, TypeAlias

# ffmpeg-python is untyped.
Stream: TypeAlias = Any

TAGS = {"color_range": "tv", "colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709"}

# Nothing in a file may depend on the day, the machine or the library's version string.
REPRODUCIBLE = {"fflags": "+bitexact", "flags:v": "+bitexact", "flags:a": "+bitexact", "map_metadata": "-1"}

# Two, and always two: x264's output may depend on the count, and two scenes are encoded side by side.
X264_THREADS = 2


# Without these, swscale's fast paths darken a picture by one or two levels and lose 6 dB on the way to RGB.
ACCURATE = "bicubic+accurate_rnd+full_chroma_int"


def to_yuv(stream: Stream, pixel_format: str = "yuv420p") -> Stream:
    """RGB to BT.709 limited range, rounded accurately so that flat colours survive the way there and back."""
    converted = stream.filter("scale", out_color_matrix="bt709", out_range="tv", flags=ACCURATE)
    return converted.filter("format", pix_fmts=pixel_format)


def tagged(stream: Stream) -> Stream:
    """The same pictures, square pixels and colour tags stated; some filters drop what they were told."""
    said = {"range": "tv", "colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709"}
    return stream.filter("setsar", 1).filter("setparams", **said)


def ticks_per_frame(frame_rate: Fraction) -> int:
    """The length of a frame in ticks of `timescale`; whole, so that no timestamp is ever rounded."""
    return frame_rate.denominator * _multiplier(frame_rate)


def timescale(frame_rate: Fraction) -> int:
    """Ticks per second for files of this frame rate."""
    return frame_rate.numerator * _multiplier(frame_rate)


def _multiplier(frame_rate: Fraction) -> int:
    return max(1, -(-10_000 // frame_rate.numerator))


def raw_frames(*, height: int, width: int, frame_rate: Fraction) -> dict[str, Any]:
    """Input options for `pipe:0` carrying frames [H, W, 3] uint8 RGB one after the other."""
    return {
        "format": "rawvideo",
        "pix_fmt": "rgb24",
        "video_size": (width, height),  # ffmpeg-python reads a string here as a pair of characters
        "framerate": str(frame_rate),
    }


def x264(*, crf: float, preset: str, frame_rate: Fraction, keyframe_every: int) -> dict[str, Any]:
    """Output options for an MP4 of H.264 with closed groups of pictures.

    Args:
        crf: x264's constant rate factor, 0 … 51, lower is better.
        preset: x264's preset.
        frame_rate: frames per second.
        keyframe_every: most frames between two keyframes.
    """
    return {
        "format": "mp4",
        "vcodec": "libx264",
        "pix_fmt": "yuv420p",
        "preset": preset,
        "crf": crf,
        "threads": X264_THREADS,
        "x264-params": f"keyint={keyframe_every}:min-keyint=1:open-gop=0",
        "video_track_timescale": timescale(frame_rate),
        # Edit lists are counted in the movie's own timescale: at its default of 1000, lengths are rounded.
        "movie_timescale": timescale(frame_rate),
        # A bit rate box would make sample descriptions differ between files that can be joined.
        "write_btrt": 0,
        "an": None,
        **TAGS,
        **REPRODUCIBLE,
    }
