"""Planning what a take is told and shown: words → prompts, pictures → masks → reference images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from reelhouse.capabilities import Cost
from reelhouse.stages import Stage
from reelhouse.steps import Source, Step, StepList, Tool
from reelhouse.storyboard import Scene, Storyboard, Subject

MASK_COST = Cost(tokens=0, seconds=1.5, memory_bytes=300 << 20)


class SegmenterTool(Tool, Protocol):
    """A segmenter also says whether it reads the subject's description."""

    @property
    def needs_phrase(self) -> bool:
        """Whether it finds a subject by its description."""
        ...


@dataclass(frozen=True, slots=True)
class ReferenceSteps:
    """What one picture of a subject goes through."""

    mask: Step
    letterbox: Step


References: TypeAlias = Mapping[str, Sequence[ReferenceSteps]]


def plan_references(storyboard: Storyboard, segmenter: SegmenterTool, plan: StepList) -> References:
    """Plan the masks and reference images of all subjects, by name."""
    return {
        name: [
            _plan_reference(storyboard, subject, index, segmenter, plan)
            for index in range(len(subject.images))
        ]
        for name, subject in storyboard.subjects.items()
    }


def _plan_reference(
    storyboard: Storyboard, subject: Subject, index: int, segmenter: SegmenterTool, plan: StepList
) -> ReferenceSteps:
    image = subject.images[index]
    label = f"{subject.name}: {image.name}"
    method = subject.mask.method if subject.role.is_cut_out else "none"
    inputs: dict[str, Source] = {"picture": plan.given(image)}
    if subject.mask.file and method == "file":
        inputs["mask"] = plan.given(subject.mask.file)
    uses_segmenter = method in ("auto", "box")
    reads_phrase = uses_segmenter and segmenter.needs_phrase
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
        tool=segmenter if uses_segmenter else None,
        cost=MASK_COST,
    )
    letterbox = plan.add(
        Stage.REFERENCE,
        label,
        {"height": storyboard.height, "width": storyboard.width},
        {"flat": mask.output("flat")},
    )
    return ReferenceSteps(mask, letterbox)


def plan_prompt(storyboard: Storyboard, scene: Scene, expander: Tool, plan: StepList) -> Step:
    """Plan the expansion of a scene's words."""
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


def add_references(
    inputs: dict[str, Source],
    scene: Scene,
    storyboard: Storyboard,
    references: References,
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
