"""The campaign: one storyboard in many variants, with what they may cost and when they must be ready.

A variant is a list of changes to the storyboard as it is written, so that each of its films is an ordinary
storyboard that can be read, rendered and kept by itself. `reelhouse.campaign_reader` reads the file,
`reelhouse.campaign_plan` says what the variants share.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from reelhouse.errors import StoryboardError
from reelhouse.identity import Json
from reelhouse.storyboard import Key, Storyboard, nearest_line


@dataclass(frozen=True, slots=True)
class Change:
    """One value written into a storyboard: what then stands at `path`."""

    path: tuple[str, ...]
    value: Json


@dataclass(frozen=True, slots=True)
class Alternative:
    """One entry of an axis: a locale, a cast, a shape or an end card. No changes: as the storyboard has it.

    Attributes:
        key: where the campaign names it.
    """

    name: str
    changes: tuple[Change, ...]
    key: Key


@dataclass(frozen=True, slots=True)
class Variant:
    """One entry of each axis: what makes one film of the campaign."""

    alternatives: tuple[Alternative, ...]

    @property
    def name(self) -> str:
        """ "zh, 9:16": the names of its alternatives."""
        return ", ".join(alternative.name for alternative in self.alternatives)

    def applied_to(self, written: Mapping[str, Json]) -> dict[str, Json]:
        """The storyboard file's content for this variant."""
        content: dict[str, Json] = copy.deepcopy(dict(written))
        for alternative in self.alternatives:
            for change in alternative.changes:
                _write(content, change)
        return content

    def beginnings(self) -> Iterator["Variant"]:
        """Its alternatives one by one, each with those before it; the last is the variant itself."""
        for count in range(1, len(self.alternatives) + 1):
            yield Variant(self.alternatives[:count])


@dataclass(frozen=True, slots=True)
class Deadline:
    """When the films must be ready: so many seconds after the start, or at a moment (UTC)."""

    within_s: float | None = None
    at: datetime | None = None

    def moment(self, start: datetime) -> datetime:
        """The moment, for a campaign that starts at `start`."""
        return self.at or start + timedelta(seconds=self.within_s or 0)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When the campaign is rendered again: a cron line of five fields, in a time zone."""

    cron: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Campaign:
    """A storyboard × variants, as written.

    Attributes:
        name: short; its schedule and reports are called so.
        written: the storyboard file's content, with the campaign's engine, quality and speed.
        board: the storyboard, parsed.
        priority: of its renders, 1 (first) … 100.
        at_once: how many of its films are rendered side by side.
        budget_s: seconds of engine work (on a GPU: GPU seconds) that one run of it may take; None: any.
        file: where it was read from; the storyboard and all pictures are beside it.
        files: what else lies beside it and belongs to it: the storyboard, every picture and sound, by name.
        lines: key path → line in the file, for error messages only.
    """

    name: str
    written: Mapping[str, Json]
    board: Storyboard
    variants: tuple[Variant, ...]
    priority: int
    at_once: int
    budget_s: float | None
    deadline: Deadline | None
    schedule: Schedule | None
    files: tuple[str, ...]
    file: Path = field(compare=False)
    lines: Mapping[Key, int] = field(compare=False, repr=False)

    def film_name(self, variant: Variant) -> str:
        """ "Fox and Kite, zh, 9:16": what the house calls a film; its audience reads the title alone."""
        return f"{self.board.title}, {variant.name}"

    def problem(self, key: Key, message: str) -> StoryboardError:
        """An error about the value at `key`, with the file and the nearest line known."""
        return StoryboardError(message, file=self.file, line=nearest_line(self.lines, key))


def _write(content: dict[str, Json], change: Change) -> None:
    section = content
    for name in change.path[:-1]:
        inner = section.get(name)
        section[name] = inner = inner if isinstance(inner, dict) else {}
        section = inner
    section[change.path[-1]] = copy.deepcopy(change.value)
