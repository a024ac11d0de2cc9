"""A film as an animated GIF, with a palette drawn from the film itself."""

from fractions import Fraction
from pathlib import Path

import ffmpeg

from reelhouse.media.atomic import written
from reelhouse.media.encoding import REPRODUCIBLE
from reelhouse.media.ffmpeg import Cancellation, Progress, run
from reelhouse.media.video import probe


def gif(
    film: Path,
    out: Path,
    *,
    width: int,
    frame_rate: Fraction,
    on_progress: Progress | None = None,
    cancelled: Cancellation | None = None,
) -> None:
    """Writes a GIF of the whole film that repeats for ever, `width` pixels wide.

    Raises:
        MediaError: the film cannot be read, or ffmpeg failed.
        DiskFull, Cancelled: as `ffmpeg.run` says.
    """
    facts = probe(film)
    frames = (
        ffmpeg.input(str(film))
        .video.filter("fps", str(frame_rate))
        .filter("scale", width, -2, flags="lanczos", in_color_matrix="bt709", in_range="tv")
        .filter("format", pix_fmts="rgb24")
    )
    split = frames.filter_multi_output("split")
    palette = split[0].filter("palettegen", stats_mode="diff")
    drawn = ffmpeg.filter(
        [split[1], palette], "paletteuse", dither="bayer", bayer_scale=4, diff_mode="rectangle"
    )
    with written(out) as part:
        run(
            drawn.output(str(part), format="gif", loop=0, **REPRODUCIBLE),
            what=f"write {out.name}",
            total_s=facts.duration_s,
            on_progress=on_progress,
            cancelled=cancelled,
        )
