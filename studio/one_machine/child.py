"""One service at work: from its preparation to its end, one short `step` at a time.

A child that ends, or does not answer, is started again after a pause that doubles. Only one that has never
come up is given up: what one that has been up is short of now, it may have again. What takes seconds
(preparing, checking, furnishing) runs on a thread of the pool; the process itself is always started from the
main thread, since the kernel ends it with the thread that started it.
"""

import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from enum import StrEnum
from logging import getLogger

from reelhouse.errors import ServiceUnavailable
from studio.one_machine import process
from studio.one_machine.record import ServiceRecord
from studio.one_machine.service import CannotTell, Service

LONGEST_PAUSE_S = 30.0
log = getLogger(__name__)


class Phase(StrEnum):
    """Where a child stands."""

    WAITING = "waiting"
    PREPARING = "preparing"
    STARTING = "starting"
    FURNISHING = "furnishing"
    UP = "up"
    RESTARTING = "restarting"
    DONE = "done"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a child is waited for.

    Attributes:
        start_s: from its start to its first answer; also after what it needs was away.
        check_s: between two checks of one that is up.
        misses: so many failed checks in a row, and it is started again.
        restarts: so many are allowed to one that has never been up.
        calm_s: after so long without a failure the pauses are short again.
        first_pause_s: before the first restart; doubled for each further one.
        end_s: from being asked to end to being made to.
    """

    start_s: float = 120
    check_s: float = 5
    misses: int = 3
    restarts: int = 5
    calm_s: float = 60
    first_pause_s: float = 0.5
    end_s: float = 20


@dataclass(slots=True)
class Child:
    """A service, its process and its history."""

    service: Service
    mark: str
    pool: Executor
    patience: Patience
    phase: Phase = Phase.WAITING
    restarts: int = 0
    problem: str = ""
    _process: subprocess.Popen[bytes] | None = None
    _session: int | None = None
    _created: float | None = None
    _job: Future[None] | None = None
    _due: float = 0
    _started: float = 0
    _misses: int = 0
    _was_up: bool = False
    _failed: float = 0
    _failures_in_a_row: int = 0

    @property
    def is_ready(self) -> bool:
        """Whether those that wait for it may start."""
        return self.phase in (Phase.UP, Phase.DONE)

    @property
    def is_alive(self) -> bool:
        """Whether it has a process."""
        return self._process is not None and self._process.poll() is None

    def record(self) -> ServiceRecord:
        """What there is to know of it."""
        pid = self._process.pid if self._process else None
        name, address = self.service.name, self.service.address
        return ServiceRecord(name, self.phase, pid, self._created, address, self.restarts, self.problem)

    def step(self, *, may_start: bool) -> None:
        """Do what is due now; returns at once.

        Args:
            may_start: whether everything that it needs is up.

        Raises:
            ReelhouseError: it cannot be kept up.
            OSError: its log or its folder cannot be used.
        """
        if self._process and (code := self._process.poll()) is not None:
            self._process = self._created = self._job = None
            self._has_ended(code)
        elif self.phase in (Phase.WAITING, Phase.RESTARTING):
            if may_start and time.monotonic() >= self._due:
                self.phase = Phase.PREPARING
                self._begin(self._clear_and_prepare)
        elif self._job and self._job.done():
            job, self._job = self._job, None
            self._conclude(job)
        elif self._process and not self._job and not self.service.is_job and time.monotonic() >= self._due:
            started_at = self._created or 0
            self._begin(lambda: self.service.check(started_at))

    def ask_to_end(self) -> None:
        """Send the signal that asks it to end."""
        self.phase = Phase.STOPPED
        if self._process and self._process.poll() is None:
            self._process.send_signal(self.service.program.end_signal)

    def end(self) -> None:
        """See that nothing of it is left; waits for it."""
        if self._process:
            self._process.kill()
            self._process.wait()
        self._end_session()
        self._process = self._created = None
        self.phase = Phase.STOPPED
        self.service.tidy()

    def _begin(self, work: Callable[[], None]) -> None:
        self._job = self.pool.submit(work)

    def _clear_and_prepare(self) -> None:
        self._end_session()
        self.service.prepare()

    def _end_session(self) -> None:
        """End what a process left that was killed, such as the runs of a worker."""
        if self._session:
            process.end(process.members(self._session, self.mark), grace_s=5)
            self._session = None

    def _conclude(self, job: Future[None]) -> None:
        """Go on after preparing, a check or furnishing."""
        try:
            job.result()
        except ServiceUnavailable as error:
            if isinstance(error, CannotTell) and self.phase is Phase.UP:
                # It is not to blame, and needs time to find what it needs again.
                self._misses, self._due = 0, time.monotonic() + self.patience.start_s
            else:
                self._missed(str(error))
            return
        self._misses = 0
        self._due = time.monotonic() + self.patience.check_s
        if self.phase is Phase.PREPARING:
            self._start()
        elif self.phase is Phase.STARTING:
            self.phase = Phase.FURNISHING
            self._begin(self.service.furnish)
        elif self.phase is Phase.FURNISHING:
            self.phase, self.problem, self._was_up = Phase.UP, "", True
            log.info("%s: up after %.1f s", self.service.name, time.monotonic() - self._started)

    def _start(self) -> None:
        process.rotate(self.service.program.log)
        self._process = process.start(self.service.program)
        self._session, self.problem = self._process.pid, ""
        self._created = process.created(self._process.pid)
        self._started = self._due = time.monotonic()
        self.phase = Phase.STARTING

    def _missed(self, problem: str) -> None:
        """A check failed: look again soon, until it has failed too long."""
        if self.phase is Phase.PREPARING:
            self._has_failed(problem)
            return
        self._misses += 1
        if self.phase is Phase.UP:
            self.problem = problem
            given_up = self._misses >= self.patience.misses
            self._due = time.monotonic() + 1
        else:
            if self.phase is Phase.FURNISHING:
                self.phase = Phase.STARTING
            given_up = time.monotonic() - self._started > self.patience.start_s
            self._due = time.monotonic() + 0.1
        if given_up and self._process:
            self._process.kill()
            self.problem = problem

    def _has_ended(self, code: int) -> None:
        if self.service.is_job and code == 0:
            self.phase, self.problem = Phase.DONE, ""
            log.info("%s: done after %.1f s", self.service.name, time.monotonic() - self._started)
            return
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        self._has_failed(f"{how}: {self.problem}" if self.problem else how)

    def _has_failed(self, problem: str) -> None:
        """Start it again after a pause, or give it up."""
        now = time.monotonic()
        calm = self._failures_in_a_row and now - self._failed > self.patience.calm_s
        self._failed, self._failures_in_a_row = now, 1 if calm else self._failures_in_a_row + 1
        name = self.service.name
        if self.restarts >= self.patience.restarts and not self._was_up:
            raise ServiceUnavailable(
                f"{name} {problem}; it was started {self.restarts + 1} times and has never come up, "
                f"its words are in {self.service.program.log}"
            )
        pause_s = min(self.patience.first_pause_s * 2 ** (self._failures_in_a_row - 1), LONGEST_PAUSE_S)
        log.warning("%s %s; it is started again in %.1f s", name, problem, pause_s)
        self.phase, self.problem = Phase.RESTARTING, problem
        self.restarts += 1
        self._due = now + pause_s
        self._misses = 0
