"""Pictures the way the SAM family takes them: squeezed to a square, normalised; and masks back from there.

transformers' own image processors for SAM 2 and SAM 3 need torchvision, whose builds fit one build of torch
each and break the import of transformers where they do not. These few lines need none.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from transformers.image_processing_base import ImageProcessingMixin

from models.pretrained import Weights, explained


@dataclass(frozen=True, slots=True)
class SquarePictures:
    """The preprocessing a checkpoint states in its own `preprocessor_config.json`.

    Attributes:
        side: of the square, in pixels.
        mean, std: of each channel, for values 0 … 1.
    """

    side: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @classmethod
    def of(cls, weights: Weights) -> "SquarePictures":
        """Read what a checkpoint states.

        Raises:
            EngineError: there is no such file, or it states none of this.
        """
        with explained(weights):
            stated: dict[str, Any]
            stated, _ = ImageProcessingMixin.get_image_processor_dict(
                weights.location, revision=weights.revision or "main"
            )
            red, green, blue = stated["image_mean"]
            std_red, std_green, std_blue = stated["image_std"]
            return cls(stated["size"]["height"], (red, green, blue), (std_red, std_green, std_blue))

    def pixel_values(self, image: NDArray[np.uint8]) -> torch.Tensor:
        """Return [1, 3, side, side] float32 of a [H, W, 3] uint8 RGB picture.

        Source: transformers `Sam3ImageProcessor`, `Sam2ImageProcessor`: bilinear resize with antialiasing.
        """
        square = Image.fromarray(image).resize((self.side, self.side), Image.Resampling.BILINEAR)
        values = torch.from_numpy(np.array(square)).permute(2, 0, 1).to(torch.float32) / 255
        mean, std = torch.tensor(self.mean), torch.tensor(self.std)
        return ((values - mean[:, None, None]) / std[:, None, None])[None]


def union_mask(probabilities: torch.Tensor, *, height: int, width: int) -> NDArray[np.float32]:
    """Return [H, W] float32: the likeliest of [N, h, w] masks at each pixel; zeros where N is 0."""
    if not len(probabilities):
        return np.zeros((height, width), np.float32)
    likeliest = probabilities.to(torch.float32).amax(dim=0)
    resized = torch.nn.functional.interpolate(
        likeliest[None, None], size=(height, width), mode="bilinear", align_corners=False
    )
    return resized[0, 0].clamp(0, 1).cpu().numpy()
