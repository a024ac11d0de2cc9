"""The ledger: who is making which step, so that processes and machines share the work and none is lost.

A step is made by the one that holds its claim. A claim stands for the length of a lease and is kept by being
heard of; when it is not, anybody may take the step over, as another attempt, and what the earlier attempt
still brings is refused. An attempt that ends with its process is a death; `MAX_DEATHS` deaths put a step in
quarantine until it is forgiven. An attempt that ends with an error is none: the error is told, not guessed.

The state of a row: free when it has no owner, held until `lease_ends_at`, then open to be taken over. There
is no row for a step that nobody has tried, or that is recorded. All times are by the database's clock, and
every answer is one transaction, from any number of processes of any number of machines.
"""

from collections.abc import Callable, Collection
from functools import cache
from logging import getLogger
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, bindparam, case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from db import history
from db.claims import Answer, Claim, Held, Made, Quarantined, database_time, lost, stands
from db.session import reading, writing
from db.tables import claims, steps

__all__ = ["MAX_DEATHS", "Answer", "Claim", "Held", "Ledger", "Made", "Quarantined"]

MAX_DEATHS = 3
_LEFT = claims.c.lease_ends_at - database_time()
_IS_HELD = claims.c.owner.is_not(None)
_IS_OVER = _IS_HELD & (_LEFT <= 0)

log = getLogger(__name__)


class Ledger:
    """The claims of one house.

    Raises, from every method: LineageError (refused), ServiceUnavailable (no answer, retryable), DiskFull.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def claim(
        self, step_key: str, *, owner: str, program: str, lease_s: float, again: bool = False
    ) -> Answer:
        """Ask to make a step; of all who ask, one gets it.

        Args:
            owner: the process that asks, as `Owner` writes itself.
            program: its version, for people.
            again: make the step though it is recorded, since its bytes are gone.

        Returns:
            The claim; or who holds it, or what was made already, or that it is in quarantine.
        """
        while True:
            with writing(self.engine) as connection:
                answer = _answer(connection, step_key, owner, program, lease_s, again)
            if answer is not None:
                return answer

    def heartbeat(self, claim: Claim, *, progress: float, phase: str, preview: bytes | None = None) -> bool:
        """Say that a claim's work goes on, which begins its lease anew; whether it was asked to stop.

        A lease that ended is begun anew as well, as long as nobody took the step over.

        Args:
            preview: a new look at what is being made, an encoded picture; None leaves the one before.

        Raises:
            LeaseLost: somebody did.
        """
        values: dict[str, Any] = {
            "lease_ends_at": database_time() + claim.lease_s,
            "heard_at": database_time(),
            "progress": min(max(progress, 0.0), 1.0),
            "phase": phase,
        }
        if preview is not None:
            values |= {"preview": preview, "previews": claims.c.previews + 1}
        heard = update(claims).where(stands(claim)).values(values).returning(claims.c.cancel_requested)
        with writing(self.engine) as connection:
            asked = connection.scalar(heard)
        if asked is None:
            raise lost(claim)
        return asked

    def release(self, claim: Claim, error: str = "") -> None:
        """Give a step back that was not made, with the error that prevented it; no-op for a lost claim."""
        with writing(self.engine) as connection:
            connection.execute(update(claims).where(stands(claim)).values(owner=None, last_error=error))

    def request_cancel(self, step_keys: Collection[str]) -> int:
        """Ask whoever makes these steps to stop; they hear it with their next heartbeat. How many were asked.

        Another render that waits for such a step makes it itself then.
        """
        asked = 0
        with writing(self.engine) as connection:
            for keys in history.chunks(sorted(step_keys)):  # one order: no deadlock
                held = _IS_HELD & claims.c.step_key.in_(keys)
                asked += connection.execute(update(claims).where(held).values(cancel_requested=True)).rowcount
        return asked

    def waiting(self, step_keys: Collection[str]) -> dict[str, Held]:
        """Who holds which of these steps, by key; those whose lease has ended are among them."""
        found: dict[str, Held] = {}
        with reading(self.engine) as connection:
            for keys in history.chunks(step_keys):
                rows = connection.execute(_held().where(_IS_HELD, claims.c.step_key.in_(keys)))
                found |= {row.step_key: _as_held(row) for row in rows}
        return found

    def expired(self) -> list[Held]:
        """The claims whose lease has ended and that nobody took over yet, the longest silent first."""
        with reading(self.engine) as connection:
            rows = connection.execute(_held().where(_IS_OVER).order_by(claims.c.heard_at))
            return [_as_held(row) for row in rows]

    def reconcile(self, owner_alive: Callable[[str], bool]) -> list[Held]:
        """End the claims of dead processes now, before their leases do; which they were.

        Args:
            owner_alive: False for an owner that is known to be dead.
        """
        with reading(self.engine) as connection:
            held = [_as_held(row) for row in connection.execute(_held().where(_IS_HELD))]
        return [one for one in held if not owner_alive(one.owner) and self._end(one)]

    def forgive(self, prefix: str) -> int:
        """Forget the deaths in every step whose key begins so, that it may be tried again; how many had any.

        Somebody at work on such a step goes on.
        """
        named = (claims.c.step_key >= prefix) & (claims.c.step_key < prefix + "g")  # after every digit
        with writing(self.engine) as connection:
            connection.execute(update(claims).where(named & _IS_OVER).values(owner=None, deaths=1))
            died = named & (claims.c.deaths > 0)
            return connection.execute(update(claims).where(died).values(deaths=0)).rowcount

    def _end(self, held: Held) -> bool:
        claim = Claim(held.step_key, held.attempt, held.owner, lease_s=0.0)
        died = f"{held.owner} died"
        ended = {"owner": None, "deaths": claims.c.deaths + 1, "last_error": died}
        with writing(self.engine) as connection:
            found = connection.execute(update(claims).where(stands(claim)).values(ended)).rowcount
        if found:
            log.warning("step %s: attempt %d ended, %s", held.step_key, held.attempt, died)
        return bool(found)


def _answer(
    connection: Connection, step_key: str, owner: str, program: str, lease_s: float, again: bool
) -> Answer | None:
    """What the ledger says; None when the row changed while it was read."""
    asked = {"asked_key": step_key, "asked_owner": owner, "asked_program": program, "asked_s": lease_s}
    attempt: int | None = connection.execute(_take(connection.dialect.name), asked).scalar()
    # Looked up after the row is ours: whoever recorded the step before has let go of it by then.
    recorded = select(steps.c.key).where(steps.c.key == step_key)
    if not again and connection.scalar(recorded) is not None:
        if attempt is not None:
            connection.execute(delete(claims).where(claims.c.step_key == step_key))
        return Made(history.load_steps(connection, [step_key])[step_key])
    if attempt is not None:
        return Claim(step_key, attempt, owner, lease_s)
    row = connection.execute(_held().where(claims.c.step_key == step_key)).one_or_none()
    if row is None:
        return None
    is_over = row.owner is not None and row.lease_left_s <= 0
    if row.deaths + is_over >= MAX_DEATHS:
        last = f"{row.owner} was not heard of any more" if is_over else row.last_error
        return Quarantined(step_key, row.deaths + is_over, last)
    return _as_held(row) if row.owner is not None and not is_over else None


@cache
def _take(dialect_name: str) -> ReturningInsert[tuple[int]]:
    """Take a step that is new, free, or held by somebody whose lease has ended: the attempt, or no row."""
    dialect = postgresql if dialect_name == "postgresql" else sqlite
    ours: dict[str, Any] = {
        "owner": bindparam("asked_owner"),
        "program": bindparam("asked_program"),
        "lease_ends_at": database_time() + bindparam("asked_s"),
        "heard_at": database_time(),
        "progress": 0.0,
        "phase": "",
        "cancel_requested": False,
        "preview": None,
    }
    insert = dialect.insert(claims).values(
        step_key=bindparam("asked_key"), attempt=1, deaths=0, last_error="", **ours
    )
    deaths = claims.c.deaths + case((_IS_OVER, 1), else_=0)
    unheard = claims.c.owner + " was not heard of any more"
    taken = ours | {
        "attempt": claims.c.attempt + 1,
        "deaths": deaths,
        "last_error": case((_IS_OVER, unheard), else_=claims.c.last_error),
    }
    upsert = insert.on_conflict_do_update(
        index_elements=[claims.c.step_key],
        set_=taken,
        where=(claims.c.owner.is_(None) | _IS_OVER) & (deaths < MAX_DEATHS),
    )
    return upsert.returning(claims.c.attempt)


def _held() -> Select[Any]:
    columns = [column for column in claims.c if column is not claims.c.preview]  # large, and not asked for
    silent = (database_time() - claims.c.heard_at).label("silent_s")
    return select(*columns, _LEFT.label("lease_left_s"), silent)


def _as_held(row: Row[Any]) -> Held:
    return Held(
        step_key=row.step_key,
        attempt=row.attempt,
        owner=row.owner,
        program=row.program,
        progress=row.progress,
        phase=row.phase,
        lease_left_s=row.lease_left_s,
        silent_s=row.silent_s,
        cancel_requested=row.cancel_requested,
    )
