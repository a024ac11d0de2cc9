"""Captions: a few words in one or two languages, drawn once as a transparent picture to lay over a scene.

White type with a thin dark edge and a soft shadow is legible on any background; it stands in the lower
safe area, centred, the first language largest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from reelhouse.errors import InputError
from reelhouse.media.typesetting import normalized, typeface, wrap

MAX_ROWS = 2
MAX_ROWS_UPRIGHT = 3

# Shares of the frame's shorter side, of its width, of its height and of the type's size.
_SIZE = 0.058
_SIZE_MIN = 0.034
_SHRINK = 0.94
_SECOND_LANGUAGE = 0.86
_WIDTH = 0.80
_WIDTH_UPRIGHT = 0.86
_MARGIN = 0.075
_MARGIN_UPRIGHT = 0.15
_HEIGHT = 0.45
_ROW = 1.30
_EDGE = 0.055
_SHADOW = 0.16


@dataclass(frozen=True, slots=True)
class _Row:
    text: str
    size: float
    baseline: float


def caption_overlay(lines: Sequence[str], *, height: int, width: int) -> Image.Image:
    """A caption as RGBA [height, width], clear but for the words.

    Args:
        lines: the same words in each language, the first uppermost; empty ones are left out.
        height, width: of the delivered picture, in pixels.

    Raises:
        InputError: a character the typeface lacks, or more words than the lower part of a frame can hold.
    """
    blocks = [text for text in map(normalized, lines) if text]
    rows = _laid_out(blocks, height, width)
    return _drawn(rows, height, width)


def _laid_out(blocks: Sequence[str], height: int, width: int) -> list[_Row]:
    """Rows with their baselines; the type shrinks until no language has too many rows."""
    upright = height > width * 1.1
    room = width * (_WIDTH_UPRIGHT if upright else _WIDTH)
    max_rows = MAX_ROWS_UPRIGHT if upright else MAX_ROWS
    smallest = max(6.0, min(height, width) * _SIZE_MIN)
    size = max(smallest, min(height, width) * _SIZE)
    while True:
        sizes = [_snapped(size * (1 if i == 0 else _SECOND_LANGUAGE)) for i in range(len(blocks))]
        wrapped = [
            wrap(text, typeface(size).getlength, room) for text, size in zip(blocks, sizes, strict=True)
        ]
        if size <= smallest or all(len(rows) <= max_rows for rows in wrapped):
            break
        size = max(smallest, size * _SHRINK)
    advances = [size * _ROW for size, rows in zip(sizes, wrapped, strict=True) for _ in rows]
    too_wide = any(
        typeface(size).getlength(row) > width
        for size, rows in zip(sizes, wrapped, strict=True)
        for row in rows
    )
    if sum(advances) > height * _HEIGHT or too_wide:
        raise InputError(
            f"the caption {' / '.join(blocks)!r} is too long for a picture of {width}x{height}: shorten it"
        )
    bottom = height * (1 - (_MARGIN_UPRIGHT if upright else _MARGIN))
    rows: list[_Row] = []
    texts = [(row, size) for size, block in zip(sizes, wrapped, strict=True) for row in block]
    for (text, size), advance in zip(reversed(texts), reversed(advances), strict=True):
        rows.append(_Row(text, size, round(bottom - size * 0.22)))
        bottom -= advance
    return rows


def _snapped(size: float) -> float:
    """Half pixels are as fine as type is set, and keep the cache of typefaces small."""
    return round(size * 2) / 2


def _drawn(rows: Sequence[_Row], height: int, width: int) -> Image.Image:
    letters = Image.new("L", (width, height))
    edge = Image.new("L", (width, height))
    for row in rows:
        place, font = (width / 2, row.baseline), typeface(row.size)
        ImageDraw.Draw(letters).text(place, row.text, fill=255, font=font, anchor="ms")
        ImageDraw.Draw(edge).text(
            place, row.text, fill=255, font=font, anchor="ms", stroke_width=max(1.0, row.size * _EDGE)
        )
    largest = max((row.size for row in rows), default=0)
    shadow = ImageChops.offset(edge, 0, round(largest * 0.04)).filter(
        ImageFilter.GaussianBlur(largest * _SHADOW)
    )
    dark = ImageChops.lighter(edge.point(lambda a: round(a * 0.62)), shadow.point(lambda a: min(200, a * 2)))
    overlay = Image.new("RGBA", (width, height))
    overlay.putalpha(dark)
    white = Image.new("RGBA", (width, height), "white")
    white.putalpha(letters)
    return Image.alpha_composite(overlay, white)
