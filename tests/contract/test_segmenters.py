"""What every segmenter promises, asked of u2netp and of tiny random SAM 3 and Grounding DINO + SAM 2."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import models.grounded_sam2
import models.sam3
from models.masks import mask_subject
from models.pretrained import Weights
from models.segmenter import SEGMENTERS, Segmenter, open_segmenter
from models.square_pictures import SquarePictures
from reelhouse.clips import Role
from reelhouse.errors import EngineError, InputError

from ..shot_pictures import fox, grey_on_grey, iou, textured_background, two_balls
from ..tiny_models import save_grounding_dino, save_sam2, save_sam3


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("checkpoints")
    return {
        "sam3": str(save_sam3(folder / "sam3")),
        "grounded-sam2": f"{save_grounding_dino(folder / 'dino')}+{save_sam2(folder / 'sam2')}",
    }


@pytest.fixture(scope="module")
def opened(checkpoints: dict[str, str]) -> dict[str, Segmenter]:
    return {name: open_segmenter(name, device="cpu", weights=checkpoints.get(name)) for name in SEGMENTERS}


@pytest.fixture(params=list(SEGMENTERS))
def segmenter(
    request: pytest.FixtureRequest, opened: dict[str, Segmenter], monkeypatch: pytest.MonkeyPatch
) -> Segmenter:
    # Random weights are sure of nothing: without this the tiny models would only ever find nothing.
    monkeypatch.setattr(models.sam3, "SCORE_THRESHOLD", 0.0)
    monkeypatch.setattr(models.grounded_sam2, "BOX_THRESHOLD", 0.0)
    return opened[request.param]


@pytest.fixture
def u2netp(opened: dict[str, Segmenter]) -> Segmenter:
    return opened["u2netp"]


@pytest.mark.parametrize("size", [(90, 140), (141, 67), (7, 5)])
def test_a_mask_has_the_pictures_size_and_lies_between_0_and_1(
    segmenter: Segmenter, size: tuple[int, int]
) -> None:
    picture = textured_background(*size, seed=0, hue=(120, 120, 120))
    mask = segmenter.segment(picture, phrase="a small red fox", box=None)
    assert mask.shape == size
    assert mask.dtype == np.float32
    assert mask.min() >= 0
    assert mask.max() <= 1


def test_the_same_picture_gives_the_same_mask(segmenter: Segmenter) -> None:
    picture, _ = fox(90, 120)
    first, second = (segmenter.segment(picture, phrase="a red fox", box=None) for _ in range(2))
    assert np.array_equal(first, second)


def test_a_picture_is_not_written_to(segmenter: Segmenter) -> None:
    picture, _ = fox(90, 120)
    picture.flags.writeable = False
    segmenter.segment(picture, phrase="a red fox", box=None)
    segmenter.segment(picture, phrase="a red fox", box=(10, 10, 60, 60))


@pytest.mark.parametrize("box", [(50, 20, 40, 60), (0, 0, 0, 10), (-1, 0, 10, 10), (0, 0, 121, 90)])
def test_a_box_that_is_not_in_the_picture_is_refused(
    segmenter: Segmenter, box: tuple[int, int, int, int]
) -> None:
    picture, _ = fox(90, 120)
    with pytest.raises(InputError, match="120 wide and 90 high; give left, top, right, bottom"):
        segmenter.segment(picture, phrase="a red fox", box=box)


def test_the_weights_are_named_in_the_spec(segmenter: Segmenter) -> None:
    assert segmenter.spec.name in SEGMENTERS
    assert "@sha256:" in segmenter.spec.weights_id


@pytest.mark.parametrize(
    "shot", [lambda: fox(), lambda: fox(1080, 1920), lambda: grey_on_grey()], ids=["fox", "hd", "grey"]
)
def test_u2netp_finds_a_drawn_subject(
    u2netp: Segmenter, shot: Callable[[], tuple[NDArray[np.uint8], NDArray[np.bool_]]]
) -> None:
    picture, right = shot()
    found = mask_subject(
        Image.fromarray(picture), method="auto", role=Role.SUBJECT, phrase="", segmenter=u2netp
    )
    assert iou(found.mask >= 128, right) > 0.97  # measured: 0.981, 0.993, 0.997
    assert found.warnings == ()


@pytest.mark.parametrize("which", [0, 1])
def test_a_box_says_which_of_two_things_is_meant(u2netp: Segmenter, which: int) -> None:
    picture, *balls = two_balls()
    box = ((60, 100, 240, 280), (350, 70, 550, 270))[which]
    found = mask_subject(
        Image.fromarray(picture), method="box", box=box, role=Role.SUBJECT, phrase="", segmenter=u2netp
    )
    assert iou(found.mask >= 128, balls[which]) > 0.97  # measured: 0.984, 0.988


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_u2netp_finds_nothing_in_an_empty_picture(u2netp: Segmenter, grey: int) -> None:
    empty = np.full((90, 120, 3), grey, np.uint8)
    assert u2netp.segment(empty, phrase="", box=None).max() < 0.5


def test_sam3_finds_nothing_where_it_is_sure_of_nothing(checkpoints: dict[str, str]) -> None:
    picture, _ = fox(90, 120)
    mask = open_segmenter("sam3", device="cpu", weights=checkpoints["sam3"]).segment(
        picture, phrase="a red fox", box=None
    )
    assert not mask.any()


def test_half_a_checkpoint_is_refused(checkpoints: dict[str, str], tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    whole = Path(checkpoints["sam3"])
    for file in whole.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(whole / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if "mask_decoder" not in name}
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EngineError, match=r"does not fit Sam3Model: \d+ weights are missing"):
        open_segmenter("sam3", device="cpu", weights=str(tmp_path)).segment(
            fox(90, 120)[0], phrase="a red fox", box=None
        )


def test_a_folder_is_named_by_its_weights_not_by_its_place(
    checkpoints: dict[str, str], tmp_path: Path
) -> None:
    whole = Path(checkpoints["sam3"])
    copy = tmp_path / whole.name
    copy.mkdir()
    (copy / "model.safetensors").write_bytes((whole / "model.safetensors").read_bytes())
    assert Weights.parse(str(copy)).identity == Weights.parse(str(whole)).identity
    (copy / "model.safetensors").write_bytes(b"other")
    assert Weights.parse(str(copy)).identity != Weights.parse(str(whole)).identity


def test_a_repository_is_named_with_its_revision() -> None:
    assert Weights.parse("facebook/sam3").identity == "facebook/sam3@main"
    assert Weights.parse("facebook/sam3@1a2b").identity == "facebook/sam3@1a2b"


def test_a_checkpoints_own_preprocessing_is_followed(checkpoints: dict[str, str]) -> None:
    pictures = SquarePictures.of(Weights.parse(checkpoints["sam3"]))
    values = pictures.pixel_values(np.full((30, 50, 3), 255, np.uint8))
    assert values.shape == (1, 3, 112, 112)
    assert values.unique().tolist() == [1.0]  # (1 - 0.5) / 0.5
