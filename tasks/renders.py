"""Renders: one execution of a plan, from what is already made to its recorded end, without Prefect."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from db.damage import is_whole
from db.records import StepRecord
from db.store import Artifact
from reelhouse.errors import Cancelled
from reelhouse.logs import bound
from reelhouse.plan import Plan
from reelhouse.processes import Owner, this_process
from reelhouse.steps import OutputOf, Step
from tasks.claiming import end_dead_claims
from tasks.workbench import Found, Workbench

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


def look_up(bench: Workbench, plan: Plan) -> Found:
    """Find what of a plan is already made.

    A recorded step whose bytes are gone from the store counts as not made; making it again mends the store.
    """
    recorded = bench.lineage.steps([step.key for step in plan.steps])
    results = {source.step_key for source in plan.results}

    def is_made(step: Step) -> bool:
        record = recorded.get(step.key)
        # What is handed over is hashed; of the rest the sizes are compared.
        return record is not None and is_whole(bench.store, record, hashed=step.key in results)

    outstanding = plan.outstanding(is_made)
    for step in outstanding:
        recorded.pop(step.key, None)
    bench.made.update(recorded)
    return Found(outstanding, recorded)


@contextmanager
def rendering(bench: Workbench, plan: Plan) -> Iterator[Render]:
    """Record a render from its beginning to its end, however it ends.

    Files handed in are stored first, so that every step can find its inputs.
    """
    _end_orphans(bench)
    # A door that has looked already leaves what it found; it is used once, for it does not stay true.
    outstanding, records = bench.found.pop(plan.digest, None) or look_up(bench, plan)
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
            "owner": str(this_process()),
        },
    )
    render = Render(plan, render_id, outstanding, records)
    found = frozenset(records)
    try:
        with bound(render=render_id):
            yield render
    except BaseException as error:
        if not isinstance(error, Exception):  # the process is told to end: let running steps stop as well
            bench.cancelled.set()
        stopped = bench.cancelled.is_set() or isinstance(error, Cancelled)
        status = "cancelled" if stopped else "failed"
        _record_use(bench, render, found)
        bench.lineage.finish_render(render_id, status=status, film=None, message=str(error))
        raise
    _record_use(bench, render, found)
    bench.lineage.finish_render(render_id, status="done", film=render.artifact(plan.film).id)


def warnings_of(plan: Plan, records: Mapping[str, StepRecord]) -> list[str]:
    """What a person should look at, in the plan's order, nothing twice."""
    found: list[str] = []
    for step in plan.steps:
        if step.key in records:
            found += records[step.key].warnings
    return list(dict.fromkeys(found))


def _end_orphans(bench: Workbench) -> None:
    """Record the end of this machine's renders whose process was killed before it could; free its steps."""
    end_dead_claims(bench)
    for render in bench.lineage.renders():
        owner = render.parameters.get("owner")
        if render.status == "running" and isinstance(owner, str) and Owner.parse(owner).is_dead:
            bench.lineage.finish_render(
                render.id, status="failed", film=None, message="its process was killed; the next run went on"
            )


def _keep_files(bench: Workbench, plan: Plan) -> None:
    for path in plan.files.values():
        media_type = MEDIA_TYPES.get(path.suffix.lower().lstrip("."), "application/octet-stream")
        bench.lineage.add_artifact(bench.store.put_file(path, media_type))


def _record_use(bench: Workbench, render: Render, found: frozenset[str]) -> None:
    reused = found | bench.elsewhere
    bench.lineage.use(
        render.id,
        [
            (step.key, step.label, step.key in reused)
            for step in render.plan.steps
            if step.key in render.records
        ],
    )
