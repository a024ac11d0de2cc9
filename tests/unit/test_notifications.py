"""Webhooks: signed as the guide says, tried again where that helps, never in a render's way."""

import json
import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reelhouse.settings import Settings
from tasks import notifications
from tasks.notifications import Event, notify

from ..receiver import SECRET, Receiver, receiving

GUIDE = Path(__file__).parents[2] / "docs/campaigns.md"
DONE = Event("film.done", {"render": "r1"}, {"run": "http://prefect/run"}, "狐狸与风筝, 9:16")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def quickly(monkeypatch):
    monkeypatch.setattr(notifications, "PAUSES_S", (0.01, 0.01))


def tell(receiver: Receiver, home: Path) -> None:
    thread = notify(receiver.settings(home), DONE)
    assert thread is not None
    thread.join(20)
    assert not thread.is_alive()


def the_guides_receiver():
    """The verification that docs/campaigns.md tells receivers to make."""
    [code] = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the guide is ours
    return names["is_from_reelhouse"]


def test_the_guides_receiver_believes_what_is_sent_and_nothing_else(receiver, tmp_path):
    tell(receiver, tmp_path)
    is_from_reelhouse = the_guides_receiver()
    [(headers, body)] = receiver.received
    assert is_from_reelhouse(SECRET, headers, body)
    assert not is_from_reelhouse(SECRET, headers, body.replace(b"film.done", b"film.fail"))
    assert not is_from_reelhouse("another secret", headers, body)
    assert not is_from_reelhouse(SECRET, headers | {"Reelhouse-Timestamp": "1700000000"}, body)


def test_an_event_says_what_happened_to_whom_and_where_to_look(receiver, tmp_path):
    tell(receiver, tmp_path)
    [(headers, body)] = receiver.received
    assert headers["Reelhouse-Event"] == "film.done"
    assert json.loads(body) == {
        "event": "film.done",
        "ids": {"render": "r1"},
        "links": {"run": "http://prefect/run"},
        "message": "狐狸与风筝, 9:16",
        "id": DONE.id,
        "at": DONE.at,
    }


@pytest.mark.parametrize("trouble", [500, 503, 429, 408])
def test_what_may_pass_is_sent_again_with_the_same_id(receiver, tmp_path, quickly, trouble):
    receiver.answers = [trouble, 204]
    tell(receiver, tmp_path)
    assert [json.loads(body)["id"] for _, body in receiver.received] == [DONE.id, DONE.id]


@pytest.mark.parametrize("answer", [400, 401, 404, 410, 302])
def test_a_refusal_or_a_redirect_is_the_end(receiver, tmp_path, quickly, answer):
    receiver.answers = [answer]
    tell(receiver, tmp_path)
    assert len(receiver.received) == 1


def test_a_receiver_in_trouble_for_good_is_given_up(receiver, tmp_path, quickly):
    receiver.answers = [500]
    tell(receiver, tmp_path)
    assert len(receiver.received) == 3


def test_a_receiver_that_is_not_there_raises_nothing(receiver, tmp_path, quickly):
    settings = receiver.settings(tmp_path).model_copy(update={"webhook_url": Settings().webhook_url})
    assert notify(settings, DONE) is None
    receiver.address = "http://127.0.0.1:1"
    tell(receiver, tmp_path)
    assert receiver.received == []


def test_who_tells_does_not_wait_for_a_receiver_that_hangs(receiver, tmp_path):
    receiver.answers = [0]
    thread = notify(receiver.settings(tmp_path), DONE)
    assert thread is not None
    while not receiver.received:
        time.sleep(0.01)
    assert thread.is_alive()
    receiver.answers = [200]
    receiver.release.set()
    thread.join(20)
    assert not thread.is_alive()
    assert len(receiver.received) == 2


def test_nothing_is_sent_unsigned(receiver, tmp_path, caplog):
    unsigned = Settings.model_validate({"home": tmp_path, "webhook_url": receiver.url})
    assert notify(unsigned, DONE) is None
    assert "REELHOUSE_WEBHOOK_SECRET" in caplog.text
    assert receiver.received == []


def test_neither_the_secret_nor_the_address_is_in_any_log(receiver, tmp_path, quickly, caplog):
    caplog.set_level(logging.DEBUG)
    receiver.answers = [500]
    tell(receiver, tmp_path)
    assert "not told" in caplog.text
    assert SECRET not in caplog.text
    assert "token-in-the-path" not in caplog.text
    assert SECRET not in repr(receiver.settings(tmp_path))
