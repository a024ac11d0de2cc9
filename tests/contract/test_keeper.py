"""What keeps a claim while its step is made, at a database that is away for a while or fails otherwise."""

import threading
import time
from typing import Any

import pytest
from sqlalchemy import Engine

from db.ledger import Claim, Ledger
from db.wants import Offer, Want, Wants
from reelhouse.errors import ServiceUnavailable
from reelhouse.identity import bytes_digest
from tasks.ownership import Keeper

from ..eventually import eventually

KEY = bytes_digest(b"meadow")
WANT = Want(KEY, "render", {"label": "meadow"}, Offer("testcard", "1", ""), gpu_bytes=0, priority=0)
EVERY_S = 0.05


class Line(Ledger):
    """A ledger that cannot be told of a claim, or only late.

    Attributes:
        error: what whoever tells is told instead, while it is set.
        is_open: cleared, telling takes until it is set again.
        heard: how often it was told.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.error: Exception | None = None
        self.is_open = threading.Event()
        self.is_open.set()
        self.heard = 0

    def heartbeat(self, claim: Claim, **said: Any) -> bool:
        self.is_open.wait(60)
        if self.error:
            raise self.error
        asked = super().heartbeat(claim, **said)
        self.heard += 1
        return asked

    def until_heard(self, times: int = 3) -> None:
        """Wait until it was told so often from now on; whoever is told first asks before the second time."""
        target = self.heard + times
        eventually(lambda: self.heard >= target, every_s=0.01)


@pytest.fixture
def ledger(engine: Engine) -> Line:
    """An empty ledger."""
    return Line(engine)


@pytest.fixture
def wanted(engine: Engine) -> Wants:
    """One want, whose parent is not heard of again before it lapses."""
    wanted = Wants(engine)
    wanted.want(WANT, lease_s=0.5)
    return wanted


def claim(ledger: Ledger, lease_s: float) -> Claim:
    answer = ledger.claim(KEY, owner="gpu-7:1:2:a", program="test", lease_s=lease_s)
    assert isinstance(answer, Claim)
    return answer


def test_a_take_outlives_a_database_that_is_away_until_its_want_has_lapsed(ledger: Line, wanted: Wants):
    keeper = Keeper(ledger, 4, every_s=EVERY_S, is_wanted=wanted.is_wanted)
    with keeper.keeping(claim(ledger, 4)) as hold:
        ledger.error = ServiceUnavailable("the database does not answer")
        eventually(lambda: not wanted.is_wanted(KEY))
        ledger.error = None
        ledger.until_heard()  # the worker is back first
        assert not hold.cancelled

        wanted.renew(WANT, lease_s=60)  # then the parent
        eventually(lambda: time.monotonic() > hold.wanted_until)
        ledger.until_heard()
        assert not hold.cancelled


def test_a_take_outlives_a_database_that_stands_still_until_its_want_has_lapsed(ledger: Line, wanted: Wants):
    keeper = Keeper(ledger, 3, every_s=EVERY_S, is_wanted=wanted.is_wanted)
    with keeper.keeping(claim(ledger, 3)) as hold:
        ledger.is_open.clear()
        time.sleep(1.6)
        ledger.is_open.set()
        ledger.until_heard()
        assert not wanted.is_wanted(KEY)
        assert not hold.cancelled


def test_a_take_whose_parent_does_not_come_back_after_an_outage_is_stopped(ledger: Line, wanted: Wants):
    keeper = Keeper(ledger, 1, every_s=EVERY_S, is_wanted=wanted.is_wanted)
    with keeper.keeping(claim(ledger, 1)) as hold:
        ledger.error = ServiceUnavailable("the database does not answer")
        eventually(lambda: not wanted.is_wanted(KEY))
        ledger.error = None
        eventually(lambda: hold.cancelled)


def test_a_take_that_is_wanted_no_more_is_stopped_while_the_database_answers(ledger: Line, wanted: Wants):
    keeper = Keeper(ledger, 60, every_s=EVERY_S, is_wanted=wanted.is_wanted)
    with keeper.keeping(claim(ledger, 60)) as hold:
        eventually(lambda: hold.cancelled)


def test_a_claim_is_kept_after_whatever_went_wrong(ledger: Line, caplog):
    with Keeper(ledger, 60, every_s=EVERY_S).keeping(claim(ledger, 60)) as hold:
        ledger.error = ZeroDivisionError("unforeseen")
        eventually(lambda: "unforeseen" in caplog.text)
        ledger.error = None
        hold.progress = 0.5
        eventually(lambda: ledger.waiting([KEY])[KEY].progress == 0.5)
