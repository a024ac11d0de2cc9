"""The corner slate: says on every frame that this is an animatic, and of which scene."""

from functools import cache

import cv2
import numpy as np
import pylopdf_fonts_zh_cn
from PIL import Image, ImageDraw, ImageFont

from models.animatic.canvas import Pixels

LEGIBLE_WIDTH = 160  # pixels; in narrower frames a plain mark stands for the words
_MARK = (214, 62, 52)


def make_slate(scene: str, *, height: int, width: int) -> Pixels:
    """A premultiplied RGBA slate [h, w, 4] for the upper left corner of a frame, clear of captions."""
    if width < LEGIBLE_WIDTH:
        side = max(3, min(height, width) // 16)
        return np.full((side, side, 4), (*_MARK, 255), np.uint8)
    size = int(max(9, min(18, min(height, width) * 0.029)))
    font = _font(size)
    words = "ANIMATIC"
    room = int(width * 0.5) - int(font.getlength(words)) - size * 4
    named = _shortened(f"· {scene}", font, room)
    ends = int(font.getlength(words) + font.getlength(" " + named)) + size * 2
    tall = int(size * 1.75)
    slate = Image.new("RGBA", (ends + size, tall), (0, 0, 0, 0))
    draw = ImageDraw.Draw(slate)
    draw.rounded_rectangle((0, 0, slate.width - 1, tall - 1), radius=tall // 3, fill=(24, 22, 30, 150))
    dot = size * 0.28
    middle = tall / 2
    draw.ellipse((size * 0.85 - dot, middle - dot, size * 0.85 + dot, middle + dot), fill=(*_MARK, 255))
    draw.text((size * 1.5, middle), words, font=font, fill=(255, 252, 244, 245), anchor="lm")
    start = size * 1.5 + font.getlength(words + " ")
    draw.text((start, middle), named, font=font, fill=(255, 252, 244, 190), anchor="lm")
    straight = np.array(slate)
    straight[..., :3] = np.rint(straight[..., :3] * (straight[..., 3:] / 255.0))
    return straight


def lay_slate(frame: Pixels, slate: Pixels) -> None:
    """Lay the slate over the upper left corner of a frame [H, W, 4], in place."""
    under = frame[slate_box(frame, slate)]
    tall, wide = under.shape[:2]
    gone = cv2.bitwise_not(slate[:tall, :wide, 3])
    under[:] = cv2.add(cv2.multiply(under, cv2.merge([gone] * 4), scale=1 / 255), slate[:tall, :wide])


def slate_box(frame: Pixels, slate: Pixels) -> tuple[slice, slice]:
    """The rows and columns of a frame [H, W, …] that the slate covers."""
    height, width = frame.shape[:2]
    margin = max(1, min(height, width) // 40)
    tall, wide = min(slate.shape[0], height - margin), min(slate.shape[1], width - margin)
    return slice(margin, margin + tall), slice(margin, margin + wide)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(pylopdf_fonts_zh_cn.sans_path()), size)


def _shortened(text: str, font: ImageFont.FreeTypeFont, room: int) -> str:
    if font.getlength(text) <= room:
        return text
    while len(text) > 3 and font.getlength(text + "…") > room:
        text = text[:-1]
    return text + "…"
