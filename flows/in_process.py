"""Running the flow in this process, with a Prefect server of its own unless the user named one."""

from flows.local_server import LocalServer
from reelhouse.storyboard import Choices, Storyboard
from tasks.workbench import Workbench


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
        return _run(server_url, name, choices)
    bench.server_lasts = False
    with LocalServer(bench.settings.home / "log" / "prefect-server.log") as server:
        import flows.render  # noqa: F401 the slow import, while the server starts

        return _run(server.url(), name, choices)


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
