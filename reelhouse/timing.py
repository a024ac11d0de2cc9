"""Time in film: exact seconds, frame rates and the frame counts an engine can make.

Durations and rates are `Fraction`; nothing is rounded until a whole number of frames is wanted.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*(ms|s|sec|seconds?|m|min|minutes?)?\s*", re.ASCII)
_WAIT = re.compile(r"\s*(\d{1,5})\s*([smhd])\s*", re.ASCII)
_WAIT_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600}
_UNIT = {"ms": Fraction(1, 1000), "s": Fraction(1), "m": Fraction(60)}


def parse_duration(text: str | int | float) -> Fraction:
    """Seconds from "5s", "0.5 s", "750ms", "2m" or a bare number of seconds.

    Raises:
        ValueError: not a duration, or not longer than zero.
    """
    if isinstance(text, bool):
        raise ValueError(f"a duration such as 5s is wanted, not {text!r}")
    if isinstance(text, int | float):
        text = str(text)
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"a duration such as 5s, 750ms or 1.5s is wanted, not {text!r}")
    unit = match[2] or "s"
    duration = Fraction(match[1]) * _UNIT["ms" if unit == "ms" else unit[0]]
    if duration <= 0:
        raise ValueError("a duration must be longer than zero")
    return duration


def parse_wait(text: object) -> int:
    """Whole seconds from "90s", "30m", "24h" or "3d": how long a person is waited for.

    Raises:
        ValueError: not such a time, or not longer than zero.
    """
    match = _WAIT.fullmatch(text) if isinstance(text, str) else None
    if match is None or not int(match[1]):
        raise ValueError(f"a time such as 30m, 24h or 3d is wanted, not {text!r}")
    return int(match[1]) * _WAIT_UNIT[match[2]]


def parse_frame_rate(text: str | int | float) -> Fraction:
    """Frames per second from 16, 23.976 or "30000/1001".

    Raises:
        ValueError: not a frame rate, or outside 1 … 120.
    """
    if isinstance(text, bool):
        raise ValueError(f"a frame rate such as 16 or 30000/1001 is wanted, not {text!r}")
    try:
        rate = Fraction(str(text))
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"a frame rate such as 16 or 30000/1001 is wanted, not {text!r}") from None
    if not 1 <= rate <= 120:
        raise ValueError(f"a frame rate from 1 to 120 is wanted, not {text}")
    return rate


def timecode(seconds: Fraction) -> str:
    """ "1:05.25" for people; hours only when there are any."""
    hundredths = round(seconds * 100)
    minutes, hundredths = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    tail = f"{hundredths // 100:02d}.{hundredths % 100:02d}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


@dataclass(frozen=True, slots=True)
class FrameCounts:
    """The frame counts an engine can make in one clip: `step` * n + `offset`, within bounds.

    Video VAEs that fold four frames into one latent frame, the first standing alone, make 4n + 1
    (Wan2.1, CogVideoX); an engine with one fixed count has `minimum == maximum`.
    """

    minimum: int
    maximum: int
    step: int = 4
    offset: int = 1

    def __post_init__(self) -> None:
        if not (self.minimum <= self.maximum and self.minimum in self and self.maximum in self):
            raise ValueError(f"the bounds {self.minimum} … {self.maximum} are not counts of the rule")

    def __contains__(self, num_frames: int) -> bool:
        legal = num_frames % self.step == self.offset % self.step
        return legal and self.minimum <= num_frames <= self.maximum

    def possible(self, num_frames: int) -> bool:
        """Whether the rule makes this count, be it longer than any that the engine was trained for."""
        return num_frames % self.step == self.offset % self.step and num_frames >= self.minimum

    def nearest(self, duration: Fraction, frame_rate: Fraction) -> int:
        """The legal count whose length is nearest to `duration`; the longer of two equally near."""
        return min(self.nearest_possible(duration, frame_rate), self.maximum)

    def nearest_possible(self, duration: Fraction, frame_rate: Fraction) -> int:
        """The possible count whose length is nearest to `duration`; the longer of two equally near."""
        n = (duration * frame_rate - self.offset) / self.step + Fraction(1, 2)
        return max(self.step * (n.numerator // n.denominator) + self.offset, self.minimum)
