"""What the supervisor knows of a service: how it is started, when it is well, what must be up before it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from reelhouse.errors import ServiceUnavailable
from studio.one_machine.process import Program


def nothing() -> None:
    """What a service does that has nothing to do."""


class CannotTell(ServiceUnavailable):
    """Whether a service is well is not known, since whom to ask does not answer."""


@dataclass(frozen=True, slots=True)
class Service:
    """One child of the supervisor. The four functions run beside the main thread and may take seconds.

    They raise ServiceUnavailable where a second try may help; any other ReelhouseError ends the studio with
    its message.

    Attributes:
        name: its name in `status`, and of its log.
        program: what is started.
        address: where it answers, for people; empty where nobody calls it.
        after: the services that must be up before it starts, and that end after it.
        prepare: runs before each start.
        check: tells whether it is well; is given the moment it was started, in seconds since 1970.
        furnish: runs once it answers, before it counts as up.
        tidy: runs when it has ended.
        is_job: it ends by itself, with exit code 0 when its work is done; it needs no check.
    """

    name: str
    program: Program
    check: Callable[[float], None]
    address: str = ""
    after: tuple[str, ...] = ()
    prepare: Callable[[], None] = field(default=nothing)
    furnish: Callable[[], None] = field(default=nothing)
    tidy: Callable[[], None] = field(default=nothing)
    is_job: bool = False
