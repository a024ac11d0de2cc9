"""Capabilities: what an engine can make and what it costs, as data, so that a film is planned without it.

Nothing here loads a model; the values are read by the planner on machines that have neither GPU nor weights.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from reelhouse.clips import Parameter
from reelhouse.memory import Footprint, Placement
from reelhouse.timing import FrameCounts
from reelhouse.windows import GIVEN_OVERLAP, LOOSE_OVERLAP


@dataclass(frozen=True, slots=True)
class ClipShape:
    """The numbers of a clip that decide its cost."""

    num_frames: int
    height: int
    width: int
    references: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What expected seconds were learned from.

    Attributes:
        count: how many recorded steps.
        device: what those ran on.
        as_of: when the latest of them was made, ISO 8601.
        formula_s: the seconds by the formula alone.
    """

    count: int
    device: str
    as_of: str
    formula_s: float

    def __str__(self) -> str:
        return f"measured {self.count} times on {self.device}"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one clip is expected to take.

    Attributes:
        tokens: 0 for an engine that is no transformer.
        seconds: of work.
        memory_bytes: in its placement, or with everything in one place.
        footprint: of an engine that wants a GPU.
        placement: the one chosen, where the card is known.
        measured: what `seconds` was learned from; None when it is a formula's.
    """

    tokens: int
    seconds: float
    memory_bytes: int
    footprint: Footprint | None = None
    placement: Placement | None = None
    measured: Measured | None = None

    @property
    def by_formula(self) -> "Cost":
        """The same without anything learned."""
        if self.measured is None:
            return self
        return replace(self, seconds=self.measured.formula_s, measured=None)


@dataclass(frozen=True, slots=True)
class Sizes:
    """The frame sizes an engine takes: those listed, or any even multiple within bounds when none is.

    `listed` holds (width, height) pairs as people write sizes: those an engine was trained for. The
    arithmetic of its network takes any multiple within the bounds.
    """

    listed: tuple[tuple[int, int], ...] = ()
    multiple_of: int = 16
    minimum: int = 64
    maximum: int = 4096

    def allows(self, *, width: int, height: int) -> bool:
        """Whether the engine makes clips of this size."""
        if self.listed:
            return (width, height) in self.listed
        return self.possible(width=width, height=height)

    def possible(self, *, width: int, height: int) -> bool:
        """Whether a clip of this size can be made at all, be it worse than at a listed one."""
        return all(
            side % self.multiple_of == 0 and self.minimum <= side <= self.maximum for side in (width, height)
        )

    def nearest(self, *, width: int, height: int) -> tuple[int, int]:
        """The (width, height) that can be made and is closest to the one wanted."""
        if self.listed:
            return min(self.listed, key=lambda size: abs(size[0] - width) + abs(size[1] - height))
        return self._nearest_side(width), self._nearest_side(height)

    def _nearest_side(self, side: int) -> int:
        whole = round(side / self.multiple_of) * self.multiple_of
        return min(max(whole, self.minimum), self.maximum)

    def __str__(self) -> str:
        if self.listed:
            return " or ".join(f"{width}x{height}" for width, height in self.listed)
        return self.rule

    @property
    def rule(self) -> str:
        """What is possible, for people."""
        return f"sides from {self.minimum} to {self.maximum} in multiples of {self.multiple_of}"


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """One engine, described.

    Attributes:
        name: how a storyboard asks for it.
        title: what it is, in a few words.
        code_version: raised by hand whenever the same request would give other frames.
        weights_id: repository@revision of the weights, or "" for an engine without any.
        licence: SPDX identifier of the weights, or of the code where there are none.
        sizes, frame_counts, frame_rates: what it can make; no rates listed means any.
        references: fewest and most reference images.
        takes_first_frame, takes_last_frame: whether a clip can start from, or end on, a given frame.
        presets: quality ("draft", "standard", "final") → the full parameter set.
        speeds: speed ("exact" first) → what it changes in that set.
        lacking_speeds: speeds that it would have → what they want, for people.
        cost: the expected cost of a clip of a shape under a parameter set.
        needs_gpu: whether it runs on a CPU at all.
        takes_overlap: whether a clip can begin with the last frames of another take (`ClipRequest.overlap`).
        needs_last_frame: whether it makes nothing without a last frame: such an engine makes bridges only.
        smaller: the next smaller engine of its family, named to those whose card is too small.
    """

    name: str
    title: str
    code_version: str
    weights_id: str
    licence: str
    sizes: Sizes
    frame_counts: FrameCounts
    frame_rates: tuple[Fraction, ...]
    references: tuple[int, int]
    takes_first_frame: bool
    takes_last_frame: bool
    presets: Mapping[str, Mapping[str, Parameter]]
    cost: Callable[[ClipShape, Mapping[str, Parameter]], Cost]
    needs_gpu: bool
    takes_overlap: bool = False
    needs_last_frame: bool = False
    speeds: Mapping[str, Mapping[str, Parameter]] = field(default_factory=lambda: {"exact": {}})
    lacking_speeds: Mapping[str, str] = field(default_factory=dict)
    smaller: "EngineSpec | None" = None

    def is_trained_for(self, *, width: int, height: int, num_frames: int, frame_rate: Fraction) -> bool:
        """Whether a clip is one of those it was trained for."""
        return (
            self.sizes.allows(width=width, height=height)
            and num_frames in self.frame_counts
            and self.has_rate(frame_rate)
        )

    @property
    def window_overlap(self) -> int:
        """How many frames two neighbouring clips of a long scene have in common."""
        if self.takes_overlap:
            return GIVEN_OVERLAP
        return 1 if self.takes_first_frame else LOOSE_OVERLAP

    def has_rate(self, frame_rate: Fraction) -> bool:
        """Whether it makes clips of this frame rate."""
        return not self.frame_rates or frame_rate in self.frame_rates
