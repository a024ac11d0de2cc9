"""What the wants promise, asked of SQLite and of a real PostgreSQL."""

import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, update

from db.bell import Channel, listening
from db.ledger import Claim, Ledger
from db.session import writing
from db.tables import claims, wants, workers
from db.wants import Offer, Want, Wants
from db.workers import Worker, Workers
from reelhouse.identity import bytes_digest

PHANTOM = Offer("phantom-1.3b", "1+3", "acme/phantom@1")
ANIMATIC = Offer("animatic", "1+9", "")
GB = 10**9


@pytest.fixture
def wanted(engine: Engine) -> Wants:
    """No wants, on each kind of database in turn."""
    return Wants(engine)


def key(name: str) -> str:
    return bytes_digest(name.encode())


def want(
    wanted: Wants,
    render: str,
    *names: str,
    offer: Offer = ANIMATIC,
    gpu_bytes: int = 0,
    priority: int = 0,
    lease_s: float = 60,
) -> None:
    """Let a render want steps, in this order."""
    for name in names:
        step = {"label": name, "inputs": {"b": 1, "a": 2}}
        wanted.want(Want(key(name), render, step, offer, gpu_bytes, priority), lease_s=lease_s)


def label(found: Want | None) -> str | None:
    return found.step["label"] if found else None


def serve(wanted: Wants, count: int, *offers: Offer) -> list[str]:
    """Make the next takes, one after another; what was made, in order."""
    made: list[str] = []
    for _ in range(count):
        chosen = wanted.next(offers or (ANIMATIC,), gpu_bytes=None)
        assert chosen is not None
        made.append(chosen.step["label"])
        wanted.made(chosen.step_key, for_render=chosen.render_id)
        wanted.withdraw(chosen.render_id, chosen.step_key)
    return made


def lapse(wanted: Wants, render: str) -> None:
    """Let the time of a render's wants pass."""
    with writing(wanted.engine) as connection:
        connection.execute(update(wants).where(wants.c.render_id == render).values(wanted_until=1.0))


def claim(ledger: Ledger, name: str) -> Claim:
    answer = ledger.claim(key(name), owner="gpu-7:1:2:a", program="test", lease_s=60)
    assert isinstance(answer, Claim)
    return answer


def test_a_want_is_given_with_its_step_as_it_was_written(wanted: Wants):
    want(wanted, "a", "meadow", offer=PHANTOM, gpu_bytes=7 * GB, priority=2)

    found = wanted.next([PHANTOM], gpu_bytes=8 * GB)

    step = {"label": "meadow", "inputs": {"b": 1, "a": 2}}
    assert found is not None
    assert found == Want(key("meadow"), "a", step, PHANTOM, 7 * GB, 2)
    assert list(found.step["inputs"]) == ["b", "a"]


def test_renders_take_turns_whoever_asked_first(wanted: Wants):
    want(wanted, "long", *(f"long {n}" for n in range(6)))
    want(wanted, "short", "short 0", "short 1")

    assert serve(wanted, 5) == ["long 0", "short 0", "long 1", "short 1", "long 2"]


def test_a_render_that_comes_late_waits_for_one_turn_and_is_not_served_alone(wanted: Wants):
    want(wanted, "old", *(f"old {n}" for n in range(30)))
    serve(wanted, 20)
    want(wanted, "new", *(f"new {n}" for n in range(30)))

    for _ in range(3):
        assert {name.partition(" ")[0] for name in serve(wanted, 2)} == {"old", "new"}


def test_a_render_that_asks_for_one_take_at_a_time_gets_its_share(wanted: Wants):
    want(wanted, "many", *(f"many {n}" for n in range(20)))
    made: list[str] = []
    for number in range(4):
        want(wanted, "single", f"single {number}")
        made += serve(wanted, 2)

    assert sum(name.startswith("single") for name in made) == 4


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 6), min_size=2, max_size=4))
def test_while_two_renders_wait_neither_gets_two_takes_more_than_the_other(
    wanted: Wants, sizes: Sequence[int]
):
    with writing(wanted.engine) as connection:
        connection.execute(delete(wants))
    for render, size in enumerate(sizes):
        want(wanted, f"{render}", *(f"{render} {number}" for number in range(size)))

    served = dict.fromkeys(range(len(sizes)), 0)
    for name in serve(wanted, sum(sizes)):
        served[int(name.partition(" ")[0])] += 1
        waiting = [count for render, count in served.items() if count < sizes[render]]
        assert not waiting or max(waiting) - min(waiting) <= 1
    assert list(served.values()) == list(sizes)


def test_priority_goes_before_turns(wanted: Wants):
    want(wanted, "a", "a 0", "a 1")
    want(wanted, "b", "b 0", "b 1", priority=5)
    want(wanted, "c", "c 0", priority=-1)

    assert serve(wanted, 5) == ["b 0", "b 1", "a 0", "a 1", "c 0"]


@pytest.mark.parametrize(
    "other",
    [
        replace(PHANTOM, engine="phantom-14b"),
        replace(PHANTOM, code_version="1+2"),
        replace(PHANTOM, weights_id="acme/phantom@2"),
    ],
)
def test_a_worker_with_another_engine_version_or_weights_leaves_a_want_alone(wanted: Wants, other: Offer):
    want(wanted, "a", "meadow", offer=PHANTOM)

    assert wanted.next([other, ANIMATIC], gpu_bytes=None) is None
    assert [waiting.want.step_key for waiting in wanted.waiting()] == [key("meadow")]
    assert label(wanted.next([other, PHANTOM], gpu_bytes=None)) == "meadow"


def test_a_worker_that_offers_nothing_is_given_nothing(wanted: Wants):
    want(wanted, "a", "meadow")

    assert wanted.next([], gpu_bytes=None) is None


def test_a_card_is_given_what_fits_it(wanted: Wants):
    want(wanted, "a", "large", offer=PHANTOM, gpu_bytes=24 * GB)
    want(wanted, "a", "small", offer=PHANTOM, gpu_bytes=8 * GB)

    assert label(wanted.next([PHANTOM], gpu_bytes=12 * GB)) == "small"
    assert label(wanted.next([PHANTOM], gpu_bytes=24 * GB)) == "large"
    assert wanted.next([PHANTOM], gpu_bytes=6 * GB) is None


def test_what_somebody_makes_is_not_given_again_until_they_let_go_or_fall_silent(wanted: Wants):
    ledger = Ledger(wanted.engine)
    want(wanted, "a", "meadow", "hill")
    held = claim(ledger, "meadow")

    assert label(wanted.next([ANIMATIC], gpu_bytes=None)) == "hill"
    ledger.release(held)
    assert label(wanted.next([ANIMATIC], gpu_bytes=None)) == "meadow"
    claim(ledger, "meadow")
    with writing(wanted.engine) as connection:
        connection.execute(update(claims).values(lease_ends_at=1.0))
    assert label(wanted.next([ANIMATIC], gpu_bytes=None)) == "meadow"


def test_what_comes_next_can_be_seen_while_one_is_made(wanted: Wants):
    want(wanted, "a", "meadow", "hill")

    assert label(wanted.next([ANIMATIC], gpu_bytes=None, after=key("meadow"))) == "hill"


def test_a_want_whose_parent_is_silent_lapses(wanted: Wants):
    want(wanted, "a", "meadow")
    lapse(wanted, "a")

    assert wanted.next([ANIMATIC], gpu_bytes=None) is None
    assert not wanted.is_wanted(key("meadow"))
    assert wanted.waiting() == []
    assert wanted.replies("a", [key("meadow")])[key("meadow")].lapsed


def test_a_want_said_again_goes_on_in_its_place(wanted: Wants):
    want(wanted, "a", "meadow", "hill")
    lapse(wanted, "a")
    want(wanted, "a", "hill")
    want(wanted, "a", "meadow")

    assert serve(wanted, 2) == ["meadow", "hill"]


def test_a_step_is_wanted_while_anybody_wants_it(wanted: Wants):
    want(wanted, "a", "meadow")
    want(wanted, "b", "meadow")

    wanted.withdraw("a", key("meadow"))
    assert wanted.is_wanted(key("meadow"))
    wanted.withdraw("b", key("meadow"))
    assert not wanted.is_wanted(key("meadow"))


def test_lapsed_wants_are_removed_and_no_others(wanted: Wants):
    want(wanted, "dead", "meadow", "hill")
    want(wanted, "alive", "meadow")
    lapse(wanted, "dead")

    assert wanted.remove_lapsed() == 2
    assert [waiting.want.render_id for waiting in wanted.waiting()] == ["alive"]


def test_a_want_that_lapsed_while_the_database_was_away_is_found_in_its_place(wanted: Wants):
    want(wanted, "a", "meadow", lease_s=-600)
    want(wanted, "a", "hill")

    assert wanted.remove_lapsed() == 0
    want(wanted, "a", "meadow")
    assert serve(wanted, 2) == ["meadow", "hill"]


def test_a_made_step_answers_all_who_wanted_it_and_is_counted_to_one(wanted: Wants):
    want(wanted, "a", "meadow")
    want(wanted, "b", "meadow", "hill")

    wanted.made(key("meadow"), for_render="a")

    assert wanted.replies("a", [key("meadow")])[key("meadow")].state == "made"
    replies = wanted.replies("b", [key("meadow"), key("hill")])
    assert [replies[key(name)].state for name in ("meadow", "hill")] == ["found", "wanted"]
    assert label(wanted.next([ANIMATIC], gpu_bytes=None)) == "hill"


def test_an_error_answers_all_who_wanted_the_step_and_those_who_ask_again_start_anew(wanted: Wants):
    want(wanted, "a", "meadow")
    want(wanted, "b", "meadow")

    wanted.failed(key("meadow"), "EngineError", "black frames\0")

    reply = wanted.replies("b", [key("meadow")])[key("meadow")]
    assert (reply.state, reply.error_kind, reply.error) == ("failed", "EngineError", "black frames\ufffd")
    assert wanted.next([ANIMATIC], gpu_bytes=None) is None
    wanted.withdraw("a", key("meadow"))
    want(wanted, "a", "meadow")
    assert wanted.replies("a", [key("meadow")])[key("meadow")].state == "wanted"
    assert label(wanted.next([ANIMATIC], gpu_bytes=None)) == "meadow"


def test_who_asks_again_starts_anew_also_where_the_earlier_want_could_not_be_withdrawn(wanted: Wants):
    want(wanted, "a", "meadow", "hill")
    wanted.failed(key("meadow"), "EngineError", "black frames")

    want(wanted, "a", "meadow")

    reply = wanted.replies("a", [key("meadow")])[key("meadow")]
    assert (reply.state, reply.error_kind, reply.error) == ("wanted", "", "")
    assert serve(wanted, 2) == ["hill", "meadow"]


def test_a_want_that_is_renewed_keeps_its_answer(wanted: Wants):
    meadow = Want(key("meadow"), "a", {"label": "meadow"}, ANIMATIC, 0, 0)
    wanted.want(meadow, lease_s=60)
    wanted.failed(key("meadow"), "EngineError", "black frames")
    lapse(wanted, "a")

    wanted.renew(meadow, lease_s=60)

    reply = wanted.replies("a", [key("meadow")])[key("meadow")]
    assert (reply.state, reply.error, reply.lapsed) == ("failed", "black frames", False)


def test_a_want_that_is_renewed_when_its_row_is_gone_is_given(wanted: Wants):
    wanted.renew(Want(key("meadow"), "a", {"label": "meadow"}, ANIMATIC, 0, 0), lease_s=60)

    assert label(wanted.next([ANIMATIC], gpu_bytes=None)) == "meadow"


def test_a_parent_sees_who_makes_its_step_and_how_far_they_are(wanted: Wants):
    ledger = Ledger(wanted.engine)
    want(wanted, "a", "meadow")
    assert wanted.replies("a", [key("meadow")])[key("meadow")].owner is None

    ledger.heartbeat(claim(ledger, "meadow"), progress=0.4, phase="making")

    reply = wanted.replies("a", [key("meadow")])[key("meadow")]
    assert reply.owner == "gpu-7:1:2:a"
    assert reply.progress == pytest.approx(0.4)
    assert wanted.waiting()[0].owner == "gpu-7:1:2:a"
    assert wanted.replies("a", [key("hill")]) == {}


def test_a_parent_asks_for_a_look_at_its_step_only_when_there_is_a_new_one(wanted: Wants):
    ledger = Ledger(wanted.engine)
    want(wanted, "a", "meadow")

    def looks() -> tuple[int, bytes | None]:
        return wanted.replies("a", [key("meadow")])[key("meadow")].previews, wanted.preview(key("meadow"))

    assert looks() == (0, None)
    held = claim(ledger, "meadow")
    ledger.heartbeat(held, progress=0.1, phase="making")
    assert looks() == (0, None)
    ledger.heartbeat(held, progress=0.2, phase="making", preview=b"noise\0")
    ledger.heartbeat(held, progress=0.3, phase="making")
    assert looks() == (1, b"noise\0")
    ledger.heartbeat(held, progress=0.4, phase="making", preview=b"a fox")
    assert looks() == (2, b"a fox")


def test_the_look_at_an_attempt_ends_with_it_and_the_next_ones_is_new(wanted: Wants):
    ledger = Ledger(wanted.engine)
    want(wanted, "a", "meadow")
    held = claim(ledger, "meadow")
    ledger.heartbeat(held, progress=0.4, phase="making", preview=b"a fox")
    ledger.release(held)

    held = claim(ledger, "meadow")
    assert wanted.preview(key("meadow")) is None
    ledger.heartbeat(held, progress=0.1, phase="making", preview=b"noise")
    assert wanted.replies("a", [key("meadow")])[key("meadow")].previews == 2


@pytest.mark.parametrize("channel", list(Channel))
def test_the_bell_rings_for_a_want_and_for_an_answer(wanted: Wants, channel: Channel):
    if channel is Channel.ANSWERED:
        want(wanted, "a", "meadow")

    def change() -> None:
        if channel is Channel.WANTED:
            want(wanted, "a", "meadow")
        else:
            wanted.made(key("meadow"), for_render="a")

    with listening(wanted.engine, channel) as bell:
        timer = threading.Timer(0.2, change)
        begun = time.monotonic()
        timer.start()
        while not (
            wanted.next([ANIMATIC], gpu_bytes=None) if channel is Channel.WANTED else _answered(wanted)
        ):
            bell.wait(20)
        timer.join()

    assert time.monotonic() - begun < 15  # unheard, it would have waited for 20 s


def _answered(wanted: Wants) -> bool:
    return wanted.replies("a", [key("meadow")])[key("meadow")].state == "made"


def test_workers_that_are_there_and_take_more_are_counted_for_what_each_can_make(engine: Engine):
    house = Workers(engine)
    both = Worker("here:1:2:a", "attic", "reelhouse 1", (PHANTOM, ANIMATIC), "H100", 80 * GB)
    small = replace(both, owner="here:1:3:b", offers=(PHANTOM,), gpu_bytes=12 * GB)
    on_cpu = replace(both, owner="here:1:4:c", offers=(ANIMATIC,), gpu="", gpu_bytes=None)
    leaving = replace(both, owner="here:1:5:d", state="draining")
    silent = replace(both, owner="here:1:6:e")
    newer = replace(both, owner="here:1:7:f", offers=(replace(PHANTOM, code_version="1+4"),))
    for worker in (both, small, on_cpu, leaving, silent, newer):
        house.tell(worker)
    with writing(engine) as connection:
        connection.execute(update(workers).where(workers.c.owner == silent.owner).values(seen_at=1.0))
        connection.execute(update(workers).where(workers.c.owner == both.owner).values(state="working"))

    assert house.able({PHANTOM: 24 * GB, ANIMATIC: 0}) == {PHANTOM: 1, ANIMATIC: 2}
    assert house.able({PHANTOM: 8 * GB}) == {PHANTOM: 2}


def test_a_worker_is_seen_as_it_last_described_itself_until_it_leaves(engine: Engine):
    house = Workers(engine)
    worker = Worker("here:1:2:a", "attic", "reelhouse 1", (PHANTOM, ANIMATIC), "H100", 80 * GB)
    house.tell(worker)
    working = replace(worker, state="working", step_key=key("meadow"), label="meadow", takes_made=3)
    house.tell(working)

    [seen] = house.seen()
    assert seen.worker == working
    assert 0 <= seen.silent_s <= seen.age_s < 60
    house.leave(worker.owner)
    assert house.seen() == []
