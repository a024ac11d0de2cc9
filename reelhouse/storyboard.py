"""The storyboard: a film as its makers wrote it, parsed once into values that are then trusted.

`reelhouse.storyboard_file` reads the file; what a film needs of an engine is checked by `reelhouse.plan`.
Every value remembers nothing of YAML but the line it stood on, so that a later error can still name it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal, TypeAlias

from reelhouse.clips import Parameter, Role
from reelhouse.errors import StoryboardError
from reelhouse.identity import digest
from reelhouse.seams import Seam, SeamKind

Quality: TypeAlias = Literal["draft", "standard", "final"]
Speed: TypeAlias = Literal["parity", "exact", "fast", "turbo", "draft"]
ApprovedAfter: TypeAlias = Literal["none", "takes", "draft"]
Language: TypeAlias = Literal["en", "zh"]
Key: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """The same words in one or more languages, in the order they were written."""

    texts: tuple[tuple[str, str], ...]

    def in_language(self, language: str) -> str:
        """The text in `language`, or else the first one written."""
        return dict(self.texts).get(language, self.texts[0][1])

    def __bool__(self) -> bool:
        return bool(self.texts)


@dataclass(frozen=True, slots=True)
class Mask:
    """How a subject is cut out of its pictures.

    `auto` finds it; `none` keeps the whole picture; `box` (x0, y0, x1, y1 in pixels) helps finding it;
    `file` is a grey picture that is white where the subject is.
    """

    method: Literal["auto", "none", "box", "file"] = "auto"
    box: tuple[int, int, int, int] | None = None
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """Someone or something that must stay itself: a name, approved words, one to four pictures."""

    name: str
    role: Role
    description: Words
    images: tuple[Path, ...]
    mask: Mask


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene: what happens, who is in it, for how long, and how it joins the scene before."""

    id: str
    prompt: Words
    subjects: tuple[str, ...]
    duration_s: Fraction
    camera: str
    takes: int
    use_take: int
    seam: Seam
    caption: Words
    negative_prompt: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One encoding of the film to hand over."""

    name: str
    width: int
    height: int
    reframe: Literal["cover", "contain", "blur"]
    format: Literal["mp4", "gif"]


@dataclass(frozen=True, slots=True)
class Music:
    """The music under the film, at a set integrated loudness."""

    file: Path
    loudness_lufs: float


@dataclass(frozen=True, slots=True)
class Brand:
    """A logo laid over every scene and a card shown at the end."""

    logo: Path | None = None
    end_card: Path | None = None
    end_card_s: Fraction = Fraction(2)


@dataclass(frozen=True, slots=True)
class Approval:
    """Whether the film waits for a person, and what happens without an answer.

    Attributes:
        after: what is made first, and looked at: all takes, or the film in draft quality.
        within_s: how long an answer is waited for.
        default: what is decided then.
    """

    after: ApprovedAfter = "none"
    within_s: int = 24 * 3600
    default: Literal["approve", "reject"] = "reject"


@dataclass(frozen=True, slots=True)
class Storyboard:
    """A film, as written.

    Attributes:
        captions: the languages burnt in, in order; None stands for every language a caption has.
        parameters: engine parameters that override those of `quality`.
        seam_engines: what makes a bridge or a continued scene where `engine` cannot.
        untrained: whether sizes, lengths and rates that an engine was not trained for are asked on purpose.
        file: where it was read from; pictures are found beside it.
        lines: key path → line in the file, for error messages only.
    """

    title: str
    style: str
    language: Language
    seed: int
    engine: str
    quality: Quality
    speed: Speed
    parameters: Mapping[str, Parameter]
    seam_engines: Mapping[SeamKind, str]
    untrained: bool
    width: int
    height: int
    frame_rate: Fraction
    subjects: Mapping[str, Subject]
    scenes: tuple[Scene, ...]
    captions: tuple[str, ...] | None
    music: Music | None
    brand: Brand
    deliver: tuple[Delivery, ...]
    approval: Approval
    file: Path = field(compare=False)
    lines: Mapping[Key, int] = field(compare=False, repr=False)

    def problem(self, key: Key, message: str) -> StoryboardError:
        """An error about the value at `key`, with the file and the nearest line known."""
        return StoryboardError(message, file=self.file, line=nearest_line(self.lines, key))

    def seed_of(self, scene: str, take: int) -> int:
        """The seed of one take (counted from 1), 0 … 2**63 - 1: decided by film seed, scene and take."""
        return int(digest("seed", {"film": self.seed, "scene": scene, "take": take})[:16], 16) >> 1


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose for one render instead of what the storyboard says; None leaves it as written.

    Attributes:
        deliver: the names of the deliveries to make; all of them when empty.
        takes: scene id → the take that goes into the film, also beyond those the storyboard has made.
        approve: what a person looks at before the film is finished.
    """

    engine: str | None = None
    quality: Quality | None = None
    speed: Speed | None = None
    deliver: tuple[str, ...] = ()
    takes: Mapping[str, int] = field(default_factory=dict)
    approve: ApprovedAfter | None = None

    def applied_to(self, board: Storyboard) -> Storyboard:
        """The storyboard as it is to be rendered.

        Raises:
            StoryboardError: it has no such delivery, or no such scene.
        """
        _check_names(board, "delivery", self.deliver, [delivery.name for delivery in board.deliver])
        _check_names(board, "scene", self.takes, [scene.id for scene in board.scenes])
        return replace(
            board,
            engine=self.engine or board.engine,
            quality=self.quality or board.quality,
            speed=self.speed or board.speed,
            approval=replace(board.approval, after=self.approve or board.approval.after),
            scenes=tuple(
                replace(scene, use_take=self.takes.get(scene.id, scene.use_take)) for scene in board.scenes
            ),
            deliver=tuple(
                delivery for delivery in board.deliver if not self.deliver or delivery.name in self.deliver
            ),
        )


def _check_names(board: Storyboard, kind: str, wanted: Iterable[str], known: Sequence[str]) -> None:
    for name in wanted:
        if name not in known:
            there_is = f"there is {', '.join(known)}" if known else "there is none"
            raise board.problem((), f'it has no {kind} "{name}": {there_is}')


def nearest_line(lines: Mapping[Key, int], key: Key) -> int | None:
    """The line of `key`, or of the closest value around it."""
    while key and key not in lines:
        key = key[:-1]
    return lines.get(key)
