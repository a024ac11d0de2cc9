"""Fixtures for services: a Prefect server that has our deployments, and a steward of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.deployments import register
from flows.steward import Steward
from tasks.workbench import Workbench

from ..prefect_server import prefect_server


@pytest.fixture(scope="module")
def prefect_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prefect server."""
    with prefect_server(tmp_path_factory.mktemp("prefect")) as url:
        yield url


@pytest.fixture(scope="module")
def client(prefect_url: str) -> Iterator[SyncPrefectClient]:
    """A client of a Prefect server that has our deployments."""
    with temporary_settings({PREFECT_API_URL: prefect_url}), get_client(sync_client=True) as client:
        register(client)
        yield client


@pytest.fixture
def later(bench: Workbench, client: SyncPrefectClient) -> Steward:
    """A steward for whom every crash has settled."""
    return Steward(bench, client, now=lambda: datetime.now(UTC) + timedelta(minutes=5))
