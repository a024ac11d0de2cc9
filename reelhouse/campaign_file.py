"""The campaign file: every key that may be written in it.

Exported as docs/campaign.schema.json; the text under a key is what an editor shows.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from reelhouse.campaign_fields import (
    AlternativeName,
    CronField,
    DeadlineField,
    SpanField,
    ZoneField,
    cron_alone,
)
from reelhouse.storyboard import Language, Quality, Speed
from reelhouse.storyboard_fields import (
    NAME,
    AspectField,
    DurationField,
    PathField,
    PathsField,
    SizeField,
    WordsField,
    mask_method,
    one_or_more,
)
from reelhouse.storyboard_file import MaskPart


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, use_attribute_docstrings=True, arbitrary_types_allowed=True
    )


class LocalePart(_Part):
    """The language of a film: by default that of its captions alone, which calls no engine."""

    captions: Annotated[list[Language], BeforeValidator(one_or_more), Field(min_length=1)] | None = None
    """The caption languages burnt in, in order."""
    prompts: Language | None = None
    """Also tell the engine the scenes in this language: every scene is filmed anew."""
    title: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """The film's title in this language, on its poster and in its files."""
    name: AlternativeName | None = None
    """What the films are called by; left out, the languages."""


class SwapPart(_Part):
    """Another look of a subject of the storyboard; what is left out stays."""

    images: PathsField | None = None
    """Other pictures, beside the campaign; they are cut out automatically unless mask says otherwise."""
    description: WordsField | None = None
    """Other approved words."""
    mask: Annotated[MaskPart, BeforeValidator(mask_method, json_schema_input_type=str | MaskPart)] | None = (
        None
    )
    """auto, none, {box: [x0, y0, x1, y1]} or {file: mask.png}."""


class CastPart(_Part):
    """Who or what is in the film: another product, another hero."""

    name: AlternativeName
    """What the films are called by."""
    subjects: dict[Annotated[str, Field(pattern=NAME)], SwapPart] = {}
    """Subjects of the storyboard by name, with what is other about them; none: as the storyboard has them."""


class ShapePart(_Part):
    """The shape of the film that is handed over, instead of the storyboard's deliveries."""

    aspect: AspectField | None = None
    """A shape such as "9:16", cut from the film: calls no engine."""
    size: SizeField | None = None
    """Width x height in pixels, cut from the film: calls no engine."""
    reframe: Literal["cover", "contain", "blur"] = "cover"
    """How the shape is filled: cover crops, contain leaves bars, blur fills them with the picture."""
    film: SizeField | None = None
    """Film every scene anew in this size, as the engine offers it."""
    name: AlternativeName | None = None
    """What the films are called by; left out, the aspect or size."""


class EndCardPart(_Part):
    """Another card at the end."""

    picture: PathField | None = None
    """A picture beside the campaign; left out, the storyboard's own card."""
    duration: DurationField | None = None
    """How long it stays; left out, as the storyboard says."""
    name: AlternativeName | None = None
    """What the films are called by; left out, the picture's name."""


def _short(key: str, part: type[_Part]) -> BeforeValidator:
    """A single text stands for an entry with this key alone."""
    return BeforeValidator(
        lambda value: {key: value} if isinstance(value, str) else value,
        json_schema_input_type=str | part,
    )


class VariantsPart(_Part):
    """The axes: a film is made of every combination of their entries."""

    locale: (
        Annotated[list[Annotated[LocalePart, _short("captions", LocalePart)]], Field(min_length=1)] | None
    ) = None
    """Languages, such as [en, zh]."""
    cast: Annotated[list[CastPart], Field(min_length=1)] | None = None
    """Products and subjects."""
    shape: Annotated[list[Annotated[ShapePart, _short("aspect", ShapePart)]], Field(min_length=1)] | None = (
        None
    )
    """Shapes, such as ["16:9", "9:16"]."""
    end_card: (
        Annotated[list[Annotated[EndCardPart, _short("picture", EndCardPart)]], Field(min_length=1)] | None
    ) = None
    """Cards at the end, such as [shop.png, fair.png]."""


class SchedulePart(_Part):
    """When the campaign is rendered again."""

    cron: CronField
    """Minute, hour, day of the month, month, day of the week: "0 6 * * mon"."""
    timezone: ZoneField = "UTC"
    """Such as Europe/Berlin."""


class CampaignFile(_Part):
    """A Reelhouse campaign: one storyboard in many variants."""

    model_config = ConfigDict(title="Reelhouse campaign")

    name: Annotated[str, Field(pattern=NAME)]
    """A short name: its schedule and its reports are called so."""
    storyboard: PathField
    """The storyboard file, beside this one."""
    engine: str | None = None
    """Another engine than the storyboard's, for all films."""
    quality: Quality | None = None
    """Another quality than the storyboard's, for all films."""
    speed: Speed | None = None
    """Another speed than the storyboard's, for all films."""
    variants: VariantsPart
    """The axes; a film is made of every combination of their entries."""
    without: list[str] = []
    """Combinations that are not made, as the plan names them: "zh, 9:16"."""
    priority: Annotated[int, Field(ge=1, le=100)] = 50
    """1 is rendered first, 100 last."""
    at_once: Annotated[int, Field(ge=1, le=64)] = 2
    """How many of its films are rendered side by side."""
    budget: SpanField | None = None
    """Engine time (on a GPU: GPU seconds) that one run may take, such as 1800 or 2h."""
    deadline: DeadlineField | None = None
    """When all films must be ready: 8h after the start, or a moment such as 2027-03-01T09:00+01:00."""
    schedule: (
        Annotated[SchedulePart, BeforeValidator(cron_alone, json_schema_input_type=str | SchedulePart)] | None
    ) = None
    """A cron line, or {cron: …, timezone: …}: the campaign is rendered again at these times."""
