"""Takes: one attempt of the engine at one scene."""

from collections.abc import Mapping

from reelhouse.stages import Stage
from tasks.filming import film_take
from tasks.recorded import Job, Output, recorded


@recorded(Stage.TAKE)
def generate_take(job: Job) -> Mapping[str, Output]:
    """Let the engine make the clip, here or by an engine worker."""
    return film_take(job)
