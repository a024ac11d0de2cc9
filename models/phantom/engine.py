"""The Phantom engine: prepared reference pictures and a prompt become a clip, in events.

Weights are loaded with the first clip and stay. Embeddings of texts and pictures are kept between clips, so
that a scene made again, or with the same subjects, encodes nothing twice.
"""

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import torch
from PIL import Image

from models import wan_sampler, wan_vae
from models.engine import Conditioning, EngineEvent, Frames, Sampled
from models.expander import DEFAULT_NEGATIVE_PROMPT
from models.numerics import Mode
from models.phantom import guidance
from models.phantom.guidance import Conditions, Scales
from models.phantom.pipeline import PhantomPipeline
from models.phantom.preview import LatentPreview
from models.phantom.spec import NETWORKS, PHANTOM_1_3B
from models.phantom.weights import PhantomWeights
from models.pretrained import choose_device, natural_dtype
from models.reference_images import flatten_on_white, letterbox, upright_rgba
from models.wan_weights import WeightFile, identity
from reelhouse.capabilities import EngineSpec
from reelhouse.clips import ClipRequest, Reference
from reelhouse.errors import EngineError, InputError

_log = logging.getLogger(__name__)
_KEPT = 32  # embeddings; a text's is 4 MB at most
ValueT = TypeVar("ValueT")


class PhantomEngine:
    """Makes clips with Phantom-Wan.

    Args:
        weights: a folder in the official or the diffusers layout.
        device: "auto" wants a GPU; "cpu" is for tiny weights and for the patient.
        mode: the numeric mode.
        spec: which of the two.
    """

    def __init__(
        self, weights: Path, *, device: str = "auto", mode: Mode = "exact", spec: EngineSpec = PHANTOM_1_3B
    ) -> None:
        self._weights = weights
        self._device = device
        self._mode: Mode = mode
        self._spec = spec
        self._network = NETWORKS[spec.name]
        self._texts: RecentlyUsed[torch.Tensor] = RecentlyUsed(_KEPT)
        self._references: RecentlyUsed[torch.Tensor] = RecentlyUsed(_KEPT)

    @property
    def spec(self) -> EngineSpec:
        """What it can make; the numeric mode is part of the code's version, since it changes the frames."""
        return replace(self._spec, code_version=f"{self._spec.code_version}-{self._mode}")

    @cached_property
    def weight_files(self) -> list[WeightFile]:
        """Every file of weights with revision and SHA-256, for the lineage; the first look reads them all.

        Raises:
            EngineError: one is missing or cannot be read.
        """
        return PhantomWeights.find(self._weights, self._network).measure()

    @property
    def weights_id(self) -> str:
        """One name for all files of weights: repository, revision where known, and SHA-256."""
        return f"{self._spec.weights_id}@{identity(self.weight_files)}"

    def generate(self, request: ClipRequest) -> Iterator[EngineEvent]:
        """Yield events; closing the generator stops between two steps.

        Raises:
            InputError: no reference, or more than the engine takes.
            EngineError: no GPU, weights that do not fit, or latents that are no numbers.
        """
        fewest, most = self._spec.references
        if not fewest <= len(request.references) <= most:
            raise InputError(
                f"scene {request.scene}: {self._spec.name} needs {fewest} to {most} reference pictures, "
                f"{len(request.references)} were given"
            )
        try:
            yield from self._events(request)
        except torch.OutOfMemoryError as error:
            raise EngineError(
                f"scene {request.scene}: {request.num_frames} frames of {request.width}x{request.height} do "
                f"not fit the GPU's memory ({error}); ask for fewer or smaller frames, or a smaller engine"
            ) from error

    def _events(self, request: ClipRequest) -> Iterator[EngineEvent]:
        yield Conditioning(f"loading {self._spec.title}")
        pipeline, preview = self._loaded
        yield Conditioning("encoding the text")
        prompt = self._text(pipeline, request.prompt)
        # As in the official program, no negative prompt means its own.
        negative = self._text(pipeline, request.negative_prompt or DEFAULT_NEGATIVE_PROMPT)
        yield Conditioning(f"encoding {len(request.references)} reference pictures")
        pictures = [self._reference(pipeline, reference, request) for reference in request.references]
        conditions = Conditions(prompt, negative, torch.cat(pictures, dim=2))
        yield from self._sample(pipeline, preview, request, conditions)

    def _sample(
        self,
        pipeline: PhantomPipeline,
        preview: LatentPreview,
        request: ClipRequest,
        conditions: Conditions,
    ) -> Iterator[EngineEvent]:
        parameters = request.parameters
        shape = guidance.noise_shape(
            num_frames=request.num_frames,
            height=request.height,
            width=request.width,
            references=len(request.references),
        )
        steps = int(parameters["num_inference_steps"])
        pipeline.scheduler = wan_sampler.make_scheduler(float(parameters["flow_shift"]))
        scales = Scales(float(parameters["guidance_scale_image"]), float(parameters["guidance_scale_text"]))
        latents = guidance.draw_noise(shape, request.seed)
        for step in pipeline.denoise(latents, conditions, scales, steps):
            latents = guidance.without_references(step.latents, conditions.references)
            if not bool(torch.isfinite(latents).all()):
                raise EngineError(
                    f"scene {request.scene}: the latents were no longer numbers after step {step.number} of "
                    f"{steps}; check the weights with `reelhouse parity`, or try the other numeric mode"
                )
            yield Sampled(step.number, steps, preview.picture(latents, latents.shape[2] // 2))
        for chunk in wan_vae.stream_video(pipeline.vae, latents):
            yield Frames(wan_vae.frames_of(chunk))

    @cached_property
    def _loaded(self) -> tuple[PhantomPipeline, LatentPreview]:
        if self._device == "auto" and not torch.cuda.is_available():
            raise EngineError(
                f"{self._spec.name} needs a CUDA GPU and this machine has none; use the animatic engine, or "
                'name the device "cpu" if the weights are tiny'
            )
        device = choose_device(self._device)
        parts = PhantomWeights.find(self._weights, self._network)
        pipeline = parts.load(
            self._network,
            mode=self._mode,
            dtype=natural_dtype(device),
            flow_shift=float(self._spec.presets["standard"]["flow_shift"]),
        )
        pipeline.to(device)
        _log.info("%s loaded from %s on %s in %s mode", self._spec.name, self._weights, device, self._mode)
        return pipeline, LatentPreview(pipeline.vae)

    def _text(self, pipeline: PhantomPipeline, text: str) -> torch.Tensor:
        return self._texts.get(text, lambda: pipeline.encode_prompt(text))

    def _reference(
        self, pipeline: PhantomPipeline, reference: Reference, request: ClipRequest
    ) -> torch.Tensor:
        """The latent of one prepared picture, kept by its bytes and the clip's size."""
        try:
            digest = hashlib.sha256(reference.letterboxed.read_bytes()).hexdigest()
            with Image.open(reference.letterboxed) as opened:
                rgb = flatten_on_white(upright_rgba(opened))
        except OSError as error:
            raise EngineError(
                f"scene {request.scene}: the picture of {reference.name} cannot be read: {error}"
            ) from error
        size = request.height, request.width
        if (rgb.height, rgb.width) != size:
            rgb = letterbox(rgb, height=request.height, width=request.width)
        picture = np.asarray(rgb)
        return self._references.get(
            (digest, *size), lambda: wan_vae.encode_references(pipeline.vae, [picture])
        )


class RecentlyUsed(Generic[ValueT]):
    """The last few results by what they were made from; the least recently used goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[object, ValueT] = OrderedDict()

    def get(self, key: object, make: Callable[[], ValueT]) -> ValueT:
        """Return the kept result, or make and keep it."""
        if key not in self._values:
            self._values[key] = make()
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        self._values.move_to_end(key)
        return self._values[key]
