"""Renders: one execution of a plan, from what is already made to its recorded end, without Prefect."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType

from db.damage import is_whole
from db.records import StepRecord
from db.store import Artifact
from reelhouse.errors import ApprovalPending, Cancelled, Rejected
from reelhouse.logs import bound
from reelhouse.plan import Plan
from reelhouse.processes import this_process
from reelhouse.steps import OutputOf, Step
from tasks.bundles import pack
from tasks.claiming import end_dead_claims
from tasks.presence import end_lost, heard_of, lost_renders
from tasks.results import as_kept, looked_at, results_of
from tasks.workbench import Found, Workbench

NOTHING: Mapping[str, object] = MappingProxyType({})


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
def rendering(bench: Workbench, plan: Plan, noted: Mapping[str, object] = NOTHING) -> Iterator[Render]:
    """Record a render from its beginning to its end, however it ends.

    Files handed in are stored first, as a bundle, so that every step can find its inputs.

    Args:
        noted: what else is kept with the render, such as the Prefect run it belongs to; JSON.
    """
    end_dead_claims(bench)
    for lost in lost_renders(bench):
        end_lost(bench, lost)
    # A door that has looked already leaves what it found; it is used once, for it does not stay true.
    outstanding, records = bench.found.pop(plan.digest, None) or look_up(bench, plan)
    source = bench.store.put_file(plan.storyboard.file, "application/yaml")
    bench.lineage.add_artifact(source)
    board = plan.storyboard
    bundle = pack(bench, board)
    owner = str(this_process())
    run_id = noted.get("flow_run_id")
    waited = bench.approvals.take_up(plan.digest, run_id if isinstance(run_id, str) else None, owner)
    render_id = waited or bench.lineage.begin_render(
        storyboard_digest=plan.digest,
        title=board.title,
        source=source,
        parameters={
            "engine": board.engine,
            "quality": board.quality,
            "file": board.file.name,
            "owner": owner,
            "bundle": bundle,
            "results": as_kept(results_of(plan)),
            "looked_at": as_kept(looked_at(plan)),
            **noted,
        },
    )
    bench.render_id = render_id
    render = Render(plan, render_id, outstanding, records)
    found = frozenset(records)
    try:
        with bound(render=render_id), heard_of(bench, render_id):
            yield render
    except ApprovalPending:
        _record_use(bench, render, found)
        raise
    except BaseException as error:
        if not isinstance(error, Exception):  # the process is told to end: let running steps stop as well
            bench.cancelled.set()
        stopped = bench.cancelled.is_set() or isinstance(error, Cancelled)
        status = "rejected" if isinstance(error, Rejected) else "cancelled" if stopped else "failed"
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
