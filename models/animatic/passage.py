"""The passage: a clip that leads from one picture to another, as a bridge between two scenes.

The camera sets off in the first picture and comes to rest in the last, at one speed and in one direction, and
in between the last blooms through the first like wet paint. The ends are those pictures to the pixel.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.animatic.camera import ease
from models.animatic.canvas import Pixels
from models.animatic.cutout import read_picture
from models.animatic.direction import direct
from models.animatic.melt import bloom, bloom_order
from models.animatic.slate import lay_slate, make_slate, slate_box
from reelhouse.clips import ClipRequest
from reelhouse.errors import EngineError

_TRAVEL = 0.10  # of the width, that either picture is carried along
_ZOOM = 0.24  # more than twice the travel, so that no edge comes into view
_BLOOM = (0.2, 0.8)  # of the clip, while both pictures are seen


@dataclass(frozen=True, slots=True)
class Passage:
    """Two ends [H, W, 3] uint8 RGB, the same without their slates, and the way between."""

    first: Pixels
    last: Pixels
    leaving: Pixels
    coming: Pixels
    order: NDArray[np.float32]
    slate: Pixels
    heading: float
    num_frames: int

    @classmethod
    def prepare(cls, request: ClipRequest, first_frame: Path, last_frame: Path) -> "Passage":
        """Read both ends; the scene's words say which way the camera heads.

        Raises:
            EngineError: a picture cannot be read or has another size than the clip.
        """
        height, width = request.height, request.width
        slate = make_slate(request.scene, height=height, width=width)
        first, last = (read_end(request, path) for path in (first_frame, last_frame))
        return cls(
            first=first,
            last=last,
            leaving=_without_slate(first, slate),
            coming=_without_slate(last, slate),
            order=bloom_order(
                height, width, (width / height / 2, 0.5), np.random.default_rng([request.seed, 2])
            ),
            slate=slate,
            heading=direct(request).heading,
            num_frames=request.num_frames,
        )

    def frame(self, index: int) -> Pixels:
        """One finished frame, [H, W, 3] uint8 RGB."""
        if index == 0:
            return self.first
        if index == self.num_frames - 1:
            return self.last
        time = index / (self.num_frames - 1)
        gone = float(ease(time))
        begin, end = _BLOOM
        shown = bloom(self.order, (time - begin) / (end - begin))
        old = _moved(self.leaving, gone, -self.heading)
        new = _moved(self.coming, 1 - gone, self.heading)
        frame = cv2.cvtColor(cv2.blendLinear(new, old, shown, 1 - shown), cv2.COLOR_RGB2RGBA)
        lay_slate(frame, self.slate)
        return cv2.cvtColor(frame, cv2.COLOR_RGBA2RGB)


def read_end(request: ClipRequest, path: Path) -> Pixels:
    """A picture the clip starts from or ends on, [H, W, 3] uint8 RGB.

    Raises:
        EngineError: it cannot be read or has another size than the clip.
    """
    picture = cv2.cvtColor(read_picture(path), cv2.COLOR_RGBA2RGB)
    if picture.shape[:2] != (request.height, request.width):
        end = "first" if path == request.first_frame else "last"
        raise EngineError(
            f"scene {request.scene}: the {end} frame is {picture.shape[1]}x{picture.shape[0]}, "
            f"the clip {request.width}x{request.height}; give a frame of the clip's size"
        )
    return picture


def _moved(picture: Pixels, share: float, towards: float) -> Pixels:
    """The picture seen from nearer and from the side; share 0 leaves it as it is."""
    height, width = picture.shape[:2]
    zoom = 1 + _ZOOM * share
    across = (1 - zoom) * width / 2 + towards * _TRAVEL * share * width
    matrix = np.array([[zoom, 0, across], [0, zoom, (1 - zoom) * height / 2]])
    return cv2.warpAffine(
        picture, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def _without_slate(picture: Pixels, slate: Pixels) -> Pixels:
    """The picture with its slate painted over, which would move with the camera under this clip's own."""
    mask = np.zeros(picture.shape[:2], np.uint8)
    rows, columns = slate_box(picture, slate)
    mask[rows, columns] = 255
    return cv2.inpaint(picture, cv2.dilate(mask, np.ones((5, 5), np.uint8)), 3, cv2.INPAINT_TELEA)
