"""Music beds: exactly as long as the film, as loud as asked, below the peak, and never silence."""

import re
from fractions import Fraction
from pathlib import Path

import av
import ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray

from reelhouse.errors import MediaError
from reelhouse.media.audio import measure_loudness, music_bed
from reelhouse.media.ffmpeg import run

RATE = 48_000


def write_wav(path: Path, wave: NDArray[np.float64]) -> Path:
    pcm = np.rint(wave * 32_767).astype("<i2").tobytes()
    sound = ffmpeg.input("pipe:0", format="s16le", ar=RATE, ac=1)
    run(sound.output(str(path), format="wav"), what="write a sound", stdin=(pcm,))
    return path


def tune(duration_s: float) -> NDArray[np.float64]:
    time = np.arange(int(duration_s * RATE)) / RATE
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * 0.5 * time)
    return 0.1 * swell * (np.sin(2 * np.pi * 220 * time) + np.sin(2 * np.pi * 277 * time))


def samples(path: Path) -> NDArray[np.float32]:
    with av.open(str(path)) as container:
        blocks = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate(blocks, axis=1).astype(np.float32)


@pytest.mark.parametrize(
    ("duration_s", "loudness_lufs"),
    [(Fraction(81, 16), -14), (Fraction(1001, 300), -23), (Fraction(10), -16)],
)
def test_a_bed_has_the_length_and_loudness_asked_for(
    tmp_path: Path, duration_s: Fraction, loudness_lufs: float
) -> None:
    music = write_wav(tmp_path / "tune.wav", tune(4))
    bed = tmp_path / "bed.m4a"
    loudness = music_bed(music, duration_s=duration_s, loudness_lufs=loudness_lufs, out=bed)
    assert loudness == pytest.approx(loudness_lufs, abs=1)
    assert loudness == measure_loudness(bed)
    with av.open(str(bed)) as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.rate, stream.layout.name) == ("aac", RATE, "stereo")
        assert stream.duration == round(duration_s * RATE)


def test_a_bed_fades_out_over_its_last_two_seconds(tmp_path: Path) -> None:
    bed = tmp_path / "bed.m4a"
    music_bed(write_wav(tmp_path / "t.wav", tune(7)), duration_s=Fraction(6), loudness_lufs=-20, out=bed)
    wave = np.abs(samples(bed)[0])
    assert wave[: 6 * RATE][-RATE // 20 :].max() < 0.03 * wave.max()
    assert wave[3 * RATE : 4 * RATE].max() > 0.3 * wave.max()


def test_music_that_is_too_short_goes_round_without_a_gap(tmp_path: Path) -> None:
    """Of noise, since a pure tone would cancel itself out somewhere in the crossfade."""
    music = write_wav(tmp_path / "wind.wav", 0.1 * np.random.default_rng(0).standard_normal(3 * RATE))
    music_bed(music, duration_s=Fraction(8), loudness_lufs=-20, out=tmp_path / "bed.m4a")
    wave = samples(tmp_path / "bed.m4a")[0][RATE // 2 : 6 * RATE]
    levels = np.sqrt((wave[: len(wave) // 2400 * 2400].reshape(-1, 2400) ** 2).mean(1))
    assert levels.min() > 0.3 * levels.max()


def test_true_peaks_stay_below_the_limit_even_when_loudness_cannot_be_reached(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clicks = np.zeros(5 * RATE)
    clicks[:: RATE // 2] = 0.9
    clicks = np.convolve(clicks, np.sin(np.arange(200) / 3) * np.exp(-np.arange(200) / 40), "same") * 0.9
    music = write_wav(tmp_path / "clicks.wav", np.clip(clicks + 1e-3 * tune(5), -1, 1))
    music_bed(music, duration_s=Fraction(5), loudness_lufs=-14, out=tmp_path / "bed.m4a")
    measured = ffmpeg.input(str(tmp_path / "bed.m4a")).audio.filter("ebur128", peak="true", framelog="quiet")
    said = run(measured.output("-", format="null", v="info"), what="measure")
    (peak,) = re.findall(r"Peak:\s+(-?[\d.]+) dBFS", said)
    # The limiter works before AAC, which may add a little.
    assert float(peak) <= -0.5
    assert "was asked for" in caplog.text


def test_the_same_music_gives_the_same_bytes(tmp_path: Path) -> None:
    music = write_wav(tmp_path / "tune.wav", tune(4))
    for name in ("a.m4a", "b.m4a"):
        music_bed(music, duration_s=Fraction(5), loudness_lufs=-16, out=tmp_path / name)
    assert (tmp_path / "a.m4a").read_bytes() == (tmp_path / "b.m4a").read_bytes()


def test_silence_and_things_that_are_not_sound_are_refused(tmp_path: Path) -> None:
    silence = write_wav(tmp_path / "silence.wav", np.zeros(3 * RATE))
    with pytest.raises(MediaError, match=r"silence\.wav is silent"):
        music_bed(silence, duration_s=Fraction(5), loudness_lufs=-14, out=tmp_path / "bed.m4a")
    (tmp_path / "words.mp3").write_text("la la la")
    with pytest.raises(MediaError, match=r"words\.mp3 is not a sound file"):
        music_bed(tmp_path / "words.mp3", duration_s=Fraction(5), loudness_lufs=-14, out=tmp_path / "bed.m4a")
    with pytest.raises(MediaError, match="No such file"):
        music_bed(tmp_path / "none.mp3", duration_s=Fraction(5), loudness_lufs=-14, out=tmp_path / "bed.m4a")
    assert not (tmp_path / "bed.m4a").exists()


def test_the_example_s_theme_is_short_enough_and_does_not_clip() -> None:
    theme = Path(__file__).parents[2] / "examples" / "fox-and-kite" / "theme.m4a"
    assert theme.stat().st_size < 400_000
    wave = samples(theme)
    assert np.abs(wave).max() < 0.9
    assert -18 < measure_loudness(theme) < -13
    # It goes round: the end meets the beginning within an ordinary step of the wave.
    assert abs(float(wave[0, 24 * RATE - 1] - wave[0, 0])) < 0.1
