"""Phantom against the official program's own numbers, and proof that the check catches mistakes.

Tolerances are those of tests/golden/A/README.md, several times what two correct float32 programs differ by.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from models import golden, parity, wan_sampler, wan_vae
from models.numerics import Denoiser, Mode, denoiser
from models.parity import Row, check_golden
from models.parity_rows import relative
from models.phantom import guidance
from models.phantom.guidance import Conditions, Predictions, Scales
from reelhouse.errors import EngineError, InputError

GOLDEN = Path(__file__).parent.parent / "golden" / "A"
Fault: TypeAlias = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden directory without its slow rows, for running it often."""
    folder = tmp_path_factory.mktemp("golden")
    shutil.copytree(GOLDEN, folder, dirs_exist_ok=True)
    for name in ("dit_forward", "loop"):
        tensors = load_file(GOLDEN / f"{name}.safetensors")
        save_file(
            {key: tensor for key, tensor in tensors.items() if "bf16" not in key},
            folder / f"{name}.safetensors",
        )
    config = json.loads((GOLDEN / "config.json").read_text())
    config["scheduler"] = config["scheduler"][:1]
    (folder / "config.json").write_text(json.dumps(config))
    cases = json.loads((GOLDEN / "preprocess" / "cases.json").read_text())
    small = [case | {"large_output_rgb_sha256": {}} for case in cases]
    (folder / "preprocess" / "cases.json").write_text(json.dumps(small))
    return folder


def misses(rows: list[Row]) -> set[str]:
    return {row.name for row in rows if not row.ok}


@pytest.mark.parametrize("mode", ["parity", "exact"])
def test_both_modes_meet_every_golden_tolerance(mode: str) -> None:
    rows = check_golden(GOLDEN, device="cpu", mode=mode)
    assert not [row for row in rows if not row.ok]
    names = {row.name for row in rows}
    for tensor in (
        "dit_forward.output",
        "three_pass.combined_1",
        "scheduler.n50_shift5.closed.samples",
        "vae.decoded_video",
        "loop.final_latents",
        "loop.video",
        "loop.final_latents_bf16_autocast",
        "cpu_noise",
        "preprocess.case2_out_96x64.png",
    ):
        assert tensor in names


@pytest.mark.parametrize(("mode", "nearest", "farthest"), [("parity", 0.0, 3e-3), ("exact", 5e-3, 2e-2)])
def test_in_bfloat16_parity_rounds_where_the_official_program_does(
    mode: Mode, nearest: float, farthest: float
) -> None:
    # It is 4.9e-3 from float32 itself; agreeing with it means being nearer to it than that.
    opened = golden.Golden(GOLDEN, torch.device("cpu"))
    tensors = opened.tensors("dit_forward")
    with denoiser(opened.transformer(mode, torch.bfloat16), mode) as predict:
        latents, text = tensors.batched("latents"), tensors.text("context_1")
        found = torch.cat([predict(latents, timestep, text) for timestep in tensors["timesteps"]])
    wanted = tensors["output_bf16_autocast"]
    assert nearest <= relative("", found, wanted, 0.0).measured <= farthest


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("mode", ["parity", "exact"])
def test_sharing_work_within_a_step_changes_no_bit(mode: Mode, dtype: torch.dtype) -> None:
    opened = golden.Golden(GOLDEN, torch.device("cpu"))
    tensors = opened.tensors("three_pass")
    references = tensors.batched("ref_latents")
    conditions = Conditions(tensors.text("context_pos"), tensors.text("context_neg"), references)
    transformer = opened.transformer(mode, dtype)
    projected: list[int] = []
    for layer in (
        transformer.blocks[0].get_submodule("attn1.to_v"),
        transformer.blocks[1].get_submodule("attn2.to_v"),
    ):
        layer.register_forward_hook(lambda *_: projected.append(1))
    found, counts = [], []
    for shares in (True, False):
        with denoiser(transformer, mode, shares=shares) as predict:
            for timestep in torch.tensor([812, 400]):
                found.append(guidance.three_passes(predict, tensors.batched("noise"), timestep, conditions))
        counts.append(len(projected))
        projected.clear()
    for shared, alone in zip(found[:2], found[2:], strict=True):
        assert torch.equal(shared.pos_it, alone.pos_it)
        assert torch.equal(shared.pos_i, alone.pos_i)
        assert torch.equal(shared.neg, alone.neg)
    # Two steps: the first self-attention twice a step, either text once; without sharing thrice a step each.
    assert counts == [2 * 2 + 2, 2 * 3 + 2 * 3]


def default_sigmas(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(wan_sampler, "official_sigmas", lambda steps: np.linspace(1.0, 0.001, steps + 1)[:-1])


def swapped_scales(patch: pytest.MonkeyPatch) -> None:
    right = guidance.combine
    patch.setattr(
        guidance, "combine", lambda predictions, scales: right(predictions, Scales(scales.text, scales.image))
    )


def references_in_front(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        guidance,
        "with_references",
        lambda latents, references: torch.cat((references, latents[:, :, references.shape[2] :]), dim=2),
    )
    patch.setattr(
        guidance, "without_references", lambda latents, references: latents[:, :, references.shape[2] :]
    )


def negative_pass_keeps_references(patch: pytest.MonkeyPatch) -> None:
    def three_passes(
        denoiser: Denoiser, latents: torch.Tensor, timestep: torch.Tensor, conditions: Conditions
    ) -> Predictions:
        shown = guidance.with_references(latents, conditions.references)
        pos_it = denoiser(shown, timestep, conditions.prompt)
        negative = denoiser(shown, timestep, conditions.negative)
        return Predictions(pos_it, negative, negative)

    patch.setattr(guidance, "three_passes", three_passes)


def text_not_padded(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(golden, "pad_text", lambda embedding: embedding[None])


def text_padded_to_256(patch: pytest.MonkeyPatch) -> None:
    right = guidance.pad_text
    patch.setattr(golden, "pad_text", lambda embedding: right(embedding)[:, : max(256, len(embedding))])


def noise_without_reference_frames(patch: pytest.MonkeyPatch) -> None:
    def draw_noise(shape: tuple[int, ...], seed: int) -> torch.Tensor:
        generator = torch.Generator("cpu").manual_seed(seed)
        clip = torch.randn((*shape[:2], shape[2] - 1, *shape[3:]), generator=generator)
        return torch.cat((clip, torch.zeros_like(clip[:, :, :1])), dim=2)

    patch.setattr(guidance, "draw_noise", draw_noise)


def references_not_normalised(patch: pytest.MonkeyPatch) -> None:
    def statistics(vae: object) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.zeros(1, 16, 1, 1, 1), torch.ones(1, 16, 1, 1, 1)

    patch.setattr(wan_vae, "statistics", statistics)


def wrong_flow_shift(patch: pytest.MonkeyPatch) -> None:
    right = wan_sampler.make_scheduler
    patch.setattr(wan_sampler, "make_scheduler", lambda flow_shift: right(flow_shift - 2))


@pytest.mark.parametrize(
    ("fault", "caught_by"),
    [
        (default_sigmas, {"loop.sigmas", "scheduler.n8_shift5.sigmas", "loop.final_latents", "loop.video"}),
        (swapped_scales, {"three_pass.combined_0", "loop.final_latents", "loop.video"}),
        (references_in_front, {"three_pass.input_with_refs", "three_pass.pos_it", "loop.final_latents"}),
        (negative_pass_keeps_references, {"three_pass.input_zero_refs", "three_pass.neg", "loop.step0_neg"}),
        (text_not_padded, {"dit_forward.output", "three_pass.pos_it", "loop.final_latents"}),
        (text_padded_to_256, {"dit_forward.output", "three_pass.pos_it", "loop.final_latents"}),
        (noise_without_reference_frames, {"loop.noise", "cpu_noise", "loop.final_latents"}),
        (references_not_normalised, {"vae.image_latent", "loop.ref_latents", "loop.final_latents"}),
        (wrong_flow_shift, {"loop.sigmas", "scheduler.n8_shift5.open.samples", "loop.final_latents"}),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_planted_fault_is_caught(
    fault: Fault, caught_by: set[str], short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)
    assert caught_by <= misses(check_golden(short, device="cpu", mode="parity"))


def test_a_loop_with_other_settings_is_read_from_its_config(short: Path, tmp_path: Path) -> None:
    folder = tmp_path / "B"
    shutil.copytree(short, folder)
    config = json.loads((folder / "config.json").read_text())
    alternative = config["loops"]["loop"] | {"s_img": 3.0, "s_txt": 4.5, "steps": 2}
    config["loops"] = {"loop_alt": alternative}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "loop.safetensors").rename(folder / "loop_alt.safetensors")
    failed = misses(check_golden(folder, device="cpu", mode="parity"))
    # The golden numbers are of six steps at other scales, so what depends on either must now be off.
    assert {"loop_alt.timesteps", "loop_alt.latents_after_step", "loop_alt.final_latents"} <= failed
    assert "loop_alt.step0_pos_it" not in failed


def test_a_prediction_that_is_no_number_is_a_miss() -> None:
    assert not parity.Row("x", float("nan"), 1.0, "max abs").ok


def test_a_folder_that_is_no_golden_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is no golden directory: a readable config.json is wanted"):
        check_golden(tmp_path, device="cpu", mode="parity")


def test_a_missing_file_is_named(short: Path, tmp_path: Path) -> None:
    shutil.copytree(short, tmp_path, dirs_exist_ok=True)
    (tmp_path / "three_pass.safetensors").unlink()
    with pytest.raises(InputError, match=r"three_pass\.safetensors is missing"):
        check_golden(tmp_path, device="cpu", mode="parity")


def test_an_unknown_mode_or_device_is_refused() -> None:
    with pytest.raises(InputError, match="no numeric mode 'fast': choose one of parity, exact"):
        check_golden(GOLDEN, device="cpu", mode="fast")
    if not torch.cuda.is_available():
        with pytest.raises(EngineError, match="no CUDA GPU"):
            check_golden(GOLDEN, device="cuda", mode="parity")
