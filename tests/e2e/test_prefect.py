"""The flow under Prefect: side by side where nothing forbids it, retried where that helps, deployable."""

import os
from datetime import timedelta

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from db.lineage import Lineage
from db.session import open_database
from reelhouse.errors import EngineError, ServiceUnavailable
from reelhouse.settings import Settings
from reelhouse.stages import Stage
from reelhouse.steps import StepList
from tasks import recorded
from tasks.workbench import Workbench, at_workbench

from ..prefect_runs import executed, submitted

SLOW = "title: Slow\nengine: testcard\nvideo: {size: 64x64}\nparameters: {seconds_per_frame: 0.05}\nscenes:\n"


def takes(studio):
    engine = open_database(f"sqlite:///{studio.home / 'reelhouse.db'}")
    lineage = Lineage(engine)
    steps = lineage.render_steps(lineage.renders(limit=1)[0].id)
    records = lineage.steps([step.step_key for step in steps if step.stage == "take"])
    engine.dispose()
    spans = {r.label: (r.started_at, r.started_at + timedelta(seconds=r.seconds)) for r in records.values()}
    return [spans[label] for label in sorted(spans)]


def test_scenes_without_a_seam_between_them_are_made_side_by_side(studio):
    studio.environment["REELHOUSE_SCENES_AT_ONCE"] = "2"
    studio.write(SLOW + "  - {id: a, prompt: x, duration: 2s}\n  - {id: b, prompt: y, duration: 2s}\n")
    studio.run("render", "board.yaml")
    (start_a, end_a), (start_b, end_b) = takes(studio)
    assert max(start_a, start_b) < min(end_a, end_b)


def test_a_scene_that_continues_waits_for_the_one_before(studio):
    studio.environment["REELHOUSE_SCENES_AT_ONCE"] = "2"
    studio.write(
        SLOW
        + "  - {id: a, prompt: x, duration: 0.5s}\n  - {id: b, prompt: y, duration: 0.5s, seam: continue}\n"
    )
    studio.run("render", "board.yaml")
    (_, end_a), (start_b, _) = takes(studio)
    assert end_a <= start_b


@pytest.mark.parametrize(
    ("error", "attempts"), [(ServiceUnavailable("gone for a moment"), 2), (EngineError("no"), 1)]
)
def test_only_an_error_that_may_pass_is_tried_again(studio, prefect_url, monkeypatch, error, attempts):
    made = []

    @recorded.recorded(Stage.PROMPT)
    def fails_once(job):
        made.append(job.step.key)
        if len(made) == 1:
            raise error
        return {"prompt": job.write("prompt.txt", "words")}

    step = StepList().add(Stage.PROMPT, "a", {"action": "x"}, {})

    @flow(persist_result=False)
    def one_step():
        fails_once.submit(step, step.label).wait()

    bench = Workbench(Settings(home=studio.home))
    with temporary_settings({PREFECT_API_URL: prefect_url}), at_workbench(bench):
        one_step()
    assert len(made) == attempts
    assert (step.key in bench.lineage.steps([step.key])) == (attempts == 2)


def test_a_deployment_runs_the_same_flow_in_another_process(studio, prefect_url, tmp_path):
    os.mkfifo(tmp_path / "pipe")  # a run that copied the folder it starts in would fail at this
    file = studio.write("title: Far\nengine: testcard\nvideo: {size: 64x64}\nscenes: [{id: a, prompt: x}]\n")
    studio.environment["REELHOUSE_LIBRARY"] = str(studio.folder)
    with temporary_settings({PREFECT_API_URL: prefect_url}), get_client(sync_client=True) as client:
        run = submitted(client, file.name)
        said = executed(run, studio.environment, tmp_path)
        state = client.read_flow_run(run).state
    assert state is not None
    assert state.is_completed(), said
    assert studio.json("render", "board.yaml")["steps_rendered"] == 0
