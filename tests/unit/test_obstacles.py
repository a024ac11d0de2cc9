"""Why a take waits: the first thing that is missing, and what to do about it."""

from dataclasses import replace

import pytest

from db.wants import Offer, Want
from db.workers import Worker
from tasks.obstacles import obstacle

GB = 10**9
OFFER = Offer("phantom-1.3b", "2", "sha256:aa")
WANT = Want("aa", "render", {"label": "meadow"}, OFFER, gpu_bytes=12 * GB, priority=0)
ABLE = Worker("gpu-7:1:2:a", "gpu 7", "1", (Offer("svd", "1", ""), OFFER), gpu="L4", gpu_bytes=23 * GB)


def offering(offer: Offer) -> Worker:
    return replace(ABLE, offers=(offer,))


@pytest.mark.parametrize(
    ("present", "said"),
    [
        ([], "no worker offers phantom-1.3b: start reelhouse worker --offers phantom-1.3b"),
        ([offering(Offer("svd", "2", "sha256:aa"))], "no worker offers phantom-1.3b"),
        ([offering(replace(OFFER, code_version="1"))], "version of the code of phantom-1.3b"),
        ([offering(replace(OFFER, weights_id="sha256:bb"))], "version of the weights of phantom-1.3b"),
        ([replace(ABLE, gpu_bytes=11 * GB)], "no worker's GPU has 12.0 GB free"),
    ],
)
def test_what_is_missing_is_said(present: list[Worker], said: str):
    assert said in obstacle(WANT, present)


@pytest.mark.parametrize("able", [ABLE, replace(ABLE, gpu="", gpu_bytes=None)])
def test_one_able_worker_is_enough(able: Worker):
    assert obstacle(WANT, [offering(Offer("svd", "2", "")), replace(ABLE, gpu_bytes=GB), able]) == ""
