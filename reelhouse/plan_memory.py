"""Planning memory: how each take's networks are placed on the card, or what to change so that they fit.

The placement is no part of a step's key: it says where the work is done, not what it is. A take that fits in
no placement is refused with the smallest change that would do, found by trying.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from typing import Any

from reelhouse.capabilities import ClipShape, EngineSpec
from reelhouse.clips import Parameter
from reelhouse.errors import StoryboardError
from reelhouse.memory import (
    COMMON_CARDS,
    GIGABYTE,
    Card,
    Footprint,
    gigabytes,
    needed,
    place,
    placements,
    thriftiest,
)
from reelhouse.stages import Stage
from reelhouse.steps import Step, StepList
from reelhouse.storyboard import Quality, Storyboard

_QUALITIES: tuple[Quality, ...] = ("final", "standard", "draft")


@dataclass(frozen=True, slots=True)
class Wish:
    """A clip that is asked for."""

    engine: EngineSpec
    shape: ClipShape
    frame_rate: Fraction
    quality: Quality
    parameters: Mapping[str, Parameter]

    @property
    def footprint(self) -> Footprint | None:
        """What it needs on a GPU, if it wants one."""
        return self.engine.cost(self.shape, self.parameters).footprint

    def with_presets_of(self, engine: EngineSpec, quality: Quality) -> "Wish":
        """The same clip by an engine at a quality; what the storyboard says besides is kept."""
        before, now = self.engine.presets[self.quality], engine.presets[quality]
        own = {name: value for name, value in self.parameters.items() if value != before.get(name)}
        return replace(self, engine=engine, quality=quality, parameters={**now, **own})

    def fits(self, free_bytes: int) -> bool:
        """Whether some placement of it fits."""
        footprint = self.footprint
        return footprint is None or place(footprint, free_bytes) is not None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a wish: the clip asked for instead, and the words that ask for it."""

    wish: Wish
    advice: str


def place_takes(
    storyboard: Storyboard, card: Card | None, find_engine: Callable[[str], EngineSpec], plan: StepList
) -> None:
    """Give every planned take that wants a GPU its placement; without a card nothing is decided.

    Raises:
        StoryboardError: a take fits in no way; the message names the smallest change that would fit.
    """
    if card is None:
        return
    for step in plan.steps.values():
        if step.stage is Stage.TAKE and step.cost.footprint is not None:
            placement = place(step.cost.footprint, card.free_bytes)
            if placement is None:
                wish = _wish(step, find_engine(str(step.parameters["tool"])), storyboard.quality)
                raise _refusal(storyboard, step, wish, card)
            size_bytes = needed(step.cost.footprint, placement)
            cost = replace(step.cost, placement=placement, memory_bytes=size_bytes)
            plan.steps[step.key] = replace(step, cost=cost)


def smallest_change(wish: Wish, free_bytes: int) -> Change | None:
    """The first change that fits: fewer references, fewer frames, lower quality, a smaller size or engine.

    Of each kind the largest that fits is named. A clip of less than half its length counts as another clip.
    """
    changes = chain(
        _fewer_references(wish),
        _fewer_frames(wish),
        _lower_qualities(wish),
        _smaller_sizes(wish),
        _smaller_engines(wish),
    )
    return next((change for change in changes if change.wish.fits(free_bytes)), None)


def hardest_take(steps: Iterable[Step]) -> tuple[Step, Footprint] | None:
    """The take that needs the largest card, with its footprint; None where none wants a GPU."""
    takes = ((step, step.cost.footprint) for step in steps if step.stage is Stage.TAKE)
    wanting = [(step, footprint) for step, footprint in takes if footprint is not None]
    return max(wanting, key=lambda take: needed(take[1], thriftiest(take[1])), default=None)


def memory_words(footprint: Footprint) -> str:
    """What a clip wants, and the smallest common card that holds it in some way."""
    wanted = f"wants {gigabytes(needed(footprint, placements(footprint)[0]))}"
    for free_bytes in COMMON_CARDS:
        if placement := place(footprint, free_bytes):
            size = f"{free_bytes // GIGABYTE} GB"
            return f"{wanted} with everything on the GPU; a card of {size} holds it: {placement}"
    return f"{wanted}, more than any common card has"


def _wish(step: Step, engine: EngineSpec, quality: Quality) -> Wish:
    asked: Mapping[str, Any] = step.parameters
    shape = ClipShape(asked["num_frames"], asked["height"], asked["width"], len(asked["references"]))
    return Wish(engine, shape, asked["frame_rate"], quality, asked["parameters"])


def _refusal(storyboard: Storyboard, step: Step, wish: Wish, card: Card) -> StoryboardError:
    footprint = wish.footprint
    assert footprint is not None  # noqa: S101 - only such takes are refused
    least = thriftiest(footprint)
    least_bytes = needed(footprint, least)
    change = smallest_change(wish, card.free_bytes)
    # Rounded up, so that a card of that size does hold it.
    larger = f"a GPU with {-(-least_bytes // GIGABYTE)} GB free"
    advice = f"{change.advice}, or use {larger}" if change else f"use {larger}"
    shape = wish.shape
    # A bridge is named "one to another"; no scene's id has a space in it.
    scene = str(step.parameters["scene"]).rpartition(" ")[2]
    index = [each.id for each in storyboard.scenes].index(scene)
    return storyboard.problem(
        ("scenes", index),
        f"{shape.num_frames} frames of {shape.width}x{shape.height} with {_images(shape.references)} "
        f"by {wish.engine.name} want {gigabytes(least_bytes)} of GPU memory at the least ({least}), and "
        f"{card.name} has {gigabytes(card.free_bytes)} free: {advice}",
    )


def _images(count: int) -> str:
    return f"{count} reference image{'s' * (count != 1)}"


def _fewer_references(wish: Wish) -> Iterator[Change]:
    for count in range(wish.shape.references - 1, wish.engine.references[0] - 1, -1):
        fewer = replace(wish, shape=replace(wish.shape, references=count))
        yield Change(fewer, f"give the scene at most {_images(count)}")


def _fewer_frames(wish: Wish) -> Iterator[Change]:
    counts, wanted = wish.engine.frame_counts, wish.shape.num_frames
    for count in range(wanted - 1, wanted // 2, -1):
        if count in counts:
            advice = f"film at most {count} frames at once ({float(count / wish.frame_rate):.2f} s)"
            yield Change(replace(wish, shape=replace(wish.shape, num_frames=count)), advice)


def _lower_qualities(wish: Wish) -> Iterator[Change]:
    for lower in _QUALITIES[_QUALITIES.index(wish.quality) + 1 :]:
        yield Change(wish.with_presets_of(wish.engine, lower), f"say quality: {lower}")


def _smaller_sizes(wish: Wish) -> Iterator[Change]:
    """Listed sizes of the same orientation, the largest first."""
    shape = wish.shape
    lying = shape.width >= shape.height
    listed = [size for size in wish.engine.sizes.listed if (size[0] >= size[1]) == lying]
    for width, height in sorted(listed, key=lambda size: size[0] * size[1], reverse=True):
        if width * height < shape.width * shape.height:
            smaller = replace(shape, width=width, height=height)
            yield Change(replace(wish, shape=smaller), f"say size: {width}x{height} under video")


def _smaller_engines(wish: Wish) -> Iterator[Change]:
    shape, engine = wish.shape, wish.engine.smaller
    while engine is not None:
        fewest, most = engine.references
        makes = engine.is_trained_for(
            width=shape.width,
            height=shape.height,
            num_frames=shape.num_frames,
            frame_rate=wish.frame_rate,
        )
        if makes and fewest <= shape.references <= most:
            yield Change(wish.with_presets_of(engine, wish.quality), f"say engine: {engine.name}")
        engine = engine.smaller
