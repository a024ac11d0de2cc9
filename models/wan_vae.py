"""The Wan VAE as Wan and Phantom use it: pictures to normalised latents, latents to frames, a few at a time.

Always float32; in tiles only where the card is too small for whole frames, since the frames are then others.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from numpy.typing import NDArray


def picture_tensor(picture: NDArray[np.uint8], *, device: torch.device) -> torch.Tensor:
    """Return an RGB picture [H, W, 3] uint8 as a video of one frame, [1, 3, 1, H, W] float32 in [-1, 1]."""
    levels = torch.from_numpy(np.array(picture)).to(device).permute(2, 0, 1)
    return ((levels.float() / 255 - 0.5) / 0.5)[None, :, None]


def statistics(vae: AutoencoderKLWan) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the latents' mean and the reciprocal of their deviation, each [1, 16, 1, 1, 1] float32."""
    mean = torch.tensor(vae.config["latents_mean"], dtype=torch.float32, device=vae.device)
    deviation = torch.tensor(vae.config["latents_std"], dtype=torch.float32, device=vae.device)
    # The official program multiplies by the reciprocal; dividing differs in the last bit.
    return mean.view(1, -1, 1, 1, 1), (1.0 / deviation).view(1, -1, 1, 1, 1)


@torch.no_grad()
def encode_video(vae: AutoencoderKLWan, video: torch.Tensor) -> torch.Tensor:
    """Return normalised latents [1, 16, (F - 1) / 4 + 1, H / 8, W / 8] of a video [1, 3, F, H, W] in [-1, 1].

    The distribution's mode is taken; nothing is drawn.
    """
    mean, reciprocal = statistics(vae)
    (posterior,) = vae.encode(video.to(vae.dtype), return_dict=False)
    return (posterior.mode().float() - mean) * reciprocal


def encode_references(vae: AutoencoderKLWan, pictures: Sequence[NDArray[np.uint8]]) -> torch.Tensor:
    """Return [1, 16, n, H / 8, W / 8]: each RGB picture encoded alone, in order along time.

    Source: Phantom-video/Phantom `phantom_wan/subject2video.py`, `get_vae_latents`.
    """
    frames = [encode_video(vae, picture_tensor(picture, device=vae.device)) for picture in pictures]
    return torch.cat(frames, dim=2)


@torch.no_grad()
def stream_video(vae: AutoencoderKLWan, latents: torch.Tensor) -> Iterator[torch.Tensor]:
    """Yield the decoded video [1, 3, f, H, W] in [-1, 1]: one frame, then four for each further latent frame.

    Bit-equal to decoding at once, if nothing else uses the VAE before the last chunk; what is held does not
    grow with the clip. A VAE with tiling enabled decodes clips larger than a tile at once, tile after tile,
    and the finished frames are held.
    Shapes: latents [1, 16, F, H, W] float32, normalised.
    """
    mean, reciprocal = statistics(vae)
    scaled = (latents / reciprocal + mean).to(vae.dtype)
    if vae.use_tiling:
        video = vae.decode(scaled, return_dict=False)[0].float()
        yield from video.split([1] + [4] * (latents.shape[2] - 1), dim=2)
        return
    hidden = vae.post_quant_conv(scaled)
    vae.clear_cache()
    try:
        for number in range(hidden.shape[2]):
            vae._conv_idx = [0]
            chunk = vae.decoder(
                hidden[:, :, number : number + 1],
                feat_cache=vae._feat_map,
                feat_idx=vae._conv_idx,
                first_chunk=number == 0,
            )
            yield chunk.clamp(-1.0, 1.0).float()
    finally:
        vae.clear_cache()


def frames_of(video: torch.Tensor) -> NDArray[np.uint8]:
    """Return [F, H, W, 3] uint8 RGB of a video [1, 3, F, H, W] in [-1, 1]; levels truncated, as official."""
    levels = ((video[0] + 1) / 2 * 255).clamp(0, 255).to(torch.uint8)
    return levels.permute(1, 2, 3, 0).contiguous().cpu().numpy()
