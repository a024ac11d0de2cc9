"""Captions: a few words in one or two languages, drawn once as a transparent picture to lay over a scene.

White type with a thin dark edge and a soft shadow is legible on any background; it stands in the lower
safe area, centred, the first language largest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from reelhouse.errors import InputError
from reelhouse.media.typesetting import measure, normalized, typeface, wrap

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
_BETWEEN_LANGUAGES = 0.10
_BELOW_BASELINE = 0.22
_EDGE = 0.05
_SHADOW = 0.20

_FINER = 4
# Tables of opacity: the edge a little transparent, the shadow's soft flank lifted but never black.
_EDGE_STRENGTH = [round(a * 0.60) for a in range(256)]
_SHADOW_STRENGTH = [min(170, round(a * 1.7)) for a in range(256)]


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
    rows = _rows(blocks, size, room)
    while size > smallest and any(len(block) > max_rows for _, block in rows):
        size = max(smallest, size * _SHRINK)
        rows = _rows(blocks, size, room)
    bottom = height * (1 - (_MARGIN_UPRIGHT if upright else _MARGIN))
    laid_out: list[_Row] = []
    for row_size, block in reversed(rows):
        for text in reversed(block):
            laid_out.append(_Row(text, row_size, bottom - row_size * _BELOW_BASELINE))
            bottom -= row_size * _ROW
        bottom -= row_size * _BETWEEN_LANGUAGES
    too_wide = any(measure(row.size)(row.text) > width for row in laid_out)
    if bottom < height * (1 - _HEIGHT) or too_wide:
        raise InputError(
            f"the caption {' / '.join(blocks)!r} is too long for a picture of {width}x{height}: shorten it"
        )
    return laid_out


def _rows(blocks: Sequence[str], size: float, room: float) -> list[tuple[float, list[str]]]:
    """The type's size and the rows of each language."""
    sizes = [size if i == 0 else size * _SECOND_LANGUAGE for i in range(len(blocks))]
    return [(size, wrap(text, measure(size), room)) for text, size in zip(blocks, sizes, strict=True)]


def _drawn(rows: Sequence[_Row], height: int, width: int) -> Image.Image:
    overlay = Image.new("RGBA", (width, height))
    if not rows:
        return overlay
    largest = max(row.size for row in rows)
    top = max(0, int(min(row.baseline for row in rows) - 2 * largest))
    letters, edge = _masks(rows, top, height - top, width)
    shadow = ImageChops.offset(edge, 0, round(largest * 0.05)).filter(
        ImageFilter.GaussianBlur(largest * _SHADOW)
    )
    dark = ImageChops.lighter(edge.point(_EDGE_STRENGTH), shadow.point(_SHADOW_STRENGTH))
    strip = Image.new("RGBA", letters.size)
    strip.putalpha(dark)
    white = Image.new("RGBA", letters.size, "white")
    white.putalpha(letters)
    overlay.paste(Image.alpha_composite(strip, white), (0, top))
    return overlay


def _masks(rows: Sequence[_Row], top: int, height: int, width: int) -> tuple[Image.Image, Image.Image]:
    """The letters, and the letters with their edge, of the frame from `top` down.

    They are drawn larger and reduced: characters then stand between pixels as the measure has it.
    """
    masks = [Image.new("L", (width * _FINER, height * _FINER)) for _ in range(2)]
    for row in rows:
        place = (width / 2 * _FINER, (row.baseline - top) * _FINER)
        font = typeface(round(row.size * _FINER))
        for mask, stroke in zip(masks, (0, max(1.0, row.size * _EDGE) * _FINER), strict=True):
            ImageDraw.Draw(mask).text(place, row.text, fill=255, font=font, anchor="ms", stroke_width=stroke)
    return masks[0].reduce(_FINER), masks[1].reduce(_FINER)
