"""Retakes: a render asked for again with another take of one scene; everything else is reused."""

from dataclasses import replace
from typing import Any, cast

from db.records import RenderRow
from reelhouse.errors import InputError
from reelhouse.storyboard import Choices, Storyboard


def noted(choices: Choices) -> dict[str, object]:
    """What a person chose, as it is kept with a render; JSON."""
    return {
        "engine": choices.engine,
        "quality": choices.quality,
        "speed": choices.speed,
        "deliver": list(choices.deliver),
        "takes": dict(choices.takes),
        "approve": choices.approve,
    }


def bundle_of(render: RenderRow) -> str:
    """The bundle that a render was made from.

    Raises:
        InputError: it was recorded by a program that kept none.
    """
    bundle = render.parameters.get("bundle")
    if not isinstance(bundle, str):
        raise InputError(
            f"render {render.id} was made before storyboards were kept with renders: name its storyboard"
        )
    return bundle


def chosen(render: RenderRow) -> Choices:
    """What was chosen for a render."""
    kept = cast(dict[str, Any], render.parameters.get("choices", {}))
    return Choices(**{**kept, "deliver": tuple(kept.get("deliver", ()))})


def with_take(board: Storyboard, choices: Choices, scene: str, take: int | None) -> Choices:
    """The choices with another take of a scene: this one, or None for the one after all there are.

    Raises:
        StoryboardError: there is no such scene.
    """
    before = next((found for found in board.scenes if found.id == scene), None)
    if before is None:
        known = ", ".join(found.id for found in board.scenes)
        raise board.problem(("scenes",), f'it has no scene "{scene}": there is {known}')
    newest = max(before.takes, before.use_take, choices.takes.get(scene, 0))
    return replace(choices, takes={**choices.takes, scene: take or newest + 1})
