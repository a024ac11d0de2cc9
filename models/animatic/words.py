"""What a scene's words may ask for; the words themselves are in `scene_words` and `action_words`."""

from enum import StrEnum


class Setting(StrEnum):
    """Where a scene plays; each has a painter."""

    MEADOW = "meadow"
    HILL = "hill"
    FOREST = "forest"
    JUNGLE = "jungle"
    GARDEN = "garden"
    FARM = "farm"
    MOUNTAINS = "mountains"
    DESERT = "desert"
    SNOWFIELD = "snowfield"
    LAKE = "lake"
    BEACH = "beach"
    SEA = "sea"
    UNDERWATER = "underwater"
    SKY = "sky"
    SPACE = "space"
    CITY = "city"
    VILLAGE = "village"
    ROAD = "road"
    ROOM = "room"
    KITCHEN = "kitchen"
    LIBRARY = "library"
    STAGE = "stage"
    STUDIO = "studio"

    @property
    def is_indoors(self) -> bool:
        """Whether walls stand between the subject and the weather."""
        return self in _INDOORS


_INDOORS = frozenset({Setting.ROOM, Setting.KITCHEN, Setting.LIBRARY, Setting.STAGE, Setting.STUDIO})


class Hour(StrEnum):
    """The time of day, which is the light."""

    DAWN = "dawn"
    MORNING = "morning"
    NOON = "noon"
    GOLDEN = "golden"
    SUNSET = "sunset"
    DUSK = "dusk"
    NIGHT = "night"


class Weather(StrEnum):
    """What falls or drifts through the air."""

    CLEAR = "clear"
    CLOUDS = "clouds"
    RAIN = "rain"
    SNOW = "snow"
    FOG = "fog"
    WIND = "wind"


class Look(StrEnum):
    """The style's family of pigments and paper."""

    PAINTED = "painted"
    STORYBOOK = "storybook"
    NOIR = "noir"
    NEON = "neon"
    PASTEL = "pastel"
    CINEMATIC = "cinematic"
    ANIME = "anime"
    VINTAGE = "vintage"
    MINIMAL = "minimal"
    INK = "ink"


class Move(StrEnum):
    """What the camera does."""

    STATIC = "static"
    PAN_LEFT = "pan left"
    PAN_RIGHT = "pan right"
    TRACK_LEFT = "track left"
    TRACK_RIGHT = "track right"
    TRACK = "track"
    ZOOM_IN = "zoom in"
    ZOOM_OUT = "zoom out"
    TILT_UP = "tilt up"
    TILT_DOWN = "tilt down"
    ORBIT = "orbit"
    HANDHELD = "handheld"
    CLOSE_UP = "close-up"
    WIDE = "wide"


class Verb(StrEnum):
    """What a subject does."""

    IDLE = "idle"
    WALK = "walk"
    RUN = "run"
    JUMP = "jump"
    BOUNCE = "bounce"
    FLY = "fly"
    FLOAT = "float"
    FALL = "fall"
    TURN = "turn"
    WAVE = "wave"
    APPROACH = "approach"
    LEAVE = "leave"
    DANCE = "dance"
    STOP = "stop"
    LOOK = "look"
    LOOK_UP = "look up"
    SWIM = "swim"
    ROLL = "roll"
    SLIDE = "slide"
    RISE = "rise"
    SHAKE = "shake"
    NOD = "nod"
    GROW = "grow"
    SLEEP = "sleep"
    PEEK = "peek"

    @property
    def travels(self) -> bool:
        """Whether it carries the subject along, so that a camera may follow."""
        return self in (Verb.WALK, Verb.RUN, Verb.FLY, Verb.SWIM, Verb.ROLL, Verb.SLIDE)
