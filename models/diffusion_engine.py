"""What the diffusion engines share: a folder of weights judged and kept loaded, and sampling as events.

An engine adds its networks and its arithmetic of one step; here are the checks before, the progress, the
previews, and the watch for latents that are no longer numbers. Nothing runs in a second thread: work happens
only while the caller asks for the next event, so closing the generator stops it between two steps.
"""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import torch

from models.checkpoint_folder import Layout, check_folder, count_parameters, weight_files
from models.checkpoint_parts import CheckpointParts
from models.clip_checks import check_request
from models.engine import Conditioning, EngineEvent, FrameArray, Frames, Sampled
from models.latent_preview import LatentPreview
from models.pretrained import choose_device
from models.tiny_marker import is_tiny, spec_with_weights
from models.wan_weights import WeightFile, identity
from reelhouse.capabilities import EngineSpec
from reelhouse.clips import ClipRequest
from reelhouse.errors import EngineError

CPU_PARAMETERS = 100_000_000  # above this a clip on a CPU would take hours


class Networks(Protocol):
    """What an engine keeps loaded between requests."""

    @property
    def preview(self) -> LatentPreview:
        """The map from their latents to colours."""
        ...


class Denoising(Protocol):
    """One clip on its way from noise to frames."""

    @property
    def num_inference_steps(self) -> int:
        """How many steps there are in all."""
        ...

    def advance(self) -> torch.Tensor:
        """Take one step and return the clip it foresees, latents [C, F, h, w]."""
        ...

    def frames(self) -> Iterator[FrameArray]:
        """Yield the frames of the latents as they are now, in order."""
        ...


NetworksT = TypeVar("NetworksT", bound=Networks)


class DiffusionEngine(ABC, Generic[NetworksT]):
    """A checkpoint folder as a video engine.

    Args:
        weights: a folder in diffusers' layout; with a `tiny.json` in it, a tiny checkpoint for trying out.
        device: "auto", "cpu", "cuda" or "cuda:N".

    Raises:
        EngineError: the folder is another model's or not complete, or a full-size model finds no GPU.
    """

    base: ClassVar[EngineSpec]
    layout: ClassVar[Layout]
    conditioning: ClassVar[str] = "reading the prompt"

    def __init__(self, weights: Path, *, device: str = "auto") -> None:
        self._capabilities = spec_with_weights(self.base, weights)
        check_folder(weights, self.layout, engine=self.base.name, tiny=is_tiny(weights))
        self._parts = CheckpointParts(weights, choose_device(device))
        self._loaded: NetworksT | None = None
        size = count_parameters(weights / self.layout.denoiser)
        if device == "auto" and self._parts.device.type == "cpu" and size > CPU_PARAMETERS:
            raise EngineError(
                f"{self.base.name} has {size / 1e9:.1f} billion parameters and needs a GPU, and this machine "
                "has none that torch can use: render on one, or use the engine animatic, which runs on a CPU"
            )

    @property
    def spec(self) -> EngineSpec:
        """What it can make, and the SHA-256 of the weights it makes it with (every file is read once)."""
        return self._described

    @cached_property
    def _described(self) -> EngineSpec:
        folder = self._parts.folder
        files = [
            WeightFile.measure(file) for part in self.layout.weights for file in weight_files(folder / part)
        ]
        return replace(self._capabilities, weights_id=f"{folder.name}@{identity(files)}")

    def generate(self, request: ClipRequest) -> Iterator[EngineEvent]:
        """Yield what is prepared, each step with a preview, and the frames.

        Raises:
            EngineError: the request does not fit, the weights cannot be loaded, or the latents break.
        """
        check_request(self._capabilities, request)
        self.check_pictures(request)
        if self._loaded is None:
            yield Conditioning(f"loading {self.base.title}")
            with self._threads():
                self._loaded = self.load(self._parts)
        yield Conditioning(self.conditioning)
        with self._threads():
            denoising = self.begin(self._loaded, request)
        steps = denoising.num_inference_steps
        for step in range(1, steps + 1):
            with self._threads():
                foreseen = denoising.advance()
            if not bool(torch.isfinite(foreseen).all()):
                raise EngineError(
                    f"scene {request.scene}: the latents of {self.base.name} are no longer numbers after "
                    f"step {step} of {steps}: try another seed or a lower guidance scale, and compare the "
                    "SHA-256 of the weights with their publisher's"
                )
            yield Sampled(step, steps, self._loaded.preview.look(foreseen))
        decoded = denoising.frames()
        while True:
            with self._threads():
                frames = next(decoded, None)
            if frames is None:
                return
            yield Frames(frames)

    @contextmanager
    def _threads(self) -> Iterator[None]:
        """One thread for a tiny model, and the caller's number again after."""
        before = torch.get_num_threads()
        if is_tiny(self._parts.folder):
            # Waiting threads spin: on a busy machine they made a tiny clip twenty times slower.
            torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    def check_pictures(self, request: ClipRequest) -> None:
        """Refuse a request whose pictures cannot be used, before anything is loaded."""
        del request  # an engine of words alone looks at none

    @abstractmethod
    def load(self, parts: CheckpointParts) -> NetworksT:
        """Load all networks; called once."""

    @abstractmethod
    def begin(self, networks: NetworksT, request: ClipRequest) -> Denoising:
        """Encode words and pictures and draw the noise."""


def seeded(seed: int) -> torch.Generator:
    """Return the source of a clip's noise; on the CPU, so that every device draws the same."""
    return torch.Generator("cpu").manual_seed(seed)


def set_steps(scheduler: Any, request: ClipRequest, *, device: torch.device) -> None:
    """Set a diffusers scheduler to the first of the request's `num_inference_steps`."""
    with warnings.catch_warnings():
        # Some of them still turn tensors into arrays in a way that NumPy is about to stop taking.
        warnings.filterwarnings("ignore", message="__array__ implementation", category=DeprecationWarning)
        scheduler.set_timesteps(int(request.parameters["num_inference_steps"]), device=device)


def to_frames(video: torch.Tensor) -> FrameArray:
    """Return [F, H, W, 3] uint8 RGB of frames [F, 3, H, W] in [-1, 1], levels truncated as originally."""
    levels = ((video.float() + 1) / 2 * 255).clamp(0, 255).to(torch.uint8)
    return levels.permute(0, 2, 3, 1).contiguous().cpu().numpy()
