"""The supervisor: starts a studio's services in order, keeps them up, ends them in order.

It owns the studio's folder while it runs. What a supervisor that was killed left behind, the next one ends
before it starts anything.
"""

import errno
import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from logging import getLogger
from types import FrameType

from reelhouse.errors import DiskFull, InputError
from studio.one_machine import process
from studio.one_machine.child import Child, Patience
from studio.one_machine.lineup import Studio, wanted_ports
from studio.one_machine.ports import choose_ports
from studio.one_machine.premises import Premises
from studio.one_machine.record import Record, read_record, write_record

TICK_S = 0.05
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # the last: its terminal was closed
log = getLogger(__name__)


@dataclass(slots=True)
class Supervisor:
    """One run of a studio."""

    studio: Studio
    notices: Sequence[str]
    patience: Patience
    _stop: bool = False
    _written: Record = field(default_factory=Record)
    _began: float = field(default_factory=time.monotonic)
    _ready_s: float | None = None

    def run(self) -> None:
        """Keep the services up until a signal ends this.

        Raises:
            ReelhouseError: one of them cannot be kept up; the others are ended.
        """
        services = self.studio.services()
        with self._told_to_stop(), ThreadPoolExecutor(2 * len(services)) as pool:
            children = {
                service.name: Child(service, self.studio.mark(service.name), pool, self.patience)
                for service in services
            }
            try:
                while not self._stop:
                    for child in children.values():
                        child.step(may_start=all(children[name].is_ready for name in child.service.after))
                    self._tell(children)
                    time.sleep(TICK_S)
            finally:
                self._end(children)

    def _tell(self, children: Mapping[str, Child]) -> None:
        """Write down what has changed; say it once when everything is up."""
        if self._ready_s is None and all(child.is_ready for child in children.values()):
            self._ready_s = round(time.monotonic() - self._began, 1)
            log.info("ready after %.1f s", self._ready_s)
            for child in children.values():
                if child.service.address:
                    log.info("  %-11s %s", child.service.name, child.service.address)
        self._write("starting" if self._ready_s is None else "ready", children)

    def _write(self, phase: str, children: Mapping[str, Child]) -> None:
        record = Record(
            phase=phase,
            pid=os.getpid(),
            ready_s=self._ready_s,
            ports=dict(self.studio.ports),
            notices=tuple(self.notices),
            services=tuple(child.record() for child in children.values()),
        )
        if record != self._written:
            write_record(self.studio.premises.record_file, record)
            self._written = record

    def _end(self, children: Mapping[str, Child]) -> None:
        """Ask each to end once those that need it have ended; make them where asking does not help."""
        log.info("ending")
        with suppress(OSError):  # a full disk is no reason to leave them running
            self._write("stopping", children)
        left = dict(children)
        asked: dict[str, float] = {}
        while left:
            for name, child in list(left.items()):
                if any(name in other.service.after for other in left.values()):
                    continue
                if name not in asked:
                    child.ask_to_end()
                    asked[name] = time.monotonic()
                if not child.is_alive or time.monotonic() - asked[name] > self.patience.end_s:
                    child.end()
                    del left[name]
            time.sleep(TICK_S)
        write_record(
            self.studio.premises.record_file, replace(self._written, phase="down", pid=None, services=())
        )

    @contextmanager
    def _told_to_stop(self) -> Iterator[None]:
        def stop(signum: int, frame: FrameType | None) -> None:
            self._stop = True

        before = {number: signal.signal(number, stop) for number in STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def run_studio(premises: Premises, patience: Patience, *, engine_workers: int) -> None:
    """Run a studio here until a signal ends it.

    Raises:
        InputError: the folder cannot be used, or another process runs the studio.
        DiskFull: there is no room.
        ServiceUnavailable: a service cannot be kept up.
    """
    premises.prepare()
    with premises.owned():
        passwords = premises.passwords()
        before = read_record(premises.record_file)
        if ended := end_left_over(premises, before):
            log.warning("ended %d processes that an earlier supervisor left behind", ended)
        ports, notices = choose_ports(wanted_ports(engine_workers), before.ports)
        for notice in notices:
            log.warning("%s", notice)
        try:
            Supervisor(Studio(premises, passwords, ports, engine_workers), notices, patience).run()
        except OSError as error:
            kind = DiskFull if error.errno == errno.ENOSPC else InputError
            problem = f"{premises.home} cannot be written any more ({error.strerror})"
            raise kind(f"the studio ended: {problem}") from error


def end_left_over(premises: Premises, record: Record) -> int:
    """End every process of a studio that has no supervisor any more; how many there were."""
    leaders = [
        service.pid
        for service in record.services
        if service.pid and service.created and process.is_alive(service.pid, service.created)
    ]
    found = {left.pid: left for left in process.marked(premises.passwords().studio_id)}
    for leader in leaders:
        found |= {left.pid: left for left in process.members(leader, "")}
    return process.end(found.values(), grace_s=10)
