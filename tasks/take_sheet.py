"""The contact sheet of all takes, which a person looks at before the film is finished."""

from collections.abc import Mapping

from reelhouse.media.take_sheet import take_sheet
from reelhouse.stages import Stage
from tasks.recorded import Job, Output, recorded


@recorded(Stage.SHEET)
def draw_take_sheet(job: Job) -> Mapping[str, Output]:
    """Draw beginning, middle and end of every take."""
    parameters = job.parameters
    files = [job.path(name) for name in sorted(job.inputs)]
    out = job.folder / "takes.jpg"
    takes = list(zip(parameters["labels"], files, strict=True))
    take_sheet(takes, out, title=parameters["title"], subtitle=parameters["subtitle"])
    return {"sheet": Output(out, "image/jpeg")}
