"""Clip requests: everything an engine needs to make one scene's clip, and nothing it does not.

Paths point to local files that stay for the length of the call. The same request and the same weights
give the same frames.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

from reelhouse.errors import InputError

Parameter: TypeAlias = bool | int | float | str
MAX_REFERENCES = 4


class Role(StrEnum):
    """What a reference picture stands for; backgrounds and styles are not cut out."""

    SUBJECT = "subject"
    PRODUCT = "product"
    BACKGROUND = "background"
    STYLE = "style"

    @property
    def is_cut_out(self) -> bool:
        """Whether the picture's own background is removed."""
        return self in (Role.SUBJECT, Role.PRODUCT)


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference image, prepared: the picture itself cut out, and the frame a model is conditioned on.

    Attributes:
        name: the subject's name in the storyboard.
        role: what the picture stands for.
        description: the subject's approved words.
        cutout: RGBA PNG at the picture's own size; alpha is the soft subject mask (255 everywhere for a
            background or style).
        letterboxed: RGB PNG [height, width] of the clip; the cut-out on white, fitted and centred.
    """

    name: str
    role: Role
    description: str
    cutout: Path
    letterboxed: Path


@dataclass(frozen=True, slots=True)
class ClipRequest:
    """One clip to make.

    Attributes:
        scene: the scene's id.
        prompt: the expanded prompt, subject descriptions verbatim.
        negative_prompt: what the clip must not look like.
        action: the scene's own words, before expansion.
        style: the film's style in words, or "".
        camera: the scene's camera in words, or "".
        references: 0 … 4 prepared reference images, in the storyboard's order.
        num_frames, frame_rate, height, width: the clip's shape; pixels and frames per second.
        seed: 0 … 2**63 - 1, derived from film seed, scene and take.
        first_frame, last_frame: RGB PNGs [height, width] the clip must start from or end on.
        parameters: the engine's full, recorded parameter set.
        overlap: a take of the clip's size whose last `overlap_frames` frames this clip begins with again, so
            that one motion runs through both.
        overlap_frames: fewer than num_frames; 0 without `overlap`.
        untrained: whether a size, length or rate that the engine was not trained for is asked on purpose.
        checkpoint: where a half-finished clip is kept and found again, or None; it changes no frame.

    Raises:
        InputError: a shape no engine can make, more than four references, or an overlap that is none.
    """

    scene: str
    prompt: str
    negative_prompt: str
    action: str
    style: str
    camera: str
    references: tuple[Reference, ...]
    num_frames: int
    frame_rate: Fraction
    height: int
    width: int
    seed: int
    first_frame: Path | None
    last_frame: Path | None
    parameters: Mapping[str, Parameter]
    overlap: Path | None = None
    overlap_frames: int = 0
    untrained: bool = False
    checkpoint: Path | None = None

    def __post_init__(self) -> None:
        if self.num_frames < 1 or self.height < 2 or self.width < 2 or self.frame_rate <= 0:
            raise InputError(
                f"scene {self.scene}: a clip needs at least one frame of 2x2 pixels, not "
                f"{self.num_frames} frames of {self.width}x{self.height} at {self.frame_rate} a second"
            )
        if len(self.references) > MAX_REFERENCES:
            raise InputError(
                f"scene {self.scene}: at most {MAX_REFERENCES} reference images are used, "
                f"{len(self.references)} were given"
            )
        if (self.overlap is None) != (self.overlap_frames == 0) or self.overlap_frames >= self.num_frames:
            raise InputError(
                f"scene {self.scene}: a clip of {self.num_frames} frames cannot begin with the last "
                f"{self.overlap_frames} of {self.overlap or 'no take'}"
            )
        if not 0 <= self.seed < 2**63:
            raise InputError(f"scene {self.scene}: a seed from 0 to 2**63 - 1 is wanted, not {self.seed}")
