"""The Phantom engine: prepared reference pictures and a prompt become a clip, in events.

Embeddings of texts and pictures are kept between clips, so that a scene made again, or with the same
subjects, encodes nothing twice.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from models import wan_vae
from models.diffusion_engine import DiffusionEngine
from models.expander import DEFAULT_NEGATIVE_PROMPT
from models.kernels import Kernels, Machine, choose_kernels, install
from models.latent_preview import LatentPreview
from models.lora_slot import LoraSlot
from models.numerics import Mode, parse_mode
from models.phantom import guidance
from models.phantom.guidance import Conditions, Scales
from models.phantom.pipeline import PhantomPipeline
from models.phantom.spec import NETWORKS
from models.phantom.weights import PhantomWeights
from models.placement import PlacedNetworks
from models.pretrained import natural_dtype
from models.recently_used import RecentlyUsed
from models.reference_images import flatten_on_white, letterbox, upright_rgba
from models.tiny_marker import is_tiny
from models.wan_clip import Start, WanClip, known_latents, preview_of
from reelhouse.capabilities import EngineSpec
from reelhouse.clips import ClipRequest, Parameter, Reference
from reelhouse.errors import EngineError

_KEPT = 32  # embeddings; a text's is 4 MB at most


@dataclass(frozen=True, slots=True, eq=False)
class PhantomNetworks:
    """The pipeline in one numeric mode, where its parts are, what they run on, and the previews' map."""

    pipeline: PhantomPipeline
    placed: PlacedNetworks
    kernels: Kernels
    lora: LoraSlot
    preview: LatentPreview


class PhantomEngine(DiffusionEngine[PhantomNetworks]):
    """Makes clips with Phantom-Wan, from its official files or a folder in diffusers' layout."""

    conditioning = "reading the prompt and the reference pictures"

    def __init__(
        self, weights: Path, spec: EngineSpec, *, device: str = "auto", compiles: bool = False
    ) -> None:
        self._network = NETWORKS[spec.name]
        super().__init__(weights, spec, device=device, compiles=compiles)
        self._texts: RecentlyUsed[torch.Tensor] = RecentlyUsed(_KEPT)
        self._references: RecentlyUsed[torch.Tensor] = RecentlyUsed(_KEPT)

    def examine(self) -> int:
        """Find the parts in either layout; the size is the published one, or a tiny checkpoint's."""
        PhantomWeights.find(self._weights, self._network)
        return 0 if is_tiny(self._weights) else self._network.parameters

    def variant(self, parameters: Mapping[str, Parameter]) -> Mode:
        """The numeric mode: it decides the dtypes that weights are held in."""
        return parse_mode(str(parameters["numeric_mode"]))

    def load(self, weights: Path, device: torch.device, variant: object) -> PhantomNetworks:
        """Load all parts strictly."""
        dtype = natural_dtype(device)
        pipeline = PhantomWeights.find(weights, self._network).load(
            self._network, mode=parse_mode(str(variant)), dtype=dtype
        )
        kernels = choose_kernels(Machine.on(device, dtype), compiles=self._compiles)
        install(kernels, pipeline.transformer)
        placed = PlacedNetworks(
            denoiser=pipeline.transformer, encoder=pipeline.text_encoder, vae=pipeline.vae, device=device
        )
        lora = LoraSlot(weights, engine=self.spec.name)
        return PhantomNetworks(pipeline, placed, kernels, lora, preview_of(pipeline.vae))

    def made_with(self, networks: PhantomNetworks) -> dict[str, Any]:
        """The numeric mode and the kernels."""
        return {"numeric_mode": networks.pipeline.numeric_mode, "kernels": str(networks.kernels)}

    def encode_words(self, networks: PhantomNetworks, request: ClipRequest) -> None:
        """Keep the embeddings of both prompts."""
        self._texts_of(networks.pipeline, request)

    @contextmanager
    def denoising(self, networks: PhantomNetworks, request: ClipRequest) -> Iterator[WanClip]:
        """Hold the transformer to its numeric mode for the length of the clip."""
        pipeline, parameters = networks.pipeline, request.parameters
        conditions = self._conditions(pipeline, request)
        count = conditions.references.shape[2]
        scales = Scales(float(parameters["guidance_scale_image"]), float(parameters["guidance_scale_text"]))
        networks.lora.hold(pipeline, str(parameters["lora"]))
        # Texts are projected, and rows left out, before a block is run, for which it has to be there.
        offloaded = networks.placed.placement is not None and networks.placed.placement.blocks_offloaded
        unread = 0 if offloaded else count
        with pipeline.denoiser(shares=not offloaded, unread_frames=unread) as denoiser:

            def predict(latents: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
                shown = torch.cat((latents, conditions.references), dim=2)
                flow = guidance.guided_flow(denoiser, shown, timestep, conditions, scales)
                return guidance.without_references(flow, conditions.references)

            yield WanClip(
                predict, pipeline.vae, _start(pipeline, request, count), parameters, device=self._device
            )

    def _conditions(self, pipeline: PhantomPipeline, request: ClipRequest) -> Conditions:
        pictures = [self._reference(pipeline, reference, request) for reference in request.references]
        return Conditions(*self._texts_of(pipeline, request), torch.cat(pictures, dim=2))

    def _texts_of(self, pipeline: PhantomPipeline, request: ClipRequest) -> tuple[torch.Tensor, torch.Tensor]:
        # As in the official program, no negative prompt means its own.
        negative = request.negative_prompt or DEFAULT_NEGATIVE_PROMPT
        return self._text(pipeline, request.prompt), self._text(pipeline, negative)

    def _text(self, pipeline: PhantomPipeline, text: str) -> torch.Tensor:
        return self._texts.get(text, lambda: pipeline.encode_prompt(text))

    def _reference(
        self, pipeline: PhantomPipeline, reference: Reference, request: ClipRequest
    ) -> torch.Tensor:
        """The latent of one prepared picture, kept by its bytes, the clip's size, and whether in tiles."""
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
            (digest, *size, pipeline.vae.use_tiling),
            lambda: wan_vae.encode_references(pipeline.vae, [picture]),
        )


def _start(pipeline: PhantomPipeline, request: ClipRequest, references: int) -> Start:
    """The noise, drawn for the references as well, and the frames that the clip begins with again."""
    shape = guidance.noise_shape(
        num_frames=request.num_frames, height=request.height, width=request.width, references=references
    )
    noise = guidance.draw_noise(shape, request.seed)
    return Start(noise[:, :, : shape[2] - references], known_latents(pipeline.vae, request))
