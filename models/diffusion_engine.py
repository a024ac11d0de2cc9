"""What the diffusion engines share: weights loaded once, sampling as events, work that can be resumed.

An engine adds its networks and its arithmetic of one step; here are the checks before, the progress, the
previews, the latents kept on disk, and the watch for latents that are no longer numbers. Sampling happens
only while the caller asks for the next event, so closing the generator stops it between two steps.
"""

import gc
import logging
import threading
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import torch

from models.checkpoint_folder import Layout, check_folder, count_parameters
from models.checkpoints import State, load_state, save_state
from models.clip_checks import check_request
from models.engine import Conditioning, EngineEvent, FrameArray, Frames, MadeWith, Sampled
from models.latent_preview import LatentPreview
from models.loading import LOADING
from models.placement import PlacedNetworks, choose
from models.pretrained import choose_device
from models.tiny_marker import is_tiny
from models.weights_identity import file_digests
from reelhouse.capabilities import ClipShape, EngineSpec
from reelhouse.clips import ClipRequest, Parameter
from reelhouse.errors import EngineError
from reelhouse.memory import Placement

CPU_PARAMETERS = 100_000_000  # above this a clip on a CPU would take hours
CHECKPOINT_EVERY = 5  # steps; what a killed scene has to do again at most
_log = logging.getLogger(__name__)


class Networks(Protocol):
    """What an engine keeps loaded between requests."""

    @property
    def preview(self) -> LatentPreview:
        """The map from their latents to colours."""
        ...

    @property
    def placed(self) -> PlacedNetworks:
        """Where they are."""
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

    def state(self) -> State:
        """Everything that the steps taken so far have changed."""
        ...

    def resume(self, state: State) -> None:
        """Go on as if the steps behind a state had been taken here, to the bit."""
        ...

    def frames(self) -> Iterator[FrameArray]:
        """Yield the frames of the latents as they are now, in order."""
        ...


NetworksT = TypeVar("NetworksT", bound=Networks)


class DiffusionEngine(ABC, Generic[NetworksT]):
    """A folder of weights as a video engine.

    Args:
        weights: the engine's folder; with a `tiny.json` in it, a tiny checkpoint for trying out.
        spec: what it can make with these weights.
        device: "auto", "cpu", "cuda" or "cuda:N".
        compiles: whether blocks may be compiled on a GPU; the first clip then waits minutes for it.

    Raises:
        EngineError: the folder is another model's or not complete, or a full-size model finds no GPU.
    """

    conditioning: ClassVar[str] = "reading the prompt"

    def __init__(
        self, weights: Path, spec: EngineSpec, *, device: str = "auto", compiles: bool = False
    ) -> None:
        self._weights = weights
        self._spec = spec
        self._compiles = compiles
        self._device = choose_device(device)
        self._placing = threading.Lock()
        self._loaded: NetworksT | None = None
        self._variant: object = None
        self._digests: Mapping[str, str] = {}
        size = self.examine()
        if device == "auto" and self._device.type == "cpu" and size > CPU_PARAMETERS:
            raise EngineError(
                f"{spec.name} has {size / 1e9:.1f} billion parameters and needs a GPU, and this machine "
                "has none that torch can use: render on one, or use the engine animatic, which runs on a CPU"
            )

    @property
    def spec(self) -> EngineSpec:
        """What it can make, and the identity of the weights it makes it with."""
        return self._spec

    def prepare(self, request: ClipRequest) -> None:
        """Encode the request's words while another clip is made by this engine; they are kept.

        Nothing is loaded or moved for it: an engine that is not at work prepares nothing.
        """
        with LOADING, self._placing:
            networks = self._loaded
            ready = networks is not None and networks.placed.placement is not None
            if networks is None or not ready or self._variant != self.variant(request.parameters):
                return
            try:
                with self._threads():
                    self.encode_words(networks, request)
            except torch.OutOfMemoryError as error:  # then the clip's own turn is early enough
                _log.info("scene %s: its words are not encoded ahead: %s", request.scene, error)

    def rest(self) -> None:
        """Leave the GPU to another engine; what is loaded stays in the machine's memory."""
        with self._placing:
            if self._loaded is not None:
                self._loaded.placed.rest()

    def generate(self, request: ClipRequest) -> Iterator[EngineEvent]:
        """Yield what is prepared, each step with a preview, and the frames.

        Raises:
            EngineError: the request does not fit, the weights cannot be loaded, the GPU's memory is too
                small, or the latents break.
        """
        check_request(self._spec, request)
        self.check_pictures(request)
        try:
            yield from self._events(request)
        except torch.OutOfMemoryError as error:
            raise EngineError(
                f"scene {request.scene}: {request.num_frames} frames of {request.width}x{request.height} do "
                f"not fit the GPU's memory ({error}); ask for fewer or smaller frames, or a smaller engine"
            ) from error

    def _events(self, request: ClipRequest) -> Iterator[EngineEvent]:
        with self._threads():
            yield from self._stages(request)

    def _stages(self, request: ClipRequest) -> Iterator[EngineEvent]:
        if self._loaded is None or self._variant != self.variant(request.parameters):
            yield Conditioning(f"loading {self._spec.title}")
        networks = self._networks(request)
        with self._placing:
            self._place(networks, request)
        yield MadeWith(
            {
                "device": _device_name(self._device),
                **({"placement": str(networks.placed.placement)} if self._device.type != "cpu" else {}),
                "torch": torch.__version__,
                "weights": self._digests,
                **self.made_with(networks),
            }
        )
        yield Conditioning(self.conditioning)
        with self.denoising(networks, request) as denoising:
            yield from self._sample(networks, denoising, request)
            for frames in denoising.frames():
                yield Frames(frames)

    def _sample(
        self, networks: NetworksT, denoising: Denoising, request: ClipRequest
    ) -> Iterator[EngineEvent]:
        steps = denoising.num_inference_steps
        done = load_state(request.checkpoint, denoising.resume) if request.checkpoint else 0
        for step in range(done + 1, steps + 1):
            foreseen = denoising.advance()
            if not bool(torch.isfinite(foreseen).all()):
                raise EngineError(
                    f"scene {request.scene}: the latents of {self._spec.name} are no longer numbers after "
                    f"step {step} of {steps}: try another seed or a lower guidance scale, and compare the "
                    "SHA-256 of the weights with their publisher's"
                )
            if request.checkpoint and step % CHECKPOINT_EVERY == 0 and step < steps:
                save_state(request.checkpoint, step, denoising.state())
            yield Sampled(step, steps, networks.preview.look(foreseen))

    def _place(self, networks: NetworksT, request: ClipRequest) -> None:
        """Move the networks to where this clip is made fastest."""
        shape = ClipShape(request.num_frames, request.height, request.width, len(request.references))
        footprint = self._spec.cost(shape, request.parameters).footprint
        own_bytes = networks.placed.bytes_on_device
        placement = Placement() if footprint is None else choose(footprint, self._device, own_bytes)
        if placement is None:
            raise EngineError(
                f"scene {request.scene}: {request.num_frames} frames of {request.width}x{request.height} by "
                f"{self._spec.name} do not fit what the GPU has free; reelhouse plan names a smaller way"
            )
        networks.placed.place(placement)

    def _networks(self, request: ClipRequest) -> NetworksT:
        """The networks in the request's variant, loaded if they are not."""
        variant = self.variant(request.parameters)
        with LOADING, self._placing:
            if self._loaded is None or variant != self._variant:
                if self._loaded is not None:  # two of them might not fit
                    self._loaded.placed.rest()
                    self._loaded = None
                    gc.collect()  # hooks on modules hold one another
                self._digests = file_digests(self._weights)
                self._loaded, self._variant = self.load(self._weights, self._device, variant), variant
                _log.info("%s loaded from %s on %s", self._spec.name, self._weights, self._device)
            return self._loaded

    @contextmanager
    def _threads(self) -> Iterator[None]:
        """One thread for a tiny model, and the caller's number again after; torch counts for each thread."""
        before = torch.get_num_threads()
        if is_tiny(self._weights):
            # Waiting threads spin: on a busy machine they made a tiny clip twenty times slower.
            torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    def check_pictures(self, request: ClipRequest) -> None:
        """Refuse a request whose pictures cannot be used, before anything is loaded."""
        del request  # an engine of words alone looks at none

    def variant(self, parameters: Mapping[str, Parameter]) -> object:
        """What of the parameters the loaded networks depend on; another variant is loaded anew."""
        del parameters
        return None

    def made_with(self, networks: NetworksT) -> dict[str, Any]:
        """What else the lineage should know of how a clip is computed."""
        del networks
        return {}

    @abstractmethod
    def examine(self) -> int:
        """Judge the folder without loading it; return how many numbers the denoiser holds.

        Raises:
            EngineError: it is another model's, or not complete.
        """

    @abstractmethod
    def load(self, weights: Path, device: torch.device, variant: object) -> NetworksT:
        """Load all networks on the CPU, to work on `device` once they are placed there."""

    @abstractmethod
    def encode_words(self, networks: NetworksT, request: ClipRequest) -> None:
        """Encode the prompts and keep them; may run in another thread than a clip, so it uses no VAE."""

    @abstractmethod
    def denoising(self, networks: NetworksT, request: ClipRequest) -> AbstractContextManager[Denoising]:
        """Encode words and pictures, those not kept already, and draw the noise."""


def examine_folder(folder: Path, layout: Layout, *, engine: str) -> int:
    """Judge a folder in diffusers' layout; return how many numbers its denoiser holds.

    Raises:
        EngineError: it is another model's, or not complete.
    """
    check_folder(folder, layout, engine=engine, tiny=is_tiny(folder))
    return count_parameters(folder / layout.denoiser)


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


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
