"""The storyboard file: every key that may be written in it.

These classes are the edge: they accept what people write and refuse the rest; `reelhouse.storyboard_reader`
turns them into a `Storyboard`. They are exported as docs/storyboard.schema.json, so that editors complete and
check storyboards as they are typed; the text under a key is what the editor shows.
"""

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from reelhouse.seams import Seam
from reelhouse.storyboard import ApprovedAfter, Language, Quality, Speed
from reelhouse.storyboard_fields import (
    NAME,
    AspectField,
    DurationField,
    LoudnessField,
    PathField,
    PathsField,
    RateField,
    SeamField,
    SizeField,
    WaitField,
    WordsField,
    mask_method,
    one_or_more,
)


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, use_attribute_docstrings=True, arbitrary_types_allowed=True
    )


class VideoPart(_Part):
    """The picture size and frame rate that scenes are made in."""

    size: SizeField = (832, 480)
    """Width x height in pixels, as the engine offers it."""
    frame_rate: RateField = Fraction(16)
    """Frames per second."""
    untrained: bool = False
    """Allow sizes, frame rates and clip lengths that the engine was not trained for."""


class SeamEnginesPart(_Part):
    """What makes a seam that the film's own engine cannot make."""

    bridge: str | None = None
    """From a first to a last frame; left out, wan-flf2v-14b-720p."""
    continue_: Annotated[str | None, Field(alias="continue")] = None
    """From a first frame; left out, wan-i2v-14b-480p, or wan-i2v-14b-720p from 720 lines on."""


class MaskPart(_Part):
    """How a subject is cut out: a method, a box around it, or a mask picture."""

    method: Literal["auto", "none"] = "auto"
    """auto finds the subject; none keeps the whole picture."""
    box: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=4, max_length=4)] | None = None
    """Left, top, right and bottom of the subject, in pixels of the picture."""
    file: PathField | None = None
    """A grey picture, white where the subject is."""


class SubjectPart(_Part):
    """Someone or something that must stay itself in every scene."""

    images: PathsField
    """One to four pictures, beside the storyboard."""
    description: WordsField
    """The approved words, used verbatim in every prompt."""
    role: Literal["subject", "product", "background", "style"] = "subject"
    """Backgrounds and styles are not cut out of their picture."""
    mask: Annotated[MaskPart, BeforeValidator(mask_method, json_schema_input_type=str | MaskPart)] = (
        MaskPart()
    )
    """auto, none, {box: [x0, y0, x1, y1]} or {file: mask.png}."""


class ScenePart(_Part):
    """One scene of the film."""

    id: Annotated[str, Field(pattern=NAME)]
    """A short name, used in file names, reports and retakes."""
    prompt: WordsField
    """What happens, in your own words."""
    subjects: Annotated[list[str], BeforeValidator(one_or_more)] | None = None
    """Who is in it; left out, every subject whose name is in the prompt."""
    duration: DurationField = Fraction(5)
    """How long it lasts, such as 5s."""
    camera: WordsField | None = None
    """How the camera moves, such as tracking left."""
    takes: Annotated[int, Field(ge=1, le=16)] = 1
    """How many attempts are made."""
    use_take: Annotated[int, Field(ge=1, le=16)] = 1
    """Which attempt goes into the film."""
    seam: SeamField = Seam()
    """How it joins the scene before: cut, dissolve 0.5s, continue or bridge 2s."""
    caption: WordsField | None = None
    """Words burnt into the picture."""
    negative_prompt: Annotated[str, Field(min_length=1)] | None = None
    """What must not be seen; left out, the engine family's own."""


class AudioPart(_Part):
    """The sound of the film."""

    music: PathField
    """A sound file beside the storyboard, looped or cut to the film's length."""
    loudness: LoudnessField = -16.0
    """Integrated loudness, such as -16LUFS."""


class BrandPart(_Part):
    """What marks the film as yours."""

    logo: PathField | None = None
    """A picture laid into a corner of every scene."""
    end_card: PathField | None = None
    """A picture shown at the end."""
    end_card_duration: DurationField = Fraction(2)
    """How long the end card stays."""


class DeliveryPart(_Part):
    """One more encoding of the film, besides the film itself."""

    name: Annotated[str, Field(pattern=NAME)]
    """A short name, used in the file's name."""
    size: SizeField | None = None
    """Width x height in pixels; left out, the film's own."""
    aspect: AspectField | None = None
    """A shape such as "9:16" with as many pixels as the film, instead of a size."""
    reframe: Literal["cover", "contain", "blur"] = "cover"
    """How another shape is filled: cover crops, contain leaves bars, blur fills them with the picture."""
    format: Literal["mp4", "gif"] = "mp4"
    """The kind of file."""


class StoryboardFile(_Part):
    """A Reelhouse storyboard: scenes, the subjects in them, and what to deliver."""

    model_config = ConfigDict(title="Reelhouse storyboard")

    title: Annotated[str, Field(min_length=1, max_length=200)]
    """The film's name."""
    style: Annotated[str, Field(max_length=1000)] = ""
    """How the film looks, in words."""
    language: Language = "en"
    """The language prompts are written to the engine in."""
    seed: Annotated[int, Field(ge=0, lt=2**53)] = 0
    """Another number gives other takes of the whole film."""
    engine: str = "animatic"
    """What makes the pictures; `reelhouse engines` lists them."""
    quality: Quality = "draft"
    """A full set of engine parameters."""
    speed: Speed = "exact"
    """What may be traded for time; `reelhouse engines` lists what each engine has."""
    parameters: dict[str, bool | int | float | str] = {}
    """Single engine parameters, overriding the quality's."""
    seam_engines: SeamEnginesPart = SeamEnginesPart()
    """Engines for the seams that the film's own cannot make."""
    video: VideoPart = VideoPart()
    """Size and frame rate."""
    subjects: dict[Annotated[str, Field(pattern=NAME)], SubjectPart] = {}
    """Who and what must stay itself, by name."""
    scenes: Annotated[list[ScenePart], Field(min_length=1, max_length=10_000)]
    """The film, scene by scene."""
    captions: list[Language] | None = None
    """The caption languages burnt in, in order; left out, all that are written."""
    audio: AudioPart | None = None
    """Music."""
    brand: BrandPart = BrandPart()
    """Logo and end card."""
    deliver: list[DeliveryPart] = []
    """Further encodings of the film."""
    approve: ApprovedAfter = "none"
    """What a person looks at before the film is finished: a contact sheet of all takes, or a draft of it."""
    approve_by: WaitField = 24 * 3600
    """How long an answer is waited for, such as 24h; then approve_default is the answer."""
    approve_default: Literal["approve", "reject"] = "reject"
    """What is decided where nobody answers in time."""

    @property
    def file_names(self) -> tuple[str, ...]:
        """Every picture and sound it names, as written."""
        names = [image for subject in self.subjects.values() for image in subject.images]
        others = [subject.mask.file for subject in self.subjects.values()]
        others += [self.brand.logo, self.brand.end_card, self.audio and self.audio.music]
        return tuple(dict.fromkeys(names + [name for name in others if name]))
