"""A film whose takes an engine worker makes: it is watched like one that is made here."""

import httpx
import pytest

from studio import preview_file

pytestmark = pytest.mark.services
BOARD = """\
title: Watched from afar
engine: animatic
video: {size: 832x480, frame_rate: 16}
scenes: [{id: a, prompt: the fox runs, duration: 6s}]
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

    def previews() -> set[str]:
        wanted = {"artifacts": {"key": {"any_": ["render-preview"]}}}
        return {
            artifact["id"] for artifact in httpx.post(f"{prefect_url}/artifacts/filter", json=wanted).json()
        }

    before = previews()  # other films were shown on the session's server
    studio.write(BOARD)
    worker = studio.start("worker", "--offers", "animatic")
    try:
        studio.run("render", "board.yaml")
    finally:
        worker.terminate()
        worker.communicate(timeout=30)

    assert len(previews() - before) == 1
    assert len(set(seen)) > 1
