"""The wants: the takes that renders wait for, made by whichever engine worker may and can.

One row says that one render wants one step. Its parent, the process of the render, keeps the row by saying
so again before `wanted_until`, and removes it when it has its answer or waits no more; a parent that was
killed lets it lapse. A parent that comes back, as all do when the database was away, finds its lapsed row in
its place. A step is made for as long as anybody wants it. The row says nothing of who makes it: that is the
ledger's.

The order in which wants are given: priority, greatest first; then `place`; then age. Places are those of
start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996) with every take counting alike: a want stands
one place behind its render's last one, and never before those that are waited for already. So renders take
turns, one that comes late waits for one turn and not for all that was asked before it, and one that has
been served for hours is not made to pay for it.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    case,
    delete,
    false,
    func,
    insert,
    or_,
    select,
    update,
)

from db import history
from db.bell import Channel, ring
from db.claims import database_time
from db.session import reading, writing
from db.tables import claims, wants

FORGOTTEN_S = 3600.0  # a parent that was away for less finds its want in its place

State: TypeAlias = Literal["wanted", "made", "found", "failed"]
_LEFT = wants.c.wanted_until - database_time()
_IS_OPEN = (wants.c.state == "wanted") & (_LEFT > 0)
_IS_CLAIMED = claims.c.owner.is_not(None) & (claims.c.lease_ends_at > database_time())


@dataclass(frozen=True, slots=True)
class Offer:
    """What a worker makes, and what a step must be made by: with other code or weights it is another step."""

    engine: str
    code_version: str
    weights_id: str


@dataclass(frozen=True, slots=True)
class Want:
    """One step that one render wants.

    Attributes:
        step: as `reelhouse.step_json` writes it.
        gpu_bytes: the least memory that a GPU must have free for it; 0 where it needs none.
        priority: greater goes first.
    """

    step_key: str
    render_id: str
    step: Mapping[str, Any]
    offer: Offer
    gpu_bytes: int
    priority: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What has become of a want.

    Attributes:
        state: "made" for this render, "found" made for another one, "failed", or still "wanted".
        error_kind, error: the name and message of the error, of one that failed.
        owner: who makes it now, if anybody does.
        progress: how far that one is, 0 … 1.
        previews: how many looks there were at what is being made; `Wants.preview` has the newest.
        lapsed: whether the parent was not heard of in time.
    """

    state: State
    error_kind: str
    error: str
    owner: str | None
    progress: float
    previews: int
    lapsed: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A want as people are shown it; `waited_s` by the database's clock."""

    want: Want
    owner: str | None
    waited_s: float


class Wants:
    """What the renders of one house want.

    Raises, from every method: LineageError (refused), ServiceUnavailable (no answer, retryable), DiskFull.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def want(self, want: Want, *, lease_s: float) -> None:
        """Begin to want a step for a render, for the next `lease_s`.

        The answer to an earlier one that could not be withdrawn is dropped; one still open keeps its place.
        """
        with writing(self.engine) as connection:
            connection.execute(delete(wants).where(_is(want), wants.c.state != "wanted"))
            _renew(connection, want, lease_s)

    def renew(self, want: Want, *, lease_s: float) -> None:
        """Go on wanting a step for the next `lease_s`; its place and its answer stay as they are."""
        with writing(self.engine) as connection:
            _renew(connection, want, lease_s)

    def replies(self, render_id: str, step_keys: Collection[str]) -> dict[str, Reply]:
        """What has become of a render's wants, by key; those that were removed are not among them."""
        found: dict[str, Reply] = {}
        columns = (
            wants.c.step_key,
            wants.c.state,
            wants.c.error_kind,
            wants.c.error,
            case((_IS_CLAIMED, claims.c.owner)).label("owner"),
            func.coalesce(claims.c.progress, 0.0).label("progress"),
            func.coalesce(claims.c.previews, 0).label("previews"),
            (_LEFT <= 0).label("lapsed"),
        )
        asked = select(*columns).select_from(_with_claims()).where(wants.c.render_id == render_id)
        with reading(self.engine) as connection:
            for keys in history.chunks(sorted(step_keys)):
                for row in connection.execute(asked.where(wants.c.step_key.in_(keys))):
                    found[row.step_key] = Reply(*row[1:])
        return found

    def preview(self, step_key: str) -> bytes | None:
        """The newest look at what is being made of a step, an encoded picture; None where there is none."""
        with reading(self.engine) as connection:
            return connection.scalar(select(claims.c.preview).where(claims.c.step_key == step_key))

    def withdraw(self, render_id: str, step_key: str) -> None:
        """Want a step no more; whoever makes it stops unless another render wants it, too."""
        with writing(self.engine) as connection:
            connection.execute(
                delete(wants).where(wants.c.render_id == render_id, wants.c.step_key == step_key)
            )

    def next(
        self, offers: Iterable[Offer], *, gpu_bytes: int | None, after: str | None = None
    ) -> Want | None:
        """The want whose turn it is among those that nobody makes and that this worker can make.

        Args:
            offers: what the worker makes.
            gpu_bytes: what its GPU has free; None where models run on the CPU, which holds what it holds.
            after: the key of a step that does not count, to see what comes after it.
        """
        conditions: list[ColumnElement[bool]] = [
            _IS_OPEN,
            ~func.coalesce(_IS_CLAIMED, False),
            _made_by(offers),
        ]
        if gpu_bytes is not None:
            conditions.append(wants.c.gpu_bytes <= gpu_bytes)
        if after is not None:
            conditions.append(wants.c.step_key != after)
        asked = select(wants).select_from(_with_claims()).where(*conditions)
        in_turn = asked.order_by(wants.c.priority.desc(), wants.c.place, wants.c.wanted_at, wants.c.render_id)
        with reading(self.engine) as connection:
            row = connection.execute(in_turn.limit(1)).one_or_none()
            return _as_want(row) if row else None

    def is_wanted(self, step_key: str) -> bool:
        """Whether any render still wants a step."""
        asked = select(wants.c.step_key).where(_IS_OPEN, wants.c.step_key == step_key).limit(1)
        with reading(self.engine) as connection:
            return connection.scalar(asked) is not None

    def made(self, step_key: str, *, for_render: str | None) -> None:
        """Answer everybody who wants a step that it is recorded.

        Args:
            for_render: whose want it was made for; None where it was found made.
        """
        made_for = case((wants.c.render_id == for_render, "made"), else_="found")
        self._answer(step_key, {"state": made_for})

    def failed(self, step_key: str, kind: str, error: str) -> None:
        """Answer everybody who wants a step why it could not be made.

        Args:
            kind: the name of the error's class.
        """
        self._answer(step_key, {"state": "failed", "error_kind": kind, "error": error})

    def waiting(self) -> Sequence[Waiting]:
        """Every want without an answer, in the order they are given, those being made among them."""
        columns = (
            wants,
            case((_IS_CLAIMED, claims.c.owner)).label("owner"),
            (database_time() - wants.c.wanted_at).label("waited_s"),
        )
        asked = select(*columns).select_from(_with_claims()).where(_IS_OPEN)
        in_turn = asked.order_by(wants.c.priority.desc(), wants.c.place, wants.c.wanted_at)
        with reading(self.engine) as connection:
            return [Waiting(_as_want(row), row.owner, row.waited_s) for row in connection.execute(in_turn)]

    def remove_lapsed(self) -> int:
        """Remove the wants whose parents are long silent; how many there were."""
        with writing(self.engine) as connection:
            return connection.execute(delete(wants).where(_LEFT <= -FORGOTTEN_S)).rowcount

    def _answer(self, step_key: str, values: Mapping[str, Any]) -> None:
        answered = (
            update(wants).where(wants.c.step_key == step_key, wants.c.state == "wanted").values(**values)
        )
        with writing(self.engine) as connection:
            if connection.execute(answered).rowcount:
                ring(connection, Channel.ANSWERED)


def _is(want: Want) -> ColumnElement[bool]:
    return (wants.c.step_key == want.step_key) & (wants.c.render_id == want.render_id)


def _renew(connection: Connection, want: Want, lease_s: float) -> None:
    """Let a want stand for the next `lease_s`, writing its row where there is none."""
    now = database_time()
    renewed = update(wants).where(_is(want)).values(wanted_until=now + lease_s)
    if connection.execute(renewed).rowcount:
        return
    row: dict[str, Any] = {
        "step_key": want.step_key,
        "render_id": want.render_id,
        "step": json.dumps(want.step),
        "engine": want.offer.engine,
        "code_version": want.offer.code_version,
        "weights_id": want.offer.weights_id,
        "gpu_bytes": want.gpu_bytes,
        "priority": want.priority,
        "place": _place(want),
        "wanted_at": now,
        "wanted_until": now + lease_s,
        "state": "wanted",
        "error_kind": "",
        "error": "",
    }
    connection.execute(insert(wants).values(row))
    ring(connection, Channel.WANTED)


def _place(want: Want) -> ColumnElement[int]:
    """Behind the render's own last want, and not before any that are waited for with the same priority."""
    open_now = select(func.min(wants.c.place)).where(_IS_OPEN, wants.c.priority == want.priority)
    own_last = select(func.max(wants.c.place) + 1).where(wants.c.render_id == want.render_id)
    first, last = (func.coalesce(asked.scalar_subquery(), 0) for asked in (open_now, own_last))
    return case((first > last, first), else_=last)


def _made_by(offers: Iterable[Offer]) -> ColumnElement[bool]:
    fitting = [
        and_(
            wants.c.engine == offer.engine,
            wants.c.code_version == offer.code_version,
            wants.c.weights_id == offer.weights_id,
        )
        for offer in offers
    ]
    return or_(false(), *fitting)


def _with_claims() -> Any:
    return wants.outerjoin(claims, claims.c.step_key == wants.c.step_key)


def _as_want(row: Any) -> Want:
    return Want(
        step_key=row.step_key,
        render_id=row.render_id,
        step=json.loads(row.step),
        offer=Offer(row.engine, row.code_version, row.weights_id),
        gpu_bytes=row.gpu_bytes,
        priority=row.priority,
    )
