"""Stable Video Diffusion at tiny sizes: the same numbers as diffusers' pipeline, and every knob turns."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models.engine import Conditioning, Frames, Sampled
from models.svd.spec import SPECS
from reelhouse.clips import Reference, Role
from reelhouse.errors import EngineError

from ..tiny_clips import AnyEngine, ask, frames_of, one_thread, tiny_engine, tiny_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folder("svd", tmp_path_factory.mktemp("svd"))


@pytest.fixture(scope="module")
def engine(folder: Path) -> AnyEngine:
    return tiny_engine("svd", folder)


@pytest.mark.parametrize(("kind", "guidance"), [("svd", 1.0), ("svd-xt", 3.0)])
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # from diffusers' own call
def test_the_frames_are_those_of_diffusers_own_pipeline(kind: str, guidance: float, tmp_path: Path) -> None:
    folder = tiny_folder(kind, tmp_path)
    request = ask(kind, folder)
    request = replace(request, parameters={**request.parameters, "max_guidance_scale": guidance})
    engine = tiny_engine(kind, folder)
    frames = frames_of(list(engine.generate(request)))
    pipeline = engine.load(folder, torch.device("cpu"), None).pipeline
    pipeline.set_progress_bar_config(disable=True)
    assert request.first_frame is not None
    with one_thread():
        expected = pipeline(
            Image.open(request.first_frame),
            height=request.height,
            width=request.width,
            num_frames=request.num_frames,
            num_inference_steps=int(request.parameters["num_inference_steps"]),
            max_guidance_scale=guidance,
            decode_chunk_size=int(request.parameters["decode_chunk_size"]),
            generator=torch.Generator().manual_seed(request.seed),
            output_type="np",
        ).frames[0]
    assert frames.shape == (SPECS[kind].frame_counts.minimum, 64, 64, 3)
    # The pipeline multiplies by 1 / 0.18215 before decoding, the same to one rounding.
    assert np.abs(frames.astype(int) - (expected * 255).astype(np.uint8).astype(int)).max() <= 1


@pytest.mark.parametrize(
    "changes", [{"motion_bucket_id": 20}, {"noise_aug_strength": 0.5}, {"max_guidance_scale": 6.0}]
)
def test_each_parameter_changes_the_clip(engine: AnyEngine, folder: Path, changes: dict[str, Any]) -> None:
    request = ask("svd", folder)
    changed = replace(request, parameters={**request.parameters, **changes})
    first, second = (frames_of(list(engine.generate(each))) for each in (request, changed))
    assert not np.array_equal(first, second)


def test_frames_come_as_many_at_a_time_as_are_decoded_together(engine: AnyEngine, folder: Path) -> None:
    request = ask("svd", folder)
    request = replace(request, parameters={**request.parameters, "decode_chunk_size": 6})
    chunks = [len(event.frames) for event in engine.generate(request) if isinstance(event, Frames)]
    assert chunks == [6, 6, 2]


def test_it_says_that_it_reads_no_words(engine: AnyEngine, folder: Path) -> None:
    request = ask("svd", folder)
    events = list(engine.generate(request))
    assert any(isinstance(event, Conditioning) and "reads no words" in event.what for event in events)
    other = frames_of(list(engine.generate(replace(request, prompt="a blue boat"))))
    assert np.array_equal(frames_of(events), other)


def test_a_scene_without_a_picture_is_refused_with_advice(engine: AnyEngine, folder: Path) -> None:
    request = ask("svd", folder)
    with pytest.raises(EngineError, match="give the scene a subject with an image, or seam: continue"):
        next(engine.generate(replace(request, first_frame=None)))
    assert request.first_frame is not None
    shown = Reference("ball", Role.SUBJECT, "a ball", request.first_frame, request.first_frame)
    with pytest.raises(EngineError, match="takes 0 to 1 reference images, not 2"):
        next(engine.generate(replace(request, references=(shown, shown))))


def test_a_frame_count_it_was_not_trained_for_is_refused(engine: AnyEngine, folder: Path) -> None:
    with pytest.raises(EngineError, match="it makes 14 frames, not 25"):
        next(engine.generate(ask("svd", folder, num_frames=25)))


def test_closing_stops_the_work_and_leaves_no_thread(engine: AnyEngine, folder: Path) -> None:
    threads = threading.active_count()
    events = engine.generate(ask("svd", folder))
    next(event for event in events if isinstance(event, Sampled))
    events.close()  # pyright: ignore[reportAttributeAccessIssue] -- it is a generator
    assert threading.active_count() == threads
    assert len(frames_of(list(engine.generate(ask("svd", folder))))) == 14


def test_the_other_checkpoint_is_told_apart_by_its_frames(tmp_path: Path) -> None:
    folder = tiny_folder("svd", tmp_path)
    (folder / "tiny.json").unlink()
    with pytest.raises(EngineError, match="states num_frames 14, svd-xt has 25"):
        tiny_engine("svd-xt", folder)


def test_the_published_defaults_are_the_presets() -> None:
    for name, num_frames in (("svd", 14), ("svd-xt", 25)):
        spec = SPECS[name]
        assert spec.presets["final"] == {
            "num_inference_steps": 25,
            "min_guidance_scale": 1.0,
            "max_guidance_scale": 3.0,
            "motion_bucket_id": 127,
            "noise_aug_strength": 0.02,
            "decode_chunk_size": num_frames,
        }
        assert (spec.frame_counts.minimum, spec.frame_counts.maximum) == (num_frames, num_frames)
        assert spec.sizes.listed == ((1024, 576),)
