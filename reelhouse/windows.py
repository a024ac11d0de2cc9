"""Windows: a scene longer than one clip, as clips that overlap.

Each window after the first begins with frames that the one before ends with; where they are joined, those
frames are shown once. Lengths are as equal as the engine's frame counts allow, the longer ones first.
"""

from dataclasses import dataclass
from fractions import Fraction

from reelhouse.timing import FrameCounts

# Five latent frames of a video VAE that folds four frames into one, the first standing alone: enough to carry
# speed and direction of what moves into the next clip, and a fifth of the 81 frames that Wan was trained on.
GIVEN_OVERLAP = 17
# Frames that only melt into each other, as the later clip knows nothing of the earlier: half a second at 16.
LOOSE_OVERLAP = 9


@dataclass(frozen=True, slots=True)
class Windows:
    """The clips of one scene.

    Attributes:
        num_frames: of each clip, in order.
        overlap: how many frames each clip but the first has in common with the one before.

    Raises:
        ValueError: a clip would be nothing but overlap.
    """

    num_frames: tuple[int, ...]
    overlap: int = 0

    def __post_init__(self) -> None:
        if not self.num_frames or min(self.num_frames) <= self.overlap:
            raise ValueError(f"clips of {self.num_frames} frames cannot overlap by {self.overlap}")

    @property
    def total(self) -> int:
        """How many frames the scene has."""
        return sum(self.num_frames) - self.overlap * (len(self.num_frames) - 1)

    @property
    def starts(self) -> tuple[int, ...]:
        """The frame of the scene that each clip begins at."""
        return tuple(sum(self.num_frames[:n]) - n * self.overlap for n in range(len(self.num_frames)))


def lay_windows(duration: Fraction, frame_rate: Fraction, counts: FrameCounts, overlap: int) -> Windows:
    """The windows with a joined length nearest to `duration`; of equally near ones the longer, the fewer.

    With counts of a rule 4n + 1 and an overlap of that rule, the joined clip has 4n + 1 frames as well. An
    engine of one fixed count gives coarser lengths: k clips of n frames, less the overlaps.

    Raises:
        ValueError: the longest clip is no longer than the overlap.
    """
    if counts.maximum <= overlap:
        raise ValueError(f"clips of at most {counts.maximum} frames cannot overlap by {overlap}")
    wanted = duration * frame_rate
    fewest = max(1, int((wanted - overlap) // (counts.maximum - overlap)))
    choices = [_equal(number, wanted, counts, overlap) for number in (fewest, fewest + 1)]
    return min(choices, key=lambda windows: (abs(windows.total - wanted), -windows.total))


def _equal(number: int, wanted: Fraction, counts: FrameCounts, overlap: int) -> Windows:
    """So many windows, together as near to `wanted` frames as they can be."""
    shortest = max(counts.minimum, overlap + 1)
    shortest += (counts.minimum - shortest) % counts.step
    needed = wanted + (number - 1) * overlap - number * shortest
    steps = (needed / counts.step + Fraction(1, 2)).__floor__()
    steps = min(max(steps, 0), number * (counts.maximum - shortest) // counts.step)
    each, longer = divmod(steps, number)
    return Windows(
        tuple(shortest + counts.step * (each + (place < longer)) for place in range(number)),
        overlap if number > 1 else 0,
    )
