"""Blocking: where every subject stands, how large it is, and the exact map of its pixels in every frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.animatic.camera import Floats, View
from models.animatic.canvas import Pixels
from models.animatic.cutout import (
    SHADOW_COLUMNS,
    SHADOW_MARGIN,
    SHADOW_REACH,
    SHADOW_ROWS,
    Sprite,
)
from models.animatic.direction import Direction, Part
from models.animatic.performance import Performance
from models.animatic.stage import composed
from models.animatic.words import Move, Verb

HORIZON = 0.64
_SLOTS = {1: (0.5,), 2: (0.35, 0.67), 3: (0.26, 0.54, 0.79), 4: (0.19, 0.42, 0.63, 0.84)}
_HEIGHTS = {1: 0.52, 2: 0.46, 3: 0.42, 4: 0.38}


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a subject is placed, before it acts.

    Attributes:
        x, y: its feet, or its middle in the air, in units.
        height: its height in units.
        distance: 0 for the nearest; the order in which subjects are painted.
    """

    x: float
    y: float
    height: float
    distance: int

    def box(self, ratio: float, *, centred: bool) -> tuple[float, float, float, float]:
        """What it covers as it moves about its mark: (left, top, right, bottom)."""
        half = self.height * ratio / 2 + 0.04
        bottom = self.y + self.height / 2 if centred else min(self.y, 0.96)
        return (
            self.x - half,
            (self.y - self.height / 2 - 0.09 if centred else self.y - self.height),
            self.x + half,
            bottom,
        )


def place(direction: Direction, sprites: Sequence[Sprite], aspect: float) -> list[Mark]:
    """One mark a part: spread over the frame, later ones behind, held ones by their holders."""
    free = [k for k, part in enumerate(direction.parts) if part.held_by is None]
    slots = _SLOTS[len(free)] if free else ()
    if len(free) == 1 and direction.travels:
        slots = (0.5 - 0.07 * direction.heading,)  # leave room ahead
    marks: dict[int, Mark] = {}
    share = 0.66 if Move.WIDE in direction.moves else 1.0
    for rank, (k, slot) in enumerate(zip(free, slots, strict=True)):
        part, sprite = direction.parts[k], sprites[k]
        limit = aspect * ((0.62 if aspect > 1 else 0.78) if len(free) == 1 else 0.86 / len(free))
        if sprite.sinks:
            height = min(0.80 * share, limit * 1.25 / sprite.ratio)
            marks[k] = Mark(slot * aspect, 1.05 + 0.02 * rank, height, rank)
            continue
        base = _HEIGHTS[len(free)] * share * (1 - 0.07 * rank)
        if part.element in ("air", "deep"):
            base *= 0.86
        height = min(base, limit / sprite.ratio)
        marks[k] = Mark(slot * aspect, _level(part, rank), height, rank)
    ranks = len(free)
    for k, part in enumerate(direction.parts):
        if part.held_by is not None:
            holder = next(j for j, other in enumerate(direction.parts) if other.reference == part.held_by)
            marks[k] = _held(part, marks.get(holder), sprites[k], aspect, ranks + k, share)
    return [marks[k] for k in range(len(direction.parts))]


def _level(part: Part, rank: int) -> float:
    if part.element == "ground":
        return 0.895 - 0.04 * rank
    if part.element == "water":
        return 0.87 - 0.025 * rank
    rising = 0.12 if Verb.RISE in part.verbs else 0.0
    return (0.40 if part.element == "air" else 0.50) + 0.05 * (rank % 2) + rising


def _held(
    part: Part, holder: Mark | None, sprite: Sprite, aspect: float, distance: int, share: float
) -> Mark:
    """A kite flies above and behind; anything else is borne at the holder's side."""
    x, y, tall = (holder.x, holder.y, holder.height) if holder else (aspect / 2, 0.88, 0.5)
    if part.stringed or part.element == "air":
        height = min(0.40 * share, aspect * 0.34 / sprite.ratio)
        side = x - part.heading * 0.24 * aspect
        half = height * sprite.ratio / 2 + 0.03
        return Mark(float(np.clip(side, half, aspect - half)), 0.27, height, distance)
    height = min(0.5 * tall, aspect * 0.3 / sprite.ratio)
    return Mark(x - part.heading * tall * 0.62, y - 0.01, height, distance)


@dataclass(frozen=True, slots=True)
class Actor:
    """One subject in one scene: its sprite, mark, part and performance."""

    sprite: Sprite
    part: Part
    mark: Mark
    show: Performance
    path: Floats  # [F] world x, without the camera
    floats: bool

    def place_at(self, frame: int) -> tuple[float, float, float]:
        """World (x, y) of its foot or middle, and its height, in a frame."""
        near = float(self.show.nearness[frame])
        level = 0.40 if self.floats else HORIZON
        y = level + (self.mark.y - level) * near if not self.sprite.sinks else self.mark.y
        middle = float(self.path[frame])
        return middle, y, self.mark.height * near

    def image(self, frame: int, view: View, height: int) -> tuple[Pixels, Floats]:
        """Its pixels and their map [2, 3] to the frame's."""
        x, y, tall = self.place_at(frame)
        image = self.sprite.level(tall * view.zoom * height)
        rows, columns = image.shape[0] - 2, image.shape[1] - 2
        show, heads = self.show, self.part.heading
        stretch = float(show.stretch[frame])
        across = self._turned(float(show.turn[frame])) * tall * self.sprite.ratio / columns
        up = tall / rows
        angle, lean = float(show.angle[frame]) * heads, float(show.lean[frame]) * heads
        cos, sin = np.cos(angle), np.sin(angle)
        # Stretch, then lean, then rotate; y points down, so a lean to the right shears by minus.
        shape = np.array([[across / stretch**0.5, -lean * up], [0.0, up * stretch]])
        local = np.array([[cos, -sin], [sin, cos]]) @ shape
        pivot = (columns / 2 + 1, rows / 2 + 1 if self.centred else rows + 1)
        raised = float(show.lift[frame]) * (0.6 if self.sprite.sinks else 1.0)
        at = np.array([x, y - raised - (tall / 2 if self.centred and not self.floats else 0.0)])
        matrix = composed(view.matrix(1.0, height), local, tuple(at - local @ pivot))
        if self.sprite.sinks:
            foot = matrix[1] @ (columns / 2, rows, 1)
            matrix[1, 2] += max(0.0, height * 1.04 - foot)
        return image, matrix

    @property
    def centred(self) -> bool:
        """Whether it turns about its middle, not its feet."""
        return self.floats or Verb.ROLL in self.part.verbs

    def shadow(self, frame: int, view: View, height: int) -> tuple[Pixels, Floats, float]:
        """Its shadow's mask, the mask's map to the frame, and how much of it is left at this height."""
        x, y, tall = self.place_at(frame)
        lift = max(float(self.show.lift[frame]), 0.0)
        shrink = 1 - 0.5 * min(lift, 0.6)
        across = self._turned(float(self.show.turn[frame]))
        across = (
            np.copysign(max(abs(across), 0.35), across) * tall * self.sprite.ratio / SHADOW_COLUMNS * shrink
        )
        local = np.array([[across, 0.0], [0.0, tall * SHADOW_REACH / SHADOW_ROWS]])
        pivot = (SHADOW_MARGIN + SHADOW_COLUMNS / 2, SHADOW_MARGIN + 2.0)
        origin = tuple(np.array([x, y - 0.004]) - local @ pivot)
        return (
            self.sprite.shadow,
            composed(view.matrix(1.0, height), local, origin),
            float(np.exp(-4.0 * lift)),
        )

    def tie(self, frame: int, view: View, height: int) -> tuple[float, float]:
        """The pixel where a string is tied to it."""
        image, matrix = self.image(frame, view, height)
        x, y = self.sprite.hold
        point = matrix @ (x * (image.shape[1] - 2) + 0.5, y * (image.shape[0] - 2) + 0.5, 1)
        return float(point[0]), float(point[1])

    def _turned(self, turn: float) -> float:
        """The width left of it when turned about its axis; below 0 it is seen mirrored."""
        mirrored = -1.0 if self.part.may_mirror and self.part.faces != self.part.heading else 1.0
        cos = float(np.cos(turn))
        if not self.part.may_mirror:
            cos = abs(cos)
        return mirrored * float(np.copysign(max(abs(cos), 0.06), cos))


def walk_path(
    part: Part, mark: Mark, show: Performance, scroll: Floats | None, *, aspect: float, width: float
) -> Floats:
    """The world x [F] of a subject: carried along by a following camera, or across a frame that rests."""
    if scroll is not None:
        share = np.linspace(-1, 1, len(show.travel))
        return mark.x + scroll + part.heading * 0.035 * aspect * share
    total = float(show.travel[-1])
    room = max(aspect * 0.78 - width, 0.12)
    scale = min(1.0, room / total) if total > 0 else 1.0
    if not part.verbs[-1].travels:
        start = -total * scale
    elif not part.verbs[0].travels:
        start = -0.2 * total * scale
    else:
        start = -0.5 * total * scale
    return mark.x + part.heading * (start + show.travel * scale)
