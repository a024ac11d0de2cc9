"""Prefect's page of a render: an outage of its server costs the page some seconds, and the log one line."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import numpy as np
import pytest
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate

from flows.page import _Page
from reelhouse.settings import Settings
from reelhouse.steps import Step
from reelhouse.storyboard_reader import read_storyboard
from tasks.headway import Headway
from tasks.progress import StepProgressed
from tasks.renders import Render
from tasks.workbench import Workbench

BOARD = (
    "title: Rain\nengine: testcard\nvideo: {size: 64x64}\nscenes: [{id: a, prompt: rain, duration: 0.5s}]\n"
)
PICTURE = np.zeros((8, 8, 3), np.uint8)


class FakeClient:
    """A client of a server that keeps artifacts, and is away now and then."""

    def __init__(self) -> None:
        self.is_away = False
        self.name = ""
        self.artifacts: dict[UUID, SimpleNamespace] = {}

    def goes_away(self) -> None:
        self.is_away = True

    def comes_back(self) -> None:
        self.is_away = False

    def shown(self, kind: str) -> list[Any]:
        """The data of all artifacts of a kind."""
        self._reach()
        return [one.data for one in self.artifacts.values() if one.type == kind]

    def read_flow_run(self, run_id: UUID) -> SimpleNamespace:
        self._reach()
        return SimpleNamespace(auto_scheduled=False, idempotency_key=None)

    def set_flow_run_name(self, run_id: UUID, name: str) -> None:
        self._reach()
        self.name = name

    def read_artifacts(self, *, artifact_filter: object) -> list[SimpleNamespace]:
        self._reach()
        return list(self.artifacts.values())

    def create_artifact(self, artifact: ArtifactCreate) -> SimpleNamespace:
        self._reach()
        made = SimpleNamespace(id=uuid4(), type=artifact.type, data=artifact.data)
        self.artifacts[made.id] = made
        return made

    def update_artifact(self, artifact_id: UUID, artifact: ArtifactUpdate) -> None:
        self._reach()
        self.artifacts[artifact_id].data = artifact.data

    def delete_artifact(self, artifact_id: UUID) -> None:
        self._reach()
        del self.artifacts[artifact_id]

    def _reach(self) -> None:
        if self.is_away:
            raise httpx.ConnectError("Connection refused")


class Seconds(threading.Event):
    """The end of a render, awaited second by second; in each of them one of these things happens."""

    def __init__(self, happenings: Iterable[Callable[[], object]]) -> None:
        super().__init__()
        self._happenings = list(happenings)

    def wait(self, timeout: float | None = None) -> bool:
        self._happenings.pop(0)()
        return not self._happenings


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


@pytest.fixture
def render(tmp_path: Path) -> Render:
    """A render with nothing made yet."""
    (tmp_path / "board.yaml").write_text(BOARD, encoding="utf-8")
    plan = Workbench(Settings(home=tmp_path)).plan(read_storyboard(tmp_path / "board.yaml"))
    return Render(plan, "r1", outstanding=plan.outstanding(lambda step: False), records={})


@pytest.fixture
def long_step(render: Render) -> Step:
    """The step that the progress depends on most."""
    return max(render.outstanding, key=lambda step: step.cost.seconds)


@pytest.fixture
def page_for(client: FakeClient, render: Render, tmp_path: Path) -> Callable[..., _Page]:
    """The page of a render during which these things happen."""
    headway = Headway(Workbench(Settings(home=tmp_path)), render.outstanding)

    def page_for(*happenings: Callable[[], object]) -> _Page:
        return _Page(cast(Any, client), uuid4(), render, headway, Seconds(happenings))

    return page_for


def told(caplog: pytest.LogCaptureFixture) -> int:
    """How often the log says that the server did not answer."""
    return sum("did not answer" in line for line in caplog.messages)


def nothing() -> None:
    """A second in which nothing happens."""


def test_what_the_server_has_not_heard_is_told_when_it_answers_again(client, page_for, long_step, caplog):
    figures: list[float] = []

    def is_looked_at() -> None:
        figures.extend(client.shown("progress"))

    def gets_on() -> None:
        for hears in (page.headway, page):
            hears(StepProgressed(long_step, 0.5, PICTURE))

    outage = [client.goes_away, gets_on, nothing, nothing, client.comes_back]
    page = page_for(nothing, is_looked_at, *outage, is_looked_at, nothing)
    page.keep_current()

    assert figures == [0.0, pytest.approx(100 * page.headway.fraction, abs=0.1)]
    assert figures[1] > 10
    assert len(client.shown("markdown")) == 1  # the preview
    assert told(caplog) == 1


def test_each_outage_is_logged_once_even_if_only_a_preview_is_not_heard(client, page_for, long_step, caplog):
    def gets_on() -> None:
        page.headway(StepProgressed(long_step, 0.5))

    def is_seen() -> None:
        page(StepProgressed(long_step, 0.5, PICTURE))

    first = [client.goes_away, gets_on, nothing, nothing, client.comes_back]
    second = [client.goes_away, is_seen, nothing, nothing, nothing, client.comes_back]
    page = page_for(nothing, *first, *second)
    page.keep_current()

    assert told(caplog) == 2
    assert len(client.shown("markdown")) == 1


def test_a_server_that_is_away_at_first_still_hears_the_plan_and_forgets_the_attempt_before(client, page_for):
    earlier = SimpleNamespace(id=uuid4(), type="progress", data=70.0)
    client.artifacts[earlier.id] = earlier

    page_for(client.goes_away, nothing, client.comes_back).keep_current()

    assert client.name == "Rain, draft, testcard"
    assert client.shown("progress") == [0.0]
    assert len(client.shown("table")) == 1
