"""The Phantom engine on tiny random weights of the real classes: clips of noise, behaviour of the house."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models import wan_vae
from models.engine import Conditioning, EngineEvent, Frames, MadeWith, Sampled
from models.expander import DEFAULT_NEGATIVE_PROMPT
from models.numerics import Mode
from models.phantom import guidance
from models.phantom.engine import PhantomEngine
from models.phantom.pipeline import PhantomPipeline, clean_prompt
from models.phantom.spec import LARGE, PHANTOM_1_3B, PHANTOM_14B, PRESETS, SMALL
from models.phantom.tiny import write_tiny_checkpoint
from reelhouse.capabilities import ClipShape, Sizes
from reelhouse.clips import ClipRequest, Reference, Role
from reelhouse.errors import EngineError

SPEC = replace(PHANTOM_1_3B, sizes=Sizes(minimum=32))
CPU = torch.device("cpu")
STEPS = 3


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_checkpoint(tmp_path_factory.mktemp("phantom"))


@pytest.fixture(scope="module")
def engine(checkpoint: Path) -> PhantomEngine:
    return PhantomEngine(checkpoint, SPEC, device="cpu")


@pytest.fixture
def ask(tmp_path: Path) -> ClipRequest:
    path = tmp_path / "fox.png"
    Image.new("RGB", (64, 48), (210, 90, 30)).save(path)
    return ClipRequest(
        scene="one",
        prompt="a red fox runs over a hill",
        negative_prompt="",
        action="the fox runs",
        style="",
        camera="",
        references=(Reference("fox", Role.SUBJECT, "a red fox", path, path),),
        num_frames=5,
        frame_rate=Fraction(16),
        height=48,
        width=64,
        seed=7,
        first_frame=None,
        last_frame=None,
        parameters={**PRESETS["draft"], "num_inference_steps": STEPS},
    )


def frames_of(events: Iterator[EngineEvent]) -> np.ndarray:
    return np.concatenate([event.frames for event in events if isinstance(event, Frames)])


def test_events_come_in_order_and_frames_leave_before_all_are_decoded(
    engine: PhantomEngine, ask: ClipRequest
) -> None:
    events = list(engine.generate(replace(ask, num_frames=9)))
    kinds = [type(event) for event in events]
    assert kinds == [Conditioning, MadeWith, Conditioning] + [Sampled] * STEPS + [Frames] * 3
    assert [event.frames.shape for event in events if isinstance(event, Frames)] == [
        (1, 48, 64, 3),
        (4, 48, 64, 3),
        (4, 48, 64, 3),
    ]
    for number, event in enumerate(event for event in events if isinstance(event, Sampled)):
        assert (event.step, event.num_inference_steps) == (number + 1, STEPS)
        assert event.preview is not None
        assert (event.preview.shape, event.preview.dtype) == ((6, 8, 3), np.uint8)


@pytest.mark.parametrize("mode", ["exact", "parity"])
def test_the_same_request_gives_the_same_frames_in_a_fresh_engine(
    checkpoint: Path, ask: ClipRequest, mode: Mode
) -> None:
    ask = replace(ask, parameters={**ask.parameters, "numeric_mode": mode})
    made = [frames_of(PhantomEngine(checkpoint, SPEC, device="cpu").generate(ask)) for _ in range(2)]
    assert np.array_equal(made[0], made[1])


def test_seed_prompt_reference_and_scales_each_change_the_clip(
    engine: PhantomEngine, ask: ClipRequest, tmp_path: Path
) -> None:
    blue = tmp_path / "blue.png"
    Image.new("RGB", (64, 48), (20, 40, 220)).save(blue)
    first = frames_of(engine.generate(ask))
    for other in (
        replace(ask, seed=8),
        replace(ask, prompt="a cup of tea"),
        replace(ask, references=(replace(ask.references[0], letterboxed=blue),)),
        replace(ask, parameters={**ask.parameters, "guidance_scale_image": 2.0}),
        replace(ask, parameters={**ask.parameters, "flow_shift": 3.0}),
    ):
        assert not np.array_equal(first, frames_of(engine.generate(other)))


def test_the_engine_and_the_pipeline_make_the_same_clip(checkpoint: Path, ask: ClipRequest) -> None:
    engine = PhantomEngine(checkpoint, SPEC, device="cpu")
    pipeline = PhantomPipeline.from_pretrained(checkpoint)
    pipeline.set_progress_bar_config(disable=True)
    made = pipeline(
        ask.prompt,
        [Image.open(ask.references[0].letterboxed)],
        height=48,
        width=64,
        num_frames=5,
        num_inference_steps=STEPS,
        seed=7,
    )
    assert np.array_equal(made.frames, frames_of(engine.generate(ask)))


def test_nothing_is_encoded_twice(
    checkpoint: Path, ask: ClipRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[str] = []
    encode = PhantomPipeline.encode_prompt
    monkeypatch.setattr(
        PhantomPipeline, "encode_prompt", lambda self, text: texts.append(text) or encode(self, text)
    )
    engine = PhantomEngine(checkpoint, SPEC, device="cpu")
    first = frames_of(engine.generate(ask))
    pictures: list[int] = []
    encode_references = wan_vae.encode_references
    monkeypatch.setattr(
        wan_vae,
        "encode_references",
        lambda vae, given: pictures.append(len(given)) or encode_references(vae, given),
    )
    assert np.array_equal(first, frames_of(engine.generate(ask)))
    assert not pictures
    frames_of(engine.generate(replace(ask, prompt="a cup of tea", height=64)))
    # The negative prompt once in the engine's life; the picture again only at another size.
    assert texts == [ask.prompt, DEFAULT_NEGATIVE_PROMPT, "a cup of tea"]
    assert pictures == [1]


def test_closing_the_generator_stops_between_steps_and_the_engine_serves_the_next_clip(
    engine: PhantomEngine, ask: ClipRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[int] = []
    three_passes = guidance.three_passes
    monkeypatch.setattr(guidance, "three_passes", lambda *given: passes.append(1) or three_passes(*given))
    events = engine.generate(ask)
    for event in events:
        if isinstance(event, Sampled):
            break
    events.close()  # pyright: ignore[reportAttributeAccessIssue] -- an engine's iterator is a generator
    assert list(events) == []
    assert len(passes) == 1
    assert len(frames_of(engine.generate(ask))) == ask.num_frames


def test_latents_that_are_no_numbers_stop_the_clip_at_their_step(
    engine: PhantomEngine, ask: ClipRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    combine, calls = guidance.combine, []

    def break_the_second(predictions: guidance.Predictions, scales: guidance.Scales) -> torch.Tensor:
        calls.append(1)
        return combine(predictions, scales) * (float("nan") if len(calls) == 2 else 1.0)

    monkeypatch.setattr(guidance, "combine", break_the_second)
    with pytest.raises(EngineError, match=f"no longer numbers after step 2 of {STEPS}"):
        list(engine.generate(ask))


def test_no_reference_at_all_is_refused(engine: PhantomEngine, ask: ClipRequest) -> None:
    with pytest.raises(EngineError, match="it takes 1 to 4 reference images, not 0"):
        next(iter(engine.generate(replace(ask, references=()))))


def test_a_picture_that_cannot_be_read_is_named(engine: PhantomEngine, ask: ClipRequest) -> None:
    ask.references[0].letterboxed.write_text("no picture")
    with pytest.raises(EngineError, match="the picture of fox cannot be read"):
        list(engine.generate(ask))


def test_four_references_of_any_size_are_taken_in_order(
    engine: PhantomEngine, ask: ClipRequest, tmp_path: Path
) -> None:
    references = []
    for number, colour in enumerate(("red", "green", "blue", "white")):
        path = tmp_path / f"{number}.png"
        Image.new("RGB", (30 + 10 * number, 50), colour).save(path)
        references.append(Reference(colour, Role.SUBJECT, colour, path, path))
    forwards, backwards = (
        frames_of(engine.generate(replace(ask, references=tuple(order))))
        for order in (references, references[::-1])
    )
    assert forwards.shape == (5, 48, 64, 3)
    assert not np.array_equal(forwards, backwards)


def test_a_real_size_without_a_gpu_is_refused(checkpoint: Path, ask: ClipRequest) -> None:
    if torch.cuda.is_available():
        pytest.skip("needs a machine without a GPU")
    with pytest.raises(EngineError, match=r"phantom-1\.3b has 1\.4 billion parameters and needs a GPU"):
        PhantomEngine(checkpoint, SPEC)


def test_a_streamed_decode_is_the_whole_decode_to_the_bit(checkpoint: Path) -> None:
    vae = PhantomPipeline.from_pretrained(checkpoint).vae
    latents = torch.randn(1, 16, 4, 6, 8, generator=torch.Generator().manual_seed(1))
    mean, reciprocal = wan_vae.statistics(vae)
    with torch.no_grad():
        (whole,) = vae.decode(latents / reciprocal + mean, return_dict=False)
    chunks = list(wan_vae.stream_video(vae, latents))
    assert [chunk.shape[2] for chunk in chunks] == [1, 4, 4, 4]
    assert torch.equal(torch.cat(chunks, dim=2), whole)
    # A decode given up halfway leaves nothing behind for the next.
    half = wan_vae.stream_video(vae, latents)
    next(half)
    next(half)
    half.close()  # pyright: ignore[reportAttributeAccessIssue] -- a generator
    assert torch.equal(torch.cat(list(wan_vae.stream_video(vae, latents)), dim=2), whole)


def test_frames_are_truncated_to_levels_as_the_official_writer_does() -> None:
    video = torch.tensor([-1.0, 0.0, 0.999, 1.0]).view(1, 1, 1, 1, 4).expand(1, 3, 1, 1, 4)
    assert wan_vae.frames_of(video)[0, 0, :, 0].tolist() == [0, 127, 254, 255]


def test_text_is_encoded_alone_and_padded_with_zeros_to_512(checkpoint: Path) -> None:
    pipeline = PhantomPipeline.from_pretrained(checkpoint)
    embedding = pipeline.encode_prompt("fox")
    tokens = 4  # three characters and the end
    assert embedding.shape[1] == 512
    assert (embedding[0, :tokens] != 0).any(dim=1).all()
    assert not embedding[0, tokens:].any()
    with torch.no_grad():
        ids = pipeline.tokenizer("fox", return_tensors="pt").input_ids
        alone = pipeline.text_encoder(ids).last_hidden_state
    assert torch.allclose(embedding[0, :tokens], alone[0], atol=1e-5)
    assert pipeline.encode_prompt("x" * 600)[0, -1].any()


def test_prompts_are_cleaned_as_the_encoder_was_trained() -> None:
    assert clean_prompt("  a\tred \n\n fox&amp;amp; kite ") == "a red fox& kite"
    assert clean_prompt("schÃ¶n  “quoted”") == 'schön "quoted"'


def test_the_preview_tells_flat_colours_apart(checkpoint: Path) -> None:
    networks = PhantomEngine(checkpoint, SPEC, device="cpu").load(checkpoint, CPU, "exact")
    patches = [np.full((64, 64, 3), colour, np.uint8) for colour in ((255, 0, 0), (0, 0, 255))]
    red, blue = (
        networks.preview.look(wan_vae.encode_references(networks.pipeline.vae, [patch])[0]).mean(axis=(0, 1))
        for patch in patches
    )
    assert red[0] > red[2] + 50
    assert blue[2] > blue[0] + 50


def test_the_specs_follow_the_published_settings() -> None:
    assert (PHANTOM_1_3B.sizes.listed, PHANTOM_14B.sizes.listed) == (
        ((832, 480),),
        ((832, 480), (1280, 720)),
    )
    assert 81 in PHANTOM_1_3B.frame_counts
    assert 121 in PHANTOM_14B.frame_counts
    assert 121 not in PHANTOM_1_3B.frame_counts
    assert PHANTOM_14B.frame_rates[0] == 24
    assert dict(PRESETS["final"]) == {
        "num_inference_steps": 50,
        "guidance_scale_image": 5.0,
        "guidance_scale_text": 7.5,
        "flow_shift": 5.0,
        "numeric_mode": "exact",
        "reuse_threshold": 0.0,
        "lora": "",
    }


def test_tokens_and_cost_follow_the_models_arithmetic() -> None:
    shape = ClipShape(num_frames=81, height=480, width=832, references=2)
    assert SMALL.size.tokens(shape) == 35_880
    # Counted by torch on the full-size model: 330.6 and 1930 TFLOP a forward.
    assert SMALL.size.flops(35_880) == pytest.approx(330.6e12, rel=2e-3)
    assert LARGE.size.flops(35_880) == pytest.approx(1930e12, rel=2e-3)
    cost = PHANTOM_1_3B.cost(shape, PRESETS["standard"])
    assert 90 < cost.seconds < 130
    assert PHANTOM_14B.cost(shape, PRESETS["standard"]).memory_bytes < 80e9
