"""A film that waits for a person, from the command line alone."""

import json
import time

from PIL import Image

BOARD = """\
title: Waits
engine: testcard
video: {size: 64x64}
scenes:
  - {id: a, prompt: x, duration: 0.5s, takes: 2}
  - {id: b, prompt: y, duration: 0.5s}
approve: takes
"""


def waiting(studio):
    return json.loads(studio.run("approvals", "--json").stdout)


def test_a_film_stops_after_its_takes_and_is_finished_once_they_are_approved(studio):
    studio.write(BOARD)
    said = studio.run("render", "board.yaml", code=4).stderr
    [asked] = waiting(studio)

    assert f"reelhouse approve {asked['render_id']}" in said
    with Image.open(studio.home / "films/waits/takes.jpg") as sheet:
        assert sheet.width == 1600
    studio.run("render", "board.yaml", code=4)  # nobody has looked yet
    assert len(waiting(studio)) == 1

    studio.run("approve", asked["render_id"])
    done = studio.json("render", "board.yaml")
    assert done["render_id"] == asked["render_id"]
    assert done["engine_calls"] == 3
    assert waiting(studio) == []
    assert studio.json("render", "board.yaml")["steps_rendered"] == 0


def test_rejected_takes_stay_rejected_until_somebody_takes_them_after_all(studio):
    studio.write(BOARD)
    studio.run("render", "board.yaml", code=4)
    [asked] = waiting(studio)
    studio.run("approve", asked["render_id"], "--reject", "--note", "too dark")
    assert studio.json("show", asked["render_id"])["status"] == "rejected"

    assert "too dark" in studio.run("render", "board.yaml", code=1).stderr
    studio.run("approve", asked["render_id"])
    assert studio.json("render", "board.yaml")["engine_calls"] == 0


def test_without_an_answer_the_default_holds(studio):
    studio.write(BOARD + "approve_by: 1s\napprove_default: approve\n")
    studio.run("render", "board.yaml", code=4)

    time.sleep(1.1)
    assert studio.json("render", "board.yaml")["film"]


def test_nobody_is_asked_where_the_command_says_so(studio):
    studio.write(BOARD)
    assert studio.json("render", "board.yaml", "--approve", "none")["film"]
