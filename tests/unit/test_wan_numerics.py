"""Numeric modes come and go without a trace, and the sampler's table is the official one."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel

from models.numerics import MODES, Mode, OfficialTimesteps, denoiser, official_rotary, parameter_dtype
from models.phantom.tiny import write_tiny_checkpoint
from models.wan_models import Sizes
from models.wan_sampler import make_scheduler, official_sigmas, start

SIZES = Sizes(dim=32, ffn_dim=32, num_heads=2, num_layers=2, freq_dim=16, text_dim=8)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def transformer(mode: Mode, dtype: torch.dtype) -> WanTransformer3DModel:
    torch.manual_seed(0)
    model = WanTransformer3DModel(**SIZES.config).eval()
    for name, parameter in model.named_parameters():
        parameter.data = parameter.data.to(parameter_dtype(name, mode, dtype))
    return model


def traces(model: WanTransformer3DModel) -> tuple[object, ...]:
    hooks = sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())
    processors = tuple(id(processor) for processor in model.attn_processors.values())
    buffers = tuple(id(buffer) for _, buffer in model.named_buffers())
    return hooks, processors, buffers, id(model.condition_embedder.timesteps_proj), tuple(model.state_dict())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("mode", MODES)
def test_a_mode_leaves_the_transformer_as_it_found_it_even_after_an_error(
    mode: Mode, dtype: torch.dtype
) -> None:
    model = transformer(mode, dtype)
    before = traces(model)
    latents, timestep = torch.zeros(1, 16, 1, 4, 4), torch.tensor(500)
    with denoiser(model, mode) as predict:
        flow = predict(latents, timestep, torch.zeros(1, 512, 8))
        assert traces(model) != before
        with pytest.raises(RuntimeError):
            predict(latents, timestep, torch.zeros(1, 512, 9))
    assert (flow.dtype, flow.shape) == (torch.float32, latents.shape)
    assert traces(model) == before


def test_the_official_sinusoid_keeps_large_timesteps_to_float32_accuracy() -> None:
    found = OfficialTimesteps(256)(torch.tensor([999, 0]))
    angles = 999 * 10000.0 ** (-np.arange(128) / 128)
    assert np.allclose(found[0].numpy(), np.concatenate([np.cos(angles), np.sin(angles)]), atol=1e-7)
    assert found[1].tolist() == [1.0] * 128 + [0.0] * 128


def test_rotary_angles_are_split_over_time_height_and_width() -> None:
    cosines, sines = official_rotary(128, 64)
    assert cosines.shape == sines.shape == (64, 128)
    # 44 channels for time and 42 each for height and width; every part starts again at one radian a position.
    for first in (0, 44, 86):
        assert cosines[1, first].item() == pytest.approx(np.cos(1.0))
        assert sines[1, first].item() == pytest.approx(np.sin(1.0))
    assert torch.equal(cosines[:, 0::2], cosines[:, 1::2])


@pytest.mark.parametrize("steps", [1, 4, 30, 50])
def test_sigmas_fall_from_the_shifted_top_to_zero(steps: int) -> None:
    scheduler = make_scheduler(5.0)
    timesteps = start(scheduler, steps, device=torch.device("cpu"))
    top = float(np.float32(0.999))
    assert len(official_sigmas(steps)) == len(timesteps) == steps
    assert scheduler.sigmas[0].item() == pytest.approx(5 * top / (1 + 4 * top), abs=1e-7)
    assert scheduler.sigmas[-1] == 0
    assert timesteps.dtype == torch.int64
    assert timesteps[0] == 999
    assert (scheduler.sigmas.diff() < 0).all()


def test_a_tiny_checkpoint_is_the_same_for_the_same_seed_and_draws_from_nobody(tmp_path: Path) -> None:
    state = torch.random.get_rng_state()
    files = [
        (write_tiny_checkpoint(tmp_path / name, seed) / "transformer/diffusion_pytorch_model.safetensors")
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    ]
    first, again, other = (file.read_bytes() for file in files)
    assert first == again
    assert first != other
    assert torch.equal(torch.random.get_rng_state(), state)
