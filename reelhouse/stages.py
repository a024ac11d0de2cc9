"""The stages a film passes through, with the version of the code behind each.

A version is raised by hand whenever the stage would make other bytes of the same inputs and parameters; every
step of that stage, and what follows from it, is then made again.
"""

from enum import StrEnum


class Stage(StrEnum):
    """One kind of step; the order is the order of work."""

    MASK = "mask"
    REFERENCE = "reference"
    PROMPT = "prompt"
    TAKE = "take"
    JOIN = "join"
    SHEET = "sheet"
    PIECE = "piece"
    BLEND = "blend"
    CARD = "card"
    MUSIC = "music"
    FILM = "film"
    STILLS = "stills"
    GIF = "gif"


CODE_VERSION = {
    Stage.REFERENCE: "1",
    Stage.TAKE: "1",  # together with the engine's own version
    Stage.JOIN: "1",
    Stage.SHEET: "1",
    Stage.PIECE: "1",
    Stage.BLEND: "1",
    Stage.CARD: "1",
    Stage.MUSIC: "1",
    Stage.FILM: "1",
    Stage.STILLS: "1",
    Stage.GIF: "1",
    Stage.MASK: "1",  # together with the segmenter's own version
    Stage.PROMPT: "1",  # together with the expander's own version
}
