"""Ownership: the steps at work in this process, whose claims one thread keeps by saying that they go on.

It is heard of three times in the length of a lease, or more often. While the database does not answer the
work goes on and the thread asks again: the database decides, when it is back, whether the step is still ours.
Whoever wants the step could not say so either, and has a lease from then on to say it again.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from logging import getLogger
from typing import TypeVar

from db.ledger import Claim, Ledger
from reelhouse.errors import Cancelled, LeaseLost, ReelhouseError, ServiceUnavailable
from tasks.previews import encoded
from tasks.progress import Picture

FIRST_RETRY_S = 0.2
LONG_AGO = float("-inf")
ResultT = TypeVar("ResultT")

log = getLogger(__name__)


@dataclass(slots=True, eq=False)
class Hold:
    """A claimed step at work: what is told of it, and what was heard back.

    Attributes:
        progress: 0 … 1.
        phase: what is being done, for people.
        preview: a look at it that nobody was told of yet.
        lost: set when another process took the step over.
        cancelled: whether somebody asked for the step to be stopped.
        answered_at: when the database last answered, by this process's clock; long ago once it did not.
        wanted_until: until then the step counts as wanted, whatever the database says.
    """

    claim: Claim
    progress: float = 0.0
    phase: str = "making"
    preview: Picture | None = None
    lost: LeaseLost | None = None
    cancelled: bool = False
    answered_at: float = field(default_factory=time.monotonic)
    wanted_until: float = LONG_AGO

    def check(self) -> None:
        """Stop here if the work is no longer wanted.

        Raises:
            LeaseLost: another process took the step over.
            Cancelled: somebody asked for it.
        """
        if self.lost:
            raise self.lost
        if self.cancelled:
            raise Cancelled("the step was stopped from elsewhere; run the same command again to go on")


def always(step_key: str) -> bool:
    """Whether a step is wanted that this process itself asked for."""
    del step_key
    return True


class Keeper:
    """Keeps the claims of one process; its thread lives only while there are any.

    Args:
        ledger: where they stand.
        lease_s: how long each stands after it was last heard of.
        every_s: how often it is heard of; by default three times in the length of a lease.
        is_wanted: asked as often, with the step's key; a step that is not wanted any more is stopped, but
            not in the first lease after the database was away: whoever wants it comes back as we do.
    """

    def __init__(
        self,
        ledger: Ledger,
        lease_s: float,
        *,
        every_s: float | None = None,
        is_wanted: Callable[[str], bool] = always,
    ) -> None:
        self.lease_s = lease_s
        self._every_s = min(every_s or lease_s, lease_s / 3)
        self._is_wanted = is_wanted
        self._ledger = ledger
        self._holds: set[Hold] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def keeping(self, claim: Claim) -> Iterator[Hold]:
        """Keep a claim while the block makes its step; a block that fails gives the step back."""
        hold = Hold(claim)
        self._add(hold)
        try:
            yield hold
        except BaseException as error:
            self._discard(hold)
            self._give_back(claim, "" if isinstance(error, Cancelled) else f"{type(error).__name__}: {error}")
            raise
        self._discard(hold)

    def _add(self, hold: Hold) -> None:
        with self._lock:
            self._holds.add(hold)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._keep_all, name="claims", daemon=True)
                self._thread.start()

    def _discard(self, hold: Hold) -> None:
        with self._lock:
            self._holds.discard(hold)

    def _give_back(self, claim: Claim, error: str) -> None:
        try:
            self._ledger.release(claim, error)
        except ReelhouseError as trouble:  # the lease will end by itself; the step's own error matters
            log.warning("step %s could not be given back: %s", claim.step_key, trouble)

    def _keep_all(self) -> None:
        every = pause = self._every_s
        while True:
            time.sleep(pause)
            with self._lock:
                holds = list(self._holds)
                if not holds:
                    self._thread = None
                    return
            unheard = [hold for hold in holds if not self._keep(hold)]
            backoff = min(every, FIRST_RETRY_S if pause == every else 2 * pause)
            pause = backoff if unheard else every

    def _keep(self, hold: Hold) -> bool:
        """Say that one step's work goes on; whether the database answered."""
        preview = _taken(hold)
        try:
            asked = self._ledger.heartbeat(
                hold.claim, progress=hold.progress, phase=hold.phase, preview=preview
            )
            _note_answer(hold)
            if time.monotonic() > hold.wanted_until:
                asked = asked or not self._is_wanted(hold.claim.step_key)
        except LeaseLost as error:
            hold.lost = error
        except ReelhouseError as error:
            log.warning("step %s: not heard: %s", hold.claim.step_key, error)
            hold.answered_at = LONG_AGO
            return False
        except Exception:  # without this thread, every claim of the process would lapse
            log.exception("step %s: not heard", hold.claim.step_key)
            return False
        else:
            hold.cancelled = hold.cancelled or asked
        return True


def _note_answer(hold: Hold) -> None:
    """Note that the database answers, and that whoever wants the step could not be heard if it was away."""
    now = time.monotonic()
    # A database that stood still, or this process, refused nothing: only the silence tells.
    if now - hold.answered_at > hold.claim.lease_s / 2:
        hold.wanted_until = now + hold.claim.lease_s
    hold.answered_at = now


def _taken(hold: Hold) -> bytes | None:
    """The look that nobody was told of yet, encoded in this thread and not in the engine's."""
    picture, hold.preview = hold.preview, None
    try:
        return None if picture is None else encoded(picture)
    except Exception:  # a picture that is none must not cost the claim
        log.exception("step %s: its preview cannot be shown", hold.claim.step_key)
        return None


def until_answered(call: Callable[[], ResultT], *, for_s: float) -> ResultT:
    """What a call gives, asking again for so long while a service does not answer.

    Raises:
        ServiceUnavailable: it did not answer in all that time.
    """
    deadline, pause = time.monotonic() + for_s, FIRST_RETRY_S
    while True:
        try:
            return call()
        except ServiceUnavailable as error:
            if time.monotonic() + pause > deadline:
                raise
            log.warning("%s; asking again", error)
        time.sleep(pause)
        pause = min(2 * pause, for_s / 3)
