"""Scenery: which painter paints which setting."""

from collections.abc import Callable, Mapping

from models.animatic import interiors, landscapes, skies, towns, waters
from models.animatic.easel import Easel, Layer
from models.animatic.words import Setting

PAINTERS: Mapping[Setting, Callable[[Easel], None]] = {
    Setting.MEADOW: landscapes.paint_meadow,
    Setting.HILL: landscapes.paint_hill,
    Setting.FOREST: landscapes.paint_forest,
    Setting.JUNGLE: landscapes.paint_jungle,
    Setting.GARDEN: landscapes.paint_garden,
    Setting.FARM: landscapes.paint_farm,
    Setting.MOUNTAINS: landscapes.paint_mountains,
    Setting.DESERT: landscapes.paint_desert,
    Setting.SNOWFIELD: landscapes.paint_snowfield,
    Setting.LAKE: landscapes.paint_lake,
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
    return easel.layers()
