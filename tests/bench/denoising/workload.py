"""What is denoised, and random weights to do it with: seeded, finite, and built where they are used."""

from dataclasses import dataclass

import torch
from diffusers.models.transformers.transformer_wan import WanRotaryPosEmbed, WanTransformer3DModel
from torch import nn

from models.numerics import Mode, parameter_dtype
from models.phantom.guidance import Conditions
from models.wan_models import Sizes

TINY = Sizes(dim=96, ffn_dim=160, num_heads=3, num_layers=4, freq_dim=32, text_dim=24)


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip's latents: frames of its own, one more for each reference, and their height and width."""

    frames: int
    references: int
    height: int
    width: int

    @property
    def tokens(self) -> int:
        """Rows of one forward."""
        return (self.frames + self.references) * (self.height // 2) * (self.width // 2)


@dataclass(frozen=True, slots=True, eq=False)
class Workload:
    """One step's input.

    Attributes:
        latents: [1, 16, F + n, H, W] float32.
        timestep: [] int64.
    """

    latents: torch.Tensor
    timestep: torch.Tensor
    conditions: Conditions

    @classmethod
    def draw(cls, clip: Clip, sizes: Sizes, *, device: torch.device) -> "Workload":
        """Draw it on the CPU, the same for every device; texts end in zeros, as texts do."""
        source = torch.Generator("cpu").manual_seed(1)
        picture = (1, 16, clip.frames + clip.references, clip.height, clip.width)
        latents = torch.randn(picture, generator=source)
        texts = torch.randn(2, 1, 512, sizes.text_dim, generator=source)
        texts[0, :, 90:] = texts[1, :, 126:] = 0
        prompt, negative = texts.to(device)
        references = torch.randn(latents[:, :, clip.frames :].shape, generator=source)
        conditions = Conditions(prompt, negative, references.to(device))
        return cls(latents.to(device), torch.tensor(937, device=device), conditions)


def random_transformer(
    sizes: Sizes, *, device: torch.device, mode: Mode | None, dtype: torch.dtype, deviation: float = 0.02
) -> WanTransformer3DModel:
    """Build a transformer whose weights are normally distributed, its norms' 1, all rounded to `dtype`.

    Args:
        mode: that it is held in; None keeps every parameter float32, rounded all the same.
        deviation: 0.02 as networks of this size have; tiny ones need more for every layer to matter.
    """
    with torch.device("meta"):
        model = WanTransformer3DModel(**sizes.config)
    source = torch.Generator(device).manual_seed(0)
    for name, parameter in list(model.named_parameters()):
        values = torch.empty(parameter.shape, device=device).normal_(std=deviation, generator=source)
        if "norm" in name and name.endswith("weight"):
            values.fill_(1.0)
        held = torch.float32 if mode is None else parameter_dtype(name, mode, dtype)
        _set(model, name, values.to(dtype).to(held))
    return _with_angles(model, device)


def twin(
    model: WanTransformer3DModel, sizes: Sizes, *, mode: Mode, dtype: torch.dtype
) -> WanTransformer3DModel:
    """Return another transformer on the same weights, held in a mode; equal dtypes share their memory."""
    with torch.device("meta"):
        other = WanTransformer3DModel(**sizes.config)
    for name, parameter in model.named_parameters():
        _set(other, name, parameter.data.to(parameter_dtype(name, mode, dtype)))
    return _with_angles(other, model.patch_embedding.weight.device)


def _set(model: nn.Module, name: str, values: torch.Tensor) -> None:
    owner, _, leaf = name.rpartition(".")
    model.get_submodule(owner).register_parameter(leaf, nn.Parameter(values, requires_grad=False))


def _with_angles(model: WanTransformer3DModel, device: torch.device) -> WanTransformer3DModel:
    settings = model.config
    model.rope = WanRotaryPosEmbed(
        settings["attention_head_dim"], settings["patch_size"], settings["rope_max_seq_len"]
    ).to(device)
    return model.eval()


def flops(clip: Clip, sizes: Sizes) -> float:
    """Floating point operations of one whole forward, as torch's counter counts them to 0.1 %."""
    tokens, dim, text = clip.tokens, sizes.dim, 512
    projections = 12 * tokens * dim**2 + 4 * text * dim**2
    attention = 4 * tokens**2 * dim + 4 * tokens * text * dim
    return float(sizes.num_layers * (projections + attention + 4 * tokens * dim * sizes.ffn_dim))
