"""The engine worker: takes what renders want of its engines, one at a time, with the engine kept warm.

It runs the very code that makes a take within a render. Every second it looks whether anybody still wants
what it makes, and stops with the next step of the engine if nobody does. Before it ends it lets go of
everything; what a worker that was killed leaves, the ledger gives to another.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from logging import getLogger
from typing import Any

from db.bell import Channel, listening
from db.ledger import Claim, Held
from db.records import StepRecord
from db.wants import Offer, Want
from db.workers import Worker, Workers, WorkerState
from models.catalog import ENGINES, engine_spec
from reelhouse.errors import Cancelled, EngineError, LeaseLost, ReelhouseError, ServiceUnavailable
from reelhouse.logs import bound
from reelhouse.processes import this_process
from reelhouse.stages import CODE_VERSION, Stage
from reelhouse.step_json import step_from_json
from reelhouse.steps import Step
from tasks.claiming import ask, end_dead_claims, program
from tasks.filming import clip_request, film_take
from tasks.gpus import card_to_plan_for
from tasks.making import Job, Materials, Output, make_recorded, resolved
from tasks.ownership import Keeper, until_answered
from tasks.workbench import Workbench

HEARTBEAT_S = 1.0
IDLE_S = 1.0  # a want rings; a step that somebody lets go of is found by looking
PULSE_S = 2.0

log = getLogger(__name__)


class WorkerBench(Workbench):
    """A workbench whose steps are stopped when no render wants them any more."""

    @cached_property
    def keeper(self) -> Keeper:
        """What keeps the claim of the step at work here."""
        wanted = self.wants.is_wanted
        return Keeper(self.ledger, self.settings.lease_s, every_s=HEARTBEAT_S, is_wanted=wanted)


def offers(bench: Workbench, names: Sequence[str]) -> tuple[Offer, ...]:
    """What a worker makes that has these engines, which are opened.

    Raises:
        InputError: there is no engine of that name.
        EngineError: its weights are not there, or are another engine's; or there is no GPU, and it needs one.
    """
    return tuple(_offer(bench, name) for name in names)


def engines_at_hand(bench: Workbench) -> list[str]:
    """The engines that can be used here: what they need is there, weights and a GPU."""
    weights, found = bench.settings.weights_folder, list[str]()
    for name, spec in ENGINES.items():
        if spec.weights_id and not (weights / name).is_dir():
            continue
        try:
            bench.engine(name)
        except EngineError as error:  # or it would fail every take of it that it is given
            log.warning("%s is not offered here: %s", name, error)
        else:
            found.append(name)
    return found


def _offer(bench: Workbench, name: str) -> Offer:
    bench.engine(name)
    spec = engine_spec(name, bench.settings.weights_folder)
    return Offer(name, f"{CODE_VERSION[Stage.TAKE]}+{spec.code_version}", spec.weights_id)


class EngineWorker:
    """One worker, in the thread that calls `run`.

    Args:
        bench: its own; nobody else makes steps at it.
        name: for people.
        offered: what it makes.
        drain_s: how long a take at work may still last once the worker is to end.
    """

    def __init__(self, bench: WorkerBench, *, name: str, offered: Sequence[Offer], drain_s: float) -> None:
        self.bench = bench
        self._drain_s = drain_s
        self._workers = Workers(bench.lineage.engine)
        self._worker = Worker(str(this_process()), name, program(), tuple(offered), "", None)
        self._telling = threading.Lock()
        self._draining = threading.Event()
        self._ended = threading.Event()
        self._at_work: Want | None = None
        self._prepared: str | None = None

    def run(self) -> None:
        """Make what is wanted until told to end.

        Raises:
            LineageError: the database refuses.
            Exception: an engine failed in a way nobody foresaw; the want has its error. The process makes
                no more takes: its GPU may be in a state in which every take fails.
        """
        log.info("%s offers %s", self._worker.name, ", ".join(offer.engine for offer in self._worker.offers))
        told_to_stop = suppress(Cancelled)
        with told_to_stop, listening(self.bench.lineage.engine, Channel.WANTED) as bell, self._kept():
            while not self._draining.is_set():
                try:
                    found = self._serve()
                except ServiceUnavailable as error:
                    log.warning("%s", error)
                    found = False
                if not found:
                    bell.wait(IDLE_S)

    def drain(self) -> None:
        """Take nothing new; hand back what is at work when it lasts longer than `drain_s`."""
        if self._draining.is_set():
            return
        self._draining.set()
        log.info("draining: the take at work has %g s", self._drain_s)
        timer = threading.Timer(self._drain_s, self.bench.cancelled.set)
        timer.daemon = True
        timer.start()

    def stop(self) -> None:
        """End at once, in the main thread, where signals are handled.

        Raises:
            Cancelled: always.
        """
        self._draining.set()
        self.bench.cancelled.set()
        raise Cancelled("the engine worker was told to end at once; what it made is made by another")

    def _serve(self) -> bool:
        """Make the take whose turn it is; whether there was one."""
        want = self.bench.wants.next(self._worker.offers, gpu_bytes=self._worker.gpu_bytes)
        if want is None:
            return False
        try:
            step = step_from_json(want.step)
            answer = ask(self.bench, step)
        except ServiceUnavailable:
            raise
        except ReelhouseError as error:
            self._refuse(want, error)
            return True
        if not isinstance(answer, Held):  # another worker was quicker
            with bound(render=want.render_id):
                self._make(want, step, answer)
        return True

    def _make(self, want: Want, step: Step, answer: Claim | StepRecord) -> None:
        log.info("render %s: take %s begins, step %s", want.render_id, step.label, step.key[:12])
        self._at_work = want

        def make(job: Job) -> Mapping[str, Output]:
            self._tell("working", step)  # its claim is kept by now, and given back if this fails
            return film_take(job)

        try:
            record = make_recorded(self.bench, step, make, find=lambda bench, step: answer)
        except (Cancelled, LeaseLost) as error:
            log.info("take %s is let go of: %s", step.label, error)
        except Exception as error:
            self._refuse(want, error)
            if not isinstance(error, ReelhouseError):
                raise
        else:
            made_for = None if record is answer else want.render_id
            self._reply(lambda: self.bench.wants.made(step.key, for_render=made_for))
            if record is not answer:
                self._change(takes_made=self._worker.takes_made + 1)
        finally:
            self._at_work = None
            self.bench.made.clear()  # what one process learns in years
            self.bench.elsewhere.clear()
            self._tell("draining" if self._draining.is_set() else "idle", None)

    def _refuse(self, want: Want, error: Exception) -> None:
        log.warning("take %s cannot be made: %s: %s", want.step_key[:12], type(error).__name__, error)
        self._reply(lambda: self.bench.wants.failed(want.step_key, type(error).__name__, str(error)))

    def _reply(self, answer: Callable[[], None]) -> None:
        try:
            until_answered(answer, for_s=self.bench.settings.lease_s)
        except ServiceUnavailable as error:  # whoever looks at the want next finds what became of it
            log.warning("the answer could not be written: %s", error)

    def _tell(self, state: WorkerState, step: Step | None) -> None:
        key, label = (step.key, step.label) if step else (None, "")
        self._change(state=state, step_key=key, label=label)
        self._say()

    def _change(self, **values: Any) -> None:
        with self._telling:
            self._worker = replace(self._worker, **values)

    def _say(self) -> None:
        try:
            self._workers.tell(self._worker)
        except ReelhouseError as error:  # people see it late; nothing depends on it
            log.warning("not heard: %s", error)

    @contextmanager
    def _kept(self) -> Iterator[None]:
        """Be seen, keep house and prepare what comes next while the block runs; then leave."""
        self._look_at_card()
        self._say()
        threads = [threading.Thread(target=self._pulse, name="pulse", daemon=True)]
        if any(offer.weights_id for offer in self._worker.offers):
            threads.append(threading.Thread(target=self._look_ahead, name="ahead", daemon=True))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            threads[0].join()
            self._reply(lambda: self._workers.leave(self._worker.owner))

    def _pulse(self) -> None:
        while True:
            try:
                self._say()
                self._look_at_card()
                end_dead_claims(self.bench)
                self.bench.wants.remove_lapsed()
            except ReelhouseError as error:
                log.warning("%s", error)
            except Exception:  # a worker that falls silent is taken for gone
                log.exception("the worker goes on, and could not keep house")
            if self._ended.wait(PULSE_S):
                return

    def _look_at_card(self) -> None:
        card = card_to_plan_for(self.bench.settings)
        if card is not None:
            self._change(gpu=card.name, gpu_bytes=card.free_bytes)

    def _look_ahead(self) -> None:
        """Have the words of the next take encoded while one is made by the same engine."""
        while not self._ended.wait(HEARTBEAT_S):
            now = self._at_work
            if now is None or not now.offer.weights_id:
                continue
            try:
                coming = self.bench.wants.next(
                    [now.offer], gpu_bytes=self._worker.gpu_bytes, after=now.step_key
                )
                if coming is not None and coming.step_key != self._prepared:
                    self._prepared = coming.step_key
                    self._prepare(coming)
            except Exception as error:  # the take itself will say what is wrong
                log.warning("what comes next could not be prepared: %s: %s", type(error).__name__, error)

    def _prepare(self, want: Want) -> None:
        step = step_from_json(want.step)
        materials = Materials(step, self.bench, resolved(self.bench, step))
        self.bench.engine(want.offer.engine).prepare(clip_request(materials))
