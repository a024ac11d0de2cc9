"""A contact sheet of takes: beginning, middle and end of each, for a person to choose and to approve by."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from reelhouse.media.atomic import written
from reelhouse.media.typesetting import normalized, typeface
from reelhouse.media.video import frames_at, probe

MAX_TAKES = 240  # of more, so many are shown, spread evenly
_BACKGROUND = (17, 18, 22)
_TITLE_COLOUR, _QUIET_COLOUR, _LABEL_COLOUR = (244, 243, 240), (132, 136, 146), (214, 214, 212)
_WIDTH, _MARGIN, _GAP, _HEADER, _LABEL = 1600, 56, 24, 120, 40
_STILLS = 3


def take_sheet(takes: Sequence[tuple[str, Path]], out: Path, *, title: str, subtitle: str) -> None:
    """Draws three stills of each take beside each other, named; a JPEG.

    Args:
        takes: each take's name and file.
        out: where to write the sheet.
        title, subtitle: for the header.

    Raises:
        MediaError: a take cannot be read, or the sheet cannot be written.
        InputError: the typeface lacks a character.
    """
    if len(takes) > MAX_TAKES:
        subtitle = f"{subtitle}  ·  {MAX_TAKES} of them shown"
        takes = [takes[(2 * at + 1) * len(takes) // (2 * MAX_TAKES)] for at in range(MAX_TAKES)]
    columns = 1 if len(takes) == 1 else 2
    width = (_WIDTH - 2 * _MARGIN - (columns - 1) * _GAP) // columns
    strips = [_strip(file, width) for _, file in takes]
    row = max(strip.height for strip in strips) + _LABEL
    rows = -(-len(takes) // columns)
    sheet = Image.new("RGB", (_WIDTH, _MARGIN + _HEADER + rows * (row + _GAP) + _MARGIN - _GAP), _BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    room = _WIDTH - 2 * _MARGIN
    draw.text((_MARGIN, _MARGIN + 44), _fitting(title, 46, room), _TITLE_COLOUR, typeface(46), anchor="ls")
    draw.text((_MARGIN, _MARGIN + 84), _fitting(subtitle, 21, room), _QUIET_COLOUR, typeface(21), anchor="ls")
    for at, ((name, _), strip) in enumerate(zip(takes, strips, strict=True)):
        left = _MARGIN + at % columns * (width + _GAP)
        top = _MARGIN + _HEADER + at // columns * (row + _GAP)
        sheet.paste(strip, (left, top))
        below = (left + 2, top + strip.height + 28)
        draw.text(below, _fitting(name, 19, width), _LABEL_COLOUR, typeface(19), anchor="ls")
    with written(out) as part:
        sheet.save(part, format="JPEG", quality=90, optimize=True)


def _strip(take: Path, width: int) -> Image.Image:
    """First, middle and last frame of a take beside each other, `width` pixels wide together."""
    last = probe(take).num_frames - 1
    frames = [Image.fromarray(frame) for frame in frames_at(take, [0, last // 2, last])]
    side = (width - 2 * (_STILLS - 1)) // _STILLS
    height = max(1, round(side * frames[0].height / frames[0].width))
    strip = Image.new("RGB", (width, height), _BACKGROUND)
    for at, frame in enumerate(frames):
        strip.paste(frame.resize((side, height), Image.Resampling.LANCZOS), (at * (side + 2), 0))
    return strip


def _fitting(text: str, size: float, room: float) -> str:
    text, font = normalized(text), typeface(size)
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "...") > room:
        text = text[:-1].rstrip()
    return text + "..."
