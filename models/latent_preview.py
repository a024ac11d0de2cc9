"""Cheap previews: the one linear map from latents to colours that fits a VAE best, found when it is loaded.

No table of constants: the VAE encodes one picture of soft colours, and least squares do the rest. The look is
coarse, one pixel for each latent, and costs next to nothing beside a denoising step.
"""

from collections.abc import Callable

import torch

from models.engine import FrameArray

_SIDE = 128  # pixels of the picture that is encoded
_SOFTNESS = 1e-3  # keeps the map small where random weights leave it undetermined


class LatentPreview:
    """Latents to colours for one VAE.

    Args:
        encode: [1, 3, H, W] float32 in [-1, 1] to latents [C, h, w], scaled as the sampler sees them.
    """

    def __init__(self, encode: Callable[[torch.Tensor], torch.Tensor], *, device: torch.device) -> None:
        draw = torch.Generator().manual_seed(0)
        coarse = torch.rand((1, 3, 8, 8), generator=draw) * 2 - 1
        picture = torch.nn.functional.interpolate(coarse, size=(_SIDE, _SIDE), mode="bilinear").to(device)
        with torch.no_grad():
            latents = encode(picture).float()
        _, height, width = latents.shape
        colours = torch.nn.functional.adaptive_avg_pool2d(picture, (height, width))[0]
        known = _with_one(latents.flatten(1).T.cpu().double())
        squares = known.T @ known + _SOFTNESS * torch.eye(known.shape[1], dtype=torch.float64)
        self._map = torch.linalg.solve(squares, known.T @ colours.flatten(1).T.cpu().double())

    def look(self, latents: torch.Tensor) -> FrameArray:
        """Return the middle frame of latents [C, F, h, w] as [h, w, 3] uint8 RGB."""
        middle = latents[:, latents.shape[1] // 2].detach().float().cpu().double()
        colours = _with_one(middle.flatten(1).T) @ self._map
        levels = ((colours + 1) * 127.5).nan_to_num(0).clamp(0, 255).to(torch.uint8)
        return levels.reshape(*middle.shape[1:], 3).numpy()


def _with_one(rows: torch.Tensor) -> torch.Tensor:
    return torch.cat([rows, torch.ones_like(rows[:, :1])], dim=1)
