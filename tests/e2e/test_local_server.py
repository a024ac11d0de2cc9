"""The Prefect server of a single render: it answers, and it never outlives its render."""

import subprocess
import sys

import httpx
import pytest

from ..eventually import eventually

CODE = """
import sys, time
from pathlib import Path
from flows.local_server import LocalServer
with LocalServer(Path(sys.argv[1])) as server:
    print(server.url(), flush=True)
    time.sleep(300)
"""
# Tells a server of 101 events; it ends after the first.
SENDER = """
import sys, time
from pathlib import Path
from flows.in_process import events_sent
from flows.local_server import LocalServer
from prefect.events import emit_event
from prefect.settings import PREFECT_API_URL, temporary_settings
def tell(count):
    for _ in range(count):
        emit_event("film.made", {"prefect.resource.id": "film.1"})
with LocalServer(Path(sys.argv[1])) as server, temporary_settings({PREFECT_API_URL: server.url()}):
    with events_sent():
        tell(1)
        time.sleep(3)
        server.stop()
        tell(100)
print("told", flush=True)
"""


def answers(url):
    try:
        return httpx.get(f"{url}/health", timeout=30).status_code == 200
    except httpx.TransportError:
        return False


def test_it_ends_when_its_render_is_killed(tmp_path, prefect_url):
    render = subprocess.Popen(
        [sys.executable, "-c", CODE, str(tmp_path / "server.log")], stdout=subprocess.PIPE, text=True
    )
    with render:
        assert render.stdout is not None
        url = render.stdout.readline().strip()
        assert answers(url)
        render.kill()
    eventually(lambda: not answers(url), otherwise=lambda: "the server outlived its render")


@pytest.mark.timeout(120)
def test_events_that_a_server_did_not_hear_before_it_went_away_hold_no_process_back(tmp_path, prefect_url):
    # Left to Prefect, 100 events take twelve minutes.
    command = [sys.executable, "-c", SENDER, str(tmp_path / "server.log")]
    done = subprocess.run(command, timeout=90, check=True, stdout=subprocess.PIPE, text=True)
    assert done.stdout == "told\n"
