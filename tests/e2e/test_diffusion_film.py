"""From storyboard to film with the diffusion engines' real classes with tiny random weights: noise."""

import base64
import io
import json
import re
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from flows import page
from models.wan.engine import WanTextEngine
from models.wan_clip import WanClip
from reelhouse.media.video import probe
from studio import preview_file

GOLDEN = Path(__file__).parents[1] / "golden" / "A"
BOARD = """
title: Noise
engine: {engine}
video: {{size: 64x64, frame_rate: {rate}}}
subjects:
  fox: {{description: a red fox, images: fox.png}}
scenes:
  - {{id: a, prompt: the fox runs, duration: 0.3s, subjects: [{subjects}]}}
"""
CONTINUED = "  - {id: b, prompt: on and on, duration: 0.3s, subjects: [], seam: continue}\n"


@pytest.mark.parametrize(
    ("engine", "rate", "subjects", "more"),
    [
        ("phantom-1.3b", 16, "fox", ""),
        ("wan-t2v-1.3b", 16, "", ""),
        ("wan-i2v-14b-480p", 16, "fox", CONTINUED),
        ("cogvideox-2b", 8, "", ""),
        ("svd", 7, "fox", CONTINUED),
    ],
)
def test_a_tiny_engine_makes_a_film_of_noise_once(studio, engine, rate, subjects, more):
    said = studio.run("weights", "tiny", engine, f"home/weights/{engine}").stdout
    assert "noise" in said
    studio.write(BOARD.format(engine=engine, rate=rate, subjects=subjects) + more)
    result = studio.json("render", "board.yaml")
    film = probe(studio.folder / result["film"])
    assert film.num_frames == result["duration_s"] * rate
    assert result["engine_calls"] == 1 + bool(more)
    assert studio.json("render", "board.yaml")["engine_calls"] == 0
    assert "sha256:" in studio.run("lineage", result["film"]).stdout


def test_without_its_weights_an_engine_is_planned_and_says_where_it_looks(studio):
    studio.write(
        "title: x\nengine: wan-t2v-1.3b\nvideo: {size: 832x480}\nscenes: [{id: a, prompt: the sea}]\n"
    )
    step = next(step for step in studio.json("plan", "board.yaml")["steps"] if step["stage"] == "take")
    assert step["tokens"] == 32_760
    errors = studio.run("render", "board.yaml", code=1).stderr
    assert "home/weights/wan-t2v-1.3b" in errors
    assert "reelhouse weights tiny" in errors


def test_other_weights_are_other_steps(studio):
    board = studio.write(BOARD.format(engine="wan-t2v-1.3b", rate=16, subjects=""))
    keys = []
    for folder in ("one", "two"):
        studio.environment["REELHOUSE_WEIGHTS"] = str(studio.folder / folder)
        studio.run("weights", "tiny", "wan-t2v-1.3b", f"{folder}/wan-t2v-1.3b")
        if folder == "two":
            changed = studio.folder / folder / "wan-t2v-1.3b" / "transformer"
            file = next(changed.glob("*.safetensors"))
            file.write_bytes(file.read_bytes()[:-1] + b"\x01")
        steps = studio.json("plan", board.name)["steps"]
        keys.append(next(step["key"] for step in steps if step["stage"] == "take"))
    assert keys[0] != keys[1]


def test_the_golden_numbers_are_met_and_a_changed_one_is_a_miss(studio, tmp_path):
    assert studio.json("parity", str(GOLDEN))["ok"]
    shutil.copytree(GOLDEN, tmp_path / "golden")
    config = tmp_path / "golden" / "config.json"
    stated = json.loads(config.read_text())
    stated["scheduler"][0]["shift"] = 3.0
    config.write_text(json.dumps(stated))
    missed = studio.run("parity", str(config.parent), code=1).stdout
    assert any("n8_shift5" in line and "missed" in line for line in missed.splitlines())


def test_the_words_of_the_next_scene_are_encoded_while_one_denoises(studio, monkeypatch):
    studio.run("weights", "tiny", "wan-t2v-1.3b", "home/weights/wan-t2v-1.3b")
    log: list[str] = []
    encode, advance = WanTextEngine._encode, WanClip.advance
    monkeypatch.setattr(
        WanTextEngine,
        "_encode",
        lambda self, pipeline, text: (log.append(text), encode(self, pipeline, text))[1],
    )
    monkeypatch.setattr(WanClip, "advance", lambda self: (log.append("step"), advance(self))[1])
    studio.environment["REELHOUSE_SCENES_AT_ONCE"] = "2"
    studio.write(
        "title: Two\nengine: wan-t2v-1.3b\nparameters: {num_inference_steps: 40}\n"
        "video: {size: 64x64, frame_rate: 16}\nscenes:\n"
        "  - {id: a, prompt: the fox runs, duration: 0.3s}\n"
        "  - {id: b, prompt: the kite flies, duration: 0.3s}\n"
    )
    studio.run("render", "board.yaml")
    assert log.count("step") == 80
    last_of_first_scene = [at for at, entry in enumerate(log) if entry == "step"][39]
    before_it_ended = " ".join(log[:last_of_first_scene])
    assert "fox" in before_it_ended
    assert "kite" in before_it_ended


def test_what_is_denoised_can_be_watched_as_a_file_that_updates(studio, monkeypatch):
    studio.run("weights", "tiny", "wan-t2v-1.3b", "home/weights/wan-t2v-1.3b")
    monkeypatch.setattr(preview_file, "EVERY_S", 0.0)
    seen: list[bytes] = []
    save = preview_file.save_png
    monkeypatch.setattr(
        preview_file, "save_png", lambda picture, path: (save(picture, path), seen.append(path.read_bytes()))
    )
    studio.write(
        "title: One\nengine: wan-t2v-1.3b\nparameters: {num_inference_steps: 6}\n"
        "video: {size: 96x64, frame_rate: 16}\nscenes: [{id: a, prompt: the fox runs, duration: 0.3s}]\n"
    )
    errors = studio.run("render", "board.yaml").stderr
    assert "preview.png" in errors
    assert len(seen) == 6
    assert len(set(seen)) > 1
    assert Image.open(io.BytesIO(seen[-1])).size == (416, 277)
    assert not list(studio.home.glob("films/*/preview.png"))


@pytest.mark.parametrize(("approve", "code"), [("none", 0), ("takes", 4)])
def test_a_prefect_server_that_lasts_shows_what_is_denoised(studio, prefect_url, monkeypatch, approve, code):
    monkeypatch.setattr(page, "EVERY_S", 0.1)
    title = f"Watched {approve}"
    studio.run("weights", "tiny", "wan-t2v-1.3b", "home/weights/wan-t2v-1.3b")
    studio.write(
        f"title: {title}\nengine: wan-t2v-1.3b\napprove: {approve}\n"
        "parameters: {num_inference_steps: 80}\n"
        "video: {size: 96x64, frame_rate: 16}\nscenes: [{id: a, prompt: the fox runs, duration: 0.3s}]\n"
    )

    def previews() -> dict[str, Any]:
        of_this_film = {"flow_runs": {"name": {"like_": title}}}
        found = httpx.post(f"{prefect_url}/artifacts/filter", json=of_this_film).json()
        return {one["id"]: one for one in found if (one["description"] or "").startswith("**Preview**")}

    rendered = threading.Event()
    with ThreadPoolExecutor(1) as watcher:
        watching = watcher.submit(lambda: _watched(previews, rendered))
        try:
            studio.run("render", "board.yaml", code=code)
        finally:
            rendered.set()
    [preview] = watching.result().values()
    assert preview["type"] == "markdown"
    encoded = re.search(r"data:image/(?:jpeg|png);base64,([A-Za-z0-9+/=]+)", preview["data"])
    assert encoded is not None
    assert Image.open(io.BytesIO(base64.b64decode(encoded[1]))).width == 416
    assert not previews()  # the film is there instead, or the question


def _watched(seen: Callable[[], dict[str, Any]], ended: threading.Event) -> dict[str, Any]:
    """All that was seen until the end."""
    all_seen: dict[str, Any] = {}
    while not ended.wait(0.1):
        all_seen |= seen()
    return all_seen
