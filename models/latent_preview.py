"""Cheap previews: the one linear map from latents to colours that fits a VAE best, found when it is loaded.

No table of constants: the VAE encodes 27 flat colours, and least squares do the rest. The look is coarse, one
pixel for each latent, and costs next to nothing beside a denoising step.
"""

from collections.abc import Callable

import torch

from models.engine import FrameArray

_SIDE = 32  # pixels of each picture that is encoded
_SOFTNESS = 1e-3  # keeps the map small where random weights leave it undetermined


class LatentPreview:
    """Latents to colours for one VAE.

    Args:
        encode: [1, 3, H, W] float32 in [-1, 1] to latents [C, h, w], scaled as the sampler sees them.
    """

    def __init__(self, encode: Callable[[torch.Tensor], torch.Tensor], *, device: torch.device) -> None:
        levels = torch.tensor((-1.0, 0.0, 1.0))
        colours = torch.cartesian_prod(levels, levels, levels)
        with torch.no_grad():
            flat = [
                encode(colour.view(1, 3, 1, 1).expand(-1, -1, _SIDE, _SIDE).to(device)) for colour in colours
            ]
        latents = torch.stack([picture.float().mean(dim=(1, 2)) for picture in flat])
        known = _with_one(latents.cpu().double())
        squares = known.T @ known + _SOFTNESS * torch.eye(known.shape[1], dtype=torch.float64)
        self._map = torch.linalg.solve(squares, known.T @ colours.double())

    def look(self, latents: torch.Tensor) -> FrameArray:
        """Return the middle frame of latents [C, F, h, w] as [h, w, 3] uint8 RGB."""
        middle = latents[:, latents.shape[1] // 2].detach().float().cpu().double()
        colours = _with_one(middle.flatten(1).T) @ self._map
        levels = ((colours + 1) * 127.5).nan_to_num(0).clamp(0, 255).to(torch.uint8)
        return levels.reshape(*middle.shape[1:], 3).numpy()


def _with_one(rows: torch.Tensor) -> torch.Tensor:
    return torch.cat([rows, torch.ones_like(rows[:, :1])], dim=1)
