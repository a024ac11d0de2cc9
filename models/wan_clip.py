"""One clip of the Wan family from noise to frames: a guided flow and a UniPC step at a time.

What a step predicts is the engine's own; here are the official schedule, the frames that are known already,
the steps that can be foretold, and the decoding. Everything is per clip, so engines hold none of it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan

from models import wan_sampler, wan_vae
from models.checkpoints import State, restore_sampler, sampler_state, to_device
from models.engine import FrameArray
from models.flow_reuse import FlowReuse
from models.latent_preview import LatentPreview
from reelhouse.clips import ClipRequest, Parameter
from reelhouse.errors import EngineError
from reelhouse.media.video import probe, read_frames

Predict: TypeAlias = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A clip before its first step.

    Attributes:
        noise: [1, 16, F, h, w] float32, drawn on the CPU.
        known: [1, 16, k, h, w] latents of the frames that the clip begins with again, or None. At each step
            they are shown to the model with as much noise as the rest has, so that the rest follows them.
    """

    noise: torch.Tensor
    known: torch.Tensor | None = None


class WanClip:
    """Latents [1, 16, F, h, w] float32 on their way.

    Args:
        predict: from latents and timestep to the guided flow, both as the latents.
        parameters: `num_inference_steps`, `flow_shift` and `reuse_threshold` are read.
    """

    def __init__(
        self,
        predict: Predict,
        vae: AutoencoderKLWan,
        start: Start,
        parameters: Mapping[str, Parameter],
        *,
        device: torch.device,
    ) -> None:
        self._predict = predict
        self._vae = vae
        self._device = device
        self._noise = self._latents = start.noise.to(device)
        self._known = None if start.known is None else start.known.to(device)
        self._scheduler = wan_sampler.make_scheduler(float(parameters["flow_shift"]))
        steps = int(parameters["num_inference_steps"])
        self._timesteps = wan_sampler.start(self._scheduler, steps, device=device)
        self._reuse = FlowReuse(float(parameters["reuse_threshold"]), steps)
        self._done = 0

    @property
    def num_inference_steps(self) -> int:
        """How many steps the schedule has."""
        return len(self._timesteps)

    @torch.no_grad()
    def advance(self) -> torch.Tensor:
        """Take one step; return the clean latents [16, F, h, w] that its flow points to."""
        timestep, sigma = self._timesteps[self._done], float(self._scheduler.sigmas[self._done])
        latents = self._with_known(self._latents, sigma)
        flow = self._reuse.flow(self._done, latents, lambda given: self._predict(given, timestep))
        (self._latents,) = self._scheduler.step(flow, timestep, latents, return_dict=False)
        self._done += 1
        return (latents - sigma * flow)[0]

    def state(self) -> State:
        """The latents and what the sampler and the foretelling remember."""
        return {
            "done": self._done,
            "latents": self._latents,
            **sampler_state(self._scheduler),
            **self._reuse.state(),
        }

    def resume(self, state: State) -> None:
        """Go on after the steps behind the state."""
        self._done = state["done"]
        self._latents = to_device(state["latents"], self._device)
        restore_sampler(self._scheduler, state, device=self._device)
        self._reuse.resume(state, device=self._device)

    def frames(self) -> Iterator[FrameArray]:
        """Yield the first frame, then four for each further latent frame, while later ones are decoded."""
        for video in wan_vae.stream_video(self._vae, self._with_known(self._latents, 0.0)):
            yield wan_vae.frames_of(video)

    def _with_known(self, latents: torch.Tensor, sigma: float) -> torch.Tensor:
        """The latents with the known frames in place, noised to `sigma`."""
        if self._known is None:
            return latents
        count = self._known.shape[2]
        noised = (1 - sigma) * self._known + sigma * self._noise[:, :, :count]
        return torch.cat((noised, latents[:, :, count:]), dim=2)


def known_latents(vae: AutoencoderKLWan, request: ClipRequest) -> torch.Tensor | None:
    """Encode the last frames of the take that a clip begins with again: [1, 16, k, h, w], or None."""
    if request.overlap is None:
        return None
    if request.overlap_frames % 4 != 1:
        raise EngineError(
            f"scene {request.scene}: an overlap of 4n + 1 frames is wanted, not {request.overlap_frames}: "
            "the VAE would leave the others out"
        )
    count = probe(request.overlap).num_frames
    frames = np.stack(list(read_frames(request.overlap, count - request.overlap_frames, count)))
    levels = torch.from_numpy(frames).to(vae.device).permute(3, 0, 1, 2)[None]
    return wan_vae.encode_video(vae, (levels.float() / 255 - 0.5) / 0.5)


def preview_of(vae: AutoencoderKLWan) -> LatentPreview:
    """Fit the previews' map to a VAE, wherever that is."""
    return LatentPreview(
        lambda picture: wan_vae.encode_video(vae, picture[:, :, None])[0, :, 0], device=vae.device
    )
