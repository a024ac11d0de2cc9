"""Planning clips: the calls of an engine that one take needs, and the join where they are several."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reelhouse.capabilities import ClipShape, Cost, EngineSpec
from reelhouse.plan_engines import Maker
from reelhouse.stages import Stage
from reelhouse.steps import Source, Step, StepList
from reelhouse.storyboard import Scene, Storyboard
from reelhouse.windows import Windows

JOINED_PIXELS_PER_S = 11e6  # decoded, matched, blended and encoded on two busy cores, docs/lab-log.md


@dataclass(frozen=True, slots=True)
class Shot:
    """What the clips of one scene, or the one of a bridge, have in common."""

    name: str
    scene: Scene
    maker: Maker
    inputs: Mapping[str, Source]
    references: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Clip:
    """What is one clip's own."""

    label: str
    num_frames: int
    seed: int
    inputs: Mapping[str, Source] = field(default_factory=dict)
    overlap_frames: int = 0


def plan_take(
    storyboard: Storyboard,
    shot: Shot,
    windows: Windows,
    take: int,
    start: Mapping[str, Source],
    plan: StepList,
) -> Step:
    """One take of a scene: its clip, or the join of its windows."""
    scene, count = shot.scene, len(windows.num_frames)
    label = scene.id if scene.takes == take == 1 else f"{scene.id} take {take}"
    first = Clip(label, windows.num_frames[0], storyboard.seed_of(scene.id, take), start)
    if count == 1:
        return plan_clip(storyboard, shot, first, plan)
    steps: list[Step] = []
    for number, num_frames in enumerate(windows.num_frames, 1):
        name = f"{label}, window {number} of {count}"
        if steps:
            # No scene's id has a space in it, so no scene has the seed of another's window.
            seed = storyboard.seed_of(f"{scene.id} window {number}", take)
            clip = _following(shot.maker.engine, steps[-1], Clip(name, num_frames, seed), windows.overlap)
        else:
            clip = Clip(name, num_frames, first.seed, start)
        steps.append(plan_clip(storyboard, shot, clip, plan))
    return _plan_join(storyboard, label, windows, steps, plan)


def _following(engine: EngineSpec, before: Step, clip: Clip, overlap: int) -> Clip:
    """A window that goes on from the one before as well as its engine can."""
    inputs: dict[str, Source] = {}
    if engine.takes_overlap:
        inputs["overlap"] = before.output("take")
    elif engine.takes_first_frame:
        inputs["first_frame"] = before.output("last_frame")
    given = overlap if engine.takes_overlap else 0
    return Clip(clip.label, clip.num_frames, clip.seed, inputs, given)


def plan_clip(storyboard: Storyboard, shot: Shot, clip: Clip, plan: StepList) -> Step:
    """One call of an engine."""
    engine, parameters = shot.maker.engine, shot.maker.parameters
    described: dict[str, object] = {
        "scene": shot.name,
        "action": shot.scene.prompt.in_language(storyboard.language),
        "style": storyboard.style,
        "camera": shot.scene.camera,
        "references": shot.references,
        "num_frames": clip.num_frames,
        "frame_rate": storyboard.frame_rate,
        "height": storyboard.height,
        "width": storyboard.width,
        "seed": clip.seed,
        "parameters": parameters,
    }
    if clip.overlap_frames:
        described["overlap_frames"] = clip.overlap_frames
    if not engine.is_trained_for(
        width=storyboard.width,
        height=storyboard.height,
        num_frames=clip.num_frames,
        frame_rate=storyboard.frame_rate,
    ):
        described["untrained"] = True
    shape = ClipShape(clip.num_frames, storyboard.height, storyboard.width, len(shot.references))
    return plan.add(
        Stage.TAKE,
        clip.label,
        described,
        {**shot.inputs, **clip.inputs},
        tool=engine,
        cost=engine.cost(shape, parameters),
    )


def _plan_join(
    storyboard: Storyboard, label: str, windows: Windows, steps: Sequence[Step], plan: StepList
) -> Step:
    """The windows of a take as one take, whose first and last frame are exact."""
    inputs: dict[str, Source] = {
        f"window.{number:05d}": step.output("take") for number, step in enumerate(steps)
    }
    inputs["first_frame"] = steps[0].output("first_frame")
    inputs["last_frame"] = steps[-1].output("last_frame")
    pixels = storyboard.height * storyboard.width
    seconds = sum(windows.num_frames) * pixels / JOINED_PIXELS_PER_S
    return plan.add(
        Stage.JOIN,
        label,
        {
            "windows": windows.num_frames,
            "overlap": windows.overlap,
            "starts": windows.starts,
            "num_frames": windows.total,
            "frame_rate": storyboard.frame_rate,
            "height": storyboard.height,
            "width": storyboard.width,
        },
        inputs,
        cost=Cost(tokens=0, seconds=seconds, memory_bytes=(80 + 12 * windows.overlap) * pixels),
    )
