"""The engine workers: one row each, which the worker itself renews; what people see, and nothing depends on.

All times are by the database's clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from db.claims import database_time
from db.session import reading, writing
from db.tables import workers
from db.wants import Offer
from reelhouse.processes import Owner

SILENT_S = 15.0  # a worker says every 2 s that it is there
FORGOTTEN_S = 3600.0  # so long a worker that was killed is still shown
WorkerState: TypeAlias = Literal["idle", "working", "draining"]


@dataclass(frozen=True, slots=True)
class Worker:
    """An engine worker as it describes itself.

    Attributes:
        owner: its process, as `reelhouse.processes.Owner` writes it.
        name: for people.
        program: its version, for people.
        offers: what it makes.
        gpu: its GPU's name, "" without one.
        gpu_bytes: what that GPU has free for it; None without one.
        step_key, label: what it makes now, None and "" when nothing.
        takes_made: since it was started.
    """

    owner: str
    name: str
    program: str
    offers: tuple[Offer, ...]
    gpu: str
    gpu_bytes: int | None
    state: WorkerState = "idle"
    step_key: str | None = None
    label: str = ""
    takes_made: int = 0

    def has_room(self, gpu_bytes: int) -> bool:
        """Whether its GPU has so much memory free; without one, models have what they need."""
        return self.gpu_bytes is None or gpu_bytes <= self.gpu_bytes


@dataclass(frozen=True, slots=True)
class Seen:
    """A worker, since when nothing was heard of it, and how long ago it was started."""

    worker: Worker
    silent_s: float
    age_s: float

    @property
    def is_gone(self) -> bool:
        """Whether it is known to have ended, or was not heard of for too long."""
        return Owner.parse(self.worker.owner).is_dead or self.silent_s > SILENT_S


class Workers:
    """The engine workers of one house.

    Raises, from every method: LineageError (refused), ServiceUnavailable (no answer, retryable), DiskFull.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def tell(self, worker: Worker) -> None:
        """Say that a worker is there, and what it does; those long silent are forgotten."""
        row = asdict(worker) | {"seen_at": database_time()}
        dialect = postgresql if self.engine.dialect.name == "postgresql" else sqlite
        insert = dialect.insert(workers).values(**row, started_at=database_time())
        told = insert.on_conflict_do_update(index_elements=[workers.c.owner], set_=row)
        silent = workers.c.seen_at < database_time() - FORGOTTEN_S
        with writing(self.engine) as connection:
            connection.execute(told)
            connection.execute(delete(workers).where(silent))

    def leave(self, owner: str) -> None:
        """Remove a worker that ended in order."""
        with writing(self.engine) as connection:
            connection.execute(delete(workers).where(workers.c.owner == owner))

    def able(self, wanted: Mapping[Offer, int]) -> dict[Offer, int]:
        """How many workers that are there and take more can make what is wanted, each by itself.

        Args:
            wanted: what a step must be made by, and the memory that a GPU must have free for it.
        """
        present = self.present()
        return {
            offer: sum(
                offer in worker.offers and worker.state != "draining" and worker.has_room(gpu_bytes)
                for worker in present
            )
            for offer, gpu_bytes in wanted.items()
        }

    def present(self) -> list[Worker]:
        """Every worker that is there, by name."""
        return [one.worker for one in self.seen() if not one.is_gone]

    def seen(self) -> Sequence[Seen]:
        """Every worker there is or was lately, by name."""
        now = database_time()
        ages = ((now - workers.c.seen_at).label("silent_s"), (now - workers.c.started_at).label("age_s"))
        with reading(self.engine) as connection:
            rows = connection.execute(select(workers, *ages).order_by(workers.c.name, workers.c.started_at))
            return [Seen(_as_worker(row), row.silent_s, row.age_s) for row in rows]


def _as_worker(row: Any) -> Worker:
    return Worker(
        owner=row.owner,
        name=row.name,
        program=row.program,
        offers=tuple(Offer(**offer) for offer in row.offers),
        gpu=row.gpu,
        gpu_bytes=row.gpu_bytes,
        state=row.state,
        step_key=row.step_key,
        label=row.label,
        takes_made=row.takes_made,
    )
