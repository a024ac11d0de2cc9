"""CogVideoX at tiny sizes: the same numbers as diffusers' pipeline under both of its schedulers."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.cogvideox.spec import SPECS
from models.engine import Sampled
from reelhouse.capabilities import ClipShape
from reelhouse.errors import EngineError

from ..tiny_clips import ask, frames_of, one_thread, tiny_engine, tiny_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_folder("cogvideox-5b", tmp_path)


@pytest.mark.parametrize(
    ("kind", "num_frames", "guidance_scale"),
    [
        ("cogvideox-2b", 9, 6.0),
        ("cogvideox-5b", 17, 1.0),
        ("cogvideox-5b", 9, 6.0),
        ("cogvideox-1.5-5b", 9, 6.0),
    ],
)
def test_the_frames_are_those_of_diffusers_own_pipeline(
    kind: str, num_frames: int, guidance_scale: float, tmp_path: Path
) -> None:
    folder = tiny_folder(kind, tmp_path)
    request = ask(kind, folder, num_frames=num_frames)
    request = replace(request, parameters={**request.parameters, "guidance_scale": guidance_scale})
    engine = tiny_engine(kind, folder)
    frames = frames_of(list(engine.generate(request)))
    pipeline = engine.load(folder, torch.device("cpu"), None).pipeline
    pipeline.set_progress_bar_config(disable=True)
    with one_thread():
        expected = pipeline(
            request.prompt,
            request.negative_prompt,
            height=request.height,
            width=request.width,
            num_frames=num_frames,
            num_inference_steps=int(request.parameters["num_inference_steps"]),
            guidance_scale=guidance_scale,
            generator=torch.Generator().manual_seed(request.seed),
            output_type="np",
        ).frames[0]
    assert np.array_equal(frames, (expected * 255).astype(np.uint8))


def test_other_words_give_another_clip(folder: Path) -> None:
    engine, request = tiny_engine("cogvideox-5b", folder), ask("cogvideox-5b", folder)
    clips = [
        frames_of(list(engine.generate(each)))
        for each in (request, replace(request, prompt="a boat"), replace(request, negative_prompt="fog"))
    ]
    assert not np.array_equal(clips[0], clips[1])
    assert not np.array_equal(clips[0], clips[2])


def test_a_scheduler_it_does_not_sample_with_is_refused(folder: Path) -> None:
    index = json.loads((folder / "model_index.json").read_text())
    index["scheduler"] = ["diffusers", "DDPMScheduler"]
    (folder / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(EngineError, match="states the scheduler 'DDPMScheduler', cogvideox-5b samples with"):
        list(tiny_engine("cogvideox-5b", folder).generate(ask("cogvideox-5b", folder)))


def test_the_older_and_the_newer_5b_are_told_apart(folder: Path) -> None:
    (folder / "tiny.json").unlink()
    config = folder / "transformer" / "config.json"
    config.write_text(
        json.dumps(json.loads(config.read_text()) | {"num_layers": 42, "num_attention_heads": 48})
    )
    assert tiny_engine("cogvideox-5b", folder)
    with pytest.raises(EngineError, match=r"states patch_size_t None, cogvideox-1\.5-5b has 2"):
        tiny_engine("cogvideox-1.5-5b", folder)


def test_closing_stops_the_work_and_leaves_no_thread(folder: Path) -> None:
    engine, threads = tiny_engine("cogvideox-5b", folder), threading.active_count()
    events = engine.generate(ask("cogvideox-5b", folder))
    next(event for event in events if isinstance(event, Sampled))
    events.close()  # pyright: ignore[reportAttributeAccessIssue] -- it is a generator
    assert threading.active_count() == threads
    assert len(frames_of(list(engine.generate(ask("cogvideox-5b", folder))))) == 9


def test_the_published_defaults_are_the_final_presets() -> None:
    table = {
        name: (spec.sizes.listed, spec.frame_counts.minimum, spec.frame_counts.maximum, spec.frame_rates[0])
        for name, spec in SPECS.items()
    }
    assert table == {
        "cogvideox-2b": (((720, 480),), 49, 49, 8),
        "cogvideox-5b": (((720, 480),), 49, 49, 8),
        "cogvideox-1.5-5b": (((1360, 768),), 81, 161, 16),
    }
    assert all(
        spec.presets["final"] == {"num_inference_steps": 50, "guidance_scale": 6.0} for spec in SPECS.values()
    )


def test_a_clips_tokens_are_counted_with_two_latent_frames_a_token_in_the_newer_one() -> None:
    old = ClipShape(num_frames=49, height=480, width=720, references=0)
    new = ClipShape(num_frames=81, height=768, width=1360, references=0)
    assert SPECS["cogvideox-5b"].cost(old, SPECS["cogvideox-5b"].presets["final"]).tokens == 13 * 30 * 45
    newer = SPECS["cogvideox-1.5-5b"]
    assert newer.cost(new, newer.presets["final"]).tokens == 11 * 48 * 85
