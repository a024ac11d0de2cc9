"""Wanting: the takes that this process waits for, after which one thread asks for all of them.

The thread renews the wants, so that they stand for as long as somebody waits here, and hears what becomes of
them. While the database does not answer, it goes on asking; whatever else happens to it, it begins again.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from logging import getLogger

from db.bell import Channel, listening
from db.wants import Reply, Want, Wants
from db.workers import Workers
from reelhouse.errors import ReelhouseError
from tasks.obstacles import obstacle

LOOK_S = 1.0  # progress is asked for as often; an answer rings
HANDS_EVERY_S = 10.0  # a worker that is being started is there by then

log = getLogger(__name__)


@dataclass(slots=True, eq=False)
class Awaited:
    """A want somebody waits for.

    Attributes:
        answered: set once `reply` says how it ended.
        reply: the latest word of it.
        preview: the newest look at what is being made, encoded.
        obstacle: why no worker that is there can make it; "" where one can, and in the first seconds.
        telling: held while the database is told of it.
    """

    want: Want
    answered: threading.Event = field(default_factory=threading.Event)
    reply: Reply | None = None
    preview: bytes | None = None
    obstacle: str = ""
    telling: threading.Lock = field(default_factory=threading.Lock)


class Wanting:
    """The wants of one process; its thread lives only while there are any.

    Args:
        wants: where they are kept.
        lease_s: how long one stands after it was last renewed.
    """

    def __init__(self, wants: Wants, lease_s: float) -> None:
        self._wants = wants
        self._workers = Workers(wants.engine)
        self._lease_s = lease_s
        self._awaited: set[Awaited] = set()
        self._asking = threading.Lock()  # one after another, or takes of one render would share a place
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def wanting(self, want: Want) -> Iterator[Awaited]:
        """Want a step while the block waits for it.

        Raises:
            ServiceUnavailable: the database does not answer.
        """
        with self._asking:
            self._wants.want(want, lease_s=self._lease_s)
        awaited = Awaited(want)
        self._add(awaited)
        try:
            yield awaited
        finally:
            with self._lock:
                self._awaited.discard(awaited)
            try:
                with awaited.telling:
                    self._wants.withdraw(want.render_id, want.step_key)
            except ReelhouseError as error:  # it lapses by itself; how the block ended matters
                log.warning("step %s: its want could not be withdrawn: %s", want.step_key, error)

    def _add(self, awaited: Awaited) -> None:
        with self._lock:
            self._awaited.add(awaited)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._watch, name="wants", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        renewed = time.monotonic()
        while True:
            try:
                return self._watch_until_answered(renewed)
            except Exception:  # without this thread, whoever waits here would wait for ever
                log.exception("what was wanted is not known")
                time.sleep(LOOK_S)
                renewed = float("-inf")

    def _watch_until_answered(self, renewed: float) -> None:
        """Watch until nothing is waited for; the wants were last renewed at `renewed`."""
        hands_seen = time.monotonic()
        with listening(self._wants.engine, Channel.ANSWERED) as bell:
            while waiting := self._waiting():
                try:
                    if time.monotonic() - renewed > self._lease_s / 3:
                        for awaited in waiting:
                            self._renew(awaited)
                        renewed = time.monotonic()
                    self._look(waiting)
                    if time.monotonic() - hands_seen > HANDS_EVERY_S:
                        self._look_for_hands(waiting)
                        hands_seen = time.monotonic()
                except ReelhouseError as error:
                    log.warning("what was wanted is not known: %s", error)
                bell.wait(min(LOOK_S, self._lease_s / 3))

    def _waiting(self) -> list[Awaited]:
        with self._lock:
            waiting = [awaited for awaited in self._awaited if not awaited.answered.is_set()]
            if not waiting:
                self._thread = None
            return waiting

    def _renew(self, awaited: Awaited) -> None:
        # Its own lock: a database that hangs must not keep the others from being wanted or withdrawn.
        with awaited.telling:
            with self._lock:
                is_awaited = awaited in self._awaited
            if is_awaited:  # or a want could be renewed that was withdrawn just now
                self._wants.renew(awaited.want, lease_s=self._lease_s)

    def _look(self, waiting: list[Awaited]) -> None:
        of_render: dict[str, dict[str, Awaited]] = defaultdict(dict)
        for awaited in waiting:
            of_render[awaited.want.render_id][awaited.want.step_key] = awaited
        for render_id, wanted in of_render.items():
            replies = self._wants.replies(render_id, wanted)
            for key, awaited in wanted.items():
                before, reply = awaited.reply, replies.get(key)
                if reply and reply.previews not in (0, before.previews if before else 0):
                    awaited.preview = self._wants.preview(key)
                awaited.reply = reply
                if reply is not None and reply.state != "wanted":
                    awaited.answered.set()
                elif reply is None or reply.lapsed:  # the database was away for long
                    self._renew(awaited)

    def _look_for_hands(self, waiting: list[Awaited]) -> None:
        """Find out why what nobody has taken up waits."""
        present = self._workers.present()
        for awaited in waiting:
            is_taken_up = awaited.reply is not None and awaited.reply.owner is not None
            awaited.obstacle = "" if is_taken_up else obstacle(awaited.want, present)
