"""Planning the takes: every take of every scene, and the bridges between the scenes.

What an engine cannot make is refused, with the line of the storyboard and what would be possible.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reelhouse.capabilities import EngineSpec
from reelhouse.memory import Card
from reelhouse.plan_clips import Clip, Shot, plan_clip, plan_take
from reelhouse.plan_engines import FindEngine, Maker, Makers, bridge_frames, scene_windows
from reelhouse.plan_inputs import References, SegmenterTool, add_references, plan_prompt, plan_references
from reelhouse.plan_memory import place_takes
from reelhouse.seams import SeamKind
from reelhouse.steps import Source, Step, StepList, Tool
from reelhouse.storyboard import Scene, Storyboard


@dataclass(frozen=True, slots=True)
class Tools:
    """What a film is planned for: its engine, segmenter and expander, and how a seam's engine is found.

    `card` is the GPU it is rendered on, where that is known.
    """

    engine: EngineSpec
    segmenter: SegmenterTool
    expander: Tool
    find_engine: FindEngine
    card: Card | None = None

    def engine_of(self, name: str) -> EngineSpec:
        """The film's own engine, or one of another name."""
        return self.engine if name == self.engine.name else self.find_engine(name)


@dataclass(frozen=True, slots=True)
class PlannedTake:
    """A take that goes into the film, and its number of frames."""

    step: Step
    num_frames: int


@dataclass(frozen=True, slots=True)
class FilmTakes:
    """The chosen take of each scene, and of each scene with a bridge before it the bridge's take."""

    scenes: Sequence[PlannedTake]
    bridges: Mapping[int, PlannedTake]


def plan_takes(storyboard: Storyboard, tools: Tools, plan: StepList) -> FilmTakes:
    """Plan everything up to the takes; returns those that go into the film.

    Raises:
        StoryboardError: an engine cannot make what is asked, or the card cannot hold it.
    """
    makers = Makers(storyboard, tools.engine, tools.find_engine)
    references = plan_references(storyboard, tools.segmenter, plan)
    chosen: list[PlannedTake] = []
    bridges: dict[int, PlannedTake] = {}
    for index, scene in enumerate(storyboard.scenes):
        kind = scene.seam.kind
        if kind is not SeamKind.CUT and index == 0:
            raise storyboard.problem(
                ("scenes", 0, "seam"),
                f"the first scene has nothing before it to {kind} from: remove the seam",
            )
        maker = makers.of_scene(index)
        windows = scene_windows(storyboard, index, maker.engine)
        is_shown = _count_references(storyboard, index, maker.engine, continued=maker is not makers.film)
        told = plan_prompt(storyboard, scene, tools.expander, plan)
        shot = _shot(storyboard, scene, maker, told, references if is_shown else None)
        start: dict[str, Source] = {}
        if kind is SeamKind.CONTINUE:
            start["first_frame"] = chosen[-1].step.output("last_frame")
        takes = {take: plan_take(storyboard, shot, windows, take, start, plan) for take in _numbers(scene)}
        chosen.append(PlannedTake(takes[scene.use_take], windows.total))
        if kind is SeamKind.BRIDGE:
            ends = chosen[-2].step, chosen[-1].step
            bridges[index] = _plan_bridge(storyboard, index, makers.of_bridge(index), told, ends, plan)
    place_takes(storyboard, tools.card, tools.engine_of, plan)
    return FilmTakes(chosen, bridges)


def _numbers(scene: Scene) -> list[int]:
    """The takes to make: those that are written, and one that was asked for later."""
    return sorted({*range(1, scene.takes + 1), scene.use_take})


def _count_references(storyboard: Storyboard, index: int, engine: EngineSpec, *, continued: bool) -> bool:
    """Whether the scene's reference images are given to the engine.

    A seam's engine that takes fewer is given none: the frame it starts from shows who is in the scene.

    Raises:
        StoryboardError: the scene has more or fewer than the engine takes.
    """
    scene = storyboard.scenes[index]
    fewest, most = engine.references
    count = sum(len(storyboard.subjects[name].images) for name in scene.subjects)
    if fewest <= count <= most:
        return True
    if continued and fewest == 0:
        return False
    raise storyboard.problem(
        ("scenes", index, "subjects"),
        f"{engine.name} takes {fewest} to {most} reference images, "
        f'scene "{scene.id}" has {count} ({", ".join(scene.subjects) or "no subjects"})',
    )


def _shot(
    storyboard: Storyboard, scene: Scene, maker: Maker, prompt: Step, references: References | None
) -> Shot:
    inputs: dict[str, Source] = {"prompt": prompt.output("prompt"), "negative": prompt.output("negative")}
    described = [] if references is None else add_references(inputs, scene, storyboard, references)
    return Shot(scene.id, scene, maker, inputs, described)


def _plan_bridge(
    storyboard: Storyboard, index: int, maker: Maker, told: Step, ends: tuple[Step, Step], plan: StepList
) -> PlannedTake:
    """The passage from the last frame of one scene's take to the first frame of the next one's."""
    leaving, coming = storyboard.scenes[index - 1], storyboard.scenes[index]
    name = f"{leaving.id} to {coming.id}"
    if maker.engine.references[0]:
        raise storyboard.problem(
            ("scenes", index, "seam"),
            f"a bridge has no reference images and {maker.engine.name} wants {maker.engine.references[0]}: "
            "name another engine: seam_engines: {bridge: NAME}",
        )
    inputs = {"prompt": told.output("prompt"), "negative": told.output("negative")}
    shot = Shot(name, coming, maker, inputs, ())
    num_frames = bridge_frames(storyboard, index, maker.engine)
    frames = {"first_frame": ends[0].output("last_frame"), "last_frame": ends[1].output("first_frame")}
    clip = Clip(name, num_frames, storyboard.seed_of(name, 1), frames)
    return PlannedTake(plan_clip(storyboard, shot, clip, plan), num_frames)
