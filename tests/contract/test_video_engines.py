"""The contract of every video engine: one suite, one row an engine in the table below.

A new engine adds its row; whatever it cannot do is said by its spec, never by a skipped promise.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from models import diffusion_engine
from models.animatic.engine import AnimaticEngine
from models.catalog import ENGINES as CATALOGUE
from models.engine import Conditioning, EngineEvent, Frames, MadeWith, Sampled, VideoEngine
from models.testcard import TestcardEngine
from models.tiny_checkpoints import write_tiny_checkpoint
from reelhouse.capabilities import ClipShape
from reelhouse.clips import ClipRequest, Reference, Role

from ..tiny_clips import tiny_engine


@dataclass(frozen=True, slots=True)
class Row:
    """One engine in the suite: how to make it, given a folder of weights where it needs any, and what to try.

    A tiny checkpoint's random weights cannot keep to a picture; that it is looked at is all they can show.
    """

    make: Callable[[Path], VideoEngine]
    sizes: tuple[tuple[int, int], ...]  # (width, height)
    tiny: bool = False
    needs_pictures: bool = False


_TINY_SIZES = ((64, 64), (96, 64))
ENGINES = {
    "animatic": Row(lambda _: AnimaticEngine(), ((64, 64), (160, 96), (96, 160), (208, 112))),
    "testcard": Row(lambda _: TestcardEngine(), ((64, 64), (96, 64))),
    **{
        name: Row(partial(tiny_engine, name), _TINY_SIZES, tiny=True, needs_pictures=spec.takes_first_frame)
        for name, spec in CATALOGUE.items()
        if spec.weights_id
    },
}


@pytest.fixture(scope="module", params=ENGINES, ids=str)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def row(name: str) -> Row:
    return ENGINES[name]


@pytest.fixture(scope="module")
def weights(name: str, row: Row, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    return write_tiny_checkpoint(name, folder) if row.tiny else folder


@pytest.fixture(scope="module")
def engine(row: Row, weights: Path) -> VideoEngine:
    return row.make(weights)


def noise(path: Path, *, seed: int, height: int, width: int) -> np.ndarray:
    """Save an RGB picture of noise; return it."""
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    cv2.imwrite(str(path), picture[..., ::-1])
    return picture


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    path = tmp_path_factory.mktemp("cutouts") / "ball.png"
    picture = np.zeros((120, 120, 4), np.uint8)
    cv2.circle(picture, (60, 60), 50, (40, 60, 220, 255), -1)
    cv2.imwrite(str(path), picture)
    return Reference("ball", Role.SUBJECT, "a red ball", path, path)


@pytest.fixture
def ask(row: Row, engine: VideoEngine, reference: Reference, tmp_path: Path) -> ClipRequest:
    """The smallest request the engine takes."""
    width, height = row.sizes[0]
    spec = engine.spec
    ends = [tmp_path / f"{end}.png" for end in ("start", "end")]
    for seed, path in enumerate(ends):
        noise(path, seed=seed, height=height, width=width)
    return ClipRequest(
        scene="one",
        prompt="a red ball rolls across a meadow",
        negative_prompt="",
        action="the ball rolls across a meadow",
        style="storybook",
        camera="tracking right",
        references=(reference,) if spec.references[1] else (),
        num_frames=spec.frame_counts.minimum,
        frame_rate=spec.frame_rates[0] if spec.frame_rates else Fraction(16),
        height=height,
        width=width,
        seed=5,
        first_frame=ends[0] if row.needs_pictures else None,
        last_frame=ends[1] if row.needs_pictures and spec.takes_last_frame else None,
        parameters=spec.presets["draft"],
    )


def frames_of(events: Iterator[EngineEvent]) -> np.ndarray:
    return np.concatenate([event.frames for event in events if isinstance(event, Frames)])


def test_an_engine_makes_exactly_the_frames_asked_for(engine: VideoEngine, ask: ClipRequest) -> None:
    counts = engine.spec.frame_counts
    for num_frames in {counts.minimum, min(counts.minimum + counts.step, counts.maximum)}:
        frames = frames_of(engine.generate(replace(ask, num_frames=num_frames)))
        assert frames.shape == (num_frames, ask.height, ask.width, 3)
        assert frames.dtype == np.uint8


def test_every_legal_size_comes_out_at_that_size(row: Row, engine: VideoEngine, ask: ClipRequest) -> None:
    for width, height in row.sizes:
        assert engine.spec.sizes.allows(width=width, height=height)
        frames = frames_of(engine.generate(replace(ask, width=width, height=height)))
        assert frames.shape[1:3] == (height, width)


def test_the_same_request_gives_the_same_bytes(
    row: Row, weights: Path, engine: VideoEngine, ask: ClipRequest
) -> None:
    first = frames_of(engine.generate(ask))
    assert np.array_equal(first, frames_of(engine.generate(ask)))
    assert np.array_equal(first, frames_of(row.make(weights).generate(ask)))


def test_another_seed_gives_another_clip(engine: VideoEngine, ask: ClipRequest) -> None:
    assert not np.array_equal(
        frames_of(engine.generate(ask)), frames_of(engine.generate(replace(ask, seed=ask.seed + 1)))
    )


def test_conditioning_comes_first_and_steps_are_counted_to_the_last(
    engine: VideoEngine, ask: ClipRequest
) -> None:
    events = list(engine.generate(ask))
    first = next(number for number, event in enumerate(events) if isinstance(event, Sampled))
    assert all(isinstance(event, Conditioning | MadeWith) for event in events[:first])
    assert not any(isinstance(event, Conditioning | MadeWith) for event in events[first:])
    steps = [event for event in events if isinstance(event, Sampled)]
    assert [event.step for event in steps] == list(range(1, len(steps) + 1))
    assert all(event.num_inference_steps == len(steps) for event in steps)
    for event in steps:
        assert event.preview is None or (event.preview.dtype == np.uint8 and event.preview.ndim == 3)


def test_a_closed_generator_stops_its_work_and_the_engine_serves_the_next_request(
    engine: VideoEngine, ask: ClipRequest
) -> None:
    events = iter(engine.generate(ask))
    next(events)
    events.close()  # pyright: ignore[reportAttributeAccessIssue] -- an engine's iterator is a generator
    assert list(events) == []
    assert len(frames_of(engine.generate(ask))) == ask.num_frames


def test_a_clip_cut_off_after_any_step_goes_on_from_its_checkpoint_and_comes_out_the_same(
    row: Row,
    weights: Path,
    engine: VideoEngine,
    ask: ClipRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(diffusion_engine, "CHECKPOINT_EVERY", 2)
    ask = replace(ask, parameters=engine.spec.presets["final"])
    whole = frames_of(engine.generate(ask))
    path = tmp_path / "half.safetensors"
    steps = 0
    events = engine.generate(replace(ask, checkpoint=path))
    for event in events:
        if isinstance(event, Sampled):
            steps += 1
            if steps == 3:
                break
    events.close()  # pyright: ignore[reportAttributeAccessIssue] -- an engine's iterator is a generator
    resumed = list(row.make(weights).generate(replace(ask, checkpoint=path)))
    again = sum(isinstance(event, Sampled) for event in resumed)
    assert np.array_equal(frames_of(iter(resumed)), whole)
    if steps == 3 and row.tiny:
        assert again == int(ask.parameters["num_inference_steps"]) - 2


def test_what_is_prepared_ahead_between_any_two_events_changes_no_frame(
    engine: VideoEngine, ask: ClipRequest, tmp_path: Path
) -> None:
    picture = tmp_path / "other.png"
    noise(picture, seed=9, height=ask.height, width=ask.width)
    coming = replace(
        ask,
        prompt="a kite over the sea",
        seed=ask.seed + 1,
        references=tuple(replace(reference, letterboxed=picture) for reference in ask.references),
    )
    alone = [frames_of(engine.generate(request)) for request in (ask, coming)]
    made: list[EngineEvent] = []
    for event in engine.generate(ask):
        made.append(event)
        engine.prepare(coming)
    assert np.array_equal(frames_of(iter(made)), alone[0])
    assert np.array_equal(frames_of(engine.generate(coming)), alone[1])


def test_no_reference_at_all_still_makes_a_clip_where_none_is_needed(
    engine: VideoEngine, ask: ClipRequest
) -> None:
    if engine.spec.references[0] == 0:
        assert len(frames_of(engine.generate(replace(ask, references=())))) == ask.num_frames


def test_a_given_first_frame_is_what_the_clip_starts_from(
    row: Row, engine: VideoEngine, ask: ClipRequest, tmp_path: Path
) -> None:
    if not engine.spec.takes_first_frame:
        return
    path = tmp_path / "first.png"
    picture = noise(path, seed=3, height=ask.height, width=ask.width)
    frames = frames_of(engine.generate(replace(ask, first_frame=path)))
    if row.tiny:
        assert not np.array_equal(frames, frames_of(engine.generate(ask)))
        return
    away = np.abs(frames.astype(int) - picture.astype(int)).mean(axis=(1, 2, 3))
    assert away[0] < 12  # a network's autoencoder is not exact; a copy is
    assert away[0] <= away[-1]


def test_every_preset_is_a_full_parameter_set_with_a_cost(engine: VideoEngine) -> None:
    presets = engine.spec.presets
    assert set(presets) == {"draft", "standard", "final"}
    keys = {frozenset(preset) for preset in presets.values()}
    assert len(keys) == 1
    shape = ClipShape(num_frames=engine.spec.frame_counts.minimum, height=480, width=832, references=1)
    costs = [engine.spec.cost(shape, presets[name]) for name in ("draft", "standard", "final")]
    assert all(cost.seconds > 0 and cost.memory_bytes > 0 and cost.tokens >= 0 for cost in costs)
    assert costs[0].seconds <= costs[2].seconds
