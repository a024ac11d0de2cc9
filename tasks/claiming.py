"""Claiming: a step is made by one process, and the others wait until they can use what it made."""

import importlib.metadata
from functools import cache

from db.damage import is_whole
from db.ledger import Claim, Held, Made, Quarantined
from db.records import StepRecord
from reelhouse.errors import StepQuarantined
from reelhouse.processes import Owner, this_process
from reelhouse.steps import Step
from tasks.progress import StepElsewhere
from tasks.workbench import Workbench

FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 2.0


def claim_or_find(bench: Workbench, step: Step) -> Claim | StepRecord:
    """The claim to make a step, or what another process made of it; waits while one is at it.

    Raises:
        StepQuarantined: the processes that tried it died.
        Cancelled: a person stopped the work while it waited.
    """
    wait_s = FIRST_WAIT_S
    while True:
        bench.check_cancelled()
        answer = ask(bench, step)
        if not isinstance(answer, Held):
            return answer
        _wait(bench, step, answer, wait_s)
        wait_s = min(1.5 * wait_s, LONGEST_WAIT_S)


def ask(bench: Workbench, step: Step) -> Claim | StepRecord | Held:
    """The claim to make a step, or what was made of it, or who is at it.

    A step whose recorded bytes are gone or damaged is made again.

    Raises:
        StepQuarantined: the processes that tried it died.
    """
    again = False
    while True:
        answer = bench.ledger.claim(
            step.key,
            owner=str(this_process()),
            program=program(),
            lease_s=bench.settings.lease_s,
            again=again,
        )
        match answer:
            case Claim() | Held():
                return answer
            case Made(record) if is_whole(bench.store, record, hashed=True):
                bench.elsewhere.add(step.key)
                return record
            case Made():
                again = True
            case Quarantined():
                raise StepQuarantined(_explanation(step, answer))


@cache
def program() -> str:
    """This program's name and version, as the ledger shows them."""
    return f"reelhouse {importlib.metadata.version('reelhouse')}"


def end_dead_claims(bench: Workbench) -> None:
    """Free the steps of this machine's processes that were killed, without waiting for their leases."""
    bench.ledger.reconcile(lambda owner: not Owner.parse(owner).is_dead)


def _wait(bench: Workbench, step: Step, held: Held, wait_s: float) -> None:
    owner = Owner.parse(held.owner)
    if owner.is_dead:
        end_dead_claims(bench)
        return
    bench.listener(StepElsewhere(step, owner.host, held.progress))
    # Not past the end of the lease, unless the holder is heard of till then.
    bench.cancelled.wait(min(wait_s, max(held.lease_left_s, 0.01)))


def _explanation(step: Step, found: Quarantined) -> str:
    return (
        f"{step.stage} {step.label}: {found.deaths} attempts at it ended with their process "
        f"(the last: {found.last_error}), so it is not tried again by itself. Look for what ends them "
        f"(memory is the usual cause), then run `reelhouse forgive {step.key[:12]}` and render again"
    )
