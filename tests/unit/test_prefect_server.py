"""What is told of Prefect's server when its answer is none; and its clock, by which states age."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient

from flows.prefect_errors import prefect_translated
from flows.steward import server_clock
from reelhouse.errors import InputError, ReelhouseError, ServiceUnavailable

URL = "http://prefect:4200/api"


@contextmanager
def server(status: int, headers: dict[str, str] | None = None) -> Iterator[SyncPrefectClient]:
    """A client of a server that gives everybody this answer."""
    answers = httpx.MockTransport(lambda request: httpx.Response(status, headers=headers, text="its words"))
    with SyncPrefectClient(URL, httpx_settings={"transport": answers}) as client:
        yield client


@pytest.mark.parametrize(
    ("status", "kind", "advice"),
    [
        (500, ServiceUnavailable, "its log says why"),
        (401, InputError, "PREFECT_API_AUTH_STRING"),
        (405, InputError, "and 'its words': is it Prefect's server, with /api at the end"),
    ],
)
def test_an_answer_that_is_none_names_the_server_the_status_and_what_to_do(
    status: int, kind: type[ReelhouseError], advice: str
):
    with server(status) as client, pytest.raises(kind, match=advice) as told, prefect_translated(URL):
        client.hello()

    assert f"{URL}" in str(told.value)
    assert f"HTTP status {status}" in str(told.value)


@pytest.mark.parametrize("wrong", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_steward_whose_clock_is_wrong_counts_ages_by_the_servers(wrong: timedelta):
    right = datetime.now(UTC) + wrong

    with server(200, {"Date": format_datetime(right, usegmt=True)}) as client:
        assert abs(server_clock(client)() - right) < timedelta(seconds=10)
