"""Results: what people are handed of a render, told in its row, so that it can be fetched from anywhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

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
    return {
        name: Result(OutputOf(key, output), suffix)
        for name, (key, output, suffix) in cast(dict[str, Any], kept).items()
    }
