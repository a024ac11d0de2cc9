"""Memory in a plan: takes are placed, refused on their line, and keyed alike on every card."""

import json

import pytest
from PIL import Image

from models.catalog import ENGINES
from models.segmenter import SEGMENTERS
from reelhouse.errors import StoryboardError
from reelhouse.memory import GIGABYTE, Card, Placement
from reelhouse.plan import make_plan
from reelhouse.plan_takes import Tools
from reelhouse.stages import Stage
from reelhouse.storyboard import Choices
from reelhouse.storyboard_reader import read_storyboard
from studio.plan_view import memory_line, show_plan

BOARD = """
title: Fox
engine: phantom-14b
video: {size: 1280x720, frame_rate: 24}
subjects:
  fox: {description: a red fox, images: [fox.png]}
scenes:
  - {id: short, prompt: the fox runs, subjects: [fox], duration: 1s}
  - {id: long, prompt: the fox sleeps, subjects: [fox], duration: 5s}
"""


class Words:
    name, code_version, weights_id = "words", "1", ""


@pytest.fixture
def board(tmp_path):
    Image.new("RGB", (60, 40), "red").save(tmp_path / "fox.png")
    file = tmp_path / "board.yaml"
    file.write_text(BOARD, encoding="utf-8")
    return file


def plan_for(file, gigabytes, engine="phantom-14b"):
    card = gigabytes and Card("a card", gigabytes * GIGABYTE)
    tools = Tools(ENGINES[engine], SEGMENTERS["u2netp"], Words(), ENGINES.__getitem__, card)
    return make_plan(read_storyboard(file), tools)


def test_every_take_has_its_own_placement(board):
    short, long = plan_for(board, 24).of(Stage.TAKE)
    assert short.cost.placement == Placement(encoder_on_cpu=True, blocks_offloaded=True)
    assert long.cost.placement == short.cost.placement
    short, long = plan_for(board, 18).of(Stage.TAKE)
    assert short.cost.placement == Placement(blocks_offloaded=True, vae_tiled=True)
    assert long.cost.placement == Placement(encoder_on_cpu=True, blocks_offloaded=True, vae_tiled=True)


def test_the_card_changes_no_key(board):
    keys = [[step.key for step in plan_for(board, gigabytes).steps] for gigabytes in (24, 80, None)]
    assert keys[0] == keys[1] == keys[2]


def test_what_fits_in_no_way_is_refused_on_the_scenes_line_with_what_would(board):
    with pytest.raises(StoryboardError) as refused:
        plan_for(board, 15)
    assert (
        refused.value.line
        == BOARD.splitlines().index(next(x for x in BOARD.splitlines() if "id: long" in x)) + 1
    )
    assert refused.value.problem == (
        "121 frames of 1280x720 with 1 reference image by phantom-14b want 17.4 GB of GPU memory at the "
        "least (the text encoder on the CPU, the transformer's blocks fetched as they run, pictures and "
        "frames in tiles), and a card has 15.0 GB free: film at most 97 frames at once (4.04 s), or "
        "use a GPU with 18 GB free"
    )


def test_a_scene_changed_as_advised_is_planned(board):
    board.write_text(BOARD.replace("duration: 5s", "duration: 4.04s"), encoding="utf-8")
    takes = plan_for(board, 15).of(Stage.TAKE)
    assert takes[1].parameters["num_frames"] == 97


def test_without_a_card_nothing_is_placed_and_the_line_names_one(board):
    plan = plan_for(board, None)
    assert {step.cost.placement for step in plan.steps} == {None}
    line = memory_line(plan, None)
    assert line is not None
    assert line.startswith(
        "GPU memory: long wants 61.7 GB with everything on the GPU; a card of 24 GB holds it"
    )


def test_the_line_of_a_known_card_says_what_is_taken_and_how(board):
    line = memory_line(plan_for(board, 80), Card("a card", 80 * GIGABYTE))
    assert line == "GPU memory: long takes 61.7 GB of the 80.0 GB free on a card: everything on the GPU"


def test_plan_as_json_names_card_and_placement(board, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("REELHOUSE_GPU_MEMORY", "48GB")
    show_plan(board, Choices(), as_json=True)
    memory = json.loads(capsys.readouterr().out)["gpu_memory"]
    assert memory["card"]["free_bytes"] == 48 * GIGABYTE
    assert memory["placement"] == {"encoder_on_cpu": False, "blocks_offloaded": True, "vae_tiled": False}
    assert memory["take"] == "long"


def test_a_film_without_networks_wants_no_gpu(board):
    board.write_text(BOARD.replace("phantom-14b", "animatic"), encoding="utf-8")
    assert memory_line(plan_for(board, 8, engine="animatic"), Card("a card", 8 * GIGABYTE)) is None
