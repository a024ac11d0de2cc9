"""Exact savings change no bit of what is read, and do save what they say."""

from collections.abc import Iterator

import pytest
import torch
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel

from models.numerics import MODES, Denoiser, Mode, denoiser, parameter_dtype
from models.wan_models import Sizes

FRAMES, HEIGHT, WIDTH = 3, 4, 6  # of the latents; six tokens a frame


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def transformer(mode: Mode, dtype: torch.dtype, *, num_layers: int = 3) -> WanTransformer3DModel:
    torch.manual_seed(0)
    sizes = Sizes(dim=32, ffn_dim=48, num_heads=2, num_layers=num_layers, freq_dim=16, text_dim=8)
    model = WanTransformer3DModel(**sizes.config).eval()
    for name, parameter in model.named_parameters():
        parameter.data = parameter.data.to(parameter_dtype(name, mode, dtype))
    return model


def predictions(predict: Denoiser, references: int) -> torch.Tensor:
    """Two steps of three passes, [6, 16, F + n, H, W]."""
    source = torch.Generator().manual_seed(references)
    shown = torch.randn(1, 16, FRAMES + references, HEIGHT, WIDTH, generator=source)
    hidden = shown.clone()
    hidden[:, :, FRAMES:] = 0
    prompt, negative = torch.randn(2, 1, 512, 8, generator=source)
    passes = [(shown, prompt), (shown, negative), (hidden, negative)]
    return torch.cat(
        [predict(given, step, text) for step in torch.tensor([999, 500]) for given, text in passes]
    )


@pytest.mark.parametrize("references", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("mode", MODES)
def test_leaving_out_unread_frames_changes_no_bit_of_the_others(
    mode: Mode, dtype: torch.dtype, references: int
) -> None:
    model = transformer(mode, dtype)
    with denoiser(model, mode, shares=False) as predict:
        plain = predictions(predict, references)
    for shares in (False, True):
        with denoiser(model, mode, shares=shares, unread_frames=references) as predict:
            saved = predictions(predict, references)
        assert torch.equal(saved[:, :, :FRAMES], plain[:, :, :FRAMES])
        assert not saved[:, :, FRAMES:].any()
    assert plain[:, :, FRAMES:].all()


@pytest.mark.parametrize("mode", MODES)
def test_a_transformer_of_one_block_is_first_and_last_at_once(mode: Mode) -> None:
    model = transformer(mode, torch.bfloat16, num_layers=1)
    found = []
    for shares, unread in ((False, 0), (True, 2)):
        with denoiser(model, mode, shares=shares, unread_frames=unread) as predict:
            found.append(predictions(predict, 2)[:, :, :FRAMES])
    assert torch.equal(*found)


def test_the_last_block_and_the_output_layer_see_the_rows_that_are_read() -> None:
    model = transformer("exact", torch.float32)
    rows: dict[str, int] = {}

    def watch(name: str) -> None:
        def note(_module: object, inputs: tuple[torch.Tensor, ...]) -> None:
            rows[name] = inputs[0].shape[1]

        model.get_submodule(name).register_forward_pre_hook(note)

    for name in ("blocks.1.ffn", "blocks.2.ffn", "blocks.2.attn1.to_q", "blocks.2.attn1.to_k", "proj_out"):
        watch(name)
    with denoiser(model, "exact", unread_frames=2) as predict:
        predictions(predict, 2)
    read, every = FRAMES * 6, (FRAMES + 2) * 6
    assert rows == {
        "blocks.1.ffn": every,
        "blocks.2.ffn": read,
        "blocks.2.attn1.to_q": read,
        "blocks.2.attn1.to_k": every,
        "proj_out": read,
    }


def test_a_text_is_embedded_and_projected_once_and_a_third_text_pushes_out_the_first() -> None:
    model = transformer("exact", torch.float32)
    calls: list[str] = []
    for name in ("condition_embedder.text_embedder", "blocks.1.attn2.to_k", "blocks.2.attn2.to_v"):
        model.get_submodule(name).register_forward_hook(lambda *_, name=name: calls.append(name))
    latents, steps = torch.randn(1, 16, 1, HEIGHT, WIDTH), torch.tensor([999, 500])
    texts = torch.randn(3, 1, 512, 8).unbind()
    counts = []
    with denoiser(model, "exact") as predict:
        for number in (0, 1, 0, 1, 2, 1, 0):
            predict(latents, steps[0], texts[number])
            counts.append(len(calls))
    assert counts == [3, 6, 6, 6, 9, 9, 12]


def test_other_latents_or_another_timestep_are_attended_to_anew() -> None:
    model = transformer("exact", torch.float32)
    latents, others = torch.randn(2, 1, 16, 2, HEIGHT, WIDTH).unbind()
    early, late = torch.tensor([999, 500])
    text = torch.randn(1, 512, 8)
    given = [(latents, early), (latents, late), (others, late), (others, late), (latents, early)]
    with denoiser(model, "exact", shares=False) as predict:
        plain = [predict(*each, text) for each in given]
    with denoiser(model, "exact") as predict:
        assert all(
            torch.equal(predict(*each, text), wanted) for each, wanted in zip(given, plain, strict=True)
        )


def test_a_forward_past_the_denoiser_is_refused() -> None:
    model = transformer("exact", torch.float32)
    with (
        denoiser(model, "exact"),
        pytest.raises(RuntimeError, match="call the denoiser, not its transformer"),
    ):
        model(torch.zeros(1, 16, 1, 4, 4), torch.tensor([5]), torch.zeros(1, 512, 8))
