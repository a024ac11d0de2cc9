"""When a film is expected to be done: bounds for any work, and the best there is for small films."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelhouse.schedule import Work, ends_after_s, longest_chain_s


@st.composite
def jobs(draw, most=12):
    count = draw(st.integers(0, most))
    work = {}
    for number in range(count):
        needs = draw(st.sets(st.sampled_from(sorted(work)))) if work else set()
        work[f"w{number:02d}"] = Work(draw(st.integers(0, 9)), needs, "hands")
    return work


def best_s(work, hands):
    """The earliest end of all, by trying at every moment every choice, waiting on purpose included."""

    @cache
    def after(done, running):
        ready = [
            name
            for name in work
            if name not in done and name not in dict(running) and set(work[name].needs) <= done
        ]
        choices = [
            after(done, (*running, (name, work[name].seconds))) for name in ready if len(running) < hands
        ]
        if running:
            step = min(left for _, left in running)
            still = tuple((name, left - step) for name, left in running if left > step)
            finished = done | {name for name, left in running if left == step}
            choices.append(step + after(frozenset(finished), still))
        return min(choices, default=0)

    return after(frozenset(), ())


@given(jobs(), st.integers(1, 4))
def test_no_film_is_done_before_its_longest_chain_nor_before_its_work_shared_out(work, hands):
    end = ends_after_s(work, {"hands": hands})

    assert end >= longest_chain_s(work)
    assert end >= sum(piece.seconds for piece in work.values()) / hands


@given(jobs(), st.integers(1, 4))
def test_no_film_takes_longer_than_one_hand_would(work, hands):
    assert ends_after_s(work, {"hands": hands}) <= sum(piece.seconds for piece in work.values())


@given(jobs())
def test_with_a_hand_for_every_piece_the_longest_chain_is_all_there_is_to_wait_for(work):
    assert ends_after_s(work, {"hands": len(work) + 1}) == longest_chain_s(work)


@given(jobs())
def test_a_single_hand_does_one_piece_after_the_other(work):
    assert ends_after_s(work, {"hands": 1}) == sum(piece.seconds for piece in work.values())


@given(jobs(most=6), st.integers(2, 3))
def test_the_end_is_near_the_best_that_can_be_planned(work, hands):
    best = best_s(work, hands)

    assert best <= ends_after_s(work, {"hands": hands}) <= (2 - 1 / hands) * best


@pytest.mark.parametrize(
    "work",
    [
        {"a": Work(3, (), "hands"), "b": Work(2, (), "hands"), "c": Work(1, (), "hands")},
        {"a": Work(1, (), "hands"), "b": Work(1, (), "hands"), "long": Work(4, (), "hands")},
        {"a": Work(2, (), "hands"), "b": Work(2, ("a",), "hands"), "c": Work(3, (), "hands")},
        {"a": Work(1, (), "hands"), "b": Work(5, ("a",), "hands"), "c": Work(5, (), "hands")},
    ],
)
def test_small_films_are_planned_as_well_as_can_be(work):
    assert ends_after_s(work, {"hands": 2}) == best_s(work, 2)


def test_each_pool_has_its_own_hands():
    takes = {f"take{n}": Work(10, (), "gpu") for n in range(3)}
    pieces = {f"piece{n}": Work(1, (f"take{n}",), "cpu") for n in range(3)}

    assert ends_after_s(takes | pieces, {"gpu": 1, "cpu": 2}) == 31
    assert ends_after_s(takes | pieces, {"gpu": 3, "cpu": 1}) == 13


def test_what_is_done_already_is_not_waited_for():
    assert ends_after_s({"piece": Work(2, ("a take of last week",), "cpu")}, {"cpu": 1}) == 2


def test_work_without_hands_is_refused():
    with pytest.raises(ValueError, match="work for gpu, and nobody"):
        ends_after_s({"take": Work(1, (), "gpu")}, {"cpu": 2})


def test_work_that_waits_for_itself_is_refused():
    with pytest.raises(ValueError, match="waits for itself"):
        ends_after_s({"a": Work(1, ("b",), "cpu"), "b": Work(1, ("a",), "cpu")}, {"cpu": 1})
