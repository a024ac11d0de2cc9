"""What an engine worker offers: only what it can use, or it would fail the takes of others that could."""

import logging
import os
from pathlib import Path
from typing import Literal

import pytest

from models.catalog import ENGINES
from models.tiny_checkpoints import write_tiny_checkpoint
from reelhouse.settings import Settings
from tasks.engine_worker import engines_at_hand
from tasks.workbench import Workbench

from ..command_line import run_here

WEIGHTLESS = [name for name, spec in ENGINES.items() if not spec.weights_id]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    folder = tmp_path / "weights"
    write_tiny_checkpoint("svd", folder / "svd")
    return folder


def at_hand(weights: Path, device: Literal["auto", "cuda"] = "auto") -> set[str]:
    return set(engines_at_hand(Workbench(Settings(home=weights / "home", weights=weights, device=device))))


def test_every_engine_is_offered_that_can_be_used_here(weights: Path):
    assert at_hand(weights) == {*WEIGHTLESS, "svd"}


@pytest.mark.skipif(os.path.exists("/dev/nvidia0"), reason="this machine has a GPU")
def test_one_that_finds_no_gpu_is_left_to_other_workers(weights: Path, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING):
        assert at_hand(weights, device="cuda") == set(WEIGHTLESS)
    assert "svd is not offered here: there is no CUDA GPU" in caplog.text


def test_one_whose_weights_are_not_whole_is_left_to_other_workers(weights: Path):
    (weights / "cogvideox-5b").mkdir()
    assert at_hand(weights) == {*WEIGHTLESS, "svd"}


def test_one_that_is_named_must_be_usable(weights: Path, tmp_path: Path):
    (weights / "cogvideox-5b").mkdir()
    environment = {"REELHOUSE_HOME": str(tmp_path / "home"), "REELHOUSE_WEIGHTS": str(weights)}
    said = run_here(tmp_path, environment, "worker", "--offers", "svd,cogvideox-5b", code=1).stderr
    assert "cogvideox-5b" in said
