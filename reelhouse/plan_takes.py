"""Planning the takes: pictures → masks → references, words → prompts, and a clip for every take.

What an engine cannot make is refused here, with the line of the storyboard and what would be possible.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reelhouse.capabilities import ClipShape, Cost, EngineSpec
from reelhouse.clips import Parameter
from reelhouse.seams import SeamKind
from reelhouse.stages import Stage
from reelhouse.steps import Source, Step, StepList, Tool
from reelhouse.storyboard import Scene, Storyboard, Subject

_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
MASK_COST = Cost(tokens=0, seconds=1.5, memory_bytes=300 << 20)


class SegmenterTool(Tool, Protocol):
    """A segmenter also says whether it reads the subject's description."""

    @property
    def needs_phrase(self) -> bool:
        """Whether it finds a subject by its description."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What a film is planned for: its video engine, segmenter and prompt expander."""

    engine: EngineSpec
    segmenter: SegmenterTool
    expander: Tool


@dataclass(frozen=True, slots=True)
class PlannedTake:
    """The take of a scene that goes into the film, and its number of frames."""

    step: Step
    num_frames: int


@dataclass(frozen=True, slots=True)
class _ReferenceSteps:
    mask: Step
    letterbox: Step


def plan_takes(storyboard: Storyboard, tools: Tools, plan: StepList) -> list[PlannedTake]:
    """Plan everything up to the takes; returns the take of each scene that goes into the film.

    Raises:
        StoryboardError: the engine cannot make what is asked.
    """
    engine = tools.engine
    _check_video(storyboard, engine)
    parameters = _engine_parameters(storyboard, engine)
    references = {
        name: [
            _plan_reference(storyboard, subject, index, tools, plan) for index in range(len(subject.images))
        ]
        for name, subject in storyboard.subjects.items()
    }
    chosen: list[PlannedTake] = []
    for index, scene in enumerate(storyboard.scenes):
        num_frames = _num_frames(storyboard, scene, index, engine)
        _check_scene(storyboard, scene, index, engine)
        prompt = _plan_prompt(storyboard, scene, tools.expander, plan)
        inputs: dict[str, Source] = {"prompt": prompt.output("prompt"), "negative": prompt.output("negative")}
        described = _add_references(inputs, scene, storyboard, references)
        if scene.seam.kind is SeamKind.CONTINUE:
            inputs["first_frame"] = chosen[-1].step.output("last_frame")
        shape = ClipShape(num_frames, storyboard.height, storyboard.width, len(described))
        takes = [
            plan.add(
                Stage.TAKE,
                scene.id if scene.takes == 1 else f"{scene.id} take {take}",
                {
                    "scene": scene.id,
                    "action": scene.prompt.in_language(storyboard.language),
                    "style": storyboard.style,
                    "camera": scene.camera,
                    "references": described,
                    "num_frames": num_frames,
                    "frame_rate": storyboard.frame_rate,
                    "height": storyboard.height,
                    "width": storyboard.width,
                    "seed": storyboard.seed_of(scene.id, take),
                    "parameters": parameters,
                },
                inputs,
                tool=engine,
                cost=engine.cost(shape, parameters),
            )
            for take in range(1, scene.takes + 1)
        ]
        chosen.append(PlannedTake(takes[scene.use_take - 1], num_frames))
    return chosen


def _check_video(storyboard: Storyboard, engine: EngineSpec) -> None:
    width, height = storyboard.width, storyboard.height
    if not engine.sizes.allows(width=width, height=height):
        near = "x".join(str(side) for side in engine.sizes.nearest(width=width, height=height))
        raise storyboard.problem(
            ("video", "size"), f"{engine.name} makes {engine.sizes}, not {width}x{height}: try {near}"
        )
    if engine.frame_rates and storyboard.frame_rate not in engine.frame_rates:
        rates = " or ".join(str(rate) for rate in engine.frame_rates)
        raise storyboard.problem(
            ("video", "frame_rate"),
            f"{engine.name} makes {rates} frames a second, not {storyboard.frame_rate}",
        )


def _engine_parameters(storyboard: Storyboard, engine: EngineSpec) -> dict[str, Parameter]:
    parameters = dict(engine.presets[storyboard.quality])
    for name, value in storyboard.parameters.items():
        key = ("parameters", name)
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
        parameters[name] = wanted(value)
    return parameters


def _num_frames(storyboard: Storyboard, scene: Scene, index: int, engine: EngineSpec) -> int:
    counts = engine.frame_counts
    longest = counts.maximum / storyboard.frame_rate
    if scene.duration_s > longest:
        raise storyboard.problem(
            ("scenes", index, "duration"),
            f'{engine.name} makes clips of at most {float(longest):.2f} s, scene "{scene.id}" is to last '
            f"{float(scene.duration_s):g} s: make it shorter or split it",
        )
    return counts.nearest(scene.duration_s, storyboard.frame_rate)


def _check_scene(storyboard: Storyboard, scene: Scene, index: int, engine: EngineSpec) -> None:
    kind = scene.seam.kind
    if kind is not SeamKind.CUT and index == 0:
        raise storyboard.problem(
            ("scenes", 0, "seam"), f"the first scene has nothing before it to {kind} from: remove the seam"
        )
    if kind is SeamKind.BRIDGE:
        raise storyboard.problem(
            ("scenes", index, "seam"),
            f"a bridge needs an engine that is given first and last frames, and {engine.name} is not: "
            "use cut, dissolve 0.5s or continue",
        )
    if kind is SeamKind.CONTINUE and not engine.takes_first_frame:
        raise storyboard.problem(
            ("scenes", index, "seam"),
            f"continue needs an engine that starts from a given frame, and {engine.name} does not: "
            "use cut or dissolve 0.5s",
        )
    fewest, most = engine.references
    count = sum(len(storyboard.subjects[name].images) for name in scene.subjects)
    if not fewest <= count <= most:
        raise storyboard.problem(
            ("scenes", index, "subjects"),
            f"{engine.name} takes {fewest} to {most} reference images, "
            f'scene "{scene.id}" has {count} ({", ".join(scene.subjects) or "no subjects"})',
        )


def _plan_reference(
    storyboard: Storyboard, subject: Subject, index: int, tools: Tools, plan: StepList
) -> _ReferenceSteps:
    image = subject.images[index]
    label = f"{subject.name}: {image.name}"
    method = subject.mask.method if subject.role.is_cut_out else "none"
    inputs: dict[str, Source] = {"picture": plan.given(image)}
    if subject.mask.file and method == "file":
        inputs["mask"] = plan.given(subject.mask.file)
    uses_segmenter = method in ("auto", "box")
    reads_phrase = uses_segmenter and tools.segmenter.needs_phrase
    mask = plan.add(
        Stage.MASK,
        label,
        {
            "role": subject.role,
            "method": method,
            "box": subject.mask.box,
            "phrase": subject.description.in_language("en") if reads_phrase else "",
        },
        inputs,
        tool=tools.segmenter if uses_segmenter else None,
        cost=MASK_COST,
    )
    letterbox = plan.add(
        Stage.REFERENCE,
        label,
        {"height": storyboard.height, "width": storyboard.width},
        {"flat": mask.output("flat")},
    )
    return _ReferenceSteps(mask, letterbox)


def _plan_prompt(storyboard: Storyboard, scene: Scene, expander: Tool, plan: StepList) -> Step:
    language = storyboard.language
    subjects = [storyboard.subjects[name] for name in scene.subjects]
    return plan.add(
        Stage.PROMPT,
        scene.id,
        {
            "action": scene.prompt.in_language(language),
            "language": language,
            "style": storyboard.style,
            "camera": scene.camera,
            "subjects": [
                {
                    "name": subject.name,
                    "role": subject.role,
                    "description": subject.description.in_language(language),
                }
                for subject in subjects
            ],
            "duration_s": float(scene.duration_s),
            "negative_prompt": scene.negative_prompt,
        },
        {},
        tool=expander,
    )


def _add_references(
    inputs: dict[str, Source],
    scene: Scene,
    storyboard: Storyboard,
    references: Mapping[str, Sequence[_ReferenceSteps]],
) -> list[dict[str, str]]:
    """Name the scene's reference images among a take's inputs; returns what each of them shows."""
    described: list[dict[str, str]] = []
    for name in scene.subjects:
        subject = storyboard.subjects[name]
        for steps in references[name]:
            number = len(described)
            inputs[f"cutout.{number}"] = steps.mask.output("cutout")
            inputs[f"reference.{number}"] = steps.letterbox.output("reference")
            described.append(
                {
                    "name": name,
                    "role": subject.role,
                    "description": subject.description.in_language(storyboard.language),
                }
            )
    return described
