"""The values that the ledger gives and takes, and the clock that its leases run by."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection, Double, delete
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.sql.functions import FunctionElement

from db.records import StepRecord
from db.tables import claims
from reelhouse.errors import LeaseLost


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to make a step until the lease ends or another attempt begins.

    Attributes:
        attempt: the fencing token: each claim of a step has a greater one.
        owner: the process that makes the step, as `reelhouse.processes.Owner` writes it.
        lease_s: how long the claim stands after it was last heard of.
    """

    step_key: str
    attempt: int
    owner: str
    lease_s: float


@dataclass(frozen=True, slots=True)
class Held:
    """A step that somebody is making; the times are by the database's clock.

    Attributes:
        program: the version of the program that makes it.
        progress: 0 … 1, as last heard.
        phase: what is being done, for people.
        lease_left_s: negative when the lease has ended, and anybody may take the step over.
        silent_s: since when nothing was heard.
    """

    step_key: str
    attempt: int
    owner: str
    program: str
    progress: float
    phase: str
    lease_left_s: float
    silent_s: float
    cancel_requested: bool


@dataclass(frozen=True, slots=True)
class Made:
    """A step that is recorded already."""

    record: StepRecord


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A step that nobody gets: as many attempts in it died as may, and nobody has forgiven it."""

    step_key: str
    deaths: int
    last_error: str


Answer: TypeAlias = Claim | Held | Made | Quarantined


class database_time(FunctionElement[float]):  # noqa: N801 named as the SQL function it stands for
    """Now, in seconds since 1970, by the clock of the database server; of this machine, for SQLite."""

    type = Double()
    inherit_cache = True


@compiles(database_time, "postgresql")
def _postgresql_time(element: database_time, compiler: Any, **options: Any) -> str:
    # Not now(): that is when the transaction began, before it waited for a row.
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"


@compiles(database_time, "sqlite")
def _sqlite_time(element: database_time, compiler: Any, **options: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


def stands(claim: Claim) -> ColumnElement[bool]:
    """The condition that a row of `claims` is still this very claim."""
    return (
        (claims.c.step_key == claim.step_key)
        & (claims.c.attempt == claim.attempt)
        & (claims.c.owner == claim.owner)
    )


def settle(connection: Connection, claim: Claim) -> None:
    """End a claim in the transaction that records its step.

    Raises:
        LeaseLost: it does not stand any more; undo the transaction.
    """
    if not connection.execute(delete(claims).where(stands(claim))).rowcount:
        raise lost(claim)


def lost(claim: Claim) -> LeaseLost:
    """What the holder of a claim is told that does not stand any more."""
    return LeaseLost(
        f"attempt {claim.attempt} at step {claim.step_key[:12]} was taken over: nothing was heard of "
        f"{claim.owner} for {claim.lease_s:g} s, or it was taken for dead; its result is dropped"
    )
