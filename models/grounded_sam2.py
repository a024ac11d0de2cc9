"""Grounding DINO and SAM 2: masks by words in two steps, where SAM 3's licence or size does not suit.

The detector finds boxes for the phrase; SAM 2 turns boxes into masks. A box drawn by a person takes the
detector's place.
"""

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoTokenizer
from transformers.models.grounding_dino.image_processing_pil_grounding_dino import (
    GroundingDinoImageProcessorPil,
)
from transformers.models.grounding_dino.modeling_grounding_dino import GroundingDinoForObjectDetection
from transformers.models.sam2.modeling_sam2 import Sam2Model

from models.pretrained import Weights, choose_device, natural_dtype
from models.segmenter import GROUNDED_SAM2, Box, SegmenterSpec, check_box, require_phrase
from models.square_pictures import SquarePictures, union_mask

BOX_THRESHOLD = 0.35  # the paper's demo; 0.25 lets look-alikes in
MAX_BOXES = 8


class GroundedSam2:
    """Boxes that score over the threshold, each masked, united.

    Args:
        detector, masker: for each a folder, or `repository@revision`.
        device: "auto", "cpu", "cuda" or "cuda:N".
        dtype: SAM 2's; None is bfloat16 on a GPU and float32 on a CPU. The detector runs in float32.

    Source: Liu et al., "Grounding DINO", 2023; Ravi et al., "SAM 2", 2024.
    """

    def __init__(
        self, detector: str, masker: str, *, device: str = "auto", dtype: torch.dtype | None = None
    ) -> None:
        self._detector_weights, self._masker_weights = Weights.parse(detector), Weights.parse(masker)
        self._device = choose_device(device)
        self._dtype = dtype or natural_dtype(self._device)

    @property
    def spec(self) -> SegmenterSpec:
        """The table's entry with the weights in use."""
        return replace(GROUNDED_SAM2, weights_id=self._identity)

    def segment(self, image: NDArray[np.uint8], *, phrase: str, box: Box | None) -> NDArray[np.float32]:
        """See `Segmenter.segment`; with a box the phrase is not read."""
        height, width = image.shape[:2]
        if box is not None:
            check_box(box, height=height, width=width)
            return self._mask(image, torch.tensor([box], dtype=torch.float32))
        require_phrase(phrase, self.spec.name)
        boxes = self._detect(image, phrase)
        return self._mask(image, boxes) if len(boxes) else np.zeros((height, width), np.float32)

    def _detect(self, image: NDArray[np.uint8], phrase: str) -> torch.Tensor:
        """Return [N, 4] float32 boxes (left, top, right, bottom) in pixels, the surest first."""
        # The detector was trained on lower-case phrases that end in a full stop.
        text = phrase.lower().rstrip(" .") + "."
        words = self._tokenizer(text, truncation=True, return_tensors="pt").to(self._device)
        pictures = self._pictures(images=image, return_tensors="pt").to(self._device)
        with torch.inference_mode():
            output = self._detector(**pictures, **words)
        scores = output.logits[0].float().sigmoid().amax(dim=-1)
        order = scores.argsort(descending=True)[:MAX_BOXES]
        x, y, w, h = output.pred_boxes[0][order][scores[order] > BOX_THRESHOLD].float().cpu().unbind(-1)
        corners = torch.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], dim=-1).clamp(0, 1)
        return corners * torch.tensor([image.shape[1], image.shape[0]] * 2)

    def _mask(self, image: NDArray[np.uint8], boxes: torch.Tensor) -> NDArray[np.float32]:
        height, width = image.shape[:2]
        pixels = self._squares.pixel_values(image).to(self._device, self._dtype)
        scaled = boxes * (self._squares.side / torch.tensor([width, height] * 2))
        with torch.inference_mode():
            output = self._masker(
                pixel_values=pixels,
                input_boxes=scaled[None].to(self._device, self._dtype),
                multimask_output=False,
            )
        return union_mask(output.pred_masks[0, :, 0].float().sigmoid(), height=height, width=width)

    @cached_property
    def _identity(self) -> str:
        return f"{self._detector_weights.identity}+{self._masker_weights.identity}"

    @cached_property
    def _detector(self) -> Any:
        return self._detector_weights.load(
            GroundingDinoForObjectDetection, device=self._device, dtype=torch.float32
        )

    @cached_property
    def _masker(self) -> Any:
        return self._masker_weights.load(Sam2Model, device=self._device, dtype=self._dtype)

    @cached_property
    def _tokenizer(self) -> Any:
        return self._detector_weights.load_part(AutoTokenizer)

    @cached_property
    def _pictures(self) -> Any:
        return self._detector_weights.load_part(GroundingDinoImageProcessorPil)

    @cached_property
    def _squares(self) -> SquarePictures:
        return SquarePictures.of(self._masker_weights)
