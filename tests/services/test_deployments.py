"""The studio's deployments as people use them: submitted, retaken, scheduled, cancelled; the nightly."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import av
import numpy as np
import pytest
from PIL import Image
from prefect import Flow, flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import (
    DeploymentScheduleCreate,
    DeploymentUpdate,
    WorkPoolUpdate,
)
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterKey,
    FlowRunFilter,
    FlowRunFilterDeploymentId,
)
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.schedules import CronSchedule
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelling, Running, Scheduled
from pydantic import SecretStr

from db.garbage import collect
from db.presence import renders_of_run
from db.records import RenderRow, RenderStep
from db.s3 import S3Store
from db.wants import Wants
from db.workers import Workers
from flows.deployments import (
    CAMPAIGN,
    DEPLOYMENTS,
    HEARTBEATS_MISSED,
    NIGHTLY,
    RENDER,
    RETAKE,
    Deployment,
)
from flows.maintenance import nightly_maintenance
from flows.render import render_storyboard
from flows.run_settings import RUN_SETTINGS
from models.testcard import read_code
from reelhouse.settings import Settings
from studio.one_machine.lineup import Studio
from studio.one_machine.premises import Premises
from tasks.bundles import Manifest, opened
from tasks.workbench import Workbench, at_workbench

from ..eventually import eventually
from .studios import COMMAND, House, studio_up

pytestmark = [pytest.mark.services, pytest.mark.timeout(400)]
FOX = """\
title: Fox
engine: testcard
video: {size: 64x64}
subjects:
  fox: {description: a small fox, images: [fox.png], mask: none}
scenes:
  - {id: one, prompt: the fox runs, subjects: [fox], duration: 0.6s}
  - {id: two, prompt: the fox looks up, subjects: [fox], duration: 0.6s}
  - {id: three, prompt: a kite in the sky, duration: 0.6s}
deliver: [{name: small, size: 32x32}, {name: loop, format: gif}]
"""
SHORT = """\
title: {title}
engine: testcard
video: {{size: 64x64}}
parameters: {{seconds_per_frame: {seconds}}}
seed: {seed}
scenes: [{{id: a, prompt: a short film, duration: {duration}}}]
"""
AUTOMATION = "reelhouse: runs that were lost"
CANCEL_S = 15.0  # of a take that lasts four minutes
PLANNED_S = 150.0  # Prefect plans a new schedule's runs once a minute
NIGHTLY_FOX = DeploymentScheduleCreate(schedule=CronSchedule(cron="0 2 * * *", timezone="UTC"), slug="fox")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("library")


@pytest.fixture(scope="module")
def backups(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("backups")


@pytest.fixture(scope="module")
def house(library: Path, backups: Path) -> Iterator[House]:
    with studio_up({"REELHOUSE_LIBRARY": str(library), "REELHOUSE_BACKUPS": str(backups)}) as house:
        yield house


@pytest.fixture(scope="module")
def client(house: House) -> Iterator[SyncPrefectClient]:
    """A client of the studio's Prefect server, which this process uses as well."""
    with (
        temporary_settings({PREFECT_API_URL: house.leads["PREFECT_API_URL"]}),
        get_client(sync_client=True) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def bench(house: House) -> Iterator[Workbench]:
    """A workbench on the studio's database and store."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**house.settings, **house.leads}.items():
            patch.setenv(name, value)
        bench = Workbench(Settings())
    yield bench
    bench.lineage.engine.dispose()


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A storyboard with a picture, in a folder of the person who wrote it."""
    return write_board(tmp_path_factory.mktemp("mine"))


@pytest.fixture(scope="module")
def film(house: House, client: SyncPrefectClient, bench: Workbench, board: Path) -> RenderRow:
    """The storyboard's film with one of its two deliveries, asked for by two processes at once."""
    command = [*COMMAND, "submit", str(board), "--deliver", "small", "--json"]
    environment = {**house.environment, **house.leads}
    doors = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [json.loads(door.communicate(timeout=120)[0]) for door in doors]
    assert said[0]["run_id"] == said[1]["run_id"]
    return film_of(client, bench, UUID(said[0]["run_id"]))


def write_board(folder: Path, text: str = FOX) -> Path:
    Image.new("RGB", (64, 64), "red").save(folder / "fox.png")
    (folder / "board.yaml").write_text(text)
    return folder / "board.yaml"


def short(title: str, *, seconds: float = 0, duration: str = "0.6s") -> str:
    """A film of one scene that nobody made before."""
    return SHORT.format(title=title, seconds=seconds, duration=duration, seed=time.time_ns() % 10**9)


def start(client: SyncPrefectClient, deployment: Deployment, **parameters: Any) -> UUID:
    """A run as a person starts it from Prefect's page."""
    found = client.read_deployment_by_name(deployment.full_name)
    return client.create_flow_run_from_deployment(found.id, parameters=parameters).id


def end_of(client: SyncPrefectClient, run_id: UUID, *, within_s: float = 120) -> State[Any]:
    deadline = time.monotonic() + within_s
    while not (state := client.read_flow_run(run_id).state) or not state.is_final():
        assert time.monotonic() < deadline, f"it is {state and state.name} after {within_s} s"
        time.sleep(0.2)
    return state


def film_of(client: SyncPrefectClient, bench: Workbench, run_id: UUID) -> RenderRow:
    """The render of a run, once it is done."""
    state = end_of(client, run_id)
    assert state.is_completed(), state.message
    [render_id] = renders_of_run(bench.lineage.engine, str(run_id))
    return bench.lineage.render(render_id)


def made_for(bench: Workbench, render: RenderRow) -> list[RenderStep]:
    """The steps that a render made itself."""
    return [step for step in bench.lineage.render_steps(render.id) if not step.reused]


def frames_of(bench: Workbench, render: RenderRow) -> list[tuple[int, int]]:
    """What each frame of a film says of itself: its take's seed, and its number in the take."""
    assert render.film is not None
    with av.open(str(bench.store.fetch(render.film))) as film:
        pictures = (np.asarray(frame.to_image()) for frame in film.decode(video=0))
        return [read_code(picture) for picture in pictures]


def bundle_in(render: RenderRow) -> str:
    return str(render.parameters["bundle"])


@contextmanager
def held_back(client: SyncPrefectClient) -> Iterator[None]:
    """Nothing of the pool is begun meanwhile."""
    client.update_work_pool("cpu", WorkPoolUpdate(is_paused=True))
    try:
        yield
    finally:
        client.update_work_pool("cpu", WorkPoolUpdate(is_paused=False))


def test_the_same_request_twice_at_once_is_one_run_and_one_render(
    house: House, client: SyncPrefectClient, bench: Workbench, film: RenderRow, board: Path
):
    again = house.json("submit", str(board), "--deliver", "small")

    assert again["state"] == "Completed"
    assert [render.id for render in bench.lineage.renders() if render.title == "Fox"] == [film.id]
    runs = [run for run in house.json("runs") if run["name"] == again["name"]]
    assert [(run["run"], run["state"]) for run in runs] == [(again["run_id"], "Completed")]
    files = house.json("fetch", again["run_id"])["files"]
    assert set(files) == {"film", "contact_sheet", "poster", "small"}
    assert Path(files["film"]).read_bytes() == bench.store.read(str(film.film))


def test_another_choice_is_another_run_that_makes_only_what_is_missing(
    house: House, client: SyncPrefectClient, bench: Workbench, film: RenderRow, board: Path
):
    all_of_it = house.json("submit", str(board), "--priority", "10")

    more = film_of(client, bench, UUID(all_of_it["run_id"]))
    assert more.id != film.id
    assert [step.stage for step in made_for(bench, more)] == ["gif"]
    assert set(house.json("fetch", more.id)["files"]) == {"film", "contact_sheet", "poster", "small", "loop"}


def test_two_films_of_one_title_are_two_runs_and_two_folders(
    house: House, client: SyncPrefectClient, bench: Workbench, film: RenderRow, tmp_path: Path
):
    other = write_board(tmp_path, short("Fox"))
    submitted = house.json("submit", str(other))

    second = film_of(client, bench, UUID(submitted["run_id"]))
    folders = {Path(house.json("fetch", render.id)["files"]["film"]).parent.name for render in (film, second)}
    assert len(folders) == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("engine: testcard", "engine: testcart"), r"board\.yaml:2: .*testcart"),
        (("fox.png", "fix.png"), r'board\.yaml:5: "fix\.png" is not in'),
        (("name: loop", "name: small"), "small"),
        (("id: three", "id: two"), "two"),
    ],
)
def test_what_cannot_be_planned_is_refused_at_the_door(
    house: House, tmp_path: Path, wrong: tuple[str, str], said: str
):
    before = len(house.json("runs"))
    file = write_board(tmp_path, FOX.replace(*wrong))
    refused = house.run("submit", str(file), code=2, settings=house.leads)

    assert re.search(said, refused), refused
    assert "Traceback" not in refused
    assert len(house.json("runs")) == before


def test_a_retake_makes_one_take_and_changes_one_scene(
    client: SyncPrefectClient, bench: Workbench, film: RenderRow
):
    first = film_of(client, bench, start(client, RETAKE, film=film.id[:6], scene="two"))

    assert [step.label for step in made_for(bench, first) if step.stage == "take"] == ["two take 2"]
    before, after = frames_of(bench, film), frames_of(bench, first)
    assert len(before) == len(after)
    changed = {old[0] for old, new in zip(before, after, strict=True) if old != new}
    kept = {old[0] for old, new in zip(before, after, strict=True) if old == new}
    assert len(changed) == 1
    assert len(kept) == 2


def test_a_retake_that_was_made_already_makes_nothing(
    client: SyncPrefectClient, bench: Workbench, film: RenderRow
):
    by_render = start(client, RETAKE, film=film.id, scene="two")
    by_bundle = start(client, RETAKE, film=bundle_in(film), scene="two", take=2)

    again = film_of(client, bench, by_render)
    assert made_for(bench, again) == []
    # A bundle alone says nothing of the choices of some render, so all deliveries are made.
    assert {step.stage for step in made_for(bench, film_of(client, bench, by_bundle))} <= {"gif", "film"}


def test_a_retake_of_a_scene_that_is_not_there_names_those_that_are(
    client: SyncPrefectClient, film: RenderRow
):
    state = end_of(client, start(client, RETAKE, film=film.id, scene="four"))

    assert state.is_failed()
    assert 'it has no scene "four": there is one, two, three' in (state.message or "")


def test_a_storyboard_is_taken_from_the_library_or_as_text_and_from_nowhere_else(
    client: SyncPrefectClient, bench: Workbench, film: RenderRow, library: Path, tmp_path: Path
):
    (library / "foxes").mkdir()
    write_board(library / "foxes")
    Image.new("RGB", (64, 64), "red").save(library / "fox.png")
    outside = write_board(tmp_path)
    (library / "link.yaml").symlink_to(outside)

    good = [
        start(client, RENDER, storyboard=named, deliveries=["small"]) for named in ("foxes/board.yaml", FOX)
    ]
    bad = [start(client, RENDER, storyboard=named) for named in (f"../{outside.name}", "link.yaml")]

    for run in good:  # the same film, wherever its words came from
        assert film_of(client, bench, run).film == film.film
    for run in bad:
        state = end_of(client, run)
        assert state.is_failed()
        assert f"is not a file in {library}" in (state.message or "")
        assert "`reelhouse submit STORYBOARD`" in (state.message or "")


def test_a_scheduled_film_runs_each_night_and_makes_nothing_when_nothing_changed(
    client: SyncPrefectClient, bench: Workbench, film: RenderRow
):
    deployment = client.read_deployment_by_name(RENDER.full_name)
    [schedule] = client.create_deployment_schedules(
        deployment.id,
        [
            DeploymentScheduleCreate(
                schedule=CronSchedule(cron="0 2 * * *", timezone="UTC"),
                parameters={"storyboard": bundle_in(film), "deliveries": ["small"]},
                slug="fox-at-night",
            )
        ],
    )
    try:
        nights: list[FlowRun] = []

        def are_planned() -> bool:
            asked = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment.id]))
            runs = client.read_flow_runs(flow_run_filter=asked)
            nights[:] = [run for run in runs if str(schedule.id) in (run.idempotency_key or "")]
            return len(nights) >= 2

        eventually(are_planned, within_s=PLANNED_S)
        assert nights[0].parameters == nights[1].parameters
        for night in nights[:2]:  # it becomes two o'clock
            client.set_flow_run_state(night.id, Scheduled(scheduled_time=datetime.now(UTC)), force=True)
        renders = [film_of(client, bench, night.id) for night in nights[:2]]
        assert [client.read_flow_run(night.id).name for night in nights[:2]] == ["Fox, draft, testcard"] * 2
    finally:
        client.delete_deployment_schedule(deployment.id, schedule.id)

    assert renders[0].id != renders[1].id
    for render in renders:
        assert render.film == film.film
        assert made_for(bench, render) == []


def test_the_bundle_of_a_run_that_has_not_begun_is_no_garbage(
    house: House, client: SyncPrefectClient, bench: Workbench, tmp_path: Path
):
    with held_back(client):
        submitted = house.json("submit", str(write_board(tmp_path, short("Waits"))))
        nobodys = bench.store.put_bytes(b"nobody names this", "text/plain")

        removed = collect(bench.lineage.engine, bench.store, dry_run=False, grace=timedelta(0)).artifacts

        assert nobodys.id in removed
        manifest = Manifest.from_json(bench.store.read(submitted["bundle"]))
        assert all(bench.store.exists(artifact_id) for artifact_id in manifest.files.values())
    film_of(client, bench, UUID(submitted["run_id"]))


def test_a_run_whose_bundle_is_gone_says_what_to_do_and_that_helps(
    house: House, client: SyncPrefectClient, bench: Workbench, tmp_path: Path
):
    file = write_board(tmp_path, short("Gone"))
    with held_back(client):
        submitted = house.json("submit", str(file))
        bench.store.delete(submitted["bundle"])
    state = end_of(client, UUID(submitted["run_id"]))

    assert state.is_failed()
    assert f"there is no bundle {submitted['bundle']} in this store" in (state.message or "")
    assert "`reelhouse submit STORYBOARD` makes one" in (state.message or "")
    again = house.json("submit", str(file))
    assert again["run_id"] != submitted["run_id"]
    film_of(client, bench, UUID(again["run_id"]))


def test_a_cancelled_run_stops_its_take_at_once_and_frees_its_slot(
    client: SyncPrefectClient, bench: Workbench
):
    wants, workers = Wants(bench.lineage.engine), Workers(bench.lineage.engine)

    def is_making() -> bool:
        return any(seen.worker.state == "working" for seen in workers.seen())

    limit = client.read_work_pool("cpu").concurrency_limit
    client.update_work_pool("cpu", WorkPoolUpdate(concurrency_limit=1))
    try:
        slow = start(client, RENDER, storyboard=short("Slow", seconds=0.5, duration="30s"))
        following = start(client, RENDER, storyboard=short("Follows"))
        eventually(is_making)
        [render_id] = renders_of_run(bench.lineage.engine, str(slow))

        client.set_flow_run_state(slow, Cancelling())  # what the button on its page does
        eventually(lambda: not is_making(), within_s=CANCEL_S)

        assert not [one for one in wants.waiting() if one.want.render_id == render_id]
        assert end_of(client, slow).is_cancelled()
        assert bench.lineage.render(render_id).status == "cancelled"
        film_of(client, bench, following)
    finally:
        client.update_work_pool("cpu", WorkPoolUpdate(concurrency_limit=limit))


def test_the_nightly_round_tells_damage_leftovers_and_an_old_backup_one_beside_the_other(
    house: House,
    client: SyncPrefectClient,
    bench: Workbench,
    film: RenderRow,
    board: Path,
    backups: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    store = bench.store
    assert isinstance(store, S3Store)
    house.run("backup", str(backups), settings=house.leads)
    age_newest_backup(backups)
    nobodys = store.put_bytes(b"nobody names this, either", "text/plain")
    name, bucket = f"sha256/ff/{'f' * 64}", store.address.bucket
    store._client._create_multipart_upload(bucket, name, {})
    damaged = str(film.film)
    store._client.put_object(bucket, store._object_name(damaged), BytesIO(b"torn"), 4)
    monkeypatch.setattr("tasks.maintenance.GRACE", timedelta(0))  # everything is old enough

    with at_workbench(bench):
        state = nightly_maintenance(return_state=True)

    assert state.is_failed()
    found = told_by(client, state)
    assert f"artifact {damaged} has 4 bytes" in found["verify a sample"]
    assert found["remove leftovers"].startswith("1 artifacts without a record (25 bytes)")
    assert "27 hours old, at most 26 are allowed" in found["look at the newest backup"]
    assert not store.exists(nobodys.id)
    assert not store._client._list_multipart_uploads(bucket, prefix=name).uploads

    again = house.json("submit", str(board), "--deliver", "small")  # the film is lost, so this is no old run
    assert film_of(client, bench, UUID(again["run_id"])).film == damaged
    assert house.json("verify")["ok"]


def test_of_two_nightly_rounds_at_once_the_second_is_refused(
    house: House, client: SyncPrefectClient, bench: Workbench, film: RenderRow, backups: Path
):
    house.run("backup", str(backups), settings=house.leads)

    states = [end_of(client, run) for run in (start(client, NIGHTLY), start(client, NIGHTLY))]

    assert sorted(state.name or "" for state in states) == ["Cancelled", "Completed"]
    [done] = [state for state in states if state.is_completed()]
    found = told_by(client, done)
    assert re.search(r"\d+ of \d+ artifacts hashed, \d+ steps: all as recorded", found["verify a sample"])
    assert found["remove leftovers"].startswith("0 artifacts without a record")
    assert "the newest backup is 0.0 hours old" in found["look at the newest backup"]


def test_a_restored_backup_has_the_bundles(
    house: House, bench: Workbench, film: RenderRow, backups: Path, tmp_path: Path
):
    house.run("backup", str(backups), settings=house.leads)
    premises = Premises(house.home)
    cluster = Studio(premises, premises.passwords(), house.record.ports, 1).cluster
    cluster.add_database("restored", "a password")
    new = {
        "REELHOUSE_HOME": str(tmp_path),
        "REELHOUSE_DATABASE_URL": cluster.url("restored", "a password"),
        "REELHOUSE_STORE": str(tmp_path / "store"),
    }
    without_prefect = {**house.leads, "PREFECT_SERVER_DATABASE_CONNECTION_URL": "", **new}

    house.run("restore", str(backups), settings=without_prefect)

    restored = Workbench(
        Settings(
            home=tmp_path, database_url=SecretStr(new["REELHOUSE_DATABASE_URL"]), store=new["REELHOUSE_STORE"]
        )
    )
    with opened(restored, bundle_in(film)) as board:
        assert restored.plan(board).outstanding(lambda step: True) == []
        assert board.title == "Fox"
    restored.lineage.engine.dispose()


def test_deploy_makes_what_is_missing(house: House, client: SyncPrefectClient):
    client.delete_deployment(client.read_deployment_by_name(RETAKE.full_name).id)
    # As a worker makes it that came first.
    client.update_work_pool("campaigns", WorkPoolUpdate(description="", concurrency_limit=None))

    house.run("deploy", settings=house.leads)

    retake = client.read_deployment_by_name(RETAKE.full_name)
    assert (retake.entrypoint, retake.work_pool_name) == (RETAKE.entrypoint, RETAKE.pool)
    assert client.read_work_pool("campaigns").concurrency_limit == 20


def test_deploy_keeps_what_operators_chose(house: House, client: SyncPrefectClient):
    render, nightly, retake = (
        client.read_deployment_by_name(one.full_name) for one in (RENDER, NIGHTLY, RETAKE)
    )
    client.update_work_pool("cpu", WorkPoolUpdate(concurrency_limit=7))
    chosen = {"env": {**RUN_SETTINGS, "PREFECT_CLIENT_MAX_RETRIES": "3", "REELHOUSE_LOG": "json"}}
    client.update_deployment(render.id, DeploymentUpdate(job_variables=chosen, concurrency_limit=3))
    client.create_deployment_schedules(render.id, [NIGHTLY_FOX])
    client.update_deployment_schedule(nightly.id, nightly.schedules[0].id, active=False)
    client.pause_deployment(retake.id)
    client.pause_automation(client.read_automations_by_name(AUTOMATION)[0].id)
    before = registered(client)

    for _ in range(2):
        told = house.run("deploy", settings=house.leads)
        assert all(one.full_name in told for one in DEPLOYMENTS)
        assert registered(client) == before
    assert before["render-storyboard/render"]["job_variables"] == chosen
    assert before["retake-scene/retake"]["paused"]


def test_deploy_brings_a_deployment_of_an_older_program_up_to_date(house: House, client: SyncPrefectClient):
    deployment = client.read_deployment_by_name(CAMPAIGN.full_name)
    chosen = {"env": {"REELHOUSE_LOG": "json"}, "stream_output": False}
    client.update_deployment(
        deployment.id, DeploymentUpdate(entrypoint="flows.old", description="old", job_variables=chosen)
    )

    house.run("deploy", settings=house.leads)

    renewed = client.read_deployment_by_name(CAMPAIGN.full_name)
    assert (renewed.entrypoint, renewed.description) == (CAMPAIGN.entrypoint, CAMPAIGN.description)
    assert renewed.job_variables == {**chosen, "env": {**RUN_SETTINGS, "REELHOUSE_LOG": "json"}}


def test_a_run_without_a_sign_of_life_is_called_crashed_and_that_of_another_programs_flow_is_not(
    client: SyncPrefectClient,
):
    @flow(name="somebody-elses")
    def theirs() -> None: ...

    client.resume_automation(client.read_automations_by_name(AUTOMATION)[0].id)
    runs: list[FlowRun] = []
    for one in (theirs, cast(Flow, render_storyboard)):
        run = client.create_flow_run(one, state=Running())
        client.request("POST", "/events", json=[last_heartbeat(run, one.name)])
        runs.append(run)

    stranger, ours = (run.id for run in runs)
    eventually(lambda: client.read_flow_run(ours).state_name == "Crashed")
    assert client.read_flow_run(stranger).state_name == "Running"


def last_heartbeat(run: FlowRun, flow_name: str) -> dict[str, Any]:
    """The event of a run's last heartbeat, too long ago, as Prefect's flow engine sends it."""
    return {
        "id": str(uuid4()),
        "event": "prefect.flow-run.heartbeat",
        "occurred": (datetime.now(UTC) - HEARTBEATS_MISSED).isoformat(),
        "resource": {"prefect.resource.id": f"prefect.flow-run.{run.id}"},
        "related": [
            {
                "prefect.resource.id": f"prefect.flow.{run.flow_id}",
                "prefect.resource.role": "flow",
                "prefect.resource.name": flow_name,
            }
        ],
    }


def age_newest_backup(backups: Path) -> None:
    """Make the newest backup 27 hours older."""
    manifest = max(backups.glob("*/manifest.json"))
    said = json.loads(manifest.read_text())
    said["made_at"] = (datetime.fromisoformat(said["made_at"]) - timedelta(hours=27)).isoformat()
    manifest.write_text(json.dumps(said))


def told_by(client: SyncPrefectClient, state: State[Any]) -> dict[str, str]:
    """What the table on a nightly round's page says, by its part."""
    run_id = state.state_details.flow_run_id
    assert run_id is not None
    of_the_run = ArtifactFilter(
        flow_run_id=ArtifactFilterFlowRunId(any_=[run_id]), key=ArtifactFilterKey(any_=["nightly-round"])
    )
    [table] = client.read_artifacts(artifact_filter=of_the_run)
    return {row["part"]: row["found"] for row in json.loads(str(table.data))}


def registered(client: SyncPrefectClient) -> dict[str, dict[str, Any]]:
    """All that the server knows of what is registered, but for when it was last asked for runs."""
    deployments = {one.full_name: client.read_deployment_by_name(one.full_name) for one in DEPLOYMENTS}
    pools = {name: client.read_work_pool(name) for name in ("cpu", "campaigns")}
    automations = {one.name: one for one in client.read_automations_by_name(AUTOMATION)}
    known = {**deployments, **pools, **automations}
    return {name: one.model_dump(exclude={"last_polled", "status"}) for name, one in known.items()}
