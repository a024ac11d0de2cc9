"""Running the flow in this process, with a Prefect server of its own unless the user named one."""

from pathlib import Path

from flows.local_server import LocalServer
from reelhouse.errors import ServiceUnavailable
from reelhouse.storyboard import Choices


def render_in_process(storyboard: Path, choices: Choices, *, home: Path, server_url: str | None) -> str:
    """Run `render_storyboard` here and return the render's id.

    The caller has prepared Prefect's environment and put its workbench in use.

    Raises:
        ServiceUnavailable: Prefect's server does not answer.
        Exception: whatever the flow raises.
    """
    if server_url:
        return _run(server_url, storyboard, choices)
    with LocalServer(home / "log" / "prefect-server.log") as server:
        import flows.render  # noqa: F401 the slow import, while the server starts

        return _run(server.url(), storyboard, choices)


def _run(server_url: str, storyboard: Path, choices: Choices) -> str:
    import httpx
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.render import render_storyboard

    try:
        with temporary_settings({PREFECT_API_URL: server_url}):
            return render_storyboard(storyboard, choices.engine, choices.quality, choices.speed)
    except httpx.ConnectError as error:
        raise ServiceUnavailable(
            f"the Prefect server {server_url} does not answer: start it, or unset PREFECT_API_URL to "
            "render without one"
        ) from error
