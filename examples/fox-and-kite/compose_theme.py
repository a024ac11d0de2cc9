"""Composes `theme.m4a`, the music of Fox and Kite: eight bars in F for kalimba, pad and bass.

Run it with `python examples/fox-and-kite/compose_theme.py`. The tune is 24 seconds long and goes round: every
tail, the reverb's too, is folded back onto its beginning. The same numpy gives the same tune. Script and
tune are dedicated to the public domain (CC0 1.0).
"""

from collections.abc import Sequence
from pathlib import Path

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from reelhouse.media.encoding import REPRODUCIBLE
from reelhouse.media.ffmpeg import run

SAMPLE_RATE = 48_000
BEAT_S = 0.75
BEATS_A_BAR = 4
NUM_SAMPLES = round(8 * BEATS_A_BAR * BEAT_S * SAMPLE_RATE)

# Pitches are MIDI numbers (60 is middle C). Melody: for each bar, (beat, pitch).
MELODY = [
    [(0, 72), (1, 77), (1.5, 81), (2.5, 79), (3, 77)],
    [(0, 79), (1.5, 76), (2, 72), (3, 74), (3.5, 76)],
    [(0, 77), (1, 81), (1.5, 84), (2.5, 81), (3, 79), (3.5, 77)],
    [(0, 74), (2, 77), (2.5, 79), (3, 81)],
    [(0, 84), (1, 81), (1.5, 77), (2.5, 79), (3, 81)],
    [(0, 82), (1, 81), (1.5, 79), (2.5, 74), (3, 77)],
    [(0, 74), (0.5, 77), (1, 79), (1.5, 81), (3, 79)],
    [(0, 79), (0.5, 77), (1, 79), (2, 76), (3, 72)],
]
# (bar, beat, beats, chord from the bass up): F, C/E, Dm7, Bbmaj7, F/A, Gm7, Bb(add9), Csus4, C.
CHORDS = [
    (0, 0, 4, (41, 57, 60, 64)),
    (1, 0, 4, (40, 55, 60, 64)),
    (2, 0, 4, (38, 57, 60, 65)),
    (3, 0, 4, (46, 57, 62, 65)),
    (4, 0, 4, (45, 60, 65, 69)),
    (5, 0, 4, (43, 58, 62, 65)),
    (6, 0, 4, (46, 58, 62, 72)),
    (7, 0, 2, (48, 60, 65, 67)),
    (7, 2, 2, (48, 60, 64, 67)),
]


def main() -> None:
    """Writes theme.m4a beside this script."""
    out = Path(__file__).with_name("theme.m4a")
    encode(compose(np.random.default_rng(7)), out)
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB")


def compose(rng: np.random.Generator) -> NDArray[np.float64]:
    """The tune, [samples, 2], peaks at -3 dBFS."""
    dry = np.zeros((NUM_SAMPLES, 2))
    for bar, notes in enumerate(MELODY):
        for beat, pitch in notes:
            strength = 0.9 if beat == int(beat) else 0.72
            note = kalimba(pitch, strength * rng.uniform(0.92, 1.05), rng)
            place(dry, note, start_s(bar, beat) + rng.normal(0, 0.006), pan=0.08)
    for bar, beat, beats, chord in CHORDS:
        at_s = start_s(bar, beat)
        place(dry, bass(chord[0], beats * BEAT_S) * 0.34, at_s, pan=0)
        for i, pitch in enumerate(chord[1:]):
            for cents, side in ((-3, -0.8), (3, 0.8)):
                held = pad(pitch + cents / 100, beats * BEAT_S, rng)
                place(dry, held * 0.055, at_s - 0.25, pan=side + (1 - i) * 0.15)
        for step, pitch in enumerate(arpeggio(chord[1:], round(beats * 2))):
            note = kalimba(pitch, 0.23 * rng.uniform(0.8, 1.1), rng)
            place(dry, note, at_s + step * BEAT_S / 2 + rng.normal(0, 0.008), pan=-0.55 if step % 2 else 0.55)
    wet = around(without_rumble(dry, below=220), hall(rng))
    mix = without_rumble(dry + 0.24 * wet, below=35)
    return mix / np.abs(mix).max() * 10 ** (-3 / 20)


def start_s(bar: int, beat: float) -> float:
    """Seconds from the beginning to a beat of a bar."""
    return (bar * BEATS_A_BAR + beat) * BEAT_S


def arpeggio(chord: Sequence[int], steps: int) -> list[int]:
    """Broken chord in eighths, an octave up, resting on the first so that the melody speaks."""
    order = [chord[0], chord[1], chord[2], chord[1]]
    return [order[i % 4] + 12 for i in range(steps)]


def frequency(pitch: float) -> float:
    """Hertz, A4 being 440."""
    return 440 * 2 ** ((pitch - 69) / 12)


def kalimba(pitch: int, strength: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A plucked tine, [samples]: a clear fundamental, a bright overtone that dies at once, a soft thumb."""
    t = np.arange(round(2.6 * SAMPLE_RATE)) / SAMPLE_RATE
    hertz = frequency(pitch)
    decay_s = 0.75 * (440 / hertz) ** 0.5
    tone = np.sin(2 * np.pi * hertz * t) * np.exp(-t / decay_s)
    tone += 0.22 * np.sin(2 * np.pi * 2.003 * hertz * t) * np.exp(-t / (decay_s * 0.5))
    tone += 0.20 * strength * np.sin(2 * np.pi * 5.43 * hertz * t) * np.exp(-t / (decay_s * 0.14))
    thumb = np.convolve(rng.standard_normal(1_800), np.ones(24) / 24, "same")
    tone[:1_800] += 0.12 * thumb * np.exp(-t[:1_800] / 0.008)
    attack = np.minimum(1, t / 0.003)
    release = np.minimum(1, (t[-1] - t) / 0.15)
    return 0.42 * strength * tone * attack * release


def pad(pitch: float, length_s: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A warm held note, [samples], that swells in before its chord and leaves after it."""
    swell_s, fade_s = 0.9, 1.3
    t = np.arange(round((length_s + 0.25 + fade_s) * SAMPLE_RATE)) / SAMPLE_RATE
    angle = 2 * np.pi * frequency(pitch) * t + rng.uniform(0, 2 * np.pi)
    tone = sum((np.sin(harmonic * angle) / harmonic**1.9 for harmonic in range(1, 9)), np.zeros_like(t))
    breathing = 1 + 0.08 * np.sin(2 * np.pi * 0.31 * t + rng.uniform(0, 2 * np.pi))
    rise = 0.5 - 0.5 * np.cos(np.pi * np.clip(t / swell_s, 0, 1))
    fall = 0.5 - 0.5 * np.cos(np.pi * np.clip((t[-1] - t) / fade_s, 0, 1))
    return tone * breathing * rise * fall


def bass(pitch: int, length_s: float) -> NDArray[np.float64]:
    """A round low note, [samples], with enough second harmonic to be heard on a small loudspeaker."""
    t = np.arange(round((length_s + 0.2) * SAMPLE_RATE)) / SAMPLE_RATE
    hertz = frequency(pitch)
    tone = np.sin(2 * np.pi * hertz * t) + 0.35 * np.sin(4 * np.pi * hertz * t) * np.exp(-t / 0.7)
    release = np.clip((t[-1] - t) / 0.35, 0, 1)
    return tone * np.minimum(1, t / 0.012) * np.exp(-t / 1.6) * release


def place(mix: NDArray[np.float64], note: NDArray[np.float64], at_s: float, *, pan: float) -> None:
    """Adds a note to the mix [samples, 2], the end going round to the beginning; pan is -1 … 1."""
    where = (round(at_s * SAMPLE_RATE) + np.arange(len(note))) % len(mix)
    angle = (pan + 1) * np.pi / 4
    mix[where, 0] += note * np.cos(angle)
    mix[where, 1] += note * np.sin(angle)


def hall(rng: np.random.Generator) -> NDArray[np.float64]:
    """The answer of a small warm hall to a click, [samples, 2]: noise that fades and darkens."""
    t = np.arange(round(2.4 * SAMPLE_RATE)) / SAMPLE_RATE
    noise = rng.standard_normal((len(t), 2))
    bright, dark = smoothed(noise, 6), smoothed(noise, 40)
    share = np.exp(-t / 0.25)[:, None]
    answer = (share * bright + (1 - share) * dark * 1.2) * np.exp(-t * 6.9 / 1.9)[:, None]
    answer *= np.clip((t - 0.018) / 0.02, 0, 1)[:, None]
    return answer / np.sqrt((answer**2).sum(0))


def smoothed(signal: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Each column averaged over `length` samples."""
    kernel = np.ones(length) / length
    return np.stack([np.convolve(column, kernel, "same") for column in signal.T], axis=1)


def around(signal: NDArray[np.float64], answer: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convolution on a circle, so that the reverb of the end sounds over the beginning."""
    length = len(signal)
    spectrum = np.fft.rfft(signal, axis=0) * np.fft.rfft(answer, length, axis=0)
    return np.fft.irfft(spectrum, length, axis=0)


def without_rumble(signal: NDArray[np.float64], *, below: float) -> NDArray[np.float64]:
    """Nothing much below a frequency in Hz, and the highest octave a little softer."""
    hertz = np.fft.rfftfreq(len(signal), 1 / SAMPLE_RATE)
    gain = (hertz / below) ** 4 / (1 + (hertz / below) ** 4) / np.sqrt(1 + (hertz / 11_000) ** 2)
    return np.fft.irfft(np.fft.rfft(signal, axis=0) * gain[:, None], len(signal), axis=0)


def encode(tune: NDArray[np.float64], out: Path) -> None:
    """Writes AAC at 112 kbit/s, the same bytes each time."""
    pcm = np.rint(tune * 32_767).astype("<i2").tobytes()
    sound = ffmpeg.input("pipe:0", format="s16le", ar=SAMPLE_RATE, ac=2)
    command = sound.output(
        str(out), format="ipod", acodec="aac", movflags="+faststart", **{"b:a": "112k"}, **REPRODUCIBLE
    )
    run(command, what="encode theme.m4a", stdin=(pcm,))


if __name__ == "__main__":
    main()
