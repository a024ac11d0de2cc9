"""A film that waits for a person, from the command line alone."""

import hashlib
import json
import time
from pathlib import Path

from PIL import Image

from reelhouse.media.video import probe

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


def test_a_draft_is_watched_first_and_then_the_film_is_made_in_its_own_quality(studio):
    # The animatic draws a draft smaller: its takes are others than the film's.
    board = BOARD.replace("testcard", "animatic").replace("64x64", "128x96").replace("takes: 2", "takes: 1")
    studio.write(board.replace("approve: takes", "approve: draft\nquality: standard\ndeliver: [{name: web}]"))
    planned = studio.json("plan", "board.yaml")
    assert planned["engine_calls"] == 4
    assert 0 < planned["asks_in_s"] < planned["done_in_s"] == planned["asks_in_s"] + planned["then_in_s"]

    said = studio.run("render", "board.yaml", code=4).stderr
    [asked] = waiting(studio)
    assert "a draft is made and waits for a person" in said
    assert asked["looked_at"] == "draft"
    Image.open(asked["contact_sheet"]).close()
    draft = studio.home / "films/waits/draft.mp4"
    assert not (studio.home / "films/waits/waits.mp4").exists()
    fetched = studio.json("fetch", asked["render_id"], "--out", "look")["files"]
    assert (
        (studio.folder / fetched["draft"]).read_bytes()
        == draft.read_bytes()
        == Path(asked["draft"]).read_bytes()
    )
    left = studio.json("plan", "board.yaml")
    assert (left["engine_calls"], left["asks_in_s"]) == (2, 0)

    studio.run("approve", asked["render_id"], "--note", "lovely")
    done = studio.json("render", "board.yaml")
    assert (done["render_id"], done["engine_calls"]) == (asked["render_id"], 4)
    film = Path(done["film"])
    assert film.read_bytes() != draft.read_bytes()
    assert probe(film).num_frames == probe(draft).num_frames
    assert list(done["deliveries"]) == ["web"]
    told = studio.json("show", done["render_id"])
    assert told["looked_at"]["draft"] == hashlib.sha256(draft.read_bytes()).hexdigest()
    assert (told["approval"]["decision"], told["approval"]["note"]) == ("approved", "lovely")
    assert told["approval"]["decided_by"] in studio.run("show", done["render_id"]).stdout

    # It is the very film that draft quality makes.
    assert studio.json("render", "board.yaml", "--quality", "draft", "--approve", "none")["engine_calls"] == 0


def test_a_rejected_draft_ends_the_film(studio):
    studio.write(BOARD.replace("approve: takes", "approve: draft"))
    studio.run("render", "board.yaml", "--quality", "final", code=4)
    [asked] = waiting(studio)

    studio.run("approve", asked["render_id"], "--reject", "--note", "too dark")

    assert "too dark" in studio.run("render", "board.yaml", "--quality", "final", code=1).stderr
    assert studio.json("show", asked["render_id"])["status"] == "rejected"
    assert not list((studio.home / "films/waits").glob("waits*.mp4"))


def test_a_draft_of_a_draft_is_refused(studio):
    studio.write(BOARD.replace("approve: takes", "approve: draft"))
    assert "ask for quality: standard or final" in studio.run("render", "board.yaml", code=2).stderr


def test_rejected_takes_stay_rejected_until_somebody_takes_them_after_all(studio):
    studio.write(BOARD)
    studio.run("render", "board.yaml", code=4)
    [asked] = waiting(studio)
    studio.run("approve", asked["render_id"], "--reject", "--note", "too dark")
    assert studio.json("show", asked["render_id"])["status"] == "rejected"

    assert "too dark" in studio.run("render", "board.yaml", code=1).stderr
    studio.run("approve", asked["render_id"])
    assert studio.json("render", "board.yaml")["engine_calls"] == 0


def test_what_cannot_be_decided_says_so(studio):
    studio.write(BOARD)
    studio.run("render", "board.yaml", code=4)
    [asked] = waiting(studio)
    assert "Waits is approved: render it again" in studio.run("approve", asked["render_id"]).stdout
    done = studio.json("render", "board.yaml")["render_id"]
    never = studio.json("render", "board.yaml", "--approve", "none")["render_id"]

    for render_id, reason in {
        done: "of Waits is already approved by",
        never: "does not ask for approval: `reelhouse approvals` lists those that do",
        "abcdef": "no render has an id that begins with 'abcdef'; `reelhouse show` lists them",
        "0193a0f2-1111-7000-8000-000000000000": "has not begun yet, or its database is another one",
    }.items():
        code = 3 if "begun" in reason else 1
        assert reason in studio.run("approve", render_id, code=code).stderr


def test_without_an_answer_the_default_holds(studio):
    studio.write(BOARD + "approve_by: 1s\napprove_default: approve\n")
    studio.run("render", "board.yaml", code=4)

    time.sleep(1.1)
    assert studio.json("render", "board.yaml")["film"]


def test_nobody_is_asked_where_the_command_says_so(studio):
    studio.write(BOARD)
    assert studio.json("render", "board.yaml", "--approve", "none")["film"]
