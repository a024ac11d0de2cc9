"""Bridges, continued scenes and scenes longer than a clip, from storyboard to film."""

import pytest

from models.testcard import read_code
from reelhouse.media.video import probe, read_frames
from reelhouse.storyboard_reader import read_storyboard

BRIDGED = """
title: Bridged
engine: ENGINE
video: {size: 128x64}
subjects:
  fox: {description: a red fox, images: fox.png}
scenes:
  - {id: a, prompt: the fox runs in a meadow, duration: 0.5s}
  - {id: b, prompt: rain falls on the sea, duration: 0.5s, seam: bridge 1s}
  - {id: c, prompt: the fox sleeps, duration: 0.5s, seam: continue}
"""
LONG = """
title: Long
engine: testcard
video: {size: 128x64, frame_rate: 120}
scenes:
  - {id: a, prompt: rain, duration: 0.1s}
  - {id: b, prompt: a long rain, duration: 10s, seam: continue}
"""
NOISE = """
title: Noise
engine: wan-t2v-1.3b
video: {size: 64x64}
scenes:
  - {id: a, prompt: rain, duration: 0.3s}
  - {id: b, prompt: snow, duration: 0.3s, seam: bridge 0.5s}
  - {id: c, prompt: wind, duration: 0.3s, seam: continue}
"""


def codes_of(studio, film):
    return [read_code(frame) for frame in read_frames(studio.folder / film)]


def takes_of(studio, film, stage="take"):
    steps = studio.json("lineage", film)["steps"]
    return {step["label"]: step for step in steps if step["stage"] == stage}


def test_a_bridge_stands_between_its_scenes_frame_by_frame(studio):
    board = read_storyboard(studio.write(BRIDGED.replace("ENGINE", "testcard")))
    result = studio.json("render", "board.yaml")
    assert result["engine_calls"] == 4
    seeds = {name: board.seed_of(name, 1) & 0xFFFF for name in ("a", "a to b", "b", "c")}
    expected = [(seeds["a"], n) for n in range(9)]
    expected += [(seeds["a to b"], n) for n in range(1, 16)]
    expected += [(seeds["b"], n) for n in range(9)]
    expected += [(seeds["c"], n) for n in range(1, 9)]
    assert codes_of(studio, result["film"]) == expected
    takes = takes_of(studio, result["film"])
    assert takes["a to b"]["outputs"]["first_frame"] == takes["a"]["outputs"]["last_frame"]
    assert takes["a to b"]["outputs"]["last_frame"] == takes["b"]["outputs"]["first_frame"]
    assert studio.json("render", "board.yaml")["engine_calls"] == 0


def test_an_animatic_bridge_begins_and_ends_on_the_scenes_frames(studio):
    studio.write(BRIDGED.replace("ENGINE", "animatic"))
    takes = takes_of(studio, studio.json("render", "board.yaml")["film"])
    assert takes["a to b"]["outputs"]["first_frame"] == takes["a"]["outputs"]["last_frame"]
    assert takes["a to b"]["outputs"]["last_frame"] == takes["b"]["outputs"]["first_frame"]


def test_a_scene_longer_than_a_clip_is_joined_and_every_frame_is_where_the_plan_says(studio):
    board = read_storyboard(studio.write(LONG))
    result = studio.json("render", "board.yaml")
    assert result["engine_calls"] == 3
    assert result["duration_s"] == (13 + 1201 - 1) / 120
    one, two = (board.seed_of(name, 1) & 0xFFFF for name in ("b", "b window 2"))
    before = [(board.seed_of("a", 1) & 0xFFFF, n) for n in range(13)]
    expected = before + [(one, n) for n in range(1, 601)] + [(two, n) for n in range(1, 601)]
    assert codes_of(studio, result["film"]) == expected
    join = takes_of(studio, result["film"], "join")["b"]
    windows = takes_of(studio, result["film"])
    assert join["outputs"]["first_frame"] == windows["a"]["outputs"]["last_frame"]
    assert len(join["facts"]["colour_matches"]) == 1
    assert result["warnings"] == []
    assert studio.json("render", "board.yaml")["engine_calls"] == 0


def test_the_plan_names_every_window_bridge_and_join_with_its_engine(studio):
    studio.write(LONG + "  - {id: c, prompt: sun, duration: 0.1s, seam: bridge 0.5s}\n")
    steps = studio.json("plan", "board.yaml")["steps"]
    made = {step["label"]: step["engine"] for step in steps if step["stage"] == "take"}
    assert made == dict.fromkeys(
        ["a", "b, window 1 of 2", "b, window 2 of 2", "c", "b to c"],
        "testcard",
    )
    assert [(step["label"], step["engine"]) for step in steps if step["stage"] == "join"] == [("b", None)]


def test_a_film_of_words_is_bridged_and_continued_by_the_engines_that_can(studio):
    for engine in ("wan-t2v-1.3b", "wan-flf2v-14b-720p", "wan-i2v-14b-480p"):
        studio.run("weights", "tiny", engine, f"home/weights/{engine}")
    studio.write(NOISE)
    steps = studio.json("plan", "board.yaml")["steps"]
    assert {step["label"]: step["engine"] for step in steps if step["stage"] == "take"} == {
        "a": "wan-t2v-1.3b",
        "b": "wan-t2v-1.3b",
        "a to b": "wan-flf2v-14b-720p",
        "c": "wan-i2v-14b-480p",
    }
    result = studio.json("render", "board.yaml")
    assert result["engine_calls"] == 4
    assert probe(studio.folder / result["film"]).num_frames == 5 + 7 + 5 + 4


def test_a_size_an_engine_was_not_trained_for_is_made_when_asked_and_recorded(studio):
    text = "title: Odd\nengine: wan-t2v-1.3b\nvideo: {size: 64x32, frame_rate: RATE}\n"
    studio.run("weights", "tiny", "wan-t2v-1.3b", "home/weights/wan-t2v-1.3b")
    scenes = "scenes: [{id: a, prompt: rain, duration: 0.3s}]\n"
    studio.write(text.replace("RATE", "24") + scenes)
    assert "untrained: true" in studio.run("render", "board.yaml", code=2).stderr
    studio.write(text.replace("RATE", "24, untrained: true") + scenes)
    film = studio.json("render", "board.yaml")["film"]
    assert takes_of(studio, film)["a"]["parameters"]["untrained"] is True


@pytest.mark.parametrize(("engine", "subjects"), [("wan-t2v-1.3b", ""), ("phantom-1.3b", "fox")])
def test_a_long_scene_of_noise_goes_on_from_the_frames_before(studio, engine, subjects):
    studio.run("weights", "tiny", engine, f"home/weights/{engine}")
    studio.write(
        f"title: Long\nengine: {engine}\nvideo: {{size: 64x64}}\n"
        "subjects: {fox: {description: a red fox, images: fox.png}}\n"
        f"scenes: [{{id: a, prompt: rain, duration: 6s, subjects: [{subjects}]}}]\n"
    )
    result = studio.json("render", "board.yaml")
    assert result["engine_calls"] == 2
    assert probe(studio.folder / result["film"]).num_frames == 97
    windows = takes_of(studio, result["film"])
    second = windows["a, window 2 of 2"]
    assert second["inputs"]["overlap"] == windows["a, window 1 of 2"]["outputs"]["take"]
    assert second["parameters"]["overlap_frames"] == 17
