"""The films of a campaign as storyboards: each variant applied, and what it cannot be blamed on its entry."""

import json
from collections.abc import Callable
from typing import TypeVar

from reelhouse.campaign import Campaign, Variant
from reelhouse.errors import StoryboardError
from reelhouse.storyboard import Storyboard
from reelhouse.storyboard_reader import storyboard_of

Made = TypeVar("Made")


def storyboard_for(campaign: Campaign, variant: Variant) -> Storyboard:
    """The storyboard of one film.

    Raises:
        StoryboardError: the variant cannot be; the message names the line of the entry that is to blame.
    """
    return made_for(campaign, variant, lambda board: board)


def made_for(campaign: Campaign, variant: Variant, make: Callable[[Storyboard], Made]) -> Made:
    """What `make` makes of one film's storyboard.

    Raises:
        StoryboardError: the storyboard, or `make`, refuses; the message names the entry that is to blame.
    """

    def made(of: Variant) -> Made:
        board = campaign.board
        return make(storyboard_of(of.applied_to(campaign.written), board.lines, board.file))

    try:
        return made(variant)
    except StoryboardError as error:
        refused = error
    make(campaign.board)  # what is wrong with the storyboard itself is said as such
    for beginning in variant.beginnings():
        try:
            made(beginning)
        except StoryboardError as error:
            blamed = beginning.alternatives[-1]
            raise campaign.problem(blamed.key, f'with "{blamed.name}": {error.problem}') from error
    raise refused


def written_for(campaign: Campaign, variant: Variant) -> str:
    """One film's storyboard file: JSON, which is YAML as well."""
    return json.dumps(variant.applied_to(campaign.written), ensure_ascii=False, indent=1) + "\n"
