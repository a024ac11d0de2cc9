"""Running the flow in this process, with a Prefect server of its own unless the user named one."""

from collections.abc import Iterator
from contextlib import contextmanager

from flows.local_server import LocalServer
from reelhouse.storyboard import Choices, Storyboard
from tasks.workbench import Workbench

RECONNECTIONS = 2  # after the third Prefect's sender of events sleeps a second before each
DRAIN_S = 10.0


def render_in_process(
    bench: Workbench, board: Storyboard, choices: Choices, *, server_url: str | None
) -> str:
    """Run `render_storyboard` here and return the render's id.

    The caller has prepared Prefect's environment and put the workbench in use.

    Raises:
        ServiceUnavailable: Prefect's server does not answer.
        InputError: it refuses.
        Exception: whatever the flow raises.
    """
    name = str(board.file)
    bench.boards[name] = board
    if server_url:
        with events_sent():
            return _run(server_url, name, choices)
    bench.server_lasts = False
    with LocalServer(bench.settings.home / "log" / "prefect-server.log") as server:
        import flows.render  # noqa: F401 the slow import, while the server starts

        with events_sent(kept=False):
            return _run(server.url(), name, choices)


@contextmanager
def events_sent(*, kept: bool = True) -> Iterator[None]:
    """Send the events of runs to Prefect's server while the block runs, and none after it.

    Left to itself, Prefect goes on sending to the first server of a process, and keeps the process from
    exiting until it has tried 7 s for each event that a server which went away has not heard: an hour for a
    film of 200 scenes.

    Args:
        kept: the server keeps events; to one that does not, none are sent.
    """
    from prefect.events.clients import NullEventsClient, PrefectEventsClient
    from prefect.events.worker import EventsWorker

    if kept:  # what is not heard is sent again with the next event that is
        EventsWorker.set_client_override(PrefectEventsClient, reconnection_attempts=RECONNECTIONS)
    else:
        EventsWorker.set_client_override(NullEventsClient)
    try:
        yield
    finally:
        EventsWorker.drain_all(timeout=DRAIN_S)
        EventsWorker.set_client_override(None)


def _run(server_url: str, storyboard: str, choices: Choices) -> str:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.prefect_errors import prefect_translated
    from flows.render import render_storyboard

    with prefect_translated(server_url), temporary_settings({PREFECT_API_URL: server_url}):
        return render_storyboard(
            storyboard,
            engine=choices.engine,
            quality=choices.quality,
            speed=choices.speed,
            deliveries=list(choices.deliver),
            takes=dict(choices.takes),
            approve=choices.approve,
        )
