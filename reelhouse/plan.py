"""The plan: every step a film takes, with its key, inputs and expected cost, before anything is rendered.

A plan is decided by the storyboard, the files it names and the tools in use; it needs neither GPU nor
weights nor database. Steps stand in an order in which each comes after what it needs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from reelhouse.identity import digest
from reelhouse.plan_film import CutFilm, cut_film, native, plan_film, plan_gif, plan_stills
from reelhouse.plan_gate import Gate, plan_draft_gate, plan_takes_gate
from reelhouse.plan_takes import Tools, plan_takes
from reelhouse.stages import Stage
from reelhouse.steps import OutputOf, Step, StepList
from reelhouse.storyboard import Delivery, Storyboard


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps of one film.

    Attributes:
        storyboard: what is filmed.
        digest: the same for every storyboard that gives the same steps.
        steps: in working order, each key once.
        files: artifact id → the file handed in.
        film, poster, contact_sheet: where the results come from.
        deliveries: delivery → its finished file.
        duration_s: the film's exact length.
        gate: what a person looks at before the film is finished; None where nobody is asked.
    """

    storyboard: Storyboard
    digest: str
    steps: tuple[Step, ...]
    files: Mapping[str, Path]
    film: OutputOf
    poster: OutputOf
    contact_sheet: OutputOf
    deliveries: Mapping[Delivery, OutputOf]
    duration_s: Fraction
    gate: Gate | None

    def of(self, stage: Stage) -> list[Step]:
        """The steps of one stage, in order."""
        return [step for step in self.steps if step.stage is stage]

    @property
    def results(self) -> list[OutputOf]:
        """What people are handed: film, poster, contact sheet and deliveries, and what they look at first."""
        looked_at = (self.gate.sheet, self.gate.draft) if self.gate else ()
        finished = [self.film, self.poster, self.contact_sheet, *self.deliveries.values()]
        return [*finished, *(source for source in looked_at if source)]

    def before_approval(self, steps: Sequence[Step]) -> list[Step]:
        """Of these steps those that come before a person looks."""
        return [step for step in steps if self.gate and step.key in self.gate.before]

    def outstanding(self, is_made: Callable[[Step], bool]) -> list[Step]:
        """The steps still to be made, in working order: what the results and all takes need and lack.

        Args:
            is_made: whether a step is recorded with all its bytes; asked only where the answer matters.
        """
        steps = {step.key: step for step in self.steps}
        wanted = [source.step_key for source in self.results]
        wanted += [step.key for stage in (Stage.TAKE, Stage.JOIN) for step in self.of(stage)]
        missing: set[str] = set()
        seen: set[str] = set()
        while wanted:
            key = wanted.pop()
            if key in seen:
                continue
            seen.add(key)
            if not is_made(steps[key]):
                missing.add(key)
                wanted += steps[key].needs
        return [step for step in self.steps if step.key in missing]


def _plan_delivery(film: CutFilm, finished: Step, delivery: Delivery, plan: StepList) -> OutputOf:
    """One more encoding: an MP4 of its own size, or a GIF made from a film of its shape."""
    board = film.storyboard
    if delivery.format == "mp4":
        return plan_film(film, delivery, plan).output("film")
    has_shape_of_film = delivery.width * board.height == delivery.height * board.width
    base = finished if has_shape_of_film else plan_film(film, delivery, plan)
    return plan_gif(film, base, delivery, plan).output("gif")


def make_plan(storyboard: Storyboard, tools: Tools) -> Plan:
    """Plan a film.

    Raises:
        StoryboardError: the engine cannot make what the storyboard asks, with line and what to do.
    """
    plan = StepList()
    film = cut_film(storyboard, plan_takes(storyboard, tools, plan))
    gate = plan_takes_gate(storyboard, plan) if storyboard.approval.after == "takes" else None
    finished = plan_film(film, native(storyboard), plan)
    stills = plan_stills(film, finished, tools.engine.name, plan)
    deliveries: dict[Delivery, OutputOf] = {}
    for delivery in storyboard.deliver:
        deliveries[delivery] = _plan_delivery(film, finished, delivery, plan)
    if storyboard.approval.after == "draft":
        gate = plan_draft_gate(storyboard, tools, plan)
    return Plan(
        storyboard=storyboard,
        digest=digest("storyboard", list(plan.steps)),
        steps=tuple(plan.steps.values()),
        files=plan.files,
        film=finished.output("film"),
        poster=stills.output("poster"),
        contact_sheet=stills.output("contact_sheet"),
        deliveries=deliveries,
        duration_s=film.duration_s,
        gate=gate,
    )
