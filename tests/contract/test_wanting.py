"""What a process says and hears while it waits for takes, asked of each kind of database."""

import threading
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import Engine, select

import tasks.wanting
from db.bell import Bell
from db.ledger import Claim, Ledger
from db.session import reading
from db.tables import wants
from db.wants import Offer, Want, Wants
from db.workers import Worker, Workers
from reelhouse.errors import ServiceUnavailable
from reelhouse.identity import bytes_digest
from tasks.ownership import Keeper
from tasks.previews import decoded
from tasks.wanting import Wanting

from ..eventually import eventually

KEY = bytes_digest(b"meadow")
WANT = Want(KEY, "render", {"label": "meadow"}, Offer("testcard", "1", ""), gpu_bytes=0, priority=0)


def claim(ledger: Ledger) -> Claim:
    answer = ledger.claim(KEY, owner="gpu-7:1:2:a", program="test", lease_s=60)
    assert isinstance(answer, Claim)
    return answer


def test_the_newest_look_reaches_the_parent_that_waits(engine: Engine):
    ledger = Ledger(engine)
    keeper = Keeper(ledger, 60, every_s=0.05)
    with Wanting(Wants(engine), lease_s=60).wanting(WANT) as awaited, keeper.keeping(claim(ledger)) as hold:
        for colour in (10, 200):
            hold.preview = np.full((60, 104, 3), colour, np.uint8)
            eventually(
                lambda colour=colour: (
                    awaited.preview is not None and abs(float(decoded(awaited.preview).mean()) - colour) < 2
                )
            )
    eventually(lambda: all(thread.name not in ("wants", "claims") for thread in threading.enumerate()))


def test_who_waits_is_told_what_no_worker_can_make_and_when_one_can(engine: Engine, monkeypatch):
    monkeypatch.setattr(tasks.wanting, "HANDS_EVERY_S", 0.0)
    monkeypatch.setattr(tasks.wanting, "LOOK_S", 0.05)
    other = Worker("gpu-7:1:2:a", "gpu 7", "1", (Offer("svd", "1", ""),), gpu="", gpu_bytes=None)
    able = replace(other, owner="gpu-8:1:2:a", offers=(WANT.offer,))
    workers = Workers(engine)
    workers.tell(other)
    with Wanting(Wants(engine), lease_s=60).wanting(WANT) as awaited:
        eventually(lambda: awaited.obstacle.startswith("no worker offers testcard: start reelhouse worker"))
        workers.tell(able)
        eventually(lambda: awaited.obstacle == "")
        workers.leave(able.owner)
        eventually(lambda: awaited.obstacle != "")
        claim(Ledger(engine))
        eventually(lambda: awaited.obstacle == "")


def test_takes_that_a_render_wants_at_once_stand_in_line_one_behind_the_other(engine: Engine):
    wanting = Wanting(Wants(engine), lease_s=60)
    names = [f"scene {number}" for number in range(16)]
    ready = threading.Barrier(len(names))
    seen = threading.Barrier(len(names))
    places: list[int] = []

    def wait(name: str) -> None:
        ready.wait(20)
        with wanting.wanting(replace(WANT, step_key=bytes_digest(name.encode()))):
            if not seen.wait(20):
                with reading(engine) as connection:
                    places.extend(connection.scalars(select(wants.c.place)))
            seen.wait(20)

    threads = [threading.Thread(target=wait, args=(name,), daemon=True) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(places) == list(range(len(names)))


def test_who_waits_hears_the_answer_whatever_went_wrong_meanwhile(engine: Engine, monkeypatch, caplog):
    monkeypatch.setattr(tasks.wanting, "LOOK_S", 0.05)
    unforeseen = [ZeroDivisionError("at the bell"), ZeroDivisionError("at the answers")]
    replies, wait = Wants.replies, Bell.wait

    def failing_replies(*arguments: Any) -> Any:
        if len(unforeseen) == 2:
            raise unforeseen.pop()
        return replies(*arguments)

    def failing_wait(bell: Bell, at_most_s: float) -> None:
        if len(unforeseen) == 1:
            raise unforeseen.pop()
        wait(bell, at_most_s)

    monkeypatch.setattr(Wants, "replies", failing_replies)
    monkeypatch.setattr(Bell, "wait", failing_wait)
    wanted = Wants(engine)
    with Wanting(wanted, lease_s=60).wanting(WANT) as awaited:
        eventually(lambda: not unforeseen)
        wanted.made(KEY, for_render="render")
        assert awaited.answered.wait(20)
    assert "at the answers" in caplog.text
    assert "at the bell" in caplog.text


def test_who_asks_again_does_not_hear_the_answer_of_a_want_that_could_not_be_withdrawn(
    engine: Engine, monkeypatch
):
    wanted = Wants(engine)
    wanting = Wanting(wanted, lease_s=60)

    def away(*arguments: object) -> None:
        raise ServiceUnavailable("the database does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(Wants, "withdraw", away)
        with wanting.wanting(WANT) as awaited:
            wanted.failed(KEY, "EngineError", "black frames")
            assert awaited.answered.wait(20)
    with wanting.wanting(WANT) as awaited:
        eventually(lambda: awaited.reply is not None)
        assert awaited.reply is not None
        assert awaited.reply.state == "wanted"


def test_a_renewal_that_hangs_keeps_no_other_take_from_being_wanted_and_withdrawn(engine: Engine):
    class Hanging(Wants):
        hangs, goes_on = threading.Event(), threading.Event()

        def renew(self, want: Want, *, lease_s: float) -> None:
            self.hangs.set()
            self.goes_on.wait(60)
            super().renew(want, lease_s=lease_s)

    wanted = Hanging(engine)
    wanting = Wanting(wanted, lease_s=3)  # renewed once a second
    other = replace(WANT, step_key=bytes_digest(b"hill"))

    def want_and_withdraw() -> None:
        with wanting.wanting(other):
            pass

    with wanting.wanting(WANT):
        assert wanted.hangs.wait(20)
        thread = threading.Thread(target=want_and_withdraw, daemon=True)
        thread.start()
        thread.join(20)
        is_held_up = thread.is_alive()
        wanted.goes_on.set()
    assert not is_held_up
    assert not wanted.is_wanted(other.step_key)
    assert not wanted.is_wanted(KEY)


def test_a_picture_that_cannot_be_shown_costs_neither_the_claim_nor_its_progress(engine: Engine, caplog):
    ledger = Ledger(engine)
    with Keeper(ledger, 60, every_s=0.05).keeping(claim(ledger)) as hold:
        hold.preview = np.zeros((2, 2, 7), np.uint8)
        eventually(lambda: hold.preview is None)
        hold.progress = 0.5
        eventually(lambda: ledger.waiting([KEY])[KEY].progress == 0.5)
    assert "its preview cannot be shown" in caplog.text
