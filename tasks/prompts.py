"""Prompts: from a scene's own words to what the engine is told; both are kept."""

from collections.abc import Mapping

from models.expander import ExpansionRequest, SubjectWords, expand_prompt
from reelhouse.clips import Role
from reelhouse.stages import Stage
from tasks.recorded import Job, Output, recorded


@recorded(Stage.PROMPT)
def write_prompt(job: Job) -> Mapping[str, Output]:
    """Expand a scene's words, every approved description verbatim, and choose its negative prompt."""
    parameters = job.parameters
    request = ExpansionRequest(
        action=parameters["action"],
        language=parameters["language"],
        style=parameters["style"],
        camera=parameters["camera"],
        subjects=tuple(
            SubjectWords(subject["name"], subject["description"], Role(subject["role"]))
            for subject in parameters["subjects"]
        ),
        duration_s=parameters["duration_s"],
    )
    expanded = expand_prompt(job.bench.expander, request, negative_prompt=parameters["negative_prompt"])
    if expanded.added:
        job.facts["descriptions_added"] = list(expanded.added)
    return {
        "original": job.write("original.txt", parameters["action"]),
        "prompt": job.write("prompt.txt", expanded.prompt),
        "negative": job.write("negative.txt", expanded.negative_prompt),
    }
