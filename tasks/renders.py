"""Renders: one execution of a plan, from what is already made to its recorded end, without Prefect."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from db.records import StepRecord
from db.store import Artifact
from reelhouse.errors import ArtifactCorrupt, ArtifactMissing
from reelhouse.plan import Plan
from reelhouse.steps import OutputOf, Step
from tasks.workbench import Workbench, is_running

MEDIA_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "yaml": "application/yaml",
    "yml": "application/yaml",
}


@dataclass(slots=True)
class Render:
    """One execution of a plan.

    Attributes:
        id: its name in the lineage.
        outstanding: the steps to be made, in working order.
        records: step key → what the lineage holds of it; grows as steps are made.
    """

    plan: Plan
    id: str
    outstanding: list[Step]
    records: dict[str, StepRecord]

    def artifact(self, source: OutputOf) -> Artifact:
        """A result, once it is made."""
        return self.records[source.step_key].outputs[source.output]


class Found(NamedTuple):
    """What a plan still needs, and the records of what it can reuse."""

    outstanding: list[Step]
    records: dict[str, StepRecord]


def look_up(bench: Workbench, plan: Plan) -> Found:
    """Find what of a plan is already made.

    A recorded step whose bytes are gone from the store counts as not made; making it again mends the store.
    """
    recorded = bench.lineage.steps([step.key for step in plan.steps])

    results = {source.step_key for source in plan.results}

    def is_made(step: Step) -> bool:
        record = recorded.get(step.key)
        return record is not None and all(
            _is_kept(bench, item, hashed=step.key in results) for item in record.outputs.values()
        )

    outstanding = plan.outstanding(is_made)
    for step in outstanding:
        recorded.pop(step.key, None)
    bench.made.update(recorded)
    return Found(outstanding, recorded)


def _is_kept(bench: Workbench, artifact: Artifact, *, hashed: bool) -> bool:
    """Whether the store has an artifact's bytes: by their size, or for what is handed over by their hash."""
    try:
        if hashed:
            bench.store.check(artifact.id)
        return bench.store.size(artifact.id) == artifact.size_bytes
    except (ArtifactCorrupt, ArtifactMissing):
        return False


@contextmanager
def rendering(bench: Workbench, plan: Plan) -> Iterator[Render]:
    """Record a render from its beginning to its end, however it ends.

    Files handed in are stored first, so that every step can find its inputs.
    """
    _end_orphans(bench)
    outstanding, records = look_up(bench, plan)
    source = bench.store.put_file(plan.storyboard.file, "application/yaml")
    bench.lineage.add_artifact(source)
    if outstanding:
        _keep_files(bench, plan)
    board = plan.storyboard
    render_id = bench.lineage.begin_render(
        storyboard_digest=plan.digest,
        title=board.title,
        source=source,
        parameters={
            "engine": board.engine,
            "quality": board.quality,
            "file": board.file.name,
            "host": socket.gethostname(),
            "pid": os.getpid(),
        },
    )
    render = Render(plan, render_id, outstanding, records)
    reused = frozenset(records)
    try:
        yield render
    except BaseException as error:
        if not isinstance(error, Exception):  # the process is told to end: let running steps stop as well
            bench.cancelled.set()
        status = "cancelled" if bench.cancelled.is_set() else "failed"
        _record_use(bench, render, reused)
        bench.lineage.finish_render(render_id, status=status, film=None, message=str(error))
        raise
    _record_use(bench, render, reused)
    bench.lineage.finish_render(render_id, status="done", film=render.artifact(plan.film).id)


def warnings_of(plan: Plan, records: Mapping[str, StepRecord]) -> list[str]:
    """What a person should look at, in the plan's order, nothing twice."""
    found: list[str] = []
    for step in plan.steps:
        if step.key in records:
            found += records[step.key].warnings
    return list(dict.fromkeys(found))


def _end_orphans(bench: Workbench) -> None:
    """Record the end of this machine's renders whose process was killed before it could."""
    for render in bench.lineage.renders():
        pid = render.parameters.get("pid")
        here = render.parameters.get("host") == socket.gethostname()
        if render.status == "running" and here and isinstance(pid, int) and not is_running(pid):
            bench.lineage.finish_render(
                render.id, status="failed", film=None, message="its process was killed; the next run went on"
            )


def _keep_files(bench: Workbench, plan: Plan) -> None:
    for path in plan.files.values():
        media_type = MEDIA_TYPES.get(path.suffix.lower().lstrip("."), "application/octet-stream")
        bench.lineage.add_artifact(bench.store.put_file(path, media_type))


def _record_use(bench: Workbench, render: Render, reused: frozenset[str]) -> None:
    bench.lineage.use(
        render.id,
        [
            (step.key, step.label, step.key in reused)
            for step in render.plan.steps
            if step.key in render.records
        ],
    )
