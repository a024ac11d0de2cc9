"""Seams: how two neighbouring scenes are joined, and which frames that leaves to copy or to blend.

    cut        the next scene begins
    dissolve   the last frames of one scene blend into the first frames of the next
    continue   the next scene is generated from the exact last frame of the one before; that frame is
               shown once
    bridge     a generated passage between the exact last and first frames (an engine with first and
               last frame support is needed)

Frame ranges are half open, counted within a scene's clip.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

DEFAULT_DISSOLVE_S = Fraction(1, 2)


class SeamKind(StrEnum):
    """The ways to join a scene to the one before it."""

    CUT = "cut"
    DISSOLVE = "dissolve"
    CONTINUE = "continue"
    BRIDGE = "bridge"


@dataclass(frozen=True, slots=True)
class Seam:
    """How a scene is joined to the one before it; only a dissolve has a duration."""

    kind: SeamKind = SeamKind.CUT
    duration_s: Fraction | None = None

    def __post_init__(self) -> None:
        if (self.kind is SeamKind.DISSOLVE) != (self.duration_s is not None):
            raise ValueError("a dissolve has a duration, and no other seam has one")

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


def cut_list(num_frames: Sequence[int], seams: Sequence[Seam], frame_rate: Fraction) -> list[Piece | Blend]:
    """The film as pieces to copy and blends to render, in order.

    Args:
        num_frames: frames in each scene's clip.
        seams: one a scene; `seams[i]` joins scene i to scene i - 1, so `seams[0]` must be a cut.
        frame_rate: frames per second of every clip.

    Raises:
        ValueError: the first seam is not a cut, or the dissolves at a scene's two ends use it up.
    """
    if len(num_frames) != len(seams):
        raise ValueError(f"{len(num_frames)} scenes need as many seams, not {len(seams)}")
    if seams and seams[0].kind is not SeamKind.CUT:
        raise ValueError("the first scene has nothing before it to be joined to")
    heads = [_frames_taken_from_head(seam, frame_rate) for seam in seams]
    tails = [_blend_frames(seam, frame_rate) for seam in seams[1:]] + [0]
    film: list[Piece | Blend] = []
    for scene, (count, head, tail) in enumerate(zip(num_frames, heads, tails, strict=True)):
        if head + tail >= count:
            raise ValueError(
                f"scene {scene + 1} has {count} frames and its seams take {head + tail}: "
                "make the scene longer or the dissolves shorter"
            )
        film.append(Piece(scene, head, count - tail))
        if tail:
            film.append(Blend(scene, count - tail, tail))
    return film


def _blend_frames(seam: Seam, frame_rate: Fraction) -> int:
    return max(1, round(seam.duration_s * frame_rate)) if seam.duration_s else 0


def _frames_taken_from_head(seam: Seam, frame_rate: Fraction) -> int:
    return 1 if seam.kind is SeamKind.CONTINUE else _blend_frames(seam, frame_rate)
