"""The Wan engines at tiny sizes: the same numbers as diffusers' pipelines, and every refusal explained."""

import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import models.diffusion_engine
from models.catalog import engine_spec, open_engine
from models.engine import Conditioning, Sampled
from models.expander import DEFAULT_NEGATIVE_PROMPT
from models.start_frames import cover
from models.tiny_checkpoints import write_tiny_checkpoint
from models.wan.engine import WanTextEngine
from models.wan.spec import SPECS
from models.wan_clip import WanClip
from models.wan_sampler import make_scheduler, official_sigmas
from reelhouse.capabilities import ClipShape
from reelhouse.clips import Reference, Role
from reelhouse.errors import EngineError, InputError

from ..tiny_clips import ask, frames_of, noise_picture, one_thread, tiny_engine, tiny_folder


class _OfficialSigmas:
    """A scheduler whose `set_timesteps` takes the official sigmas, which the pipelines cannot be handed."""

    def __init__(self, flow_shift: float) -> None:
        self._scheduler = make_scheduler(flow_shift)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scheduler, name)

    def set_timesteps(self, num_inference_steps: int, device: torch.device) -> None:
        self._scheduler.set_timesteps(sigmas=official_sigmas(num_inference_steps), device=device)  # pyright: ignore[reportArgumentType] -- an array is what it works on


@pytest.fixture
def t2v(tmp_path: Path) -> Path:
    return tiny_folder("wan-t2v-1.3b", tmp_path)


@pytest.mark.parametrize(
    ("kind", "num_frames"),
    [("wan-t2v-1.3b", 5), ("wan-i2v-14b-480p", 5), ("wan-flf2v-14b-720p", 5), ("wan-flf2v-14b-720p", 13)],
)
def test_the_frames_are_those_of_diffusers_own_pipeline_under_the_official_sigmas(
    kind: str, num_frames: int, tmp_path: Path
) -> None:
    folder = tiny_folder(kind, tmp_path)
    request = ask(kind, folder, num_frames=num_frames)
    engine = tiny_engine(kind, folder)
    frames = frames_of(list(engine.generate(request)))
    pipeline = engine.load(folder, torch.device("cpu"), None).pipeline
    pipeline.scheduler = _OfficialSigmas(float(request.parameters["flow_shift"]))
    pipeline.set_progress_bar_config(disable=True)
    pictures = {}
    for name, path in (("image", request.first_frame), ("last_image", request.last_frame)):
        if path is not None:
            pictures[name] = Image.open(path)
    with one_thread():
        expected = pipeline(
            prompt=request.prompt,
            negative_prompt=request.negative_prompt,
            height=request.height,
            width=request.width,
            num_frames=num_frames,
            num_inference_steps=int(request.parameters["num_inference_steps"]),
            guidance_scale=float(request.parameters["guidance_scale"]),
            generator=torch.Generator().manual_seed(request.seed),
            **pictures,
        ).frames[0]
    assert np.array_equal(frames, (expected * 255).astype(np.uint8))


def test_the_published_defaults_are_the_final_presets() -> None:
    final = {name: tuple(spec.presets["final"].values())[:3] for name, spec in SPECS.items()}
    assert final == {
        "wan-t2v-1.3b": (50, 5.0, 5.0),
        "wan-t2v-14b": (50, 5.0, 5.0),
        "wan-i2v-14b-480p": (40, 5.0, 3.0),
        "wan-i2v-14b-720p": (40, 5.0, 5.0),
        "wan-flf2v-14b-720p": (50, 5.5, 16.0),
    }


def test_a_clips_tokens_are_wans_own_count() -> None:
    spec = SPECS["wan-t2v-14b"]
    for width, height, tokens in ((832, 480, 32_760), (1280, 720, 75_600)):
        shape = ClipShape(num_frames=81, height=height, width=width, references=0)
        assert spec.cost(shape, spec.presets["final"]).tokens == tokens


@pytest.mark.parametrize(
    ("kind", "prefix"),
    [
        ("wan-t2v-14b", ""),
        ("wan-i2v-14b-480p", "镜头晃动，"),
        ("wan-i2v-14b-720p", "镜头晃动，"),
        ("wan-flf2v-14b-720p", "镜头切换，镜头晃动，"),
    ],
)
def test_the_default_negative_prompt_gets_the_models_own_prefix(
    kind: str, prefix: str, tmp_path: Path
) -> None:
    folder = tiny_folder(kind, tmp_path)
    request = ask(kind, folder, negative_prompt=DEFAULT_NEGATIVE_PROMPT)
    engine = tiny_engine(kind, folder)
    assert isinstance(engine, WanTextEngine)
    assert engine.negative_prompt(request) == prefix + DEFAULT_NEGATIVE_PROMPT
    assert engine.negative_prompt(replace(request, negative_prompt="blur")) == "blur"


def test_descriptions_are_read_without_torch() -> None:
    specs = "models.wan.spec, models.svd.spec, models.cogvideox.spec, models.tiny_marker"
    check = f"import sys, {specs}; print(sorted({{'torch', 'diffusers', 'transformers'}} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_closing_stops_within_a_step_and_leaves_no_thread(t2v: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    advance = WanClip.advance
    monkeypatch.setattr(WanClip, "advance", lambda self: (taken.append(1), advance(self))[1])
    threads = threading.active_count()
    events = tiny_engine("wan-t2v-1.3b", t2v).generate(ask("wan-t2v-1.3b", t2v))
    next(event for event in events if isinstance(event, Sampled))
    events.close()  # pyright: ignore[reportAttributeAccessIssue] -- it is a generator
    assert len(taken) == 1
    assert threading.active_count() == threads


def test_networks_stay_loaded_between_requests(t2v: Path) -> None:
    engine = tiny_engine("wan-t2v-1.3b", t2v)
    said = [
        [event.what for event in engine.generate(ask("wan-t2v-1.3b", t2v)) if isinstance(event, Conditioning)]
        for _ in range(2)
    ]
    assert said[0][0].startswith("loading")
    assert said[1] == ["reading the prompt"]


def test_the_catalogue_names_the_weights_by_hash_and_says_that_they_are_noise(t2v: Path) -> None:
    spec = engine_spec("wan-t2v-1.3b", t2v.parent)
    assert open_engine("wan-t2v-1.3b", t2v.parent, device="auto").spec.weights_id == spec.weights_id
    assert "@sha256:" in spec.weights_id
    assert "noise" in spec.title
    assert not spec.needs_gpu


# Pictures


def test_both_ends_are_scaled_to_cover_and_cropped_about_the_centre(tmp_path: Path) -> None:
    wide = Image.new("RGB", (300, 100), "red")
    wide.paste("blue", (100, 0, 200, 100))
    covered = np.asarray(cover(wide, height=64, width=64))
    assert covered.shape == (64, 64, 3)
    assert (covered[:, 4:60] == (0, 0, 255)).all()
    tall = np.asarray(cover(wide.transpose(Image.Transpose.ROTATE_90), height=64, width=32))
    assert tall.shape == (64, 32, 3)


def test_a_last_frame_of_another_size_is_used(tmp_path: Path) -> None:
    folder = tiny_folder("wan-flf2v-14b-720p", tmp_path)
    last = noise_picture(tmp_path / "large.png", seed=9, height=90, width=200)
    request = ask("wan-flf2v-14b-720p", folder, last_frame=last, num_frames=9)
    assert frames_of(list(tiny_engine("wan-flf2v-14b-720p", folder).generate(request))).shape == (
        9,
        64,
        64,
        3,
    )


def test_nearly_equal_ends_are_refused_with_advice(tmp_path: Path) -> None:
    folder = tiny_folder("wan-flf2v-14b-720p", tmp_path)
    request, engine = ask("wan-flf2v-14b-720p", folder), tiny_engine("wan-flf2v-14b-720p", folder)
    with pytest.raises(
        EngineError, match=r"nearly the same picture .*use seam: continue .*or hold the frame"
    ):
        next(engine.generate(replace(request, last_frame=request.first_frame)))
    with pytest.raises(EngineError, match=r"no last frame was given: use seam: bridge"):
        next(engine.generate(replace(request, last_frame=None)))


def test_a_scenes_reference_stands_in_for_the_first_frame(tmp_path: Path) -> None:
    folder = tiny_folder("wan-i2v-14b-480p", tmp_path)
    request = ask("wan-i2v-14b-480p", folder)
    assert request.first_frame is not None
    ball = Reference("ball", Role.SUBJECT, "a ball", request.first_frame, request.first_frame)
    engine = tiny_engine("wan-i2v-14b-480p", folder)
    given = frames_of(list(engine.generate(request)))
    stood_in = frames_of(list(engine.generate(replace(request, first_frame=None, references=(ball,)))))
    assert np.array_equal(given, stood_in)
    with pytest.raises(
        EngineError, match=r"starts from a picture and there is none: give the scene a subject"
    ):
        next(engine.generate(replace(request, first_frame=None)))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(EngineError, match=r"broken\.png cannot be read"):
        next(engine.generate(replace(request, first_frame=tmp_path / "broken.png")))


# Requests that do not fit


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"num_frames": 6}, "5 to 81 frames in steps of 4, not 6"),
        ({"width": 40}, "not 40x64"),
        ({"frame_rate": 24}, "trained at 16 frames a second, not 24"),
        ({"first_frame": Path("first.png")}, "cannot start from a given frame: use seam: cut"),
        ({"last_frame": Path("last.png")}, "cannot end on a given frame"),
        ({"parameters": {"steps": 3}}, "parameters .*steps.* are missing or not wan-t2v-1.3b's own"),
        (
            {"references": (Reference("b", Role.SUBJECT, "", Path("b"), Path("b")),)},
            "takes 0 to 0 reference images, not 1",
        ),
    ],
)
def test_what_the_engine_would_not_use_is_refused(t2v: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(EngineError, match=words):
        next(tiny_engine("wan-t2v-1.3b", t2v).generate(ask("wan-t2v-1.3b", t2v, **changes)))


# Checkpoints that do not fit


def test_a_full_size_checkpoint_without_a_gpu_names_the_engine_that_needs_none(
    t2v: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(models.diffusion_engine, "CPU_PARAMETERS", 1000)
    with pytest.raises(EngineError, match=r"needs a GPU.*engine animatic"):
        tiny_engine("wan-t2v-1.3b", t2v)
    assert tiny_engine("wan-t2v-1.3b", t2v, device="cpu")  # who says so may wait for it


def test_another_engines_tiny_checkpoint_is_refused(t2v: Path) -> None:
    with pytest.raises(EngineError, match=r"tiny checkpoint of wan-t2v-1\.3b, not of wan-t2v-14b"):
        tiny_engine("wan-t2v-14b", t2v)


def test_another_models_checkpoint_is_refused(t2v: Path) -> None:
    (t2v / "tiny.json").unlink()
    with pytest.raises(EngineError, match=r"states num_layers 2, wan-t2v-1\.3b has 30: these are another"):
        tiny_engine("wan-t2v-1.3b", t2v)
    with pytest.raises(EngineError, match="holds a WanPipeline, wan-i2v-14b-480p needs a WanImageToVideoPip"):
        tiny_engine("wan-i2v-14b-480p", t2v)


def test_a_folder_without_a_checkpoint_or_with_a_part_missing_is_refused(t2v: Path, tmp_path: Path) -> None:
    with pytest.raises(
        EngineError, match=r"there is no .*model_index\.json: wan-t2v-1\.3b needs a checkpoint"
    ):
        tiny_engine("wan-t2v-1.3b", tmp_path / "nothing")
    (t2v / "tokenizer").rename(t2v / "elsewhere")
    with pytest.raises(EngineError, match="has no folder tokenizer"):
        tiny_engine("wan-t2v-1.3b", t2v)
    (t2v / "tokenizer").mkdir()
    with pytest.raises(EngineError, match="tokenizer could not be loaded as AutoTokenizer"):
        list(tiny_engine("wan-t2v-1.3b", t2v).generate(ask("wan-t2v-1.3b", t2v)))


def test_a_truncated_file_is_refused_before_loading(t2v: Path) -> None:
    file = t2v / "transformer" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(EngineError, match=r"is cut short: .* bytes are there; download it again"):
        tiny_engine("wan-t2v-1.3b", t2v)
    file.write_bytes(b"\0" * 4)
    with pytest.raises(EngineError, match="no safetensors file, or cut short"):
        tiny_engine("wan-t2v-1.3b", t2v)


def test_pickled_weights_are_refused_unopened(t2v: Path) -> None:
    file = t2v / "transformer" / "diffusion_pytorch_model.safetensors"
    file.rename(file.with_suffix(".bin"))
    with pytest.raises(EngineError, match="can run code when they are opened and are refused"):
        tiny_engine("wan-t2v-1.3b", t2v)


@pytest.mark.parametrize("part", ["transformer", "vae", "text_encoder"])
@pytest.mark.parametrize("damage", ["missing", "extra", "shape"])
def test_a_weight_that_does_not_fit_is_named(t2v: Path, part: str, damage: str) -> None:
    (file,) = (t2v / part).glob("*.safetensors")
    tensors = load_file(file)
    name = next(name for name in sorted(tensors) if tensors[name].ndim == 2 or part == "vae")
    if damage == "missing":
        del tensors[name]
    elif damage == "extra":
        tensors[name := "of_another_model.weight"] = torch.zeros(1)
    else:
        tensors[name] = torch.zeros(3, 5)
    save_file(tensors, file, metadata={"format": "pt"})
    with pytest.raises(EngineError, match=name):
        list(tiny_engine("wan-t2v-1.3b", t2v).generate(ask("wan-t2v-1.3b", t2v)))


def test_latents_that_are_no_numbers_stop_the_clip(t2v: Path) -> None:
    file = t2v / "transformer" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(file)
    tensors["proj_out.bias"].fill_(float("nan"))
    save_file(tensors, file, metadata={"format": "pt"})
    with pytest.raises(EngineError, match="no longer numbers after step 1 of 3: try another seed"):
        list(tiny_engine("wan-t2v-1.3b", t2v).generate(ask("wan-t2v-1.3b", t2v)))


def test_a_tiny_checkpoint_is_the_same_for_the_same_seed_and_overwrites_nothing(tmp_path: Path) -> None:
    state = torch.random.get_rng_state()
    first, second, other = (
        write_tiny_checkpoint("wan-t2v-1.3b", tmp_path / name, seed=seed)
        for name, seed in (("first", 0), ("second", 0), ("other", 1))
    )
    assert torch.equal(state, torch.random.get_rng_state())
    weights = [
        (folder / "transformer/diffusion_pytorch_model.safetensors").read_bytes()
        for folder in (first, second, other)
    ]
    assert weights[0] == weights[1] != weights[2]
    assert json.loads((first / "tiny.json").read_text())["engine"] == "wan-t2v-1.3b"
    with pytest.raises(InputError, match="is not empty"):
        write_tiny_checkpoint("wan-t2v-1.3b", first)
    with pytest.raises(InputError, match="no tiny checkpoint for"):
        write_tiny_checkpoint("animatic", tmp_path / "none")
