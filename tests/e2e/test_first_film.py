"""A storyboard becomes a film: every frame where the cut list says, nothing made twice, nothing lost."""

import json
import signal
import time

import av
import pytest

from db.session import open_database
from models.testcard import read_code
from reelhouse.identity import file_digest
from reelhouse.media.video import probe, read_frames
from reelhouse.seams import Blend, cut_list
from reelhouse.storyboard_reader import read_storyboard

BOARD = """
title: Test Film
engine: testcard
seed: 3
video: {size: 128x64}
subjects:
  fox: {description: a red fox, images: fox.png}
scenes:
  - {id: a, prompt: the fox runs, duration: 1s}
  - {id: b, prompt: rain falls, duration: 1s}
  - {id: c, prompt: the fox sleeps, duration: 1s, seam: continue}
  - {id: d, prompt: the fox wakes, duration: 1s, seam: dissolve 0.25s}
"""


def test_a_storyboard_becomes_a_film_and_the_second_run_makes_nothing(studio):
    studio.write(BOARD)
    first = studio.json("render", "board.yaml")
    assert first["scenes"] == first["engine_calls"] == 4
    assert first["steps_reused"] == 0
    assert first["duration_s"] == (17 + 17 + 16 + 17 - 4) / 16
    assert probe(studio.folder / first["film"]).num_frames == 63

    again = studio.run("render", "board.yaml")
    assert "Nothing to render" in again.stdout
    second = studio.json("render", "board.yaml")
    assert (second["engine_calls"], second["steps_rendered"]) == (0, 0)
    assert second["steps_reused"] == first["steps_rendered"]
    assert second["film_artifact"] == first["film_artifact"]


def test_every_frame_of_the_film_is_the_one_the_cut_list_says(studio):
    board = read_storyboard(studio.write(BOARD))
    film = studio.folder / studio.json("render", "board.yaml")["film"]
    shown = [read_code(frame) for frame in read_frames(film)]
    seams = [scene.seam for scene in board.scenes]
    expected = []
    for part in cut_list([17] * 4, seams, board.frame_rate):
        seed = board.seed_of(board.scenes[part.scene].id, 1) & 0xFFFF
        frames = [(seed, part.start + n) for n in range(part.num_frames)]
        expected += [None] * part.num_frames if isinstance(part, Blend) else frames
    assert [wanted and code for wanted, code in zip(expected, shown, strict=True)] == expected


def test_a_scene_that_continues_begins_with_the_exact_last_frame_of_the_one_before(studio):
    studio.write(BOARD)
    studio.json("render", "board.yaml")
    steps = {
        step["label"]: step
        for step in studio.json("lineage", str(_film(studio)))["steps"]
        if step["stage"] == "take"
    }
    assert steps["c"]["inputs"]["first_frame"] == steps["b"]["outputs"]["last_frame"]
    assert steps["c"]["outputs"]["first_frame"] == steps["b"]["outputs"]["last_frame"]


def test_one_changed_prompt_among_twenty_scenes_renders_one_scene_and_what_follows(studio):
    def board(prompt):
        scenes = [f"  - {{id: s{n}, prompt: scene {n}, duration: 0.3s}}" for n in range(20)]
        scenes[7] = f"  - {{id: s7, prompt: {prompt}, duration: 0.3s}}"
        return "title: Twenty\nvideo: {size: 64x64}\nscenes:\n" + "\n".join(scenes) + "\n"

    studio.write(board("the fox runs"))
    whole = studio.json("render", "board.yaml")
    assert whole["engine_calls"] == 20
    studio.write(board("the fox sleeps"))
    changed = studio.json("render", "board.yaml")
    assert changed["engine_calls"] == 1
    assert changed["steps_rendered"] == 5  # its prompt, take and piece; the film and its stills
    assert changed["steps_reused"] == whole["steps_rendered"] - 5
    studio.write(board("the fox runs"))
    assert studio.json("render", "board.yaml")["steps_rendered"] == 0


def test_what_is_lost_from_the_store_is_made_again(studio):
    studio.write(BOARD)
    film = studio.json("render", "board.yaml")["film_artifact"]
    kept = studio.home / "artifacts" / "sha256" / film[:2] / film
    kept.unlink()
    assert f"{film}" in studio.run("verify", code=1).stdout
    mended = studio.json("render", "board.yaml")
    assert (mended["steps_rendered"], mended["film_artifact"]) == (1, film)
    studio.run("verify")


def test_a_damaged_film_is_never_handed_over(studio):
    studio.write(BOARD)
    first = studio.json("render", "board.yaml")
    _damage(studio, first["film_artifact"])
    assert "corrupt" in studio.run("verify", code=1).stdout
    mended = studio.json("render", "board.yaml")
    assert mended["steps_rendered"] == 1
    assert file_digest(studio.folder / mended["film"]) == first["film_artifact"]
    studio.run("verify")


def test_a_damaged_take_is_told_removed_and_made_anew(studio):
    studio.write(BOARD)
    film = studio.json("render", "board.yaml")["film"]
    steps = studio.json("lineage", film)["steps"]
    _damage(studio, next(s for s in steps if (s["stage"], s["label"]) == ("take", "a"))["outputs"]["take"])
    studio.write(BOARD.replace("{id: a,", "{id: a, caption: new words,"))
    assert "The damaged copy was removed" in studio.run("render", "board.yaml", code=1).stderr
    assert studio.json("render", "board.yaml")["engine_calls"] == 1
    studio.run("verify")


def test_two_storyboards_of_one_title_keep_their_films_and_old_deliveries_go(studio):
    studio.write(BOARD + "deliver: [{name: loop, format: gif}]\n")
    first = studio.json("render", "board.yaml")
    studio.write(BOARD.replace("rain falls", "snow falls"), "other.yaml")
    other = studio.json("render", "other.yaml")
    assert file_digest(studio.folder / first["film"]) == first["film_artifact"]
    assert file_digest(studio.folder / other["film"]) == other["film_artifact"]
    studio.write(BOARD)
    studio.json("render", "board.yaml")
    assert not (studio.folder / first["deliveries"]["loop"]).exists()


def test_a_file_in_the_folders_place_is_told_before_anything_is_rendered(studio):
    studio.write(BOARD)
    (studio.folder / "taken").write_text("x")
    assert "is a file" in studio.run("render", "board.yaml", "--out", "taken/films", code=2).stderr


def test_a_render_stopped_by_ctrl_c_is_recorded_and_goes_on_where_it_was(studio):
    studio.write(BOARD + "parameters: {seconds_per_frame: 0.05}\n")
    process = studio.start("render", "board.yaml")
    _wait_for(lambda: "take" in _stages(studio), process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert "run the same command again" in errors
    assert studio.run("show").stdout.count("cancelled") == 1
    assert not list((studio.home / "scratch").iterdir())
    studio.run("verify")
    again = studio.json("render", "board.yaml")
    assert 0 < again["engine_calls"] < 4


def test_a_killed_render_loses_only_the_steps_at_work(studio):
    studio.write(BOARD + "parameters: {seconds_per_frame: 0.05}\n")
    process = studio.start("render", "board.yaml")
    _wait_for(lambda: "take" in _stages(studio), process)
    process.kill()
    process.communicate()
    studio.run("verify")
    again = studio.json("render", "board.yaml")
    assert again["engine_calls"] < 4
    assert [render["status"] for render in studio.json("show")] == ["done", "failed"]
    assert not list((studio.home / "scratch").iterdir()), "the killed process's scratch folder is swept"
    assert not list((studio.home / "films").rglob("*.part"))


def test_takes_are_all_made_and_the_chosen_one_is_in_the_film(studio):
    text = "title: Takes\nengine: testcard\nvideo: {size: 128x64}\nscenes:\n"
    board = read_storyboard(
        studio.write(text + "  - {id: a, prompt: rain, duration: 0.3s, takes: 3, use_take: 2}\n")
    )
    result = studio.json("render", "board.yaml")
    assert result["engine_calls"] == 3
    first = next(read_frames(studio.folder / result["film"]))
    assert read_code(first) == (board.seed_of("a", 2) & 0xFFFF, 0)


def test_deliveries_have_their_own_size_and_format(studio):
    deliver = 'deliver: [{name: story, aspect: "9:16", reframe: blur}, {name: loop, format: gif}]\n'
    studio.write(BOARD + deliver)
    files = studio.json("render", "board.yaml")["deliveries"]
    story = probe(studio.folder / files["story"])
    assert (story.width, story.height, story.num_frames) == (68, 120, 63)
    with av.open(files["loop"]) as gif:
        assert gif.format.name == "gif"


def test_lineage_names_every_picture_and_the_other_way_round(studio):
    studio.write(BOARD)
    result = studio.json("render", "board.yaml")
    tree = studio.run("lineage", result["film"]).stdout
    assert "testcard" in tree
    assert "the fox sleeps" in tree
    uses = studio.json("lineage", "--where-used", "fox.png")
    assert [render["film"] for render in uses["renders"]] == [result["film_artifact"]]
    studio.run("lineage", result["film"], "--prov", "prov.json")
    document = json.loads((studio.folder / "prov.json").read_text(encoding="utf-8"))
    assert {"entity", "activity", "used", "wasGeneratedBy"} <= document.keys()


def test_frames_are_written_evenly_spaced(studio):
    studio.write(BOARD)
    film = studio.json("render", "board.yaml")["film"]
    paths = studio.run("frames", film, "-n", "5", "--out", "stills").stdout.split()
    assert len(paths) == 5
    assert all((studio.folder / path).is_file() for path in paths)


def _damage(studio, artifact):
    path = studio.home / "artifacts" / "sha256" / artifact[:2] / artifact
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def _film(studio):
    return next((studio.home / "films").rglob("*.mp4"))


def _stages(studio):
    database = studio.home / "reelhouse.db"
    if not database.exists():
        return []
    engine = open_database(f"sqlite:///{database}")
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("select stage from steps").all()
    engine.dispose()
    return [row[0] for row in rows]


def _wait_for(condition, process):
    for _ in range(1200):
        if condition():
            return
        if process.poll() is not None:
            pytest.fail(f"the render ended early:\n{process.communicate()[1]}")
        time.sleep(0.05)
    pytest.fail("waited a minute in vain")
