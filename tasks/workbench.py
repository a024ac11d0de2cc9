"""The workbench: what one process needs to make steps, opened once and shared by its threads.

Services and tools are opened on first use and stay: an engine loads once per process. Nothing here imports
Prefect, so that a film with nothing left to make is finished without it.
"""

import os
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from db.approvals import Approvals
from db.ledger import Ledger
from db.lineage import Lineage
from db.records import StepRecord
from db.session import open_database
from db.store import ArtifactStore, S3Credentials, open_store
from db.wants import Wants
from models.catalog import ENGINES, engine_spec, open_engine
from models.engine import VideoEngine
from models.expander import PromptExpander, open_expander
from models.segmenter import SEGMENTERS, Segmenter, open_segmenter
from reelhouse.errors import Cancelled, InputError
from reelhouse.memory import Card
from reelhouse.plan import Plan, make_plan
from reelhouse.plan_takes import Tools
from reelhouse.processes import is_running
from reelhouse.settings import Settings
from reelhouse.steps import Step
from reelhouse.storyboard import Storyboard
from tasks.estimating import with_expected_seconds
from tasks.gpus import card_to_plan_for
from tasks.ownership import Keeper
from tasks.progress import Listener, unheard
from tasks.wanting import Wanting

TURN_ASKED_S = 0.2
CHECKPOINT_KEPT_S = 7 * 24 * 3600


class Found(NamedTuple):
    """What a plan still needs, and the records of what it can reuse."""

    outstanding: list[Step]
    records: dict[str, StepRecord]


@dataclass
class Workbench:
    """Settings, services and tools in use.

    Attributes:
        settings: what this installation chose.
        listener: told of every step that starts, progresses and ends.
        cancelled: set to stop the work at the next opportunity.
        made: step key → its record, for the steps this process found or made; the rest is in the lineage.
        elsewhere: the keys of the steps that were to be made here, and that another process made meanwhile.
        render_id: the render that takes are wanted for; a name of its own until one has begun.
        priority: of what is wanted; greater goes first.
        found: plan digest → what is made of it, if a door has looked already; whoever renders it takes it.
        boards: how a run names a storyboard → what a door of this process has read already.
        server_lasts: whether the Prefect server in use outlives the render: then it is told how that goes.
    """

    settings: Settings
    listener: Listener = unheard
    cancelled: threading.Event = field(default_factory=threading.Event)
    made: dict[str, StepRecord] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)
    render_id: str = field(default_factory=lambda: secrets.token_hex(8))
    priority: int = 0
    found: dict[str, Found] = field(default_factory=dict)
    boards: dict[str, Storyboard] = field(default_factory=dict)
    server_lasts: bool = True
    _engines: dict[str, VideoEngine] = field(default_factory=dict)
    _opening: threading.Lock = field(default_factory=threading.Lock)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _at_work: str | None = None

    @cached_property
    def lineage(self) -> Lineage:
        """The record of what was made from what."""
        return Lineage(open_database(self.settings.database))

    @cached_property
    def ledger(self) -> Ledger:
        """Who is making what."""
        return Ledger(self.lineage.engine)

    @cached_property
    def approvals(self) -> Approvals:
        """What waits for a person."""
        return Approvals(self.lineage.engine)

    @cached_property
    def keeper(self) -> Keeper:
        """What keeps the claims of the steps at work here."""
        return Keeper(self.ledger, self.settings.lease_s)

    @cached_property
    def wants(self) -> Wants:
        """What renders want of the engine workers."""
        return Wants(self.lineage.engine)

    @cached_property
    def wanting(self) -> Wanting:
        """What waits for the takes that are wanted here."""
        return Wanting(self.wants, self.settings.lease_s)

    @cached_property
    def store(self) -> ArtifactStore:
        """Where the bytes are kept."""
        settings = self.settings
        keys = S3Credentials(settings.store_access_key, settings.store_secret_key.get_secret_value())
        return open_store(
            settings.artifact_store,
            cache=settings.home / "cache",
            credentials=keys if settings.store_access_key else None,
        )

    def open_services(self) -> None:
        """Open database and store, for a door to long work: what is wrong with them is said before it begins.

        Raises:
            ReelhouseError: one of them does not answer, or refuses.
        """
        _ = self.lineage, self.store

    @cached_property
    def segmenter(self) -> Segmenter:
        """What finds subjects in pictures."""
        return open_segmenter(self.settings.segmenter, device=self.settings.device)

    @cached_property
    def expander(self) -> PromptExpander:
        """What expands prompts."""
        settings = self.settings
        return open_expander(
            settings.expander,
            endpoint=settings.prompt_endpoint or None,
            model=settings.prompt_model or None,
            api_key=settings.prompt_api_key.get_secret_value() or None,
            timeout_s=settings.prompt_timeout_s,
        )

    def engine(self, name: str) -> VideoEngine:
        """A video engine, opened once a process."""
        with self._opening:
            if name not in self._engines:
                settings = self.settings
                self._engines[name] = open_engine(
                    name,
                    settings.weights_folder,
                    device=settings.device,
                    compiles=settings.compile_blocks,
                )
            return self._engines[name]

    @property
    def engine_at_work(self) -> str | None:
        """The engine with weights that had the last turn, and keeps what it loaded."""
        return self._at_work

    @cached_property
    def card(self) -> Card | None:
        """The GPU that films are planned for, where one is known."""
        return card_to_plan_for(self.settings)

    @contextmanager
    def turn(self, name: str, while_waiting: Callable[[], None]) -> Iterator[None]:
        """Whoever uses an engine with weights waits for their turn; the others make clips side by side.

        An engine keeps the GPU from clip to clip, until it is another one's turn.

        Args:
            while_waiting: called now and again until the turn comes; what it raises ends the waiting.
        """
        if not ENGINES[name].weights_id:
            yield
            return
        while not self._turn.acquire(timeout=TURN_ASKED_S):
            while_waiting()
        try:
            if self._at_work not in (None, name):
                self.engine(self._at_work).rest()
            self._at_work = name
            yield
        finally:
            self._turn.release()

    def plan(self, storyboard: Storyboard) -> Plan:
        """Plan a film for the tools in use, with the seconds to expect of it; loads no tool.

        Raises:
            StoryboardError: the engine is unknown or cannot make what is asked.
            InputError: a setting names a segmenter or expander that there is not.
        """
        try:
            engine = engine_spec(storyboard.engine, self.settings.weights_folder)
        except InputError as error:
            raise storyboard.problem(("engine",), str(error)) from error
        name = self.settings.segmenter
        if name not in SEGMENTERS:
            raise InputError(
                f'REELHOUSE_SEGMENTER names "{name}", there are {", ".join(SEGMENTERS)}: choose one of these'
            )
        tools = Tools(
            engine,
            SEGMENTERS[name],
            self.expander.spec,
            find_engine=lambda name: engine_spec(name, self.settings.weights_folder),
            card=self.card,
        )
        plan = make_plan(storyboard, tools)
        return with_expected_seconds(plan, self.lineage.engine, self.settings, self.card)

    def check_cancelled(self) -> None:
        """Stop here if a person asked for it.

        Raises:
            Cancelled: they did.
        """
        if self.cancelled.is_set():
            raise Cancelled("stopped; what was finished is kept, run the same command again to go on")

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """A scratch folder for one step, gone afterwards; one left by a killed process is swept later."""
        root = self.settings.home / "scratch"
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{os.getpid()}-", dir=root) as name:
            yield Path(name)


_current: ContextVar[Workbench] = ContextVar("workbench")


def workbench() -> Workbench:
    """The workbench in use; opened from the settings where no door opened one, as on a Prefect worker."""
    bench = _current.get(None)
    if bench is None:
        bench = Workbench(Settings())
        _current.set(bench)
    return bench


@contextmanager
def at_workbench(bench: Workbench) -> Iterator[Workbench]:
    """Make `bench` the one in use, in this thread and the tasks it starts, and sweep the scratch folder."""
    _sweep(bench.settings.home)
    token = _current.set(bench)
    try:
        yield bench
    finally:
        _current.reset(token)


def _sweep(home: Path) -> None:
    """Remove the scratch folders of processes that are gone, and half-finished clips nobody came back to."""
    for checkpoint in (home / "checkpoints").glob("*.safetensors"):
        if time.time() - checkpoint.stat().st_mtime > CHECKPOINT_KEPT_S:
            checkpoint.unlink(missing_ok=True)
    for folder in (home / "scratch").glob("*-*"):
        owner = folder.name.partition("-")[0]
        if owner.isdigit() and not is_running(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)
