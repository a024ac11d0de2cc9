"""What the Wan family's clips share: steps that are foretold, frames that are known, LoRAs for speed."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from models.catalog import engine_spec
from models.engine import Frames
from models.flow_reuse import FlowReuse
from models.numerics import Denoiser
from models.phantom import guidance
from models.phantom.engine import PhantomEngine
from models.phantom.guidance import Conditions, Scales
from models.wan.guidance import GuidedFlow
from reelhouse.clips import ClipRequest, Parameter, Reference, Role
from reelhouse.errors import EngineError
from reelhouse.media.takes import TakeWriter

from ..tiny_clips import AnyEngine, ask, frames_of, tiny_engine, tiny_folder

PHANTOM, T2V = "phantom-1.3b", "wan-t2v-1.3b"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("weights")
    for name in (PHANTOM, T2V):
        tiny_folder(name, root)
    return root


@pytest.fixture(scope="module", params=[PHANTOM, T2V])
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def engine(name: str, weights: Path) -> AnyEngine:
    return tiny_engine(name, weights / name)


@pytest.fixture
def request_for(name: str, weights: Path, tmp_path: Path) -> ClipRequest:
    picture = tmp_path / "fox.png"
    Image.new("RGB", (64, 64), (210, 90, 30)).save(picture)
    fox = Reference("fox", Role.SUBJECT, "a red fox", picture, picture)
    return ask(name, weights / name, references=(fox,) if name == PHANTOM else ())


def with_parameters(request: ClipRequest, **changes: Parameter) -> ClipRequest:
    return replace(request, parameters={**request.parameters, **changes})


@pytest.fixture
def predictions(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with every pass of either engine's transformer."""
    passes: list[int] = []
    for kind, method in ((Denoiser, "__call__"), (GuidedFlow, "_predict")):
        real = getattr(kind, method)
        monkeypatch.setattr(
            kind, method, lambda self, *given, real=real: (passes.append(1), real(self, *given))[1]
        )
    return passes


# Steps that are foretold


def constant_drift(latents: torch.Tensor) -> torch.Tensor:
    return 0.5 * latents + 1.0


def steps_of(reuse: FlowReuse, count: int, drift: float) -> tuple[int, list[torch.Tensor]]:
    """Walk latents by a fixed drift; how often the flow was predicted, and every flow."""
    predicted: list[int] = []

    def predict(latents: torch.Tensor) -> torch.Tensor:
        predicted.append(1)
        return constant_drift(latents)

    latents = torch.linspace(-1, 1, 64).reshape(1, 4, 1, 4, 4)
    flows = [reuse.flow(step, latents + drift * step, predict) for step in range(count)]
    return len(predicted), flows


def test_without_a_threshold_every_step_is_predicted() -> None:
    assert steps_of(FlowReuse(0.0, 20), 20, 0.01)[0] == 20


def test_small_changes_are_foretold_until_their_error_adds_up_and_the_ends_never_are() -> None:
    predicted, flows = steps_of(FlowReuse(0.05, 20), 20, 0.01)
    assert 6 <= predicted < 15
    exact = steps_of(FlowReuse(0.0, 20), 20, 0.01)[1]
    assert all(torch.equal(flows[step], exact[step]) for step in (0, 1, 2, 3, 19))
    worst = max(
        float((flow - true).abs().mean() / true.abs().mean()) for flow, true in zip(flows, exact, strict=True)
    )
    assert 0 < worst < 0.05


def test_large_changes_are_all_predicted() -> None:
    assert steps_of(FlowReuse(0.05, 20), 20, 1.0)[0] == 20


def test_a_foretelling_goes_on_from_its_state() -> None:
    whole = steps_of(FlowReuse(0.05, 20), 20, 0.01)
    first = FlowReuse(0.05, 20)
    before, _ = steps_of(first, 9, 0.01)
    second = FlowReuse(0.05, 20)
    second.resume(first.state(), device=torch.device("cpu"))
    predicted: list[int] = []
    latents = torch.linspace(-1, 1, 64).reshape(1, 4, 1, 4, 4)
    for step in range(9, 20):
        flow = second.flow(
            step, latents + 0.01 * step, lambda given: (predicted.append(1), constant_drift(given))[1]
        )
        assert torch.equal(flow, whole[1][step])
    assert before + len(predicted) == whole[0]


def test_a_step_is_skipped_by_all_its_passes_or_by_none(
    engine: AnyEngine, request_for: ClipRequest, predictions: list[int]
) -> None:
    many = with_parameters(request_for, num_inference_steps=12)
    exact = frames_of(list(engine.generate(many)))
    passes = len(predictions) // 12
    assert len(predictions) == 12 * passes
    predictions.clear()
    fast = frames_of(list(engine.generate(with_parameters(many, reuse_threshold=0.5))))
    assert len(predictions) % passes == 0
    assert 3 <= len(predictions) // passes < 12
    assert not np.array_equal(fast, exact)


def test_passes_without_weight_are_not_run(weights: Path, predictions: list[int]) -> None:
    conditions = Conditions(torch.ones(1, 2, 3), torch.zeros(1, 2, 3), torch.ones(1, 16, 1, 2, 2))
    latents = torch.randn(1, 16, 3, 2, 2, generator=torch.Generator().manual_seed(1))

    def denoiser(given: torch.Tensor, timestep: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        return given * (1 + text.mean())

    for scale, passes in ((1.0, 1), (2.0, 2)):
        calls: list[int] = []
        flow = guidance.guided_flow(denoiser, latents, torch.tensor(1), conditions, Scales(scale, scale))  # pyright: ignore[reportArgumentType] -- a stand-in
        assert len(calls) == passes
        three = guidance.three_passes(denoiser, latents, torch.tensor(1), conditions)  # pyright: ignore[reportArgumentType] -- as above
        assert torch.allclose(flow, guidance.combine(three, Scales(scale, scale)), atol=1e-5)


# Frames that are known


@pytest.fixture
def overlap(tmp_path: Path) -> Path:
    """A take of 21 frames that grows lighter."""
    path = tmp_path / "before.mp4"
    with TakeWriter(path, height=64, width=64, frame_rate=Fraction(16)) as writer:
        for level in range(0, 210, 10):
            writer.write(np.full((1, 64, 64, 3), level, np.uint8))
    return path


def test_a_clip_begins_with_the_last_frames_of_the_take_before(
    engine: AnyEngine, request_for: ClipRequest, overlap: Path
) -> None:
    plain = replace(request_for, num_frames=13)
    free = frames_of(list(engine.generate(plain)))
    bound = frames_of(list(engine.generate(replace(plain, overlap=overlap, overlap_frames=9))))
    # A random VAE gives no picture back, but what it decodes of known latents is the same for any prompt.
    other = replace(plain, overlap=overlap, overlap_frames=9, prompt="a cup of tea", seed=99)
    again = frames_of(list(engine.generate(other)))
    assert bound.shape == free.shape
    assert not np.array_equal(bound[:9], free[:9])
    assert np.array_equal(bound[:9], again[:9])
    assert not np.array_equal(bound[9:], again[9:])


def test_what_follows_the_known_frames_follows_from_them(
    engine: AnyEngine, request_for: ClipRequest, overlap: Path, tmp_path: Path
) -> None:
    dark = tmp_path / "dark.mp4"
    with TakeWriter(dark, height=64, width=64, frame_rate=Fraction(16)) as writer:
        writer.write(np.zeros((21, 64, 64, 3), np.uint8))
    plain = replace(request_for, num_frames=13)
    ends = [
        frames_of(list(engine.generate(replace(plain, overlap=take, overlap_frames=9))))[9:]
        for take in (overlap, dark)
    ]
    assert not np.array_equal(ends[0], ends[1])


# LoRAs


def write_lora(folder: Path, name: str, *, layers: str = "transformer.blocks") -> Path:
    """A LoRA of rank 1 for both blocks of the tiny transformer."""
    width = 48
    tensors = {}
    for block in range(2):
        for layer in ("to_q", "to_v"):
            key = f"{layers}.{block}.attn1.{layer}"
            tensors[f"{key}.lora_A.weight"] = torch.full((1, width), 0.1)
            tensors[f"{key}.lora_B.weight"] = torch.full((width, 1), 0.1)
    path = folder / "loras" / f"{name}.safetensors"
    path.parent.mkdir(exist_ok=True)
    save_file(tensors, path)
    return path


@pytest.fixture
def phantom(tmp_path: Path) -> tuple[Path, PhantomEngine]:
    folder = tiny_folder(PHANTOM, tmp_path)
    engine = tiny_engine(PHANTOM, folder)
    assert isinstance(engine, PhantomEngine)
    return folder, engine


@pytest.fixture
def asked(phantom: tuple[Path, PhantomEngine], tmp_path: Path) -> ClipRequest:
    picture = tmp_path / "fox.png"
    Image.new("RGB", (64, 64), (210, 90, 30)).save(picture)
    fox = Reference("fox", Role.SUBJECT, "a red fox", picture, picture)
    return ask(PHANTOM, phantom[0], references=(fox,))


def test_a_lora_changes_the_clip_and_leaves_the_next_one_as_it_was_to_the_bit(
    phantom: tuple[Path, PhantomEngine], asked: ClipRequest
) -> None:
    folder, engine = phantom
    write_lora(folder, "turbo")
    turbo = engine_spec(PHANTOM, folder.parent).speeds["turbo"]
    assert str(turbo["lora"]).startswith("turbo@sha256:")
    before = frames_of(list(engine.generate(asked)))
    quick = frames_of(list(engine.generate(with_parameters(asked, **turbo))))
    after = frames_of(list(engine.generate(asked)))
    assert not np.array_equal(quick, before)
    assert np.array_equal(after, before)
    without = with_parameters(asked, **{**turbo, "lora": ""})
    assert not np.array_equal(quick, frames_of(list(engine.generate(without))))


def test_a_lora_names_itself_in_the_clips_made_with_it_and_in_no_others(
    phantom: tuple[Path, PhantomEngine],
) -> None:
    folder, _ = phantom
    before = engine_spec(PHANTOM, folder.parent)
    assert "turbo" not in before.speeds
    assert "loras/turbo.safetensors" in before.lacking_speeds["turbo"]
    write_lora(folder, "turbo")
    after = engine_spec(PHANTOM, folder.parent)
    assert after.weights_id == before.weights_id
    assert str(after.speeds["turbo"]["lora"]).startswith("turbo@sha256:")
    assert after.speeds["exact"] == before.speeds["exact"]


def test_a_lora_is_put_into_every_network_that_is_loaded(
    phantom: tuple[Path, PhantomEngine], asked: ClipRequest
) -> None:
    folder, engine = phantom
    write_lora(folder, "turbo")
    turbo = with_parameters(asked, **engine_spec(PHANTOM, folder.parent).speeds["turbo"])
    frames_of(list(engine.generate(turbo)))
    official = with_parameters(turbo, numeric_mode="parity")  # other networks, loaded anew
    with_lora = frames_of(list(engine.generate(official)))
    assert not np.array_equal(with_lora, frames_of(list(engine.generate(with_parameters(official, lora="")))))


def test_a_missing_changed_or_foreign_lora_is_refused_with_advice(
    phantom: tuple[Path, PhantomEngine], asked: ClipRequest
) -> None:
    folder, engine = phantom

    def generate(lora: Parameter) -> list[object]:
        events = engine.generate(with_parameters(asked, lora=lora))
        return [event for event in events if isinstance(event, Frames)]

    with pytest.raises(EngineError, match=r"loras/draft\.safetensors is not there: put one"):
        generate("draft")
    write_lora(folder, "turbo")
    with pytest.raises(EngineError, match="not the file that was planned with"):
        generate("turbo@sha256:" + "0" * 64)
    path = write_lora(folder, "turbo", layers="transformer.layers")
    planned = engine_spec(PHANTOM, folder.parent).speeds["turbo"]["lora"]
    with pytest.raises(EngineError, match=r"turbo\.safetensors"):
        generate(planned)
    path.write_bytes(b"no safetensors")
    planned = engine_spec(PHANTOM, folder.parent).speeds["turbo"]["lora"]
    with pytest.raises(EngineError, match=r"cannot be put into phantom-1\.3b"):
        generate(planned)
