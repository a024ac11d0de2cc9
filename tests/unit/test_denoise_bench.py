"""The denoising benchmark counts what it says, and its GPU course runs, slowly, on a CPU."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from models.kernels import Kernels
from models.phantom.guidance import three_passes
from models.phantom.spec import NETWORKS
from models.wan_models import Sizes

from ..bench.denoising import counts
from ..bench.denoising.external import load_external
from ..bench.denoising.race import Course, decode_seconds, matmul_rate, race
from ..bench.denoising.reference import Reference
from ..bench.denoising.workload import TINY, Clip, Workload, flops, random_transformer, twin

CPU, FLOAT32, BFLOAT16 = torch.device("cpu"), torch.float32, torch.bfloat16
BLOCKS, PASSES, TEXTS = TINY.num_layers, 3 * counts.STEPS, 2

# The modules of the official `model.py` under its names; the forward is only as deep as loading it needs.
CHECKOUT = """
import torch
from torch import nn

from .attention import flash_attention


def rope_params(max_seq_len, dim, theta=10000):
    turns = torch.outer(torch.arange(max_seq_len), 1.0 / theta ** (torch.arange(0, dim, 2).float() / dim))
    return torch.polar(torch.ones_like(turns), turns)


class Attention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(dim, dim) for _ in range(4))
        self.norm_q, self.norm_k = Norm(dim), Norm(dim)


class Norm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))


class Block(nn.Module):
    def __init__(self, dim, ffn_dim):
        super().__init__()
        self.self_attn, self.cross_attn = Attention(dim), Attention(dim)
        self.norm3 = nn.LayerNorm(dim)
        self.ffn = nn.Sequential(nn.Linear(dim, ffn_dim), nn.GELU(), nn.Linear(ffn_dim, dim))
        self.modulation = nn.Parameter(torch.randn(1, 6, dim))


class Head(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.head = nn.Linear(dim, 64)
        self.modulation = nn.Parameter(torch.randn(1, 2, dim))


class WanModel(nn.Module):
    def __init__(self, model_type, text_len, dim, ffn_dim, freq_dim, text_dim, num_heads, num_layers,
                 qk_norm, cross_attn_norm):
        super().__init__()
        self.num_heads = num_heads
        self.patch_embedding = nn.Conv3d(16, dim, (1, 2, 2), (1, 2, 2))
        self.text_embedding = nn.Sequential(nn.Linear(text_dim, dim), nn.GELU(), nn.Linear(dim, dim))
        self.time_embedding = nn.Sequential(nn.Linear(freq_dim, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.time_projection = nn.Sequential(nn.SiLU(), nn.Linear(dim, 6 * dim))
        self.blocks = nn.ModuleList(Block(dim, ffn_dim) for _ in range(num_layers))
        self.head = Head(dim)
        self.freqs = torch.zeros(1024, dim // num_heads // 2)

    def forward(self, x, t, context, seq_len):
        (latents,), (text,) = x, context
        rows = self.patch_embedding(latents[None]).flatten(2).transpose(1, 2)
        assert rows.shape[1] == seq_len and text.shape[0] == 512 and t.shape == (1,)
        attn = self.blocks[0].self_attn
        q, k, v = (layer(rows).unflatten(2, (self.num_heads, -1)) for layer in (attn.q, attn.k, attn.v))
        q = torch.view_as_real(torch.view_as_complex(q.unflatten(-1, (-1, 2))) * self.freqs[1]).flatten(-2)
        rows = attn.o(flash_attention(q, k, v, k_lens=None, window_size=(-1, -1)).flatten(2))
        return [self.head.head(rows).mean() + 0 * latents]
"""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
    torch._dynamo.reset()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    file = tmp_path / "checkout" / "wan" / "modules" / "model.py"
    file.parent.mkdir(parents=True)
    file.write_text(CHECKOUT)
    return tmp_path / "checkout"


def course(checkout: Path | None) -> Course:
    return Course(
        clip=Clip(frames=2, references=1, height=4, width=6),
        sizes=TINY,
        device=CPU,
        dtype=BFLOAT16,
        steps=1,
        kernels=Kernels("_native_math", True),
        compiler="eager",
        checkout=checkout,
    )


def test_nothing_is_computed_twice_within_a_step_or_for_a_text() -> None:
    found = counts.step_counts()
    tokens, kept = counts.CLIP.tokens, counts.CLIP.tokens * 3 // 5
    text_bytes = 2 * 512 * TINY.dim * 4
    assert found["reference"] == {
        "DiT block executions": PASSES * BLOCKS,
        "self-attention calls": PASSES * BLOCKS,
        "text K/V projections": PASSES * BLOCKS,
        "bytes of text K/V": PASSES * BLOCKS * text_bytes,
        "text-embedder calls": PASSES,
        "rows of the last feed-forward": PASSES * tokens,
    }
    assert found["ours"] == {
        "DiT block executions": PASSES * BLOCKS,
        "self-attention calls": PASSES * BLOCKS - counts.STEPS,
        "text K/V projections": TEXTS * BLOCKS,
        "bytes of text K/V": TEXTS * BLOCKS * text_bytes,
        "text-embedder calls": TEXTS,
        "rows of the last feed-forward": PASSES * kept,
    }


def test_a_film_encodes_every_text_and_every_picture_once() -> None:
    found = counts.film_counts()
    assert found["text encoder calls"] == found["unique texts"] == 4
    assert found["VAE encodes"] == found["unique pictures"] == 2
    # Two blocks, three steps of three passes, four scenes.
    assert found["DiT block executions"] == 2 * 3 * 3 * 4


def test_predictions_are_the_references_and_savings_change_no_bit() -> None:
    found = counts.differences()
    assert found["parity"] <= 1e-5
    # Its tables are diffusers' own: sinusoid and angles.
    assert 0 < found["exact"] <= 1e-3
    assert all(counts.equalities().values())


def test_the_reference_depends_on_everything_it_is_given() -> None:
    plain, work = Reference(counts.tiny("parity"), FLOAT32), Workload.draw(counts.CLIP, TINY, device=CPU)
    flows = three_passes(plain, work.latents, work.timestep, work.conditions)  # pyright: ignore[reportArgumentType] -- anything that predicts
    assert float((flows.pos_it - flows.pos_i).abs().max()) > 1e-2
    assert float((flows.pos_i - flows.neg)[:, :, : counts.CLIP.frames].abs().max()) > 1e-2
    later = plain(work.latents, torch.tensor(100), work.conditions.prompt)
    assert float((later - plain(work.latents, work.timestep, work.conditions.prompt)).abs().max()) > 1e-2


def test_every_arm_runs_and_only_rounding_separates_them(checkout: Path) -> None:
    raced = race(course(checkout))
    assert list(raced["arms"]) == [
        "reference",
        "external",
        "diffusers eager",
        "+ _native_math",
        "+ compiled blocks",
        "+ shared work",
        "parity mode",
    ]
    assert not raced["left_out"]
    errors = {name: row["error"] for name, row in raced["arms"].items()}
    assert errors["reference"] == 0
    assert errors["+ compiled blocks"] == errors["+ shared work"]
    assert 0 < errors["+ shared work"] < 2e-2
    assert errors["parity mode"] < errors["+ shared work"]
    assert all(row["s_per_step"] > 0 for row in raced["arms"].values())


def test_another_programs_network_gets_our_weights_and_angles_of_its_own_making(checkout: Path) -> None:
    model = counts.tiny("parity")
    external = load_external(checkout, TINY, model, dtype=FLOAT32)
    assert torch.equal(external.network.head.head.weight, model.proj_out.weight)
    assert external.network.freqs[0].real.tolist() == [1.0] * (TINY.dim // TINY.num_heads // 2)
    work = Workload.draw(counts.CLIP, TINY, device=CPU)
    flow = external(work.latents, work.timestep, work.conditions.prompt)
    assert flow.shape == work.latents.shape
    assert flow.abs().min() > 0


def test_a_folder_without_one_network_is_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"one modules/model\.py is wanted under .*, 0 were found"):
        load_external(tmp_path, TINY, counts.tiny("parity"), dtype=FLOAT32)


def test_a_twin_shares_the_memory_of_what_it_holds_alike() -> None:
    model = random_transformer(TINY, device=CPU, mode="exact", dtype=BFLOAT16)
    exact, parity = (twin(model, TINY, mode=mode, dtype=BFLOAT16) for mode in ("exact", "parity"))
    assert (
        exact.proj_out.weight.data_ptr()
        == model.proj_out.weight.data_ptr()
        != parity.proj_out.weight.data_ptr()
    )
    assert torch.equal(parity.proj_out.weight, model.proj_out.weight.float())
    angles, wanted = (dict(each.rope.named_buffers()) for each in (exact, model))
    assert torch.equal(angles["freqs_cos"], wanted["freqs_cos"])
    assert exact.rope is not model.rope


def test_the_floor_is_the_published_flop_count() -> None:
    clip = Clip(frames=21, references=2, height=60, width=104)
    assert clip.tokens == 35_880
    for engine, teraflop in (("phantom-1.3b", 330.6), ("phantom-14b", 1930)):
        network = NETWORKS[engine]
        sizes = Sizes(network.dim, network.ffn_dim, network.num_heads, network.num_layers)
        assert flops(clip, sizes) == pytest.approx(teraflop * 1e12, rel=1e-3)


def test_ceiling_and_decoding_are_timed() -> None:
    assert matmul_rate(CPU, FLOAT32, side=64) > 0
    assert decode_seconds(Clip(frames=1, references=1, height=4, width=4), CPU, base_dim=8) > 0
