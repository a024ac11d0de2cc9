"""Built places."""

from models.animatic.landscapes import paint_meadow

paint_city = paint_village = paint_road = paint_meadow
