"""SAM 3: masks by words. The production segmenter; finds every instance of what the phrase describes.

Wants a GPU for comfort and the weights, whose licence Meta asks each user to accept.
"""

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoTokenizer

# Past the package's front door, which hides this model where torchvision is missing; only its box prompts
# need that, and boxes are crops here.
from transformers.models.sam3.modeling_sam3 import Sam3Model

from models.pretrained import Weights, choose_device, natural_dtype
from models.segmenter import SAM3, Box, SegmenterSpec, cropped_to, require_phrase
from models.square_pictures import SquarePictures, union_mask

SCORE_THRESHOLD = 0.5  # as in the model card
PHRASE_TOKENS = 32  # the text encoder was trained on phrases of so many


class Sam3:
    """Instances that score over one half, united.

    Args:
        weights: a folder, or `repository@revision`.
        device: "auto", "cpu", "cuda" or "cuda:N".
        dtype: None is bfloat16 on a GPU and float32 on a CPU.

    Source: Carion et al., "SAM 3: Segment Anything with Concepts", 2025; transformers `Sam3Processor`.
    """

    def __init__(
        self, weights: str = SAM3.weights_id, *, device: str = "auto", dtype: torch.dtype | None = None
    ) -> None:
        self._weights = Weights.parse(weights)
        self._device = choose_device(device)
        self._dtype = dtype or natural_dtype(self._device)

    @property
    def spec(self) -> SegmenterSpec:
        """The table's entry with the weights in use."""
        return replace(SAM3, weights_id=self._identity)

    def segment(self, image: NDArray[np.uint8], *, phrase: str, box: Box | None) -> NDArray[np.float32]:
        """See `Segmenter.segment`; with a box, the phrase is looked for in it alone."""
        require_phrase(phrase, self.spec.name)
        if box is not None:
            return cropped_to(box, image, lambda part: self._find(part, phrase))
        return self._find(image, phrase)

    def _find(self, image: NDArray[np.uint8], phrase: str) -> NDArray[np.float32]:
        words = self._tokenizer(
            phrase, padding="max_length", max_length=PHRASE_TOKENS, truncation=True, return_tensors="pt"
        )
        pixels = self._pictures.pixel_values(image).to(self._device, self._dtype)
        with torch.inference_mode():
            output = self._model(
                pixel_values=pixels,
                input_ids=words["input_ids"].to(self._device),
                attention_mask=words["attention_mask"].to(self._device),
            )
        scores = output.pred_logits[0].float().sigmoid()
        if output.presence_logits is not None:
            scores = scores * output.presence_logits[0].float().sigmoid()
        masks = output.pred_masks[0][scores > SCORE_THRESHOLD].float().sigmoid()
        return union_mask(masks, height=image.shape[0], width=image.shape[1])

    @cached_property
    def _identity(self) -> str:
        return self._weights.identity

    @cached_property
    def _model(self) -> Any:
        return self._weights.load(Sam3Model, device=self._device, dtype=self._dtype)

    @cached_property
    def _tokenizer(self) -> Any:
        return self._weights.load_part(AutoTokenizer)

    @cached_property
    def _pictures(self) -> SquarePictures:
        return SquarePictures.of(self._weights)
