"""OpenLineage: each attempt at a step as a run, told in the words of openlineage.io, version 2-0-2.

A job is a stage, its datasets are artifacts, named by their SHA-256 wherever they are stored. A run's id
follows from the step's key and the attempt, so that whoever tells of it twice tells the same. A render is the
parent of its runs. Of steps that another process makes, that process tells.
"""

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from db.records import StepRecord
from reelhouse.errors import Cancelled, LeaseLost
from reelhouse.logs import Redaction, ids
from reelhouse.steps import Step
from tasks.claiming import program
from tasks.progress import StepClaimed, StepEvent, StepFailed, StepFinished

RunEvent: TypeAlias = dict[str, Any]
Send: TypeAlias = Callable[[RunEvent], None]

NAMESPACE = "reelhouse"
SPEC = "https://openlineage.io/spec"
_IDS = uuid.uuid5(uuid.NAMESPACE_URL, "urn:reelhouse:run")


class OpenLineage:
    """The listener that tells of runs; `send` takes each event and returns at once."""

    def __init__(self, send: Send, redaction: Redaction) -> None:
        self._send = send
        self._redaction = redaction

    def __call__(self, event: StepEvent) -> None:
        """Tell of an event, if it begins or ends a run."""
        match event:
            case StepClaimed(step=step, attempt=attempt):
                self._send(_run_event("START", datetime.now(UTC), step, attempt))
            case StepFinished(step=step, record=record, attempt=int(attempt)):
                self._send(_completed(step, record, attempt))
            case StepFailed(step=step, error=error, attempt=int(attempt)):
                stopped = isinstance(error, Cancelled | LeaseLost)
                self._send(self._failed("ABORT" if stopped else "FAIL", step, attempt, error))

    def _failed(self, kind: str, step: Step, attempt: int, error: BaseException) -> RunEvent:
        message = self._redaction(f"{type(error).__name__}: {error}")
        told = _run_event(kind, datetime.now(UTC), step, attempt)
        told["run"]["facets"]["errorMessage"] = _facet(
            "facets/1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet",
            {"message": message, "programmingLanguage": "PYTHON"},
        )
        return told


def run_id(step_key: str, attempt: int) -> str:
    """The run that an attempt at a step is."""
    return str(uuid.uuid5(_IDS, f"{step_key}/{attempt}"))


def render_run_id(render_id: str) -> str:
    """The run that a render is."""
    return str(uuid.uuid5(_IDS, f"render/{render_id}"))


def _completed(step: Step, record: StepRecord, attempt: int) -> RunEvent:
    ended_at = record.started_at + timedelta(seconds=record.seconds)
    told = _run_event("COMPLETE", ended_at, step, attempt)
    told["inputs"] = [_dataset(artifact_id) for artifact_id in sorted(_used(record))]
    sizes = {artifact.id: artifact.size_bytes for artifact in record.outputs.values()}
    told["outputs"] = [
        _dataset(artifact_id) | {"outputFacets": {"outputStatistics": _size(size_bytes)}}
        for artifact_id, size_bytes in sorted(sizes.items())
    ]
    return told


def _used(record: StepRecord) -> set[str]:
    return {used.artifact_id for used in record.inputs}


def _run_event(kind: str, moment: datetime, step: Step, attempt: int) -> RunEvent:
    """What every event of a run says."""
    job_type = {"processingType": "BATCH", "integration": "REELHOUSE", "jobType": "STEP"}
    facet = _facet("facets/2-0-4/JobTypeJobFacet.json#/$defs/JobTypeJobFacet", job_type)
    return {
        "eventType": kind,
        "eventTime": moment.isoformat(timespec="milliseconds"),
        "producer": _producer(),
        "schemaURL": f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {
            "runId": run_id(step.key, attempt),
            "facets": _parent() | {"reelhouse": _step(step, attempt)},
        },
        "job": _job(step.stage.value) | {"facets": {"jobType": facet}},
        "inputs": [],
        "outputs": [],
    }


def _parent() -> dict[str, Any]:
    """The render at work here, if one is known."""
    render = ids().get("render")
    if render is None:
        return {}
    parent = {"run": {"runId": render_run_id(str(render))}, "job": _job("render")}
    return {"parent": _facet("facets/1-2-0/ParentRunFacet.json#/$defs/ParentRunFacet", parent)}


def _step(step: Step, attempt: int) -> dict[str, Any]:
    """A facet of ours: what leads from a run back to the lineage."""
    told = {"step": step.key, "attempt": attempt, "label": step.label, **ids()}
    return _facet("2-0-2/OpenLineage.json#/$defs/RunFacet", told)


def _job(name: str) -> dict[str, Any]:
    return {"namespace": NAMESPACE, "name": name}


def _dataset(artifact_id: str) -> dict[str, Any]:
    return {"namespace": NAMESPACE, "name": artifact_id}


def _size(size_bytes: int) -> dict[str, Any]:
    schema = "OutputStatisticsOutputDatasetFacet"
    return _facet(f"facets/1-0-2/{schema}.json#/$defs/{schema}", {"size": size_bytes, "fileCount": 1})


def _facet(schema: str, content: Mapping[str, object]) -> dict[str, Any]:
    return {"_producer": _producer(), "_schemaURL": f"{SPEC}/{schema}", **content}


def _producer() -> str:
    return f"urn:{program().replace(' ', ':')}"
