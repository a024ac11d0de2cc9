"""Planning the gate: what is made first, and looked at by a person before the film is finished.

It is either all takes on one contact sheet, or the whole film in draft quality, which is a film like any
other: what a render of that quality has made is not made again.
"""

from dataclasses import dataclass, replace

from reelhouse.capabilities import Cost
from reelhouse.plan_film import cut_film, native, plan_film, plan_stills
from reelhouse.plan_takes import Tools, plan_takes
from reelhouse.stages import Stage
from reelhouse.steps import OutputOf, Source, Step, StepList
from reelhouse.storyboard import Storyboard


@dataclass(frozen=True, slots=True)
class Gate:
    """What a person looks at.

    Attributes:
        sheet: its contact sheet; the step that draws it names what is decided on.
        draft: the film in draft quality; None where it is the takes that are looked at.
        before: the keys of the steps that are made first.
    """

    sheet: OutputOf
    draft: OutputOf | None
    before: frozenset[str]


def plan_takes_gate(storyboard: Storyboard, plan: StepList) -> Gate:
    """Plan the contact sheet of all takes, also of those that do not go into the film.

    Args:
        plan: has the takes, and nothing that comes after them.
    """
    sheet = _plan_sheet(storyboard, plan)
    return Gate(sheet.output("sheet"), None, frozenset(plan.steps))


def plan_draft_gate(storyboard: Storyboard, tools: Tools, plan: StepList) -> Gate:
    """Plan the film in draft quality, without its deliveries, before everything that `plan` has.

    Raises:
        StoryboardError: the film is a draft itself, or its draft cannot be made.
    """
    if storyboard.quality == "draft":
        raise storyboard.problem(
            ("approve",),
            "approve: draft makes a draft for a person to look at, and then the film in its own quality, "
            "which is draft already: ask for quality: standard or final, or for approve: takes or none",
        )
    steps = StepList()
    draft = replace(storyboard, quality="draft", deliver=())
    film = cut_film(draft, plan_takes(draft, tools, steps))
    finished = plan_film(film, native(draft), steps)
    stills = plan_stills(film, finished, tools.engine.name, steps)
    drafted = {key: replace(step, label=f"draft: {step.label}") for key, step in steps.steps.items()}
    plan.steps = drafted | plan.steps  # a step of both is called as the film calls it
    return Gate(stills.output("contact_sheet"), finished.output("film"), frozenset(drafted))


def _plan_sheet(storyboard: Storyboard, plan: StepList) -> Step:
    windows = {key for step in plan.steps.values() if step.stage is Stage.JOIN for key in step.needs}
    takes = [
        step
        for step in plan.steps.values()
        if step.stage is Stage.JOIN or (step.stage is Stage.TAKE and step.key not in windows)
    ]
    inputs: dict[str, Source] = {f"take.{at:05d}": take.output("take") for at, take in enumerate(takes)}
    count = f"{len(takes)} takes" if len(takes) > 1 else "1 take"
    return plan.add(
        Stage.SHEET,
        storyboard.title,
        {
            "title": storyboard.title,
            "subtitle": f"{count}  ·  {storyboard.engine}, {storyboard.quality}",
            "labels": [take.label for take in takes],
        },
        inputs,
        cost=Cost(tokens=0, seconds=0.3 + 0.15 * min(len(takes), 240), memory_bytes=100 << 20),
    )
