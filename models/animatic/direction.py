"""The director: a scene's words become a `Direction`, everything the film crew needs to know and no more.

No picture is read and nothing is drawn here. Words that ask for nothing known leave a choice to the seed.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from models.animatic import action_words, scene_words
from models.animatic.lexicon import Hit, tokens
from models.animatic.words import Hour, Look, Move, Setting, Verb, Weather
from reelhouse.clips import ClipRequest, Reference, Role

MAX_BEATS = 3  # verbs one subject acts out in one clip; more would be a flurry

_DARK = {Look.NEON: Hour.NIGHT, Look.NOIR: Hour.DUSK}  # the hour a style is at home in


@dataclass(frozen=True, slots=True)
class Part:
    """One subject's part in a scene.

    Attributes:
        reference: its index among the request's references.
        verbs: what it does, in order; never empty.
        element: "ground", "air", "water" (on its surface) or "deep" (in it).
        heading: -1 when it travels to the left, 1 to the right.
        faces: where its picture looks, -1 or 1.
        may_mirror: whether its picture may be flipped; a product's lettering may not.
        held_by: the index of the subject that holds it, if one does.
        stringed: whether it is held on a string.
    """

    reference: int
    verbs: tuple[Verb, ...]
    element: str
    heading: int
    faces: int
    may_mirror: bool
    held_by: int | None
    stringed: bool


@dataclass(frozen=True, slots=True)
class Direction:
    """A scene, directed: where, when, in what weather and look, seen how, and who does what."""

    setting: Setting
    hour: Hour
    weather: Weather
    look: Look
    moves: tuple[Move, ...]
    parts: tuple[Part, ...]

    def recast(self, parts: tuple[Part, ...]) -> "Direction":
        """The same scene with other parts."""
        present = {part.reference for part in parts}
        kept = tuple(part if part.held_by in present else replace(part, held_by=None) for part in parts)
        return replace(self, parts=kept)

    @property
    def travels(self) -> bool:
        """Whether somebody covers ground, so that a tracking camera has someone to follow."""
        return any(verb.travels for part in self.parts for verb in part.verbs)

    @property
    def heading(self) -> int:
        """Where the scene goes: -1 to the left, 1 to the right."""
        return self.parts[0].heading if self.parts else 1


def direct(request: ClipRequest) -> Direction:
    """Read a request's words; what they leave open is drawn from its seed."""
    rng = np.random.default_rng([request.seed, 1])
    action, style = tokens(request.action), tokens(request.style)
    described = tokens(" ".join(r.description for r in request.references if not r.role.is_cut_out))
    setting = _setting(action, described, request)
    look = scene_words.LOOKS.first(style) or scene_words.LOOKS.first(action) or Look.PAINTED
    told = scene_words.HOURS.first(action) or scene_words.HOURS.first(style)
    hour = told or _DARK.get(look) or _hour(rng)
    weather = scene_words.WEATHERS.first(action) or scene_words.WEATHERS.first(style) or _weather(rng)
    if setting is Setting.SPACE:
        hour = Hour.NIGHT
    moves = tuple(dict.fromkeys(hit.meaning for hit in action_words.MOVES.find(tokens(request.camera))))
    parts = _parts(request, action, moves, setting)
    if not moves:
        moves = _moves(rng, parts)
    return Direction(setting, hour, weather, look, moves, parts)


def _setting(action: tuple[str, ...], described: tuple[str, ...], request: ClipRequest) -> Setting:
    """The place named, else the place hinted at, else one that suits the cast and what it does."""
    named = {token for reference in request.references for token in tokens(reference.name)}
    for lexicon, text in (
        (scene_words.SETTINGS, action),
        (scene_words.HINTS, action),
        (scene_words.SETTINGS, described),
    ):
        places = [hit for hit in lexicon.find(text) if not named & set(text[hit.start : hit.stop])]
        if places:
            return places[0].meaning
    if scene_words.WEATHERS.first(action) is Weather.SNOW:
        return Setting.SNOWFIELD
    cast = [reference for reference in request.references if reference.role.is_cut_out]
    swimmers = [action_words.AFLOAT.first(tokens(reference.name)) for reference in cast]
    verbs = {hit.meaning for hit in action_words.VERBS.find(action)}
    if Verb.SWIM in verbs or any(swimmers):
        return Setting.UNDERWATER if "fish" in swimmers else Setting.SEA
    if cast and all(action_words.AIRBORNE.first(tokens(reference.name)) for reference in cast):
        return Setting.SKY
    outdoors = scene_words.HOURS.first(action) or scene_words.WEATHERS.first(action)
    alive = any(reference.role is Role.SUBJECT for reference in cast)
    return Setting.MEADOW if outdoors or alive else Setting.STUDIO


def _hour(rng: np.random.Generator) -> Hour:
    return (Hour.MORNING, Hour.NOON, Hour.NOON, Hour.GOLDEN)[int(rng.integers(4))]


def _weather(rng: np.random.Generator) -> Weather:
    return (Weather.CLEAR, Weather.CLEAR, Weather.CLOUDS)[int(rng.integers(3))]


def _moves(rng: np.random.Generator, parts: tuple[Part, ...]) -> tuple[Move, ...]:
    if any(verb.travels for part in parts for verb in part.verbs):
        return (Move.TRACK,)
    return ((Move.ZOOM_IN,), (Move.ZOOM_IN,), (Move.ORBIT,))[int(rng.integers(3))]


def _parts(
    request: ClipRequest, action: tuple[str, ...], moves: tuple[Move, ...], setting: Setting
) -> tuple[Part, ...]:
    cast = [(i, ref) for i, ref in enumerate(request.references) if ref.role.is_cut_out]
    spots = {i: _spots(reference, action) for i, reference in cast}
    holders = _holders(spots, action)
    verbs = _shared_out(action_words.VERBS.find(action), spots, holders)
    # A camera that moves past somebody standing turns nobody round.
    travelling = any(verb.travels for acted in verbs.values() for verb in acted)
    side = _side(action, moves if travelling else ())
    return tuple(_part(i, reference, verbs[i], side, holders.get(i), setting) for i, reference in cast)


def _part(
    index: int,
    reference: Reference,
    verbs: tuple[Verb, ...],
    side: int | None,
    holder: int | None,
    setting: Setting,
) -> Part:
    named = tokens(reference.name)
    told = tokens(reference.description)
    faces = -1 if action_words.SIDES.first(told) == "left" else 1
    stringed = holder is not None and bool(
        action_words.STRINGED.first(named) or action_words.STRINGED.first(told)
    )
    return Part(
        reference=index,
        verbs=verbs,
        element=_element(named, told, verbs, setting),
        heading=side or faces,
        faces=faces,
        may_mirror=reference.role is Role.SUBJECT,
        held_by=holder,
        stringed=stringed,
    )


def _element(named: tuple[str, ...], told: tuple[str, ...], verbs: tuple[Verb, ...], setting: Setting) -> str:
    """Its name decides before its description: a fox with a kite on its scarf stays on the ground."""
    if setting is Setting.UNDERWATER:
        return "deep"
    if setting in (Setting.SPACE, Setting.SKY):
        return "air"
    flies = action_words.AIRBORNE.first(named) or (
        action_words.AIRBORNE.find(told) and not action_words.VERBS.find(told)
    )
    if flies or Verb.FLY in verbs or Verb.FLOAT in verbs:
        return "air"
    return "water" if setting is Setting.SEA else "ground"


def _spots(reference: Reference, action: tuple[str, ...]) -> list[int]:
    """Where in the sentence a subject is named: by its name, in either language, else by its description."""
    name = tokens(reference.name)
    width = len(name)
    spots = [
        at
        for at in range(len(action) - width + 1)
        if width
        and all(a in (n, n + "s", n + "'s") for n, a in zip(name, action[at : at + width], strict=True))
    ]
    noun = action_words.NOUNS.first(name)
    if noun is not None:
        spots += [hit.start for hit in action_words.NOUNS.find(action) if hit.meaning == noun]
    if spots:
        return sorted(set(spots))
    telling = {
        word for word in tokens(reference.description) if len(word) > 3 or "\u3400" <= word <= "\u9fff"
    }
    chinese = [at for at, word in enumerate(action) if "\u3400" <= word <= "\u9fff" and word in telling]
    runs = [a for a, b in pairwise(chinese) if b == a + 1]
    return runs or [at for at, word in enumerate(action) if word in telling and word.isascii()]


def _holders(spots: dict[int, list[int]], action: tuple[str, ...]) -> dict[int, int]:
    """Who is held by whom: the nearest name after a word of holding, by the nearest name before it."""
    held: dict[int, int] = {}
    for hit in action_words.TETHERS.find(action):
        before = [(at, i) for i, places in spots.items() for at in places if at < hit.start]
        after = [(at, i) for i, places in spots.items() for at in places if hit.stop <= at <= hit.stop + 4]
        item = min(after)[1] if after else None
        holder = max(before)[1] if before else next((i for i in spots if i != item), None)
        if item is not None and holder is not None and item != holder:
            held[item] = holder
    return {item: holder for item, holder in held.items() if holder not in held}


def _shared_out(
    hits: list[Hit[Verb]], spots: dict[int, list[int]], holders: dict[int, int]
) -> dict[int, tuple[Verb, ...]]:
    """Give each verb to the subject named last before it; verbs nobody is named for go to everybody."""
    given: dict[int, list[Verb]] = {i: [] for i in spots}
    for hit in hits:
        before = [
            (at, i) for i, places in spots.items() for at in places if at < hit.start and i not in holders
        ]
        free = [i for i in spots if i not in holders]
        for i in [max(before)[1]] if before else free or list(spots):
            given[i].append(hit.meaning)
    everybody = [hit.meaning for hit in hits]
    for i, verbs in given.items():
        if not verbs and not spots[i]:
            verbs.extend(everybody)
    return {i: tuple(dict.fromkeys(verbs))[:MAX_BEATS] or (Verb.IDLE,) for i, verbs in given.items()}


def _side(action: tuple[str, ...], moves: tuple[Move, ...]) -> int | None:
    if {Move.TRACK_LEFT, Move.PAN_LEFT} & set(moves):
        return -1
    if {Move.TRACK_RIGHT, Move.PAN_RIGHT} & set(moves):
        return 1
    told = action_words.SIDES.first(action)
    return None if told is None else -1 if told == "left" else 1
