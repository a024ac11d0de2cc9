"""A run waits for a service that is away; a person at a terminal is told at once."""

from collections.abc import Callable

import pytest
from prefect.runtime import deployment

from flows import outages
from flows.outages import LAST_PAUSE_S, PAUSES_S, outlasting
from reelhouse.errors import InputError, ServiceUnavailable


class Clock:
    """Time that passes only while somebody sleeps or works."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(outages, "time", clock)
    return clock


@pytest.fixture
def in_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployment, "id", "a-deployment", raising=False)


def away_until(clock: Clock, moment: float) -> Callable[[], str]:
    def work() -> str:
        if clock.now < moment:
            raise ServiceUnavailable("the artifact store does not answer")
        return "a film"

    return work


@pytest.mark.usefixtures("in_deployment")
def test_a_run_goes_on_when_the_service_is_back(clock: Clock):
    assert outlasting(away_until(clock, 60)) == "a film"
    assert clock.slept == [*PAUSES_S, LAST_PAUSE_S, LAST_PAUSE_S]


@pytest.mark.usefixtures("in_deployment")
def test_an_outage_without_end_fails_the_run_with_the_services_own_words(clock: Clock):
    with pytest.raises(ServiceUnavailable, match="the artifact store does not answer"):
        outlasting(away_until(clock, 1e9), longest_s=100)
    assert 100 < clock.now < 100 + 2 * LAST_PAUSE_S


@pytest.mark.usefixtures("in_deployment")
def test_each_outage_of_a_long_render_has_its_own_patience(clock: Clock):
    outages_left = [3]

    def work() -> str:
        if clock.now % 2000 < 80:  # away for 80 s of each 2000
            raise ServiceUnavailable("away")
        if outages_left[0]:
            outages_left[0] -= 1
            clock.now += 2000 - clock.now % 2000
            raise ServiceUnavailable("away")
        return "a film"

    assert outlasting(work, longest_s=100) == "a film"
    assert outages_left == [0]


@pytest.mark.usefixtures("in_deployment")
def test_what_is_no_outage_is_raised_at_once(clock: Clock):
    def work() -> str:
        raise InputError("a scene has no prompt")

    with pytest.raises(InputError):
        outlasting(work)
    assert clock.slept == []


def test_a_person_who_renders_without_a_deployment_is_told_at_once(clock: Clock):
    with pytest.raises(ServiceUnavailable):
        outlasting(away_until(clock, 1))
    assert clock.slept == []
