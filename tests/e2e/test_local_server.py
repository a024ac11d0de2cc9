"""The Prefect server of a single render: it answers, and it never outlives its render."""

import subprocess
import sys
import time

import httpx
import pytest

CODE = """
import sys, time
from pathlib import Path
from flows.local_server import LocalServer
with LocalServer(Path(sys.argv[1])) as server:
    print(server.url(), flush=True)
    time.sleep(300)
"""


def answers(url):
    try:
        return httpx.get(f"{url}/health").status_code == 200
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
    for _ in range(100):
        if not answers(url):
            return
        time.sleep(0.05)
    pytest.fail("the server outlived its render by five seconds")
