"""`reelhouse worker` makes takes for any render of the house; `reelhouse workers` shows who does."""

import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from types import FrameType

from rich import box
from rich.table import Table

from db.wants import Waiting
from db.workers import Seen, Worker, Workers
from reelhouse.errors import InputError
from reelhouse.memory import gigabytes
from reelhouse.processes import Owner
from reelhouse.settings import Settings
from studio.console import out, print_json, seconds
from tasks.engine_worker import EngineWorker, WorkerBench, engines_at_hand, offers
from tasks.gpus import number_as_the_driver_does
from tasks.observation import observed_service
from tasks.obstacles import obstacle
from tasks.workbench import Workbench, at_workbench


def work(*, engines: str | None, name: str | None, drain_s: float) -> None:
    """Make takes until told to end: by one SIGTERM or Ctrl-C in order, by a second one at once.

    Raises:
        InputError: an engine is offered that there is not, or none.
        EngineError: an engine is offered without its weights, or without the GPU that it needs.
        ReelhouseError: database or store do not answer, or refuse.
    """
    number_as_the_driver_does()
    bench = WorkerBench(Settings())
    bench.open_services()  # or it would take up what waits and fail all of it
    with at_workbench(bench), observed_service(bench):
        worker = EngineWorker(
            bench,
            name=name or f"{socket.gethostname()}-{os.getpid()}",
            offered=offers(bench, _engines(bench, engines)),
            drain_s=drain_s,
        )
        with _told_to_end(worker):
            worker.run()


def _engines(bench: Workbench, named: str | None) -> list[str]:
    if named is None:
        return engines_at_hand(bench)
    names = [each.strip() for each in named.split(",")]
    if not all(names):
        raise InputError(f'--offers wants engines with commas between them, not "{named}"')
    return names


@contextmanager
def _told_to_end(worker: EngineWorker) -> Iterator[None]:
    told: list[int] = []

    def end(signum: int, frame: FrameType | None) -> None:
        told.append(signum)
        if len(told) > 1:
            worker.stop()
        worker.drain()

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def show_workers(*, as_json: bool) -> None:
    """Print the engine workers, then what waits for them and why."""
    bench = Workbench(Settings())
    seen = Workers(bench.lineage.engine).seen()
    waiting = bench.wants.waiting()
    present = [one.worker for one in seen if not one.is_gone]
    if as_json:
        print_json(
            {
                "workers": [_as_json(one) for one in seen],
                "waiting": [_waiting_as_json(one, present) for one in waiting],
            }
        )
        return
    console = out()
    if not seen:
        console.print("No engine worker is there: reelhouse worker, or reelhouse up")
    else:
        console.print(_workers_table(seen))
    if waiting:
        console.print(_waiting_table(waiting, present))


def _state(one: Seen) -> str:
    return "gone" if one.is_gone else one.worker.state


def _why_waiting(one: Waiting, present: Sequence[Worker]) -> str:
    if one.owner:
        return f"being made by {Owner.parse(one.owner).host}"
    return obstacle(one.want, present) or "waits for its turn"


def _workers_table(seen: Sequence[Seen]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("worker", "state", "take", "made", "up", "seen", "GPU", "version", "offers"):
        table.add_column(name, no_wrap=name != "offers")
    for one in seen:
        worker = one.worker
        gpu = f"{worker.gpu}, {gigabytes(worker.gpu_bytes)} free" if worker.gpu_bytes else ""
        table.add_row(
            worker.name,
            _state(one),
            worker.label,
            str(worker.takes_made),
            seconds(one.age_s),
            f"{seconds(one.silent_s)} ago",
            gpu,
            worker.program,
            ", ".join(offer.engine for offer in worker.offers),
        )
    return table


def _waiting_table(waiting: Sequence[Waiting], present: Sequence[Worker]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("wanted", "engine", "render", "priority", "since", "why"):
        table.add_column(name, no_wrap=name != "why")
    for one in waiting:
        want = one.want
        table.add_row(
            str(want.step["label"]),
            want.offer.engine,
            want.render_id[:12],
            str(want.priority),
            seconds(one.waited_s),
            _why_waiting(one, present),
        )
    return table


def _as_json(one: Seen) -> dict[str, object]:
    times = {"seen_s_ago": round(one.silent_s, 1), "up_s": round(one.age_s, 1)}
    return {**asdict(one.worker), "state": _state(one), **times}


def _waiting_as_json(one: Waiting, present: Sequence[Worker]) -> dict[str, object]:
    want = one.want
    return {
        "step_key": want.step_key,
        "label": want.step["label"],
        "render_id": want.render_id,
        **asdict(want.offer),
        "gpu_bytes": want.gpu_bytes,
        "priority": want.priority,
        "waited_s": round(one.waited_s, 1),
        "made_by": one.owner,
        "why": _why_waiting(one, present),
    }
