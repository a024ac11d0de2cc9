"""What may be written in a storyboard, and what a person is told when something is wrong."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from reelhouse.errors import StoryboardError
from reelhouse.seams import SeamKind
from reelhouse.storyboard_file import StoryboardFile
from reelhouse.storyboard_reader import read_storyboard

DOCS = Path(__file__).parents[2] / "docs"
SUBJECTS = "subjects:\n  fox: {description: a red fox, images: fox.png}\n"
SCENES = "scenes: [{id: a, prompt: the fox runs}]\n"


@pytest.fixture
def folder(tmp_path):
    Image.new("RGB", (60, 40), "white").save(tmp_path / "fox.png")
    return tmp_path


def read(folder, text):
    file = folder / "board.yaml"
    file.write_text(text, encoding="utf-8")
    return read_storyboard(file)


def test_the_shortest_storyboard_is_a_title_and_a_scene(folder):
    board = read(folder, "title: Fox\nscenes: [{id: a, prompt: a fox runs}]\n")
    assert (board.width, board.height, board.frame_rate) == (832, 480, 16)
    assert (board.engine, board.quality, board.scenes[0].duration_s) == ("animatic", "draft", 5)


def test_words_may_be_written_in_two_languages(folder):
    board = read(folder, "title: Fox\nscenes: [{id: a, prompt: {zh: 狐狸, en: a fox}}]\n")
    assert board.scenes[0].prompt.in_language("zh") == "狐狸"
    assert board.scenes[0].prompt.in_language("en") == "a fox"


def test_a_scene_without_subjects_has_those_its_prompt_names(folder):
    board = read(
        folder, f"title: Fox\n{SUBJECTS}scenes: [{{id: a, prompt: The FOX runs}}, {{id: b, prompt: rain}}]\n"
    )
    assert [scene.subjects for scene in board.scenes] == [("fox",), ()]


def test_a_dissolve_lasts_half_a_second_unless_it_says(folder):
    scenes = "- {id: a, prompt: x}\n- {id: b, prompt: x, seam: dissolve}\n"
    scenes += "- {id: c, prompt: x, seam: dissolve 1s}\n"
    board = read(folder, f"title: Fox\nscenes:\n{scenes}")
    assert [scene.seam.duration_s for scene in board.scenes] == [None, Fraction(1, 2), 1]
    assert board.scenes[1].seam.kind is SeamKind.DISSOLVE


def test_an_aspect_keeps_the_number_of_pixels_and_even_sides(folder):
    delivery = read(folder, f'title: Fox\n{SCENES}deliver: [{{name: story, aspect: "9:16"}}]\n').deliver[0]
    assert (delivery.width, delivery.height) == (474, 842)
    assert (
        read(folder, f"title: Fox\n{SCENES}deliver: [{{name: story, aspect: 9:16}}]\n").deliver[0] == delivery
    )


def test_every_take_of_every_scene_has_its_own_seed(folder):
    board = read(folder, f"title: Fox\nseed: 7\n{SCENES}")
    seeds = {board.seed_of(scene, take) for scene in ("a", "b", "c") for take in (1, 2, 3)}
    assert len(seeds) == 9
    assert all(0 <= seed < 2**63 for seed in seeds)


# What is written, the line the message must name, and what it must say.
WRONG = {
    "an unknown key": ("titel: Fox\n" + SCENES, 1, 'unknown key "titel": did you mean "title"?'),
    "an unknown key in a scene": (
        "title: Fox\nscenes:\n - id: a\n   promt: b\n   prompt: b\n",
        4,
        '"promt" in scenes[1]',
    ),
    "an unknown key in a mask": (
        "title: Fox\nsubjects:\n  fox:\n    description: d\n    images: fox.png\n    mask: {bx: [1]}\n"
        + SCENES,
        6,
        'did you mean "box"?',
    ),
    "no title": (SCENES, 1, '"title" is missing'),
    "no scenes": ("title: Fox\nscenes: []\n", 2, "scenes"),
    "a wrong type": ("title: [Fox]\n" + SCENES, 1, "title: wanted string, found list"),
    "a number for text": ("title: Fox\nscenes:\n - id: a\n   prompt: 3\n", 4, "text"),
    "zero duration": (
        "title: Fox\nscenes:\n - id: a\n   prompt: b\n   duration: 0s\n",
        5,
        "longer than zero",
    ),
    "a missing picture": (
        "title: Fox\nsubjects:\n  fox:\n    description: d\n    images: fix.png\n" + SCENES,
        5,
        'did you mean "fox.png"?',
    ),
    "a picture that is none": (
        "title: Fox\nsubjects:\n  fox:\n    description: d\n    images:\n    - board.yaml\n" + SCENES,
        6,
        "board.yaml is not a picture",
    ),
    "five references": (
        "title: Fox\nsubjects:\n  fox:\n    description: d\n    images: [a, b, c, d, e]\n" + SCENES,
        5,
        "at most 4 reference images",
    ),
    "five references in a scene": (
        "title: Fox\nsubjects:\n"
        "  fox: {description: d, images: [fox.png, fox.png, fox.png]}\n"
        "  dog: {description: d, images: [fox.png, fox.png]}\n"
        "scenes:\n - id: a\n   prompt: b\n   subjects: [fox, dog]\n",
        8,
        'scene "a" uses 5 reference images (fox 3, dog 2)',
    ),
    "a subject nobody knows": (
        f"title: Fox\n{SUBJECTS}scenes:\n - id: a\n   prompt: b\n   subjects: [fxo]\n",
        7,
        'did you mean "fox"?',
    ),
    "a path that leads out": (
        "title: Fox\nsubjects:\n  fox:\n    description: d\n    images: ../fox.png\n" + SCENES,
        5,
        "stay in its folder",
    ),
    "an absolute path": ("title: Fox\n" + SCENES + "audio: {music: /etc/passwd}\n", 3, "stay in its folder"),
    "a windows path": ("title: Fox\n" + SCENES + "audio: {music: 'C:\\a.wav'}\n", 3, "stay in its folder"),
    "a scene id twice": (
        "title: Fox\nscenes:\n - {id: a, prompt: b}\n - {id: a, prompt: c}\n",
        4,
        'called "a"',
    ),
    "an unwritable scene id": ("title: Fox\nscenes:\n - {id: ../a, prompt: b}\n", 3, "letters, digits"),
    "an odd size": ("title: Fox\nvideo: {size: 831x480}\n" + SCENES, 2, "even"),
    "an unknown quality": ("title: Fox\nquality: superb\n" + SCENES, 2, "found 'superb'"),
    "an unknown language": (
        "title: Fox\nscenes:\n - id: a\n   prompt: {fr: renard}\n",
        4,
        "languages are en and zh",
    ),
    "a take that is not made": ("title: Fox\nscenes:\n - id: a\n   prompt: b\n   use_take: 2\n", 5, "take 2"),
    "two deliveries of one name": (
        "title: Fox\n" + SCENES + "deliver:\n - {name: web}\n - {name: web}\n",
        5,
        'called "web"',
    ),
    "a delivery called like the film": ("title: Fox\n" + SCENES + "deliver: [{name: film}]\n", 3, "rename"),
    "size and aspect": (
        "title: Fox\n" + SCENES + "deliver: [{name: a, size: 64x64, aspect: '1:1'}]\n",
        3,
        "not both",
    ),
    "a caption in letters the typeface lacks": (
        "title: Fox\nscenes:\n - id: a\n   prompt: b\n   caption: hello 🦊\n",
        5,
        "🦊",
    ),
    "a title in letters the typeface lacks": ("title: Fox 🦊\n" + SCENES, 1, "🦊"),
    "a list": ("- title: Fox\n", 1, "a storyboard is a mapping"),
    "nothing": ("", 1, "a storyboard is a mapping"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_with_its_line(folder, case):
    text, line, message = WRONG[case]
    with pytest.raises(StoryboardError) as caught:
        read(folder, text)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{folder / 'board.yaml'}:{line}: ")


def test_a_link_does_not_lead_out_of_the_folder_either(folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.png"
    Image.new("RGB", (4, 4)).save(outside)
    (folder / "link.png").symlink_to(outside)
    with pytest.raises(StoryboardError, match="leads out of the storyboard's folder"):
        read(folder, f"title: Fox\nsubjects:\n  fox: {{description: d, images: link.png}}\n{SCENES}")


@given(
    st.dictionaries(st.sampled_from(list(StoryboardFile.model_fields)), st.none() | st.integers() | st.text())
)
def test_any_wrong_mapping_gives_a_storyboard_error(tmp_path_factory, mapping):
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text(json.dumps(mapping), encoding="utf-8")
    with pytest.raises(StoryboardError):
        read_storyboard(file)


def test_the_exported_schema_is_current():
    exported = json.loads((DOCS / "storyboard.schema.json").read_text(encoding="utf-8"))
    assert exported == StoryboardFile.model_json_schema(), "run: make schema"
