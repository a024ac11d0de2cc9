"""A campaign outlasts an outage of Prefect's server, and leaves none of its films out for it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.runtime import deployment, flow_run
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Completed

from db.campaigns import Campaigns
from flows import campaign, campaign_runs, outages
from flows.campaign import render_campaign
from reelhouse.campaign_reader import read_campaign
from reelhouse.errors import InputError
from reelhouse.settings import Settings
from tasks.campaigns import keep_campaign
from tasks.workbench import Workbench, at_workbench

RUN = str(UUID(int=1))
BOARD = """title: Rain
engine: testcard
video: {size: 64x64}
scenes:
  - {id: a, prompt: rain, duration: 0.5s, caption: {en: Rain., zh: 雨。}}
"""
CAMPAIGN = "name: rain\nstoryboard: board.yaml\nvariants: {locale: [en, zh]}\n"


@dataclass
class FakeServer:
    """Prefect's server, whose runs are completed as soon as they are started.

    Attributes:
        troubles: what it first answers to the requests for paths with `troubled` in them: an HTTP status,
            or None for a connection refused.
    """

    troubled: str = ""
    troubles: list[int | None] = field(default_factory=list)
    runs: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if self.troubled in path and self.troubles:
            trouble = self.troubles.pop(0)
            if trouble is None:
                raise httpx.ConnectError("Connection refused")
            return httpx.Response(trouble)
        if path.startswith("/api/deployments/name/"):
            found = {"id": str(uuid4()), "name": "render", "flow_id": str(uuid4())}
            return httpx.Response(200, json=found)
        if path == "/api/csrf-token":
            return httpx.Response(404)  # as of a server that asks for none
        self.runs += path.endswith("/create_flow_run")
        return httpx.Response(200, text=FlowRun(flow_id=uuid4(), state=Completed()).model_dump_json())

    def client(self, *, sync_client: bool = True) -> SyncPrefectClient:
        """What Prefect gives who asks for a client of this server."""
        return SyncPrefectClient(
            "http://prefect:4200/api", httpx_settings={"transport": httpx.MockTransport(self)}
        )

    def keep_artifact(self, *artifact: object, **told: object) -> None:
        """Stands for Prefect's own function, which needs a run that the server knows."""
        with self.client() as client:
            client.request("POST", "/artifacts/")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    """The server of a campaign's run, which a worker has begun and which waits for nothing."""
    server = FakeServer()
    monkeypatch.setattr(campaign, "get_client", server.client)
    monkeypatch.setattr(campaign, "create_markdown_artifact", server.keep_artifact)
    monkeypatch.setattr(deployment, "id", "a-deployment", raising=False)
    monkeypatch.setattr(flow_run, "id", RUN, raising=False)
    monkeypatch.setattr(campaign_runs, "POLL_S", 0)
    monkeypatch.setattr(outages, "PAUSES_S", (0,) * 5)
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):  # its patience is not what is tried here
        yield server


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with at_workbench(Workbench(Settings(home=tmp_path / "home"))) as bench:
        yield bench


@pytest.fixture
def bundle(bench: Workbench, tmp_path: Path) -> str:
    """A kept campaign of two films."""
    (tmp_path / "board.yaml").write_text(BOARD, encoding="utf-8")
    (tmp_path / "campaign.yaml").write_text(CAMPAIGN, encoding="utf-8")
    return keep_campaign(bench, read_campaign(tmp_path / "campaign.yaml"))


@pytest.mark.parametrize("troubled", ["/deployments/name/", "/create_flow_run", "/flow_runs/", "/artifacts/"])
def test_all_films_are_conducted_whatever_the_server_is_asked_when_it_is_away(
    server: FakeServer, bench: Workbench, bundle: str, troubled: str
):
    server.troubled, server.troubles = troubled, [500, None, 503]

    state = render_campaign.fn(bundle)

    assert state.is_completed()
    assert server.troubles == []
    films = Campaigns(bench.lineage.engine).find(RUN).films
    assert [(film.name, film.status) for film in films] == [("Rain, en", "done"), ("Rain, zh", "done")]
    assert server.runs == len(films)


@pytest.mark.parametrize("troubled", ["/create_flow_run", "/flow_runs/"])
def test_a_server_that_refuses_who_asks_is_not_waited_for(server: FakeServer, bundle: str, troubled: str):
    server.troubled, server.troubles = troubled, [401, 401]

    with pytest.raises(InputError, match="PREFECT_API_AUTH_STRING"):
        render_campaign.fn(bundle)

    assert server.troubles == [401]
