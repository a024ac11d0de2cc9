"""Which engine makes what: the film's own wherever it can, a seam's engine where the film's cannot.

Every engine in use is held against the film's size and frame rate here. What it was not trained for is
refused with the line of the storyboard, unless the storyboard says `untrained: true`.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from reelhouse.capabilities import EngineSpec
from reelhouse.clips import Parameter
from reelhouse.errors import InputError, StoryboardError
from reelhouse.seams import SeamKind
from reelhouse.storyboard import Key, Storyboard
from reelhouse.windows import Windows, lay_windows

BRIDGE_ENGINE = "wan-flf2v-14b-720p"
CONTINUE_ENGINE = "wan-i2v-14b-480p"
CONTINUE_ENGINE_720 = "wan-i2v-14b-720p"
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}

FindEngine: TypeAlias = Callable[[str], EngineSpec]


@dataclass(frozen=True, slots=True)
class Maker:
    """An engine at work in a film, with its full parameter set."""

    engine: EngineSpec
    parameters: Mapping[str, Parameter]


class Makers:
    """The engines of one film.

    Args:
        storyboard: the film.
        engine: the film's own engine.
        find: what an engine of another name can make; raises InputError if there is none.

    Raises:
        StoryboardError: the film's own engine cannot make its scenes.
    """

    def __init__(self, storyboard: Storyboard, engine: EngineSpec, find: FindEngine) -> None:
        self._board = storyboard
        self._find = find
        if engine.needs_last_frame:
            raise storyboard.problem(
                ("engine",),
                f"{engine.name} films from a first to a last frame, and a scene by itself has no last frame: "
                f"choose another engine; {engine.name} makes the bridges between scenes (seam: bridge)",
            )
        problem = _video_problem(storyboard, engine)
        if problem:
            key, message = problem
            raise storyboard.problem(("video", key), f"{engine.name} {message}")
        self.film = Maker(engine, _own_parameters(storyboard, engine))
        self._others: dict[str, Maker] = {}

    def of_scene(self, index: int) -> Maker:
        """What makes a scene; to continue the one before, an engine must start from a frame.

        Raises:
            StoryboardError: the seam's engine is unknown or cannot make it.
        """
        continues = self._board.scenes[index].seam.kind is SeamKind.CONTINUE
        if not continues or self.film.engine.takes_first_frame:
            return self.film
        default = (
            CONTINUE_ENGINE_720 if min(self._board.width, self._board.height) >= 720 else CONTINUE_ENGINE
        )
        maker = self._other(SeamKind.CONTINUE, index, default)
        if not maker.engine.takes_first_frame or maker.engine.needs_last_frame:
            raise self._unfit(
                SeamKind.CONTINUE, index, maker, "does not make a scene from a first frame alone"
            )
        return maker

    def of_bridge(self, index: int) -> Maker:
        """What makes the bridge into a scene.

        Raises:
            StoryboardError: the seam's engine is unknown or cannot make it.
        """
        if _bridges(self.film.engine):
            return self.film
        maker = self._other(SeamKind.BRIDGE, index, BRIDGE_ENGINE)
        if not _bridges(maker.engine):
            raise self._unfit(SeamKind.BRIDGE, index, maker, "is not given a first and a last frame")
        return maker

    def _other(self, kind: SeamKind, index: int, default: str) -> Maker:
        name = self._board.seam_engines.get(kind, default)
        if name not in self._others:
            try:
                engine = self._find(name)
            except InputError as error:
                key: Key = ("seam_engines", kind) if kind in self._board.seam_engines else ("scenes", index)
                raise self._board.problem(key, f"the engine of a {kind} is wanted: {error}") from error
            if problem := engine.lacking_speeds.get(self._board.speed):
                raise self._board.problem(
                    ("speed",), f"the {kind} is made by {engine.name}, which lacks something: {problem}"
                )
            # One that does not have the film's speed works exactly.
            parameters = {**engine.presets[self._board.quality], **engine.speeds.get(self._board.speed, {})}
            self._others[name] = Maker(engine, parameters)
        maker = self._others[name]
        problem = _video_problem(self._board, maker.engine)
        if problem:
            raise self._unfit(kind, index, maker, problem[1])
        return maker

    def _unfit(self, kind: SeamKind, index: int, maker: Maker, problem: str) -> StoryboardError:
        return self._board.problem(
            ("scenes", index, "seam"),
            f'{kind} into "{self._board.scenes[index].id}" is made by {maker.engine.name}, which {problem}; '
            f"or use seam: cut, or another engine: seam_engines: {{{kind}: NAME}}",
        )


def scene_windows(storyboard: Storyboard, index: int, engine: EngineSpec) -> Windows:
    """The clips a scene is made in: one where the engine can, else windows that overlap.

    Raises:
        StoryboardError: the engine's clips are too short to overlap.
    """
    scene, counts, rate = storyboard.scenes[index], engine.frame_counts, storyboard.frame_rate
    longest = counts.maximum / rate
    if scene.duration_s <= longest:
        return Windows((counts.nearest(scene.duration_s, rate),))
    if storyboard.untrained:
        return Windows((counts.nearest_possible(scene.duration_s, rate),))
    try:
        return lay_windows(scene.duration_s, rate, counts, engine.window_overlap)
    except ValueError as error:
        raise storyboard.problem(
            ("scenes", index, "duration"),
            f"{engine.name} makes clips of at most {float(longest):.2f} s, too short to overlap, and scene "
            f'"{scene.id}" is to last {float(scene.duration_s):g} s: make it shorter or split it',
        ) from error


def bridge_frames(storyboard: Storyboard, index: int, engine: EngineSpec) -> int:
    """How many frames the bridge into a scene has, with both ends, which the scenes show.

    Raises:
        StoryboardError: the engine makes none as long.
    """
    seam, counts, rate = storyboard.scenes[index].seam, engine.frame_counts, storyboard.frame_rate
    assert seam.duration_s is not None  # noqa: S101 - a bridge has a duration
    with_ends = seam.duration_s + 2 / rate
    if storyboard.untrained:
        return counts.nearest_possible(with_ends, rate)
    longest = (counts.maximum - 2) / rate
    if seam.duration_s > longest:
        raise storyboard.problem(
            ("scenes", index, "seam"),
            f"{engine.name} makes bridges of at most {float(longest):.2f} s, not "
            f"{float(seam.duration_s):g} s: make it shorter",
        )
    return counts.nearest(with_ends, rate)


def _bridges(engine: EngineSpec) -> bool:
    return engine.takes_first_frame and engine.takes_last_frame


def _video_problem(storyboard: Storyboard, engine: EngineSpec) -> tuple[str, str] | None:
    """What of `video` the engine does not make: its key, and a message to follow the engine's name."""
    width, height = storyboard.width, storyboard.height
    sizes, rate, wanted = engine.sizes, storyboard.frame_rate, f"{storyboard.width}x{storyboard.height}"
    near = "x".join(str(side) for side in sizes.nearest(width=width, height=height))
    if not sizes.possible(width=width, height=height):
        return "size", f"makes {sizes.rule if storyboard.untrained else sizes}, not {wanted}: try {near}"
    if storyboard.untrained:
        return None
    if not sizes.allows(width=width, height=height):
        return "size", (
            f"makes {sizes}, not {wanted}: try {near}, or say untrained: true under video to make what it "
            "was not trained for"
        )
    if not engine.has_rate(rate):
        rates = " or ".join(str(rate) for rate in engine.frame_rates)
        return "frame_rate", (
            f"makes {rates} frames a second, not {rate}: say frame_rate: {engine.frame_rates[0]}, or "
            "untrained: true beside it to make what it was not trained for"
        )
    return None


def _own_parameters(storyboard: Storyboard, engine: EngineSpec) -> dict[str, Parameter]:
    """The quality's full set, with what the speed changes, and what the storyboard says instead."""
    if storyboard.speed in engine.lacking_speeds:
        reason = engine.lacking_speeds[storyboard.speed]
        raise storyboard.problem(
            ("speed",), f'{engine.name} lacks something for the speed "{storyboard.speed}": {reason}'
        )
    if storyboard.speed not in engine.speeds:
        speeds = ", ".join(engine.speeds)
        raise storyboard.problem(
            ("speed",), f'{engine.name} has no speed "{storyboard.speed}": choose one of {speeds}'
        )
    parameters = {**engine.presets[storyboard.quality], **engine.speeds[storyboard.speed]}
    for name, value in storyboard.parameters.items():
        key: Key = ("parameters", name)
        if name not in parameters:
            close = difflib.get_close_matches(name, parameters, n=1)
            hint = (
                f': did you mean "{close[0]}"?' if close else f" (it has {', '.join(parameters) or 'none'})"
            )
            raise storyboard.problem(key, f'{engine.name} has no parameter "{name}"{hint}')
        wanted = type(parameters[name])
        fits = isinstance(value, wanted) or (wanted is float and isinstance(value, int))
        if not fits or isinstance(value, bool) != (wanted is bool):
            raise storyboard.problem(key, f"{name} is {_KINDS[wanted]}, not {value!r}")
        known = _texts(engine, name) if wanted is str else ()
        if known and value not in known:
            raise storyboard.problem(key, f"{name} is one of {', '.join(map(repr, known))}, not {value!r}")
        parameters[name] = wanted(value)
    return parameters


def _texts(engine: EngineSpec, name: str) -> list[Parameter]:
    """The values that a parameter in words can have: those of the presets and speeds."""
    sets = (*engine.presets.values(), *engine.speeds.values())
    return list(dict.fromkeys(values[name] for values in sets if name in values))
