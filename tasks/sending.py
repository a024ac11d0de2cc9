"""Sending: a take that an engine worker makes, wanted and waited for by the process of its render."""

from db.damage import is_whole
from db.records import StepRecord
from db.wants import Offer, Reply, Want
from reelhouse import errors
from reelhouse.errors import EngineError, LineageError, ReelhouseError
from reelhouse.memory import needed, thriftiest
from reelhouse.processes import Owner
from reelhouse.stages import Stage
from reelhouse.step_json import step_to_json
from reelhouse.steps import Step
from tasks.previews import decoded
from tasks.progress import StepElsewhere, StepStuck
from tasks.wanting import Awaited
from tasks.workbench import Workbench

CHECK_S = 0.2  # how soon it is heard that a person stopped the work


def is_sent(bench: Workbench, step: Step) -> bool:
    """Whether a step is made by an engine worker."""
    return step.stage is Stage.TAKE and bench.settings.engines == "workers"


def made_by_worker(bench: Workbench, step: Step) -> StepRecord:
    """What an engine worker makes of a take, for this render or for another that wanted it, too.

    Raises:
        Cancelled: a person stopped the work; the worker stops with its next step.
        StepQuarantined: the workers that tried it died.
        ReelhouseError: what the worker raised, as it would have been raised here.
    """
    found = bench.lineage.steps([step.key]).get(step.key)
    if found is not None and is_whole(bench.store, found, hashed=True):
        bench.elsewhere.add(step.key)
        return found
    with bench.wanting.wanting(_want(bench, step)) as awaited:
        reply = _answer(bench, step, awaited)
        if reply.state == "failed":
            raise _told(reply)
        if reply.state == "found":
            bench.elsewhere.add(step.key)
        record = bench.lineage.steps([step.key]).get(step.key)
    if record is None:
        raise LineageError(f"{step.stage} {step.label}: a worker made it, and no record of it is found")
    return record


def offer_of(step: Step) -> Offer:
    """What a worker must have to make a take."""
    return Offer(str(step.parameters["tool"]), step.code_version, step.weights_id)


def gpu_bytes_of(step: Step) -> int:
    """The least memory that a GPU must have free for a take; 0 where it needs none."""
    footprint = step.cost.footprint
    return needed(footprint, thriftiest(footprint)) if footprint else 0


def _want(bench: Workbench, step: Step) -> Want:
    return Want(
        step_key=step.key,
        render_id=bench.render_id,
        step=step_to_json(step),
        offer=offer_of(step),
        gpu_bytes=gpu_bytes_of(step),
        priority=bench.priority,
    )


def _answer(bench: Workbench, step: Step, awaited: Awaited) -> Reply:
    """Wait for the answer, telling meanwhile who makes the step and how far they are, or why nobody does."""
    told: tuple[str, float, bytes | None] | None = None
    obstacle = ""
    while not awaited.answered.wait(CHECK_S):
        bench.check_cancelled()
        if obstacle != awaited.obstacle:
            obstacle = awaited.obstacle
            bench.listener(StepStuck(step, obstacle))
        reply, data = awaited.reply, awaited.preview
        if reply is None or not reply.owner or told == (reply.owner, reply.progress, data):
            continue
        preview = decoded(data) if data and (told is None or data is not told[-1]) else None
        told = reply.owner, reply.progress, data
        bench.listener(StepElsewhere(step, Owner.parse(reply.owner).host, reply.progress, preview))
    assert awaited.reply is not None  # noqa: S101 - it is set before it is said to be there
    return awaited.reply


def _told(reply: Reply) -> ReelhouseError:
    """The worker's error as it was raised there; one that is not ours is the engine's."""
    kind = getattr(errors, reply.error_kind, None)
    if isinstance(kind, type) and issubclass(kind, ReelhouseError):
        return kind(reply.error)
    return EngineError(f"the engine worker failed: {reply.error_kind}: {reply.error}")
