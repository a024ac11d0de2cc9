"""Reading a campaign: file → checked parts → `Campaign`, or one clear error with its line.

Every film of it is read as the storyboard it will be, so that what a variant cannot be is said here, with the
line of the entry that is to blame.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from reelhouse.campaign import Alternative, Campaign, Change, Schedule, Variant
from reelhouse.campaign_file import (
    CampaignFile,
    CastPart,
    EndCardPart,
    LocalePart,
    ShapePart,
    VariantsPart,
)
from reelhouse.campaign_films import storyboard_for
from reelhouse.errors import StoryboardError
from reelhouse.files_beside import FilesBeside
from reelhouse.identity import Json
from reelhouse.storyboard import Key, Storyboard, Words
from reelhouse.storyboard_file import StoryboardFile
from reelhouse.storyboard_reader import storyboard_of
from reelhouse.written_problems import explain, suggestion
from reelhouse.yaml_lines import read_yaml

MOST_FILMS = 500
AXES = ("locale", "cast", "shape", "end_card")


def read_campaign(file: Path) -> Campaign:
    """Read and check a campaign file and each of its films.

    Raises:
        StoryboardError: the first thing that is wrong, with file, line and what to do.
    """
    data, lines = read_yaml(file)
    if not isinstance(data, dict):
        raise StoryboardError("a campaign is a mapping that begins with name: …", file=file, line=1)
    try:
        written = CampaignFile.model_validate(data)
    except ValidationError as error:
        raise explain(error, CampaignFile, lines, file) from None
    campaign = _Reader(file, lines, data).campaign(written)
    for variant in campaign.variants:
        storyboard_for(campaign, variant)
    return campaign


class _Reader:
    """Turns the parts of one file into values; knows the file's folder and lines."""

    def __init__(self, file: Path, lines: Mapping[Key, int], data: Mapping[str, Json]) -> None:
        self.file = file
        self.lines = lines
        self.data: Any = data  # as written, and known to have the campaign's form
        self.beside = FilesBeside(file, lines)
        self.files: list[str] = []

    def campaign(self, written: CampaignFile) -> Campaign:
        content, board = self._storyboard(written)
        axes = [self._axis(name, written.variants, board) for name in AXES]
        given = [axis for axis in axes if axis]
        if not given:
            raise self.beside.problem(("variants",), f"at least one of {', '.join(AXES)} is wanted")
        return Campaign(
            name=written.name,
            written=content,
            board=board,
            variants=self._variants(given, written.without),
            priority=written.priority,
            at_once=written.at_once,
            budget_s=written.budget,
            deadline=written.deadline,
            schedule=written.schedule and Schedule(written.schedule.cron, written.schedule.timezone),
            files=tuple(dict.fromkeys(self.files)),
            file=self.file,
            lines=self.lines,
        )

    def _storyboard(self, written: CampaignFile) -> tuple[dict[str, Json], Storyboard]:
        if "/" in written.storyboard or "\\" in written.storyboard:
            raise self.beside.problem(
                ("storyboard",), f'the storyboard must lie beside the campaign, not in "{written.storyboard}"'
            )
        self.beside.file(written.storyboard, ("storyboard",))
        file = self.file.parent / written.storyboard
        content, lines = read_yaml(file)
        storyboard_of(content, lines, file)  # as it is, before anything is changed
        self.files += [file.name, *StoryboardFile.model_validate(content).file_names]
        chosen = {"engine": written.engine, "quality": written.quality, "speed": written.speed}
        changed = {**content, **{key: value for key, value in chosen.items() if value}}  # pyright: ignore[reportGeneralTypeIssues] it is a mapping, or it would not have been read
        return changed, storyboard_of(changed, lines, file)

    def _variants(self, axes: Sequence[Sequence[Alternative]], without: Sequence[str]) -> tuple[Variant, ...]:
        variants = [Variant(combination) for combination in itertools.product(*axes)]
        known = [variant.name for variant in variants]
        for index, name in enumerate(without):
            if name not in known:
                raise self.beside.problem(
                    ("without", index), f'there is no variant "{name}"' + suggestion(name, known)
                )
        kept = tuple(variant for variant in variants if variant.name not in without)
        if not 1 <= len(kept) <= MOST_FILMS:
            raise self.beside.problem(
                ("variants",),
                f"these are {len(kept)} films: a campaign has 1 to {MOST_FILMS}",
            )
        return kept

    def _axis(self, axis: str, written: VariantsPart, board: Storyboard) -> list[Alternative]:
        read = {"locale": self._locale, "cast": self._cast, "shape": self._shape, "end_card": self._end_card}
        found: list[Alternative] = []
        for index, part in enumerate(getattr(written, axis) or ()):
            key: Key = ("variants", axis, index)
            name, changes = read[axis](part, key, board)
            if name in [other.name for other in found]:
                raise self.beside.problem(key, f'two entries are called "{name}": give one another name')
            found.append(Alternative(name, tuple(changes), key))
        return found

    def _as_written(self, key: Key) -> Any:
        value = self.data
        for part in key:
            value = value[part]
        return value

    def _locale(self, part: LocalePart, key: Key, board: Storyboard) -> tuple[str, list[Change]]:
        changes: list[Change] = []
        for language in part.captions or ():
            self._check_words(board, "caption", language, key)
        if part.prompts:
            self._check_words(board, "prompt", part.prompts, key)
            changes.append(Change(("language",), part.prompts))
        if part.captions:
            changes.append(Change(("captions",), list(part.captions)))
        if part.title:
            changes.append(Change(("title",), part.title))
        name = part.name or "+".join(part.captions or ())
        if not name:
            raise self.beside.problem(key, "a locale without captions needs a name")
        return name, changes

    def _check_words(self, board: Storyboard, what: str, language: str, key: Key) -> None:
        for index, scene in enumerate(board.scenes):
            words: Words = getattr(scene, what)
            if words and language not in dict(words.texts) and "" not in dict(words.texts):
                missing = board.problem(
                    ("scenes", index, what), f'scene "{scene.id}" has no {what} in {language}'
                )
                raise self.beside.problem(key, f"{missing}: write it there, or leave this locale out")

    def _cast(self, part: CastPart, key: Key, board: Storyboard) -> tuple[str, list[Change]]:
        changes: list[Change] = []
        for name, swap in part.subjects.items():
            at = (*key, "subjects", name)
            if name not in board.subjects:
                raise self.beside.problem(
                    at, f'the storyboard has no subject "{name}"' + suggestion(name, board.subjects)
                )
            written: dict[str, Json] = {
                what: value for what, value in self._as_written(at).items() if value is not None
            }
            for index, image in enumerate(swap.images or ()):
                self._picture(image, (*at, "images", index))
            if swap.mask and swap.mask.file:
                self._picture(swap.mask.file, (*at, "mask", "file"))
            if swap.images and not swap.mask:  # a box or mask drawn for other pictures does not fit these
                written["mask"] = "auto"
            changes += [Change(("subjects", name, field), value) for field, value in written.items()]
        return part.name, changes

    def _shape(self, part: ShapePart, key: Key, board: Storyboard) -> tuple[str, list[Change]]:
        given = [field for field in ("aspect", "size", "film") if getattr(part, field)]
        if len(given) > 1:
            raise self.beside.problem(key, "give a shape one of aspect, size and film, not several")
        if not given:
            if not part.name:
                raise self.beside.problem(key, "a shape without aspect, size or film needs a name")
            return part.name, []
        written = self._as_written(key)
        text = re.sub(r"\s", "", written if isinstance(written, str) else written[given[0]])
        name = part.name or (text.replace("/", ":") if part.aspect else text)
        if part.film:
            return name, [Change(("video", "size"), text), Change(("deliver",), [])]
        delivery: dict[str, Json] = {"name": _file_name(name), given[0]: text, "reframe": part.reframe}
        return name, [Change(("deliver",), [delivery])]

    def _end_card(self, part: EndCardPart, key: Key, board: Storyboard) -> tuple[str, list[Change]]:
        changes: list[Change] = []
        if part.picture:
            self._picture(part.picture, (*key, "picture"))
            changes.append(Change(("brand", "end_card"), part.picture))
        if part.duration:
            changes.append(Change(("brand", "end_card_duration"), self._as_written((*key, "duration"))))
        name = part.name or Path(part.picture or "").stem
        if not name or "," in name:
            raise self.beside.problem(
                key, "an end card without a picture, or whose name has a comma, needs a name"
            )
        return name, changes

    def _picture(self, name: str, key: Key) -> None:
        self.beside.picture(name, key)
        self.files.append(name)


def _file_name(name: str) -> str:
    """A delivery's name for an alternative's: letters, digits, - and _."""
    return re.sub(r"[^\w-]+", "-", name).strip("-")
