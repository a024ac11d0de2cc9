"""Another take of one scene, as a Prefect flow: the rest of the film is reused."""

import re
from typing import Annotated

from prefect import flow
from pydantic import Field

from flows.notices import tell_film_done, tell_film_failed
from flows.outages import outlasting
from flows.render import RUNNER, USUAL_PRIORITY, Priority, make_film
from flows.run_logs import plain_failures
from reelhouse.storyboard import Choices
from tasks.bundles import opened
from tasks.retakes import bundle_of, chosen, with_take
from tasks.workbench import workbench

_RENDER_ID = re.compile(r"[0-9a-f]{4,16}")


@flow(  # pyright: ignore[reportCallIssue] Prefect's runner type is invariant in its own futures
    name="retake-scene",
    task_runner=RUNNER,  # pyright: ignore[reportArgumentType] the same
    on_completion=[tell_film_done],
    on_failure=[tell_film_failed],
    persist_result=False,
)
def retake_scene(
    film: str,
    scene: str,
    take: Annotated[None, Field(title="a new one")] | Annotated[int, Field(ge=1, title="number")] = None,
    priority: Priority = USUAL_PRIORITY,
) -> str:
    """Render a film again with another take of one scene; every other step is reused.

    Args:
        film: A render's id or its first characters, which the film on a run's page names; or a storyboard, as
            render-storyboard takes it.
        scene: The scene's id.
        take: The number of the take, of which each has a seed of its own.
        priority: 1 goes first, 100 last.

    Returns:
        The new render's id in the lineage.
    """

    plain_failures()

    def remade() -> str:
        bench = workbench()
        storyboard, choices = film, Choices()
        if _RENDER_ID.fullmatch(film.strip()):
            render = bench.lineage.render(film.strip())
            storyboard, choices = bundle_of(render), chosen(render)
        with opened(bench, storyboard) as board:
            choices = with_take(board, choices, scene, take)
            return make_film(bench, choices.applied_to(board), choices, priority=priority)

    return outlasting(remade)
