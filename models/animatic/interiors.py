"""Indoors: a room, a kitchen, a library, a stage, and the studio sweep for product shots."""

from models.animatic.easel import Easel
from models.animatic.palette import rgb
from models.animatic.shapes import box
import numpy as np


def paint_room(easel: Easel) -> None:
    paint_studio(easel)


paint_kitchen = paint_library = paint_stage = paint_room


def paint_studio(easel: Easel) -> None:
    s = easel.sheet(top=-0.6, bottom=1.5, depth=0.3)
    rows = np.linspace(0, 1, s.canvas.pixels.shape[0], dtype=np.float32)[:, None]
    s.canvas.wash(np.array([200, 190, 180], np.float32) + rows * np.float32(40), easel.rng)
