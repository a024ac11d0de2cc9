"""Bad input: one message with what to do, exit code 2, no traceback, nothing written."""

import pytest

SCENES = "scenes: [{id: a, prompt: the fox runs}]\n"
BAD = {
    "an unknown key": "title: x\nsceenes: []\n",
    "a wrong type": "title: x\nscenes: 3\n",
    "a missing picture": "title: x\nsubjects: {f: {description: d, images: none.png}}\n" + SCENES,
    "a picture that is none": "title: x\nsubjects: {f: {description: d, images: board.yaml}}\n" + SCENES,
    "five references": "title: x\nsubjects: {f: {description: d, images: [a, b, c, d, e]}}\n" + SCENES,
    "zero duration": "title: x\nscenes: [{id: a, prompt: b, duration: 0s}]\n",
    "a size the engine does not make": "title: x\nvideo: {size: 834x480}\n" + SCENES,
    "a scene id twice": "title: x\nscenes: [{id: a, prompt: b}, {id: a, prompt: b}]\n",
    "a path that leads out": "title: x\naudio: {music: ../../music.mp3}\n" + SCENES,
    "an aliases bomb": "a: &a [x, x]\nb: &b [*a, *a]\ntitle: x\n" + SCENES,
    "an unknown engine": "title: x\nengine: sora\n" + SCENES,
    "a bridge by an engine that makes none": (
        "title: x\nengine: wan-t2v-1.3b\nseam_engines: {bridge: wan-i2v-14b-480p}\n"
        "scenes: [{id: a, prompt: b}, {id: c, prompt: b, seam: bridge}]\n"
    ),
    "no YAML at all": "\x00\x01",
}


@pytest.mark.parametrize("command", ["render", "plan"])
@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told_in_one_line_and_nothing_is_written(studio, case, command):
    studio.write(BAD[case])
    before = sorted(path.name for path in studio.folder.iterdir())
    done = studio.run(command, "board.yaml", code=2)
    assert done.stdout == ""
    assert done.stderr.startswith("reelhouse: board.yaml")
    assert len(done.stderr.splitlines()) == 1
    assert sorted(path.name for path in studio.folder.iterdir()) == before


def test_a_storyboard_of_fifty_megabytes_is_not_read(studio):
    with (studio.folder / "board.yaml").open("wb") as file:
        file.truncate(50 << 20)
    assert "at most 2 MiB" in studio.run("render", "board.yaml", code=2).stderr


def test_a_missing_storyboard_film_or_render_is_named(studio):
    assert "no such file" in studio.run("plan", "none.yaml", code=2).stderr
    assert "there is no film" in studio.run("frames", "none.mp4", code=2).stderr
    assert "there is no file none.png" in studio.run("lineage", "--where-used", "none.png", code=2).stderr
    assert "name a film" in studio.run("lineage", code=2).stderr


def test_music_that_is_no_music_is_refused_by_name(studio):
    (studio.folder / "theme.mp3").write_text("la la la")
    studio.write("title: x\nengine: testcard\nvideo: {size: 64x64}\naudio: {music: theme.mp3}\n" + SCENES)
    done = studio.run("render", "board.yaml", code=2)
    assert "board.yaml:4: theme.mp3 " in done.stderr


def test_a_setting_that_names_nothing_is_refused(studio):
    studio.write("title: x\n" + SCENES)
    studio.environment["REELHOUSE_SEGMENTER"] = "magic"
    assert "REELHOUSE_SEGMENTER" in studio.run("plan", "board.yaml", code=2).stderr
