"""What a performance is: the numbers of one subject in every frame, and one verb's turn in it."""

from dataclasses import dataclass

import numpy as np

from models.animatic.camera import Floats


@dataclass(slots=True)
class Performance:
    """What a subject does in every frame; arrays [F].

    Attributes:
        travel: units covered, in the direction it heads.
        lift: units above where it stands (in the air: above where it hovers).
        nearness: 1 at its place, less further away, more towards the lens.
        angle: radians, clockwise; positive leans the way it heads.
        lean: shear of the upper body, positive the way it heads.
        stretch: height over its own; the width gives way.
        turn: radians about its own upright axis.
        opacity: 0 … 1.
    """

    travel: Floats
    lift: Floats
    nearness: Floats
    angle: Floats
    lean: Floats
    stretch: Floats
    turn: Floats
    opacity: Floats


@dataclass(frozen=True, slots=True)
class Beat:
    """One verb's turn.

    Attributes:
        time: seconds since it began, [F]; negative before.
        share: 0 … 1 of it done, [F].
        presence: 0 … 1 how much of it is on, [F].
        length_s: how long it lasts.
        phase: 0 … 1, where in its rhythm this subject starts.
        airborne: whether there is ground under it.
        first: whether nothing came before it.
    """

    time: Floats
    share: Floats
    presence: Floats
    length_s: float
    phase: float
    airborne: bool
    first: bool

    def wave(self, rate: float, offset: float = 0.0) -> Floats:
        """A sine of `rate` a second."""
        return np.sin(2 * np.pi * (self.time * rate + self.phase + offset))
