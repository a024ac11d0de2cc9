"""A cheap look at latents: one linear map from 16 channels to red, green and blue.

The map is fitted to the VAE that is loaded: flat patches of 27 colours are encoded, and the least squares
answer from latents back to colours is kept. It knows flat colour only, so shapes are coarse and tones are
approximate; it costs nothing beside a step.
"""

import itertools

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from numpy.typing import NDArray

from models import wan_vae

_LEVELS = (0, 128, 255)
_PATCH = 32  # pixels
_DAMPING = 1e-3  # 27 colours hardly tell 17 unknowns apart


class LatentPreview:
    """Turns latents into small pictures."""

    def __init__(self, vae: AutoencoderKLWan) -> None:
        colours = list(itertools.product(_LEVELS, repeat=3))
        patches = [np.full((_PATCH, _PATCH, 3), colour, np.uint8) for colour in colours]
        videos = torch.cat([wan_vae.picture_tensor(patch, device=vae.device) for patch in patches])
        latents = wan_vae.encode_video(vae, videos).mean(dim=(2, 3, 4)).double().cpu()
        known = torch.cat((latents, torch.ones(len(colours), 1, dtype=torch.float64)), dim=1)
        wanted = torch.tensor(colours, dtype=torch.float64)
        damping = _DAMPING * torch.eye(known.shape[1], dtype=torch.float64)
        self._map = torch.linalg.solve(known.T @ known + damping, known.T @ wanted).float()

    def picture(self, latents: torch.Tensor, frame: int) -> NDArray[np.uint8]:
        """Return one latent frame of [1, 16, F, H, W] as [H, W, 3] uint8 RGB."""
        channels = latents[0, :, frame].permute(1, 2, 0).float().cpu()
        levels = channels @ self._map[:-1] + self._map[-1]
        return levels.round().clamp(0, 255).to(torch.uint8).numpy()
