"""How single values are written in a storyboard: words, durations, sizes, seams, paths.

Each field type is a parser, the message a person reads when it fails, and the JSON Schema an editor reads.
"""

import re
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from reelhouse.clips import MAX_REFERENCES
from reelhouse.seams import DEFAULT_BRIDGE_S, DEFAULT_DISSOLVE_S, Seam, SeamKind
from reelhouse.storyboard import Words
from reelhouse.timing import parse_duration, parse_frame_rate, parse_wait

MAX_SIDE = 8192
LANGUAGES = ("en", "zh")
_LASTING_SEAMS = {SeamKind.DISSOLVE: DEFAULT_DISSOLVE_S, SeamKind.BRIDGE: DEFAULT_BRIDGE_S}
NAME = r"^[^\W_][\w-]{0,63}$"  # letters and digits of any script, then also - and _


def _words(value: object) -> Words:
    if isinstance(value, str):
        value = {"": value}
    if not isinstance(value, dict) or not value:
        raise ValueError(f"text, or text by language such as {{en: …, zh: …}}, is wanted, not {value!r}")
    texts: list[tuple[str, str]] = []
    for language, text in value.items():
        if language and language not in LANGUAGES:
            raise ValueError(f'languages are en and zh, not "{language}"')
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"text is wanted, not {text!r}")
        texts.append((language, " ".join(text.split())))
    return Words(tuple(texts))


def _seam(value: object) -> Seam:
    if not isinstance(value, str):
        raise ValueError(f"cut, dissolve 0.5s, continue or bridge 2s is wanted, not {value!r}")
    kind, _, duration = value.strip().partition(" ")
    if kind not in list(SeamKind) or (duration and kind not in _LASTING_SEAMS):
        raise ValueError(f'cut, dissolve 0.5s, continue or bridge 2s is wanted, not "{value}"')
    if kind not in _LASTING_SEAMS:
        return Seam(SeamKind(kind))
    default = _LASTING_SEAMS[SeamKind(kind)]
    return Seam(SeamKind(kind), parse_duration(duration) if duration else default)


def _size(value: object) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})\s*[x×*]\s*(\d{1,5})", value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"a size such as 832x480 (width x height) is wanted, not {value!r}")
    width, height = int(match[1]), int(match[2])
    if not (16 <= width <= MAX_SIDE and 16 <= height <= MAX_SIDE) or width % 2 or height % 2:
        raise ValueError(f"both sides must be even and from 16 to {MAX_SIDE}, not {width}x{height}")
    return width, height


def _aspect(value: object) -> Fraction:
    match = re.fullmatch(r"(\d{1,3})\s*[:/]\s*(\d{1,3})", value.strip()) if isinstance(value, str) else None
    if match is None or not int(match[1]) or not int(match[2]):
        raise ValueError(f'an aspect such as "9:16" is wanted, not {value!r}')
    aspect = Fraction(int(match[1]), int(match[2]))
    if not Fraction(1, 4) <= aspect <= 4:
        raise ValueError(f"an aspect from 1:4 to 4:1 is wanted, not {value}")
    return aspect


def _loudness(value: object) -> float:
    match = re.fullmatch(r"(-\d+(?:\.\d+)?)\s*(?:LUFS)?", str(value).strip(), re.IGNORECASE)
    if match is None:
        raise ValueError(f"a loudness such as -16LUFS is wanted, not {value!r}")
    return float(match[1])


def one_or_more(value: object) -> object:
    """A single text stands for a list of one."""
    return [value] if isinstance(value, str) else value


def mask_method(value: object) -> object:
    """A single word stands for a mask of that method."""
    return {"method": value} if isinstance(value, str) else value


def _relative(value: str) -> str:
    path = PurePosixPath(value.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match(r"^[A-Za-z]:", value) or "\0" in value:
        raise ValueError(f'files are named relative to the storyboard and stay in its folder, not "{value}"')
    return value


_TEXT_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": False,
            "properties": {language: {"type": "string", "minLength": 1} for language in LANGUAGES},
        },
    ]
}
_DURATION_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "pattern": r"^\s*(\d+(\.\d+)?|\.\d+)\s*(ms|s|sec|seconds?|m|min|minutes?)?\s*$"},
        {"type": "number", "exclusiveMinimum": 0},
    ]
}
WordsField = Annotated[Words, BeforeValidator(_words), WithJsonSchema(_TEXT_SCHEMA)]
_WAIT_SCHEMA = {"type": "string", "pattern": r"^\s*\d{1,5}\s*[smhd]\s*$"}
DurationField = Annotated[Fraction, BeforeValidator(parse_duration), WithJsonSchema(_DURATION_SCHEMA)]
WaitField = Annotated[int, BeforeValidator(parse_wait), WithJsonSchema(_WAIT_SCHEMA)]
RateField = Annotated[
    Fraction, BeforeValidator(parse_frame_rate), WithJsonSchema({"type": ["number", "string"]})
]
SeamField = Annotated[
    Seam,
    BeforeValidator(_seam),
    WithJsonSchema({"type": "string", "pattern": r"^(cut|continue|(dissolve|bridge)( .+)?)$"}),
]
SizeField = Annotated[
    tuple[int, int],
    BeforeValidator(_size),
    WithJsonSchema({"type": "string", "pattern": r"^\d+\s*[x×*]\s*\d+$"}),
]
AspectField = Annotated[
    Fraction, BeforeValidator(_aspect), WithJsonSchema({"type": "string", "pattern": r"^\d+\s*[:/]\s*\d+$"})
]
LoudnessField = Annotated[
    float,
    BeforeValidator(_loudness),
    Field(ge=-40, le=-8),
    WithJsonSchema({"type": ["string", "number"]}),
]
PathField = Annotated[str, Field(min_length=1, max_length=400), AfterValidator(_relative)]
PathsField = Annotated[
    list[PathField],
    BeforeValidator(one_or_more),
    Field(min_length=1, max_length=MAX_REFERENCES),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MAX_REFERENCES},
            ]
        }
    ),
]
