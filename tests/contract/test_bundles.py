"""Bundles on every store: a storyboard travels with its files, and gives the same film wherever it goes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from db.store import ArtifactStore
from reelhouse.errors import InputError, StoryboardError
from reelhouse.settings import Settings
from reelhouse.storyboard_reader import read_storyboard
from tasks.bundles import MEDIA_TYPE, opened, pack, unpack
from tasks.workbench import Workbench

BOARD = """\
title: Fox
subjects:
  fox: {description: a fox, images: [pictures/fox.png], mask: {file: mask.png}}
brand: {logo: logo.png}
scenes:
  - {id: a, prompt: the fox runs, duration: 1s}
"""


@pytest.fixture
def bench(store: ArtifactStore, tmp_path: Path) -> Iterator[Workbench]:
    bench = Workbench(Settings(home=tmp_path / "home", library=tmp_path / "library"))
    bench.store = store
    yield bench
    bench.lineage.engine.dispose()


@pytest.fixture
def board_file(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    (folder / "pictures").mkdir(parents=True)
    Image.new("RGBA", (64, 64), "red").save(folder / "elsewhere.png")
    (folder / "pictures" / "fox.png").symlink_to("../elsewhere.png")
    Image.new("L", (64, 64), 255).save(folder / "mask.png")
    Image.new("RGB", (20, 10), "blue").save(folder / "logo.png")
    (folder / "fox.yaml").write_text(BOARD)
    return folder / "fox.yaml"


def test_an_unpacked_bundle_gives_the_same_plan_and_the_same_bundle(bench: Workbench, board_file: Path):
    board = read_storyboard(board_file)
    bundle_id = pack(bench, board)

    with opened(bench, bundle_id) as there:
        assert there.file.parent != board_file.parent
        assert bench.plan(there).digest == bench.plan(board).digest
        assert pack(bench, there) == bundle_id
    assert not there.file.exists()  # the scratch folder goes with the block


def test_a_pasted_storyboard_takes_pictures_from_the_store_and_from_the_library(
    bench: Workbench, board_file: Path, tmp_path: Path
):
    picture = bench.store.put_file(board_file.parent / "elsewhere.png", "image/png")
    (tmp_path / "library").mkdir()
    for name in ("mask.png", "logo.png"):
        (board_file.parent / name).rename(tmp_path / "library" / name)
    pasted = BOARD.replace("pictures/fox.png", f"sha256:{picture.id}")

    with opened(bench, pasted) as board:
        assert board.subjects["fox"].images[0].read_bytes() == bench.store.read(picture.id)
        assert board.brand.logo is not None


def test_a_file_of_the_library_is_opened_where_it_is(bench: Workbench, board_file: Path, tmp_path: Path):
    board_file.parent.rename(tmp_path / "library")
    with opened(bench, "fox.yaml") as board:
        assert board.title == "Fox"


@pytest.mark.parametrize("name", ["../mine/fox.yaml", "{outside}", "link.yaml", "missing.yaml"])
def test_no_file_outside_of_the_library_is_opened(
    bench: Workbench, board_file: Path, tmp_path: Path, name: str
):
    (tmp_path / "library").mkdir()
    (tmp_path / "library/link.yaml").symlink_to(board_file)
    with (
        pytest.raises(InputError, match="reelhouse submit"),
        opened(bench, name.replace("{outside}", str(board_file))),
    ):
        pass


@pytest.mark.parametrize("name", ["a" * 300, "a\0b", "itself.yaml"])
def test_a_name_that_no_file_can_have_is_told_as_any_other(bench: Workbench, tmp_path: Path, name: str):
    (tmp_path / "library").mkdir()
    (tmp_path / "library/itself.yaml").symlink_to("itself.yaml")
    with pytest.raises(InputError, match="reelhouse submit"), opened(bench, name):
        pass


def test_a_storyboard_on_one_line_is_no_files_name(bench: Workbench):
    with opened(
        bench, '{"title": "A", "scenes": [{"id": "a", "prompt": "a fox", "duration": "1s"}]}'
    ) as board:
        assert board.title == "A"


def test_a_pasted_storyboards_fault_is_told_with_its_line_and_without_a_scratch_folder(bench: Workbench):
    with (
        pytest.raises(StoryboardError, match=r"^storyboard\.yaml:3: "),
        opened(bench, "title: A\nscenes:\n  - {id: 5}"),
    ):
        pass


@pytest.mark.parametrize(
    "manifest",
    [
        b"no JSON",
        b"[]",
        json.dumps({"storyboard": "a.yaml", "files": {}}).encode(),
        json.dumps({"storyboard": "a.yaml", "files": {"a.yaml": "not an id"}}).encode(),
    ],
)
def test_an_artifact_that_is_no_bundle_is_named_as_such(bench: Workbench, tmp_path: Path, manifest: bytes):
    stored = bench.store.put_bytes(manifest, MEDIA_TYPE)
    with pytest.raises(InputError, match="is not a bundle"):
        unpack(bench.store, stored.id, tmp_path)


def test_a_bundle_writes_nothing_outside_of_its_folder(bench: Workbench, tmp_path: Path):
    file = bench.store.put_bytes(b"title: A", "application/yaml")
    manifest = {"storyboard": "../a.yaml", "files": {"../a.yaml": file.id}}
    stored = bench.store.put_bytes(json.dumps(manifest).encode(), MEDIA_TYPE)
    (tmp_path / "inner").mkdir()
    with pytest.raises(InputError, match="leads out"):
        unpack(bench.store, stored.id, tmp_path / "inner")
    assert not (tmp_path / "a.yaml").exists()


def test_a_bundle_that_is_not_in_the_store_says_how_one_is_made(bench: Workbench, tmp_path: Path):
    with pytest.raises(InputError, match="reelhouse submit"):
        unpack(bench.store, "0" * 64, tmp_path)
