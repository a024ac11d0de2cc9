"""What a process says and hears while it waits for takes, asked of each kind of database."""

import threading
from dataclasses import replace

import numpy as np
from sqlalchemy import Engine, select

import tasks.wanting
from db.ledger import Claim, Ledger
from db.session import reading
from db.tables import wants
from db.wants import Offer, Want, Wants
from db.workers import Worker, Workers
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


def test_a_picture_that_cannot_be_shown_costs_neither_the_claim_nor_its_progress(engine: Engine, caplog):
    ledger = Ledger(engine)
    with Keeper(ledger, 60, every_s=0.05).keeping(claim(ledger)) as hold:
        hold.preview = np.zeros((2, 2, 7), np.uint8)
        eventually(lambda: hold.preview is None)
        hold.progress = 0.5
        eventually(lambda: ledger.waiting([KEY])[KEY].progress == 0.5)
    assert "its preview cannot be shown" in caplog.text
