"""Words into rows: one typeface for Latin and Chinese, and where a row of it may end.

Latin breaks at spaces, Chinese between characters, and no row begins with a closing mark or ends with an
opening one (the rule called kinsoku). Rows are balanced: as few as the width allows, then as even as that
number allows.
"""

import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

import pylopdf_fonts_zh_cn
from PIL import Image, ImageDraw, ImageFont

from reelhouse.errors import InputError

Measure: TypeAlias = Callable[[str], float]

# Advances are taken at this size, large enough for hinting not to round them.
_UNITS = 1000

_NEVER_FIRST = frozenset("、。，．：；！？）］｝〕〉》」』】〗％‰…—–～·’”,.:;!?)]}%")
_NEVER_LAST = frozenset("（［｛〔〈《「『【〖‘“([{")
# Noto Sans SC sets these a whole Chinese character wide, which tears "don’t" apart.
_LATIN_MARKS = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "…": "...", "—": "–"})


@cache
def typeface(size: float) -> ImageFont.FreeTypeFont:
    """Noto Sans SC (SIL Open Font License) at a size in pixels."""
    # The basic layout is in every Pillow; the other one depends on a library of the machine's.
    path = str(pylopdf_fonts_zh_cn.sans_path())
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def normalized(text: str) -> str:
    """The text as it is set: composed characters, single spaces, marks that fit its script.

    Raises:
        InputError: the typeface lacks some of its characters; they are named.
    """
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if not any(is_ideographic(character) for character in text):
        text = text.translate(_LATIN_MARKS)
    missing = sorted({character for character in text if not _has_glyph(character)})
    if missing:
        named = ", ".join(f"{character!r} (U+{ord(character):04X})" for character in missing)
        raise InputError(
            f"the words {text!r} have characters that the typeface lacks: {named}. Leave them out."
        )
    return text


def is_ideographic(character: str) -> bool:
    """Whether a row may end beside this character although there is no space: Chinese and Japanese."""
    return (
        "⺀" <= character <= "鿿"
        or "豈" <= character <= "﫿"
        or "！" <= character <= "￯"
        or character >= "\U00020000"
    )


def wrap(text: str, measure: Measure, width: float) -> list[str]:
    """Rows of `text`, each at most `width` wide as `measure` has it: the fewest, then evenly filled.

    No character but a space at a row's end is lost. A word wider than a row is broken, and a single
    character wider than a row has one of its own.
    """
    rows = _filled(text, measure, width)
    # No narrower than the widest word that fits, or evening the rows out would break it.
    words = [measure(unit.rstrip()) for unit in _units(text)]
    narrow = max([width / max(1, len(rows)), *(word for word in words if word <= width)])
    wide = width
    while len(rows) > 1 and wide - narrow > 1:
        middle = (narrow + wide) / 2
        tried = _filled(text, measure, middle)
        if len(tried) <= len(rows) and all(measure(row) <= middle for row in tried):
            rows, wide = tried, middle
        else:
            narrow = middle
    return rows


def _filled(text: str, measure: Measure, width: float) -> list[str]:
    """Each row as full as it can be."""
    rows: list[str] = []
    row = ""
    for unit in _units(text):
        if not row or measure((row + unit).rstrip()) <= width:
            row += unit
        else:
            rows.append(row.rstrip())
            row = unit
        while len(row.rstrip()) > 1 and measure(row.rstrip()) > width:
            head = _longest_head(row, measure, width)
            rows.append(row[:head].rstrip())
            row = row[head:].lstrip()
    return [*rows, row.rstrip()] if row.strip() else rows


def _longest_head(row: str, measure: Measure, width: float) -> int:
    return max((n for n in range(1, len(row)) if measure(row[:n]) <= width), default=1)


def _units(text: str) -> Sequence[str]:
    """The text cut wherever a row may end; joined again, the units are the text."""
    units: list[str] = []
    for character in text:
        if units and not _may_break(units[-1][-1], character):
            units[-1] += character
        else:
            units.append(character)
    return units


def _may_break(before: str, after: str) -> bool:
    if after == " " or after in _NEVER_FIRST or before in _NEVER_LAST:
        return False
    return before == " " or is_ideographic(before) or is_ideographic(after)


def measure(size: float) -> Measure:
    """The width of a text in pixels as `draw` sets it: the sum of its characters' advances."""

    def width(text: str) -> float:
        return sum(_advance(character) for character in text) * size / _UNITS

    return width


@cache
def _advance(character: str) -> float:
    return typeface(_UNITS).getlength(character)


@cache
def _has_glyph(character: str) -> bool:
    if character == " ":
        return True
    # A noncharacter, which no typeface has, shows what the typeface draws for want of a glyph.
    return _drawn(character) != _drawn("\U0010ffff")


def _drawn(character: str) -> tuple[float, bytes]:
    picture = Image.new("L", (64, 64))
    ImageDraw.Draw(picture).text((16, 8), character, fill=255, font=typeface(32))
    return _advance(character), picture.tobytes()
