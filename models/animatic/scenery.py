"""Scenery: which painter paints which setting."""

from collections.abc import Callable, Mapping

from models.animatic import interiors, landscapes, skies, towns, waters, wilds
from models.animatic.easel import Easel, Layer
from models.animatic.shapes import ellipse
from models.animatic.words import Setting, Weather

PAINTERS: Mapping[Setting, Callable[[Easel], None]] = {
    Setting.MEADOW: landscapes.paint_meadow,
    Setting.HILL: landscapes.paint_hill,
    Setting.FOREST: wilds.paint_forest,
    Setting.JUNGLE: wilds.paint_jungle,
    Setting.GARDEN: landscapes.paint_garden,
    Setting.FARM: landscapes.paint_farm,
    Setting.MOUNTAINS: wilds.paint_mountains,
    Setting.DESERT: wilds.paint_desert,
    Setting.SNOWFIELD: wilds.paint_snowfield,
    Setting.LAKE: wilds.paint_lake,
    Setting.BEACH: waters.paint_beach,
    Setting.SEA: waters.paint_sea,
    Setting.UNDERWATER: waters.paint_underwater,
    Setting.SKY: skies.paint_cloudscape,
    Setting.SPACE: skies.paint_space,
    Setting.CITY: towns.paint_city,
    Setting.VILLAGE: towns.paint_village,
    Setting.ROAD: towns.paint_road,
    Setting.ROOM: interiors.paint_room,
    Setting.KITCHEN: interiors.paint_kitchen,
    Setting.LIBRARY: interiors.paint_library,
    Setting.STAGE: interiors.paint_stage,
    Setting.STUDIO: interiors.paint_studio,
}


def paint_scenery(setting: Setting, easel: Easel) -> tuple[Layer, ...]:
    """Paint a setting and return its layers from the horizon to the lens."""
    PAINTERS[setting](easel)
    if easel.weather is Weather.FOG and not setting.is_indoors:
        _paint_mist(easel)
    return easel.layers()


def _paint_mist(easel: Easel) -> None:
    """Banks of mist that drift behind the subject and, thinner, before it."""
    for depth, level, opacity, in_front in (
        (0.5, 0.66, 0.42, False),
        (1.0, 0.80, 0.30, False),
        (1.3, 0.99, 0.34, True),
    ):
        sheet = easel.sheet(
            top=0.3, bottom=1.3, depth=depth, drift=0.03 * depth, in_front=in_front, blur=0.02
        )
        for x in easel.spread(max(2, round(easel.period * 1.6))):
            wide, high = easel.rng.uniform(0.35, 0.6), easel.rng.uniform(0.035, 0.06)
            y = level + easel.rng.uniform(-0.03, 0.03)
            bank = [ellipse(x + k * wide * 0.4, y + 0.012 * k, wide * 0.6, high) for k in (-1, 0, 1)]
            sheet.canvas.union(bank, easel.palette.raw(easel.palette.light.haze), None, opacity, 0.02)
