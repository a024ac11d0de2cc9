"""Reading a storyboard: file → checked parts → `Storyboard`, or one clear error with its line.

Pictures and sounds are found beside the file and never outside its folder, not even through a link.
"""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from pydantic import ValidationError

from reelhouse.clips import MAX_REFERENCES, Role
from reelhouse.errors import InputError, StoryboardError
from reelhouse.files_beside import FilesBeside
from reelhouse.identity import Json
from reelhouse.media.typesetting import normalized
from reelhouse.seams import SeamKind
from reelhouse.storyboard import (
    Approval,
    Brand,
    Delivery,
    Key,
    Mask,
    Music,
    Scene,
    Storyboard,
    Subject,
    Words,
)
from reelhouse.storyboard_file import (
    DeliveryPart,
    MaskPart,
    ScenePart,
    SeamEnginesPart,
    StoryboardFile,
    SubjectPart,
)
from reelhouse.written_problems import explain, suggestion
from reelhouse.yaml_lines import read_yaml

NO_WORDS = Words(())


def read_storyboard(file: Path) -> Storyboard:
    """Read and check a storyboard file.

    Raises:
        StoryboardError: the first thing that is wrong, with file, line and what to do.
    """
    return storyboard_of(*read_yaml(file), file)


def storyboard_of(data: Json, lines: Mapping[Key, int], file: Path) -> Storyboard:
    """`read_storyboard` for what is already taken from the file, or was changed since.

    Raises:
        StoryboardError: the first thing that is wrong.
    """
    if not isinstance(data, dict):
        raise StoryboardError("a storyboard is a mapping that begins with title: …", file=file, line=1)
    try:
        written = StoryboardFile.model_validate(data)
    except ValidationError as error:
        raise explain(error, StoryboardFile, lines, file) from None
    return _Reader(file, lines).storyboard(written)


class _Reader:
    """Turns the parts of one file into values; knows the file's folder and lines."""

    def __init__(self, file: Path, lines: Mapping[Key, int]) -> None:
        self.file = file
        self.lines = lines
        self.beside = FilesBeside(file, lines)

    def storyboard(self, written: StoryboardFile) -> Storyboard:
        self._check_letters(written)
        width, height = written.video.size
        subjects = {
            name: self._subject(name, part, ("subjects", name)) for name, part in written.subjects.items()
        }
        music = written.audio and Music(
            self.beside.sound(written.audio.music, ("audio", "music")), written.audio.loudness
        )
        return Storyboard(
            title=written.title,
            style=written.style,
            language=written.language,
            seed=written.seed,
            engine=written.engine,
            quality=written.quality,
            speed=written.speed,
            parameters=dict(written.parameters),
            seam_engines=_seam_engines(written.seam_engines),
            untrained=written.video.untrained,
            width=width,
            height=height,
            frame_rate=written.video.frame_rate,
            subjects=subjects,
            scenes=self._scenes(written, subjects),
            captions=None if written.captions is None else tuple(written.captions),
            music=music,
            brand=Brand(
                logo=self.beside.optional_picture(written.brand.logo, ("brand", "logo")),
                end_card=self.beside.optional_picture(written.brand.end_card, ("brand", "end_card")),
                end_card_s=written.brand.end_card_duration,
            ),
            deliver=self._deliveries(written.deliver, width, height),
            approval=Approval(written.approve, written.approve_by, written.approve_default),
            file=self.file,
            lines=self.lines,
        )

    def _check_letters(self, written: StoryboardFile) -> None:
        """What is set in type must have its letters in the typeface: better said now than after a render."""
        texts: list[tuple[Key, str]] = [(("title",), written.title)]
        for index, scene in enumerate(written.scenes):
            texts.append((("scenes", index, "id"), scene.id))
            if scene.caption:
                texts += [(("scenes", index, "caption"), text) for _, text in scene.caption.texts]
        for key, text in texts:
            try:
                normalized(text)
            except InputError as error:
                raise self.beside.problem(key, str(error)) from error

    def _subject(self, name: str, part: SubjectPart, key: Key) -> Subject:
        images = tuple(
            self.beside.picture(image, (*key, "images", index)) for index, image in enumerate(part.images)
        )
        mask = self._mask(part.mask, (*key, "mask"))
        return Subject(name, Role(part.role), part.description, images, mask)

    def _mask(self, part: MaskPart, key: Key) -> Mask:
        if part.file is not None:
            return Mask("file", file=self.beside.picture(part.file, (*key, "file")))
        if part.box is not None:
            left, top, right, bottom = part.box
            if left >= right or top >= bottom:
                raise self.beside.problem(key, f"a box is left, top, right, bottom, not {part.box}")
            return Mask("box", box=(left, top, right, bottom))
        return Mask(part.method)

    def _scenes(self, written: StoryboardFile, subjects: Mapping[str, Subject]) -> tuple[Scene, ...]:
        first_with: dict[str, int] = {}
        scenes: list[Scene] = []
        for index, part in enumerate(written.scenes):
            key: Key = ("scenes", index)
            if part.id in first_with:
                other = self.lines.get(("scenes", first_with[part.id], "id"))
                raise self.beside.problem(
                    (*key, "id"),
                    f'two scenes are called "{part.id}" (the other is on line {other}): rename one',
                )
            first_with[part.id] = index
            scenes.append(self._scene(part, key, subjects, written.language))
        return tuple(scenes)

    def _scene(self, part: ScenePart, key: Key, subjects: Mapping[str, Subject], language: str) -> Scene:
        names = _named_in(part.prompt, subjects) if part.subjects is None else tuple(part.subjects)
        for name in names:
            if name not in subjects:
                raise self.beside.problem(
                    (*key, "subjects"),
                    f'scene "{part.id}" wants the subject "{name}", which is not among the subjects'
                    + suggestion(name, subjects),
                )
        if len(set(names)) != len(names):
            raise self.beside.problem((*key, "subjects"), f'scene "{part.id}" names a subject twice')
        self._count_references(part.id, names, subjects, key)
        if part.use_take > part.takes:
            raise self.beside.problem(
                (*key, "use_take"), f"take {part.use_take} is wanted and takes: {part.takes} are made"
            )
        return Scene(
            id=part.id,
            prompt=part.prompt,
            subjects=names,
            duration_s=part.duration,
            camera=part.camera.in_language(language) if part.camera else "",
            takes=part.takes,
            use_take=part.use_take,
            seam=part.seam,
            caption=part.caption or NO_WORDS,
            negative_prompt=part.negative_prompt,
        )

    def _count_references(
        self, scene: str, names: Sequence[str], subjects: Mapping[str, Subject], key: Key
    ) -> None:
        counts = {name: len(subjects[name].images) for name in names}
        if sum(counts.values()) > MAX_REFERENCES:
            counted = ", ".join(f"{name} {count}" for name, count in counts.items())
            raise self.beside.problem(
                (*key, "subjects"),
                f'scene "{scene}" uses {sum(counts.values())} reference images ({counted}) and at most '
                f"{MAX_REFERENCES} can be used: take a subject out of the scene or give it fewer pictures",
            )

    def _deliveries(self, parts: Sequence[DeliveryPart], width: int, height: int) -> tuple[Delivery, ...]:
        names = [part.name for part in parts]
        deliveries: list[Delivery] = []
        for index, part in enumerate(parts):
            key: Key = ("deliver", index)
            if part.name == "film" or names.index(part.name) != index:
                raise self.beside.problem(key, f'two deliveries are called "{part.name}": rename one')
            if part.size and part.aspect:
                raise self.beside.problem(key, "give a delivery a size or an aspect, not both")
            size = part.size or (_same_area(width, height, part.aspect) if part.aspect else (width, height))
            deliveries.append(Delivery(part.name, *size, part.reframe, part.format))
        return tuple(deliveries)


def _seam_engines(part: SeamEnginesPart) -> dict[SeamKind, str]:
    written = {SeamKind.BRIDGE: part.bridge, SeamKind.CONTINUE: part.continue_}
    return {kind: name for kind, name in written.items() if name is not None}


def _named_in(prompt: Words, subjects: Mapping[str, Subject]) -> tuple[str, ...]:
    words = " ".join(text for _, text in prompt.texts).casefold()
    return tuple(name for name in subjects if name.casefold() in words)


def _same_area(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """The even (width, height) of shape `aspect` with about as many pixels as the film."""
    tall = math.sqrt(width * height / aspect)
    return 2 * round(tall * aspect / 2), 2 * round(tall / 2)
