"""Music under a film: as long as the film, at a set loudness, in AAC.

Loudness is EBU R 128, in LUFS; it is measured, set in a second pass with one gain for the whole bed where
the peaks allow it, and measured again in the file that was written.
"""

import logging
import re
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from pathlib import Path

import av
import ffmpeg
from av.error import FFmpegError

from reelhouse.errors import MediaError
from reelhouse.media.atomic import written
from reelhouse.media.encoding import REPRODUCIBLE, Stream
from reelhouse.media.ffmpeg import Cancellation, run

logger = logging.getLogger(__name__)

TRUE_PEAK_DBTP = -1.5
LOUDNESS_TOLERANCE_LU = 1.0
SAMPLE_RATE = 48_000
_FADE_IN_S = Fraction(1, 20)
_FADE_OUT_S = Fraction(2)
_CROSSFADE_S = Fraction(1)
# Below this, R 128 counts a block as silence.
_SILENCE_LUFS = -70.0


@dataclass(frozen=True, slots=True)
class _Loudness:
    """What R 128 says of a sound: LUFS, LUFS, LU and dBTP."""

    integrated: float
    threshold: float
    range: float
    true_peak: float


def music_bed(
    music: Path,
    *,
    duration_s: Fraction,
    loudness_lufs: float,
    out: Path,
    cancelled: Cancellation | None = None,
) -> float:
    """Writes `music` as stereo AAC of exactly `duration_s`, faded in and out; returns its measured LUFS.

    Music that is too short is repeated with a crossfade. True peaks stay below -1.5 dBTP, so music that
    is all peaks may end up quieter than asked; that is logged.

    Raises:
        MediaError: the file is not sound or is silent, or ffmpeg failed.
        DiskFull, Cancelled: as `ffmpeg.run` says.
    """
    bed = _bed(music, duration_s)
    measured = _measured(_exactly(bed, duration_s), music, cancelled)
    # The fades come last: where loudnorm cannot use one gain throughout, it would lift them.
    levelled = bed.filter("atrim", end_sample=round(duration_s * SAMPLE_RATE)).filter(
        "loudnorm",
        i=loudness_lufs,
        tp=TRUE_PEAK_DBTP,
        # A range this wide leaves the music's own dynamics alone.
        lra=50,
        linear="true",
        measured_i=measured.integrated,
        measured_tp=measured.true_peak,
        measured_lra=measured.range,
        measured_thresh=measured.threshold,
    )
    with written(out) as part:
        command = _exactly(levelled, duration_s).output(
            str(part),
            format="ipod",
            acodec="aac",
            ar=SAMPLE_RATE,
            movflags="+faststart",
            **{"b:a": "192k"},
            **REPRODUCIBLE,
        )
        run(command, what=f"set the loudness of {music.name}", cancelled=cancelled)
        loudness = measure_loudness(part, cancelled=cancelled)
    if abs(loudness - loudness_lufs) > LOUDNESS_TOLERANCE_LU:
        logger.warning("%s: loudness %.1f LUFS, %.1f was asked for", music.name, loudness, loudness_lufs)
    return loudness


def measure_loudness(sound: Path, *, cancelled: Cancellation | None = None) -> float:
    """Integrated loudness of a sound file in LUFS.

    Raises:
        MediaError: not sound, or silent.
    """
    sound_length_s(sound)  # which says so if it is no sound
    return _measured(ffmpeg.input(str(sound)).audio, sound, cancelled).integrated


def _measured(stream: Stream, sound: Path, cancelled: Cancellation | None) -> _Loudness:
    """By ebur128: loudnorm's own first pass says the same and takes seven times as long."""
    heard = stream.filter("ebur128", peak="true", framelog="quiet")
    said = run(
        heard.output("-", format="null", v="info"),
        what=f"measure the loudness of {sound.name}",
        cancelled=cancelled,
    )
    summary = said[said.rfind("Integrated loudness:") :]
    found = [
        re.search(rf"^\s*{name}:\s+(\S+) (?:LUFS|LU|dBFS)$", summary, re.MULTILINE)
        for name in ("I", "Threshold", "LRA", "Peak")
    ]
    values = [float(match[1]) if match else float("-inf") for match in found]
    if not all(map(isfinite, values)) or values[0] <= _SILENCE_LUFS:
        raise MediaError(f"{sound.name} is silent: its loudness cannot be set. Use other music, or none.")
    return _Loudness(*values)


def sound_length_s(path: Path) -> float:
    """The length of a sound file in seconds.

    Raises:
        MediaError: there is no sound in it.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise MediaError(f"{path.name} has no sound in it")
            stream = container.streams.audio[0]
            if stream.duration and stream.time_base:
                return float(stream.duration * stream.time_base)
            if container.duration:
                return container.duration / av.time_base
            return sum(frame.samples / frame.sample_rate for frame in container.decode(stream))
    except (FFmpegError, OSError) as error:
        with_what = getattr(error, "strerror", None) or error
        raise MediaError(f"{path.name} is not a sound file that can be read: {with_what}") from error


def _bed(music: Path, duration_s: Fraction) -> Stream:
    """The music at 48 kHz in stereo, going round with a crossfade if it is too short."""
    length_s = sound_length_s(music)
    once = (
        ffmpeg.input(str(music))
        .audio.filter("aresample", SAMPLE_RATE)
        .filter("aformat", sample_fmts="fltp", channel_layouts="stereo")
    )
    if length_s >= duration_s:
        return once
    # Of two copies crossfaded, the stretch from one crossfade's beginning to the next one's goes round
    # for ever; it fits only if the length is exact, which a container's word for it need not be.
    length = round(length_s * SAMPLE_RATE)
    crossfade = min(round(_CROSSFADE_S * SAMPLE_RATE), length // 4)
    exact = once.filter("apad", whole_len=length).filter("atrim", end_sample=length)
    copies = exact.filter_multi_output("asplit", 2)
    twice = ffmpeg.filter([copies[0], copies[1]], "acrossfade", ns=crossfade, c1="qsin", c2="qsin")
    return twice.filter("aloop", loop=-1, size=length - crossfade, start=length - crossfade)


def _exactly(bed: Stream, duration_s: Fraction) -> Stream:
    """The bed cut or padded with silence to the sample, and faded at both ends."""
    samples = round(duration_s * SAMPLE_RATE)
    fade_in_s = min(_FADE_IN_S, duration_s / 4)
    fade_out_s = min(_FADE_OUT_S, duration_s / 2)
    return (
        bed.filter("aresample", SAMPLE_RATE)
        .filter("apad", whole_len=samples)
        .filter("atrim", end_sample=samples)
        .filter("afade", type="in", ns=round(fade_in_s * SAMPLE_RATE))
        .filter(
            "afade",
            type="out",
            ss=samples - round(fade_out_s * SAMPLE_RATE),
            ns=round(fade_out_s * SAMPLE_RATE),
        )
    )
