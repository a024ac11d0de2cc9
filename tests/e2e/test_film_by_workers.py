"""A film whose takes an engine worker makes: it is watched like one that is made here."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from studio import preview_file

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
