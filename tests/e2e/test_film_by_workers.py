"""A film whose takes an engine worker makes: it is watched like one that is made here."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from studio import preview_file

from ..eventually import eventually

pytestmark = pytest.mark.services
BOARD = """\
title: Watched from afar
engine: animatic
video: {size: 832x480, frame_rate: 16}
scenes: [{id: a, prompt: the fox runs, duration: 40s}]
"""


def test_what_an_engine_worker_makes_is_seen_by_who_renders_and_on_prefects_page(
    studio, prefect_url, monkeypatch
):
    studio.environment["REELHOUSE_ENGINES"] = "workers"
    seen: list[bytes] = []
    save = preview_file.save_png
    monkeypatch.setattr(
        preview_file, "save_png", lambda picture, path: (save(picture, path), seen.append(path.read_bytes()))
    )
    rendered = threading.Event()

    def pictures_on_the_page() -> set[str]:
        found: set[str] = set()
        while not rendered.wait(0.2):
            artifacts = httpx.post(f"{prefect_url}/artifacts/filter", json={}, timeout=60).json()
            found |= {
                one["data"] for one in artifacts if (one["description"] or "").startswith("**Preview**")
            }
        return found

    studio.write(BOARD)
    worker = studio.start("worker", "--offers", "animatic")
    with ThreadPoolExecutor(1) as watcher:
        watching = watcher.submit(pictures_on_the_page)
        try:
            studio.run("render", "board.yaml")
        finally:
            rendered.set()
            worker.terminate()
            worker.communicate(timeout=60)

    assert seen
    assert any("data:image/jpeg;base64," in picture for picture in watching.result())


def test_a_film_that_no_worker_can_make_says_so_and_is_made_when_one_comes(studio, prefect_url):
    studio.environment["REELHOUSE_ENGINES"] = "workers"
    studio.write(BOARD.replace("40s", "1s"))
    rendering = studio.start("render", "board.yaml")

    def progress() -> list[str]:
        artifacts = httpx.post(f"{prefect_url}/artifacts/filter", json={}, timeout=60).json()
        return [one["description"] for one in artifacts if one["type"] == "progress"]

    stuck = "Takes wait: no worker offers animatic: start reelhouse worker --offers animatic"
    said = re.compile(rf"\*\*Progress\*\*: \d+ %, (some seconds|about \d+ s) left\. {stuck}")
    eventually(lambda: any(said.fullmatch(now) for now in progress()))
    worker = studio.start("worker", "--offers", "animatic")
    _, errors = rendering.communicate(timeout=120)
    worker.terminate()
    worker.communicate(timeout=60)

    assert rendering.returncode == 0, errors
    assert errors.count(stuck) == 1
    assert "**Progress**: 100 %" in progress()
