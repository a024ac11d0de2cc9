"""Logs, metrics and OpenLineage events: what they say, under which names, and what they must not say."""

import io
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openlineage.client import event_v2
from openlineage.client.facet_v2 import (
    error_message_run,
    job_type_job,
    output_statistics_output_dataset,
    parent_run,
)
from prometheus_client import CollectorRegistry, generate_latest
from pydantic import SecretStr

from db.records import StepInput, StepRecord
from db.store import Artifact
from reelhouse import errors
from reelhouse.capabilities import Cost
from reelhouse.errors import Cancelled, EngineError, InputError
from reelhouse.logs import JsonFormatter, Redaction, TextFormatter, bound, handled, ids
from reelhouse.settings import Settings
from reelhouse.stages import Stage
from reelhouse.steps import Step
from tasks import gpus, metrics
from tasks.gpus import Gpu
from tasks.listeners import heard_by, log_step
from tasks.metrics import GpuMemory, StepMetrics
from tasks.openlineage import OpenLineage, RunEvent, render_run_id, run_id
from tasks.openlineage_outlets import outlet_to
from tasks.progress import (
    StepClaimed,
    StepElsewhere,
    StepEvent,
    StepFailed,
    StepFinished,
    StepProgressed,
    StepStarted,
    StepStuck,
)
from tasks.workbench import Workbench

KEY, OTHER_KEY = "a" * 64, "b" * 64
FRAME, FILM = "c" * 64, "d" * 64
PASSWORD = "pl4nted/word"


def take(key: str = KEY) -> Step:
    return Step(
        key,
        Stage.TAKE,
        "meadow take 2",
        "1",
        "",
        {"scene": "meadow", "tool": "testcard"},
        {},
        engine_calls=1,
        cost=Cost(tokens=0, seconds=4.0, memory_bytes=0),
    )


def record_of(step: Step) -> StepRecord:
    return StepRecord(
        key=step.key,
        stage=step.stage.value,
        label=step.label,
        code_version="1",
        weights_id="",
        parameters=step.parameters,
        inputs=(StepInput("first_frame", FRAME), StepInput("last_frame", FRAME)),
        outputs={"take": Artifact(FILM, "video/mp4", 1234)},
        facts={"predicted_s": 4.0},
        engine_calls=1,
        started_at=datetime(2026, 1, 1, 12, tzinfo=UTC),
        seconds=2.5,
    )


def finished(step: Step, attempt: int | None = 1) -> StepFinished:
    return StepFinished(step, record_of(step), attempt)


@contextmanager
def lines(formatter: logging.Formatter, level: int = logging.DEBUG) -> Iterator[list[str]]:
    """What this program logs in the block, line by line."""
    stream, written = io.StringIO(), []
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    with handled(handler, level=level, alone=True):
        yield written
    written += stream.getvalue().splitlines()


def values(registry: CollectorRegistry) -> dict[str, float]:
    """Every sample, as Prometheus would write its name and labels."""
    found = {}
    for family in registry.collect():
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sample.labels.items())
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_a_json_line_begins_with_the_ids_of_the_work_at_hand():
    with (
        lines(JsonFormatter(Redaction(()))) as said,
        bound(render="r1", scene="meadow", step="aaaa"),
    ):
        log_step(finished(take(), attempt=3))
    [line] = said
    told = json.loads(line)
    assert list(told)[:5] == ["render", "scene", "step", "attempt", "host"]
    assert (told["render"], told["scene"], told["step"], told["attempt"]) == ("r1", "meadow", "aaaa", 3)
    assert (told["event"], told["seconds"], told["predicted_s"]) == ("made", 2.5, 4.0)
    assert datetime.fromisoformat(told["time"]).tzinfo is not None


def test_a_text_line_names_the_ids_before_the_message():
    with lines(TextFormatter(Redaction(()))) as said, bound(render="r1", step="aaaa"):
        logging.getLogger("db.anything").warning("slow")
    assert said[0].endswith("WARNING render=r1 step=aaaa db.anything: slow")


def test_ids_end_with_their_block_and_do_not_reach_threads_of_other_work():
    seen: list[dict[str, str | int]] = []
    with bound(render="r1"), bound(scene="meadow"):
        assert ids() == {"render": "r1", "scene": "meadow"}
        thread = threading.Thread(target=lambda: seen.append(ids()))
        thread.start()
        thread.join()
    assert seen == [{}]
    assert ids() == {}


@pytest.mark.parametrize(
    ("event", "level", "name"),
    [
        (StepStarted(take()), "DEBUG", "wanted"),
        (StepClaimed(take(), 1), "INFO", "begun"),
        (StepStuck(take(), "no worker offers svd"), "WARNING", "stuck"),
        (StepStuck(take(), ""), "INFO", "waits"),
        (StepElsewhere(take(), "another", 0.5), "DEBUG", "elsewhere"),
        (finished(take(), attempt=None), "INFO", "found"),
        (StepFailed(take(), EngineError("no"), 1), "ERROR", "failed"),
        (StepFailed(take(), errors.ServiceUnavailable("gone"), 1), "WARNING", "failed"),
        (StepFailed(take(), Cancelled("stopped"), 1), "WARNING", "stopped"),
    ],
)
def test_each_event_of_a_step_is_one_line(event: StepEvent, level: str, name: str):
    with lines(JsonFormatter(Redaction(()))) as said:
        log_step(event)
    [line] = said
    told = json.loads(line)
    assert (told["level"], told["event"], told["stage"]) == (level, name, "take")


def test_an_unexpected_error_is_logged_with_its_trace_in_the_same_line():
    with lines(JsonFormatter(Redaction(()))) as said:
        try:
            raise RuntimeError("CUDA error")
        except RuntimeError as error:
            log_step(StepFailed(take(), error, 1))
    [line] = said
    assert "Traceback" in json.loads(line)["trace"]


@pytest.mark.parametrize("formatter", [JsonFormatter, TextFormatter])
def test_no_password_of_the_installation_is_logged(formatter: type[JsonFormatter | TextFormatter]):
    settings = Settings(
        database_url=SecretStr(f"postgresql://films:{PASSWORD.replace('/', '%2F')}@db/films"),
        prompt_api_key=SecretStr("an-api-key"),
        openlineage="http://marquez:its-password@host/api",
    )
    with lines(formatter(Redaction(settings.secrets))) as said:
        try:
            raise RuntimeError(f"cannot connect to {settings.database} with {PASSWORD}")
        except RuntimeError as error:
            log_step(StepFailed(take(), error, 1))
        logging.getLogger("tasks.x").warning("%s %s", settings.openlineage, "an-api-key")
    text = "\n".join(said)
    assert "cannot connect" in text
    for secret in (PASSWORD, PASSWORD.replace("/", "%2F"), "an-api-key", "its-password"):
        assert secret not in text


def test_handlers_are_gone_after_the_block():
    room = logging.getLogger("tasks")
    before = (room.level, room.propagate, list(room.handlers))
    with lines(TextFormatter(Redaction(()))):
        assert not room.propagate
    assert (room.level, room.propagate, room.handlers) == before


def test_a_listener_that_fails_stops_neither_the_step_nor_the_others(tmp_path: Path):
    bench, heard = Workbench(Settings(home=tmp_path)), []

    def broken(event: StepEvent) -> None:
        raise ValueError("broken")

    with lines(TextFormatter(Redaction(()))) as said:
        with heard_by(bench, broken, heard.append):
            bench.listener(StepStarted(take()))
        bench.listener(StepClaimed(take(), 1))
    assert heard == [StepStarted(take())]
    assert any("a listener failed at a StepStarted" in line for line in said)


def test_steps_are_counted_by_how_they_end():
    registry = CollectorRegistry()
    count = StepMetrics(registry)
    for event in (
        finished(take()),
        finished(take(), attempt=None),
        StepFailed(take(), EngineError("no"), 1),
        StepFailed(take(), RuntimeError("CUDA"), 1),
        StepFailed(take(), Cancelled("stopped"), 1),
    ):
        count(event)
    found = values(registry)
    for outcome, number in {"made": 1, "reused": 1, "failed": 2, "stopped": 1}.items():
        assert found[f"reelhouse_steps_total{{stage=take,outcome={outcome}}}"] == number
    assert found["reelhouse_step_seconds_sum{stage=take}"] == 2.5
    assert found["reelhouse_step_predicted_seconds_total{stage=take}"] == 4.0
    assert found["reelhouse_failures_total{error=EngineError}"] == 1
    assert found["reelhouse_failures_total{error=other}"] == 1


def test_the_steps_of_a_sampler_are_timed_from_the_claim_on():
    registry = CollectorRegistry()
    count = StepMetrics(registry)
    count(StepProgressed(take(), 0.0))  # of a take this process did not claim: it began unseen
    for event in (StepClaimed(take(OTHER_KEY), 1), StepProgressed(take(OTHER_KEY), 0.5)):
        count(event)
    assert values(registry)["reelhouse_engine_step_seconds_count{engine=testcard}"] == 1


def test_an_error_of_somebody_elses_is_no_label():
    class EngineErrorOfTenant42(EngineError): ...

    assert metrics.error_label(EngineErrorOfTenant42.__name__) == "other"
    assert metrics.error_label("StepQuarantined") == "StepQuarantined"


def test_every_metric_has_a_name_and_a_unit_as_prometheus_wants_them():
    registry = CollectorRegistry()
    count = StepMetrics(registry)
    count(finished(take()))
    count(StepFailed(take(), EngineError("no"), 1))
    for family in registry.collect():
        assert family.name.startswith("reelhouse_")
        assert family.documentation.endswith(".")
    assert b"meadow" not in generate_latest(registry)


def test_the_gpus_memory_adds_up_to_all_of_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(metrics, "find_gpu", lambda: Gpu("a card", 80, 30, 20))
    registry = CollectorRegistry()
    registry.register(GpuMemory())
    assert sum(values(registry).values()) == 80
    assert values(registry)["reelhouse_gpu_memory_bytes{gpu=a card,holder=this_process}"] == 20


def test_a_machine_without_a_gpu_has_no_metric_of_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    registry = CollectorRegistry()
    registry.register(GpuMemory())
    assert gpus.find_gpu() is None
    assert values(registry) == {}


def told_of(*events: StepEvent) -> list[RunEvent]:
    sent: list[RunEvent] = []
    tell = OpenLineage(sent.append, Redaction([PASSWORD]))
    for event in events:
        tell(event)
    return sent


def read_by_their_client(told: RunEvent) -> event_v2.RunEvent:
    """The event as OpenLineage's own classes hold it; they refuse what the specification does not know."""
    known = {
        "parent": lambda facet: parent_run.ParentRunFacet(
            run=parent_run.Run(**facet["run"]), job=parent_run.Job(**facet["job"])
        ),
        "errorMessage": lambda facet: error_message_run.ErrorMessageRunFacet(**facet),
        "jobType": lambda facet: job_type_job.JobTypeJobFacet(**facet),
        "outputStatistics": lambda facet: output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
            **facet
        ),
    }

    def facets(written: dict[str, dict[str, object]]) -> dict[str, object]:
        for facet in written.values():
            assert facet["_producer"]
            assert str(facet["_schemaURL"]).startswith("https://openlineage.io/spec/")
        plain = {
            name: {key: value for key, value in facet.items() if not key.startswith("_")}
            for name, facet in written.items()
        }
        return {name: known[name](facet) for name, facet in plain.items() if name in known}

    outputs = [
        event_v2.OutputDataset(**{**one, "outputFacets": facets(one["outputFacets"])})
        for one in told["outputs"]
    ]
    run, job = told["run"], told["job"]
    schema = told["schemaURL"]
    read = event_v2.RunEvent(
        eventTime=told["eventTime"],
        producer=told["producer"],
        eventType=event_v2.RunState(told["eventType"]),
        run=event_v2.Run(**{**run, "facets": facets(run["facets"])}),
        job=event_v2.Job(**{**job, "facets": facets(job["facets"])}),
        inputs=[event_v2.InputDataset(**one) for one in told["inputs"]],
        outputs=outputs,
    )
    assert schema == read.schemaURL
    return read


def test_an_attempt_at_a_step_is_a_run_that_their_own_client_reads():
    with bound(render="r1", scene="meadow"):
        start, end = told_of(StepStarted(take()), StepClaimed(take(), 2), finished(take(), attempt=2))
    for told in (start, end):
        read = read_by_their_client(told)
        assert (read.job.namespace, read.job.name) == ("reelhouse", "take")
        assert read.run.runId == run_id(KEY, 2)
        parent = read.run.facets["parent"] if read.run.facets else None
        assert isinstance(parent, parent_run.ParentRunFacet)
        assert parent.run.runId == render_run_id("r1")
        assert told["run"]["facets"]["reelhouse"]["step"] == KEY
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    assert [used["name"] for used in end["inputs"]] == [FRAME]
    assert [made["name"] for made in end["outputs"]] == [FILM]
    assert end["eventTime"].startswith("2026-01-01T12:00:02.500")


def test_a_failed_run_says_why_without_a_password():
    error = EngineError(f"no answer from http://user:{PASSWORD}@host")
    [told] = told_of(StepFailed(take(), error, 1))
    read_by_their_client(told)
    assert told["eventType"] == "FAIL"
    message = told["run"]["facets"]["errorMessage"]["message"]
    assert message == "EngineError: no answer from http://user:***@host"


def test_a_stopped_run_is_aborted_and_a_run_of_others_is_theirs_to_tell():
    [told] = told_of(
        finished(take(), attempt=None),
        StepFailed(take(), EngineError("never claimed"), None),
        StepFailed(take(), Cancelled("stopped"), 1),
    )
    assert told["eventType"] == "ABORT"


def test_attempts_are_runs_of_their_own():
    assert run_id(KEY, 1) == run_id(KEY, 1)
    assert len({run_id(KEY, 1), run_id(KEY, 2), run_id(OTHER_KEY, 1)}) == 3


def test_a_file_gets_one_line_an_event_from_all_threads(tmp_path: Path):
    file = tmp_path / "new folder" / "lineage.jsonl"
    with outlet_to(file.as_uri(), "") as outlet:
        tell = OpenLineage(outlet.send, Redaction(()))
        threads = [
            threading.Thread(target=lambda: [tell(StepClaimed(take(), number)) for number in range(50)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    written = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(written) == outlet.tally.sent == 200


def test_a_file_that_cannot_be_written_costs_events_and_no_render(tmp_path: Path):
    (tmp_path / "taken").write_text("")
    with outlet_to((tmp_path / "taken" / "lineage.jsonl").as_uri(), "") as outlet:
        outlet.send({})
        outlet.send({})
    registry = CollectorRegistry()
    registry.register(outlet.tally)
    assert values(registry)["reelhouse_openlineage_events_total{outcome=dropped}"] == 2


@pytest.mark.parametrize("address", ["lineage.jsonl", "ftp://host/x", "file://host/x", "http://", "s3cret"])
def test_an_address_that_nobody_can_send_to_is_refused(address: str):
    with pytest.raises(InputError, match=r"must be file:///"), outlet_to(address, ""):
        pass
