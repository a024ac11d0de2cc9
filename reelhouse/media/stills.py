"""Stills of a film: its poster, a contact sheet with one picture a scene, and frames spread over it."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from reelhouse.media.atomic import written
from reelhouse.media.pictures import save_png
from reelhouse.media.typesetting import normalized, typeface
from reelhouse.media.video import evenly_spaced, frames_at, probe
from reelhouse.timing import timecode

MAX_PICTURES = 24

_BACKGROUND = (17, 18, 22)
_TITLE_COLOUR = (244, 243, 240)
_LABEL_COLOUR = (214, 214, 212)
_QUIET_COLOUR = (132, 136, 146)
_RULE_COLOUR = (44, 46, 54)
_SHEET_WIDTH = 1600
_MARGIN = 72
_GAP = 28
_LABEL_HEIGHT = 52
_HEADER_HEIGHT = 128
_CORNER = 10


def poster(film: Path, out: Path, *, at: Fraction | None = None) -> None:
    """Saves the frame shown at `at` seconds, or one a third into the film, as JPEG or PNG by `out`'s name.

    Raises:
        MediaError: the film cannot be read or is shorter, or the picture cannot be written.
    """
    facts = probe(film)
    index = facts.num_frames // 3 if at is None else int(at * facts.frame_rate)
    _save(_image(frames_at(film, [index])[0]), out)


def save_frames(film: Path, n: int, folder: Path) -> list[Path]:
    """Saves n evenly spaced frames as `frame-001.png` …; returns their paths in the film's order.

    Raises:
        MediaError: the film cannot be read, or a picture cannot be written.
    """
    paths = [folder / f"frame-{i:03d}.png" for i in range(1, n + 1)]
    for path, frame in zip(paths, evenly_spaced(film, n), strict=True):
        save_png(_image(frame), path)
    return paths


def contact_sheet(
    film: Path, marks: Sequence[tuple[Fraction, str]], out: Path, *, title: str, subtitle: str
) -> None:
    """Draws one picture for each mark, named and timed, below the title; JPEG or PNG by `out`'s name.

    Args:
        film: the film to take the pictures from.
        marks: a time in seconds within each scene, and the scene's name; of more than 24, 24 spread evenly.
        out: where to write the sheet.
        title, subtitle: for the header.

    Raises:
        MediaError: the film cannot be read or is shorter than a mark, or the sheet cannot be written.
        InputError: the typeface lacks a character.
    """
    facts = probe(film)
    if len(marks) > MAX_PICTURES:
        chosen = [(2 * i + 1) * len(marks) // (2 * MAX_PICTURES) for i in range(MAX_PICTURES)]
        marks = [marks[i] for i in chosen]
    frames = frames_at(film, [min(int(t * facts.frame_rate), facts.num_frames - 1) for t, _ in marks])
    columns = _columns(len(marks), upright=facts.height > facts.width)
    width = (_SHEET_WIDTH - 2 * _MARGIN - (columns - 1) * _GAP) // columns
    height = round(width * facts.height / facts.width)
    rows = -(-len(marks) // columns)
    sheet_height = _HEADER_HEIGHT + 2 * _MARGIN + rows * (height + _LABEL_HEIGHT) + (rows - 1) * _GAP
    sheet = Image.new("RGB", (_SHEET_WIDTH, sheet_height - _LABEL_HEIGHT // 3), _BACKGROUND)
    _draw_header(sheet, title, subtitle)
    for i, ((at, name), frame) in enumerate(zip(marks, frames, strict=True)):
        x = _MARGIN + i % columns * (width + _GAP)
        y = _MARGIN + _HEADER_HEIGHT + i // columns * (height + _LABEL_HEIGHT + _GAP)
        thumbnail = _image(frame).resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(thumbnail, (x, y), _rounded(width, height))
        _draw_label(sheet, name, timecode(at), x=x, y=y + height, width=width)
    _save(sheet, out)


def _columns(count: int, *, upright: bool) -> int:
    if upright:
        return min(max(count, 3), 6)
    return 1 if count == 1 else 2 if count in (2, 4) else 3 if count <= 12 else 4


def _draw_header(sheet: Image.Image, title: str, subtitle: str) -> None:
    draw = ImageDraw.Draw(sheet)
    room = _SHEET_WIDTH - 2 * _MARGIN
    draw.text((_MARGIN, _MARGIN + 44), _shortened(title, 46, room), _TITLE_COLOUR, typeface(46), anchor="ls")
    draw.text(
        (_MARGIN, _MARGIN + 84), _shortened(subtitle, 21, room), _QUIET_COLOUR, typeface(21), anchor="ls"
    )
    line = _MARGIN + _HEADER_HEIGHT - 22
    draw.line((_MARGIN, line, _SHEET_WIDTH - _MARGIN, line), _RULE_COLOUR, 1)


def _draw_label(sheet: Image.Image, name: str, time: str, *, x: int, y: int, width: int) -> None:
    draw = ImageDraw.Draw(sheet)
    time_width = typeface(17).getlength(time)
    draw.text(
        (x + 2, y + 32),
        _shortened(name, 19, width - time_width - 20),
        _LABEL_COLOUR,
        typeface(19),
        anchor="ls",
    )
    draw.text((x + width - 2, y + 32), time, _QUIET_COLOUR, typeface(17), anchor="rs")


def _shortened(text: str, size: float, room: float) -> str:
    text = normalized(text)
    font = typeface(size)
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "...") > room:
        text = text[:-1].rstrip()
    return text + "..."


def _rounded(width: int, height: int) -> Image.Image:
    mask = Image.new("L", (width * 4, height * 4))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, width * 4 - 1, height * 4 - 1), _CORNER * 4, fill=255)
    return mask.reduce(4)


def _image(frame: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(frame)


def _save(image: Image.Image, out: Path) -> None:
    if out.suffix.lower() == ".png":
        save_png(image, out)
        return
    with written(out) as part:
        image.save(part, format="JPEG", quality=92, subsampling=0, optimize=True)
