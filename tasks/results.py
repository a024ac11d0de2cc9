"""Results: what people are handed of a render, told in its row, so that it can be fetched from anywhere.

Told apart are what they look at before the film is finished, and what they are handed in the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from db.lineage import Lineage
from db.records import RenderRow
from reelhouse.errors import InputError
from reelhouse.plan import Plan
from reelhouse.steps import OutputOf


@dataclass(frozen=True, slots=True)
class Result:
    """One finished file: which output of which step it is, and its file type such as "mp4"."""

    source: OutputOf
    suffix: str


def results_of(plan: Plan) -> dict[str, Result]:
    """A plan's results by name: film, contact_sheet, poster, and each delivery."""
    results = {
        "film": Result(plan.film, "mp4"),
        "contact_sheet": Result(plan.contact_sheet, "jpg"),
        "poster": Result(plan.poster, "jpg"),
    }
    for delivery, source in plan.deliveries.items():
        results[delivery.name] = Result(source, delivery.format)
    return results


def looked_at(plan: Plan) -> dict[str, Result]:
    """What a person looks at before the film is finished, by name: takes, or draft and draft-sheet."""
    if plan.gate is None:
        return {}
    sheet = Result(plan.gate.sheet, "jpg")
    if plan.gate.draft is None:
        return {"takes": sheet}
    return {"draft": Result(plan.gate.draft, "mp4"), "draft-sheet": sheet}


def as_kept(results: Mapping[str, Result]) -> dict[str, list[str]]:
    """The results as they are kept with a render; JSON."""
    return {
        name: [result.source.step_key, result.source.output, result.suffix]
        for name, result in results.items()
    }


def results_in(render: RenderRow) -> dict[str, Result]:
    """A recorded render's results by name.

    Raises:
        InputError: it was recorded by a program that did not keep them.
    """
    kept = render.parameters.get("results")
    if not isinstance(kept, dict):
        raise InputError(f"render {render.id} does not say what its files are: render its storyboard again")
    return _as_results(kept)


def looked_at_in(render: RenderRow) -> dict[str, Result]:
    """What a person looks at of a recorded render, by name; nothing where nobody is asked."""
    kept = render.parameters.get("looked_at")
    return _as_results(kept) if isinstance(kept, dict) else {}


def artifact_ids(lineage: Lineage, results: Mapping[str, Result]) -> dict[str, str]:
    """The artifact of each result that is made, by name."""
    records = lineage.steps([result.source.step_key for result in results.values()])
    return {
        name: records[source.step_key].outputs[source.output].id
        for name, source in ((name, result.source) for name, result in results.items())
        if source.step_key in records
    }


def _as_results(kept: object) -> dict[str, Result]:
    return {
        name: Result(OutputOf(key, output), suffix)
        for name, (key, output, suffix) in cast(dict[str, Any], kept).items()
    }
