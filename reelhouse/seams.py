"""Seams: how two neighbouring scenes are joined, and which frames that leaves to copy, blend or pass through.

    cut        the next scene begins
    dissolve   the last frames of one scene blend into the first frames of the next
    continue   the next scene is generated from the exact last frame of the one before; that frame is
               shown once
    bridge     a generated passage leads from the exact last frame of one scene to the exact first frame of
               the next; both ends are shown once, by the scenes they belong to

Frame ranges are half open, counted within a scene's clip.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import TypeAlias

DEFAULT_DISSOLVE_S = Fraction(1, 2)
DEFAULT_BRIDGE_S = Fraction(2)
NO_BRIDGES: Mapping[int, int] = MappingProxyType({})


class SeamKind(StrEnum):
    """The ways to join a scene to the one before it."""

    CUT = "cut"
    DISSOLVE = "dissolve"
    CONTINUE = "continue"
    BRIDGE = "bridge"


@dataclass(frozen=True, slots=True)
class Seam:
    """How a scene is joined to the one before it; a dissolve and a bridge have a duration."""

    kind: SeamKind = SeamKind.CUT
    duration_s: Fraction | None = None

    def __post_init__(self) -> None:
        lasts = self.kind in (SeamKind.DISSOLVE, SeamKind.BRIDGE)
        if lasts != (self.duration_s is not None):
            raise ValueError("a dissolve and a bridge have a duration, and no other seam has one")

    def __str__(self) -> str:
        return f"{self.kind} {float(self.duration_s):g}s" if self.duration_s else str(self.kind)


@dataclass(frozen=True, slots=True)
class Piece:
    """One stretch of the film: frames [start, stop) of scene `scene`, copied as they are."""

    scene: int
    start: int
    stop: int

    @property
    def num_frames(self) -> int:
        """How many frames are copied."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class Blend:
    """A dissolve: `num_frames` frames of scene `scene` from `start` blend into the head of the next scene."""

    scene: int
    start: int
    num_frames: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A bridge: frames [start, stop) of the clip from scene `scene` to the next, copied as they are.

    The clip's first and last frame are the scenes' own and are left out.
    """

    scene: int
    start: int
    stop: int

    @property
    def num_frames(self) -> int:
        """How many frames are copied."""
        return self.stop - self.start


Cut: TypeAlias = Piece | Blend | Passage


def cut_list(
    num_frames: Sequence[int],
    seams: Sequence[Seam],
    frame_rate: Fraction,
    bridges: Mapping[int, int] = NO_BRIDGES,
) -> list[Cut]:
    """The film as pieces and passages to copy and blends to render, in order.

    Args:
        num_frames: frames in each scene's clip.
        seams: one a scene; `seams[i]` joins scene i to scene i - 1, so `seams[0]` must be a cut.
        frame_rate: frames per second of every clip.
        bridges: of each scene with a bridge before it, the frames of the bridge's clip, both ends counted.

    Raises:
        ValueError: the first seam is not a cut, the dissolves at a scene's two ends use it up, or a bridge
            has no frame between its ends.
    """
    if len(num_frames) != len(seams):
        raise ValueError(f"{len(num_frames)} scenes need as many seams, not {len(seams)}")
    if seams and seams[0].kind is not SeamKind.CUT:
        raise ValueError("the first scene has nothing before it to be joined to")
    heads = [_frames_taken_from_head(seam, frame_rate) for seam in seams]
    tails = [_blend_frames(seam, frame_rate) for seam in seams[1:]] + [0]
    film: list[Cut] = []
    for scene, (count, head, tail) in enumerate(zip(num_frames, heads, tails, strict=True)):
        if head + tail >= count:
            raise ValueError(
                f"scene {scene + 1} has {count} frames and its seams take {head + tail}: "
                "make the scene longer or the dissolves shorter"
            )
        if seams[scene].kind is SeamKind.BRIDGE:
            film.append(_passage(scene, bridges[scene]))
        film.append(Piece(scene, head, count - tail))
        if tail:
            film.append(Blend(scene, count - tail, tail))
    return film


def _passage(scene: int, num_frames: int) -> Passage:
    if num_frames < 3:
        raise ValueError(f"a bridge of {num_frames} frames has none between its ends: make it longer")
    return Passage(scene - 1, 1, num_frames - 1)


def _blend_frames(seam: Seam, frame_rate: Fraction) -> int:
    if seam.kind is not SeamKind.DISSOLVE or seam.duration_s is None:
        return 0
    return max(1, round(seam.duration_s * frame_rate))


def _frames_taken_from_head(seam: Seam, frame_rate: Fraction) -> int:
    return 1 if seam.kind is SeamKind.CONTINUE else _blend_frames(seam, frame_rate)
