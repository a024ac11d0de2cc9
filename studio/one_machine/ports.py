"""Ports of this machine: those the studio had before, or others that are free."""

import random
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

# Below the ports that the kernel gives to outgoing connections, also with SeaweedFS's 10,000 added.
CHOICE = range(20_000, 22_700)
GRPC = 10_000  # SeaweedFS also listens this far above each of its ports


@dataclass(frozen=True, slots=True)
class Wanted:
    """A port that somebody will listen on; the well-known one where there is one."""

    name: str
    known: int | None = None
    and_grpc: bool = False


def choose_ports(wanted: Sequence[Wanted], remembered: Mapping[str, int]) -> tuple[dict[str, int], list[str]]:
    """A free port for each, the remembered one if it can be, and a notice of each that had to change."""
    chosen: dict[str, int] = {}
    notices: list[str] = []
    for port in wanted:
        preferred = remembered.get(port.name, port.known)
        if preferred is not None and _is_free(preferred, and_grpc=port.and_grpc):
            chosen[port.name] = preferred
            continue
        [chosen[port.name]] = free_ports(1, and_grpc=port.and_grpc, beside=chosen.values())
        if preferred is not None:
            notices.append(
                f"port {preferred} is taken by another program: {port.name} listens on {chosen[port.name]}"
            )
    return chosen, notices


def free_ports(count: int, *, and_grpc: bool = False, beside: Iterable[int] = ()) -> list[int]:
    """Ports that nobody listens on and that are not among those chosen already."""
    taken = set(beside)
    shuffled = random.SystemRandom().sample(CHOICE, len(CHOICE))
    free = (port for port in shuffled if port not in taken and _is_free(port, and_grpc=and_grpc))
    return list(islice(free, count))


def _is_free(port: int, *, and_grpc: bool) -> bool:
    for number in (port, port + GRPC) if and_grpc else (port,):
        with socket.socket() as probe:
            # As servers do it, or a port would count as taken for a minute after its server ended.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", number))
            except OSError:
                return False
    return True
