"""Running the flow in this process, with a Prefect server of its own unless the user named one."""

from pathlib import Path

from flows.local_server import LocalServer
from reelhouse.storyboard import Quality


def render_in_process(
    storyboard: Path, *, engine: str | None, quality: Quality | None, home: Path, own_server: bool
) -> str:
    """Run `render_storyboard` here and return the render's id.

    The caller has prepared Prefect's environment and put its workbench in use.

    Raises:
        ServiceUnavailable: Prefect's server does not answer.
        Exception: whatever the flow raises.
    """
    if not own_server:
        return _run(storyboard, engine, quality)
    with LocalServer(home / "log" / "prefect-server.log") as server:
        from prefect.settings import PREFECT_API_URL, temporary_settings

        import flows.render  # noqa: F401 the slow import, while the server starts

        with temporary_settings({PREFECT_API_URL: server.url()}):
            return _run(storyboard, engine, quality)


def _run(storyboard: Path, engine: str | None, quality: Quality | None) -> str:
    import httpx

    from flows.render import render_storyboard
    from reelhouse.errors import ServiceUnavailable

    try:
        return render_storyboard(storyboard, engine, quality)
    except httpx.ConnectError as error:
        raise ServiceUnavailable(
            "the Prefect server does not answer: start it, or unset PREFECT_API_URL to render without one"
        ) from error
