"""A picture becomes a subject: a clean mask, a cut-out without a halo, and a word of warning where in doubt.

Knows no network: a segmenter, where one is needed, is handed in. The same picture and the same soft mask give
the same bytes.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.cutouts import clean_mask, decontaminated_colours, parts
from models.reference_images import flatten_on_white, upright_rgba
from models.segmenter import Box, Segmenter
from reelhouse.clips import Role
from reelhouse.errors import InputError

MaskMethod: TypeAlias = Literal["auto", "none", "box", "file"]

TRANSPARENT_SHARE = 0.02  # of the picture; less is a rounded corner or a stray pixel, not a cut-out
SMALL_COVERAGE, LARGE_COVERAGE = 0.02, 0.95
MANY_PARTS = 4
UNSURE_SHARE = (
    0.5  # measured: 0.02 … 0.38 on photos with a subject, 0.96 and more on bricks, grass and gravel
)
TOUCHED_SHARE = 0.02  # of a border's length
SAME_SHAPE = 0.02  # relative difference of aspect allowed between a picture and its mask file
WHAT_TO_DO = "draw a box round it, give a mask file, or use the whole picture with `mask: none`"


@dataclass(frozen=True, slots=True)
class MaskedSubject:
    """A subject cut out of its picture, at the picture's own size, turned upright.

    Attributes:
        mask: [H, W] uint8, 255 where the subject is, soft at its edge.
        cutout: [H, W, 4] uint8 RGBA, straight alpha equal to the mask; no colour of the old background in it.
        coverage: share of the picture that is subject, 0 … 1.
        warnings: why the mask may be wrong and what to do, in plain words; empty where it looks right.
    """

    mask: NDArray[np.uint8]
    cutout: NDArray[np.uint8]
    coverage: float
    warnings: tuple[str, ...]


def mask_subject(
    picture: Image.Image,
    *,
    method: MaskMethod,
    role: Role,
    phrase: str,
    box: Box | None = None,
    mask_file: Image.Image | None = None,
    segmenter: Segmenter | None = None,
) -> MaskedSubject:
    """Cut the subject out of its picture.

    "auto" uses the picture's own transparency where it has some, else the segmenter; "box" the segmenter
    within the box; "file" the mask file (white is subject, or its own transparency); "none", and every
    background and style, keeps the whole picture.

    Raises:
        InputError: a box or mask file is missing, unwanted or does not fit, or a segmenter is not given.
        EngineError: the segmenter could not do its work.
    """
    _check_request(method, box, mask_file)
    rgba = upright_rgba(picture)
    colours = np.asarray(flatten_on_white(rgba))
    if method == "none" or not role.is_cut_out:
        return _masked(colours, np.full(colours.shape[:2], 255, np.uint8), ())
    alpha = np.asarray(rgba.getchannel("A"))
    if mask_file is not None:
        mask = _mask_from_file(mask_file, height=rgba.height, width=rgba.width)
        return _masked(decontaminated_colours(colours, mask), mask, _given_mask_doubts(mask))
    if method == "auto" and (alpha < 128).mean() >= TRANSPARENT_SHARE:
        own_colours = np.asarray(rgba)[..., :3]
        return _masked(_own_colours(own_colours, alpha), alpha, _given_mask_doubts(alpha))
    if segmenter is None:
        raise InputError(f"a segmenter is needed to find “{phrase}”; give one, or {WHAT_TO_DO}")
    soft = segmenter.segment(colours, phrase=phrase, box=box) * (alpha / np.float32(255)).astype(np.float32)
    mask = clean_mask(soft, colours)
    return _masked(decontaminated_colours(colours, mask), mask, _found_mask_doubts(mask, soft, phrase))


def _check_request(method: MaskMethod, box: Box | None, mask_file: Image.Image | None) -> None:
    if (box is not None) != (method == "box"):
        raise InputError(
            "a box goes with `mask: box`, and that needs a box: left, top, right, bottom in pixels"
        )
    if (mask_file is not None) != (method == "file"):
        raise InputError("a mask file goes with `mask: file`, and that needs a mask file, white on black")


def _masked(colours: NDArray[np.uint8], mask: NDArray[np.uint8], warnings: tuple[str, ...]) -> MaskedSubject:
    cutout = np.dstack([colours, mask])
    return MaskedSubject(mask, cutout, float(mask.mean(dtype=np.float64) / 255), warnings)


def _own_colours(colours: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Keep a transparent picture's colours, but not the arbitrary ones that lie under full transparency."""
    filled = decontaminated_colours(colours, np.where(alpha > 0, 255, 0).astype(np.uint8))
    return np.where((alpha > 0)[..., None], colours, filled)


def _mask_from_file(mask_file: Image.Image, *, height: int, width: int) -> NDArray[np.uint8]:
    rgba = upright_rgba(mask_file)
    if abs((rgba.width * height) / (rgba.height * width) - 1) > SAME_SHAPE:
        raise InputError(
            f"the mask file is {rgba.width}x{rgba.height} and its picture {width}x{height}; "
            "they must have the same shape, so export the mask from that very picture"
        )
    alpha = rgba.getchannel("A")
    is_transparent = (np.asarray(alpha) < 128).mean() >= TRANSPARENT_SHARE
    mask = alpha if is_transparent else rgba.convert("L")
    return np.asarray(mask.resize((width, height), Image.Resampling.BILINEAR))


def _given_mask_doubts(mask: NDArray[np.uint8]) -> tuple[str, ...]:
    """Doubts about a mask that a person made: only that it is empty, tiny or everything."""
    coverage = mask.mean(dtype=np.float64) / 255
    if not (mask >= 128).any():
        return ("The mask is empty: nothing of the picture is kept. White, or opaque, is what stays.",)
    if coverage < SMALL_COVERAGE:
        return (
            f"The mask keeps only {coverage:.1%} of the picture; crop the picture closer to the subject.",
        )
    if coverage > LARGE_COVERAGE:
        return (f"The mask keeps {coverage:.0%} of the picture; is it the wrong way round, or unfinished?",)
    return ()


def _found_mask_doubts(mask: NDArray[np.uint8], soft: NDArray[np.float32], phrase: str) -> tuple[str, ...]:
    subject = f"“{phrase}”" if phrase else "a subject"
    if not (mask >= 128).any():
        return (f"Nothing was found that looks like {subject}: {WHAT_TO_DO}.",)
    doubts = []
    coverage = mask.mean(dtype=np.float64) / 255
    if coverage < SMALL_COVERAGE:
        doubts.append(f"what was found covers only {coverage:.1%} of the picture")
    if coverage > LARGE_COVERAGE:
        doubts.append(f"what was found covers {coverage:.0%} of the picture, so nothing is cut away")
    if (count := parts(mask)) >= MANY_PARTS:
        doubts.append(f"what was found is in {count} separate parts")
    possible = soft > 0.1
    if np.count_nonzero(possible & (soft < 0.9)) / np.count_nonzero(possible) > UNSURE_SHARE:
        doubts.append("most of what was found is uncertain, half subject and half background")
    if (touched := _touched_borders(mask)) >= 3:
        doubts.append(f"what was found runs off {touched} of the picture's 4 sides")
    if not doubts:
        return ()
    return (f"The mask for {subject} may be wrong: {'; '.join(doubts)}. Look at it, or {WHAT_TO_DO}.",)


def _touched_borders(mask: NDArray[np.uint8]) -> int:
    borders = (mask[0], mask[-1], mask[:, 0], mask[:, -1])
    return sum(int(np.count_nonzero(border >= 128)) > TOUCHED_SHARE * border.size for border in borders)
