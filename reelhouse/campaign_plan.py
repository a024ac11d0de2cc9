"""The plan of a campaign: the plans of its films united by step key, held against budget and deadline.

Films are counted in the campaign's order: a step that two films need is new for the first and shared by the
second. What is over the budget or late is named from the end of that order.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from reelhouse.campaign import Campaign
from reelhouse.errors import InputError
from reelhouse.plan import Plan
from reelhouse.schedule import Work, ends_after_s
from reelhouse.steps import Step


@dataclass(frozen=True, slots=True)
class FilmPlan:
    """One film of a campaign.

    Attributes:
        name: "Fox and Kite, zh, 9:16".
        variant: "zh, 9:16".
        new: steps to be made for this film first.
        shared: steps to be made that a film before it needs as well.
    """

    name: str
    variant: str
    plan: Plan
    new: tuple[Step, ...]
    shared: tuple[Step, ...]

    @property
    def made(self) -> int:
        """How many of its steps are made already, or not needed."""
        return len(self.plan.steps) - len(self.new) - len(self.shared)

    @property
    def engine_calls(self) -> int:
        """How often a video engine has to run for this film first."""
        return sum(step.engine_calls for step in self.new)

    @property
    def engine_s(self) -> float:
        """Expected seconds of that."""
        return engine_seconds(self.new)


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """All films of a campaign.

    Attributes:
        films: in the campaign's order.
        hands: how many steps of each kind, "engine" and "cpu", are worked on side by side.
    """

    campaign: Campaign
    films: tuple[FilmPlan, ...]
    hands: Mapping[str, int]

    @property
    def steps(self) -> list[Step]:
        """Every step to be made, each once."""
        return [step for film in self.films for step in film.new]

    @property
    def engine_calls(self) -> int:
        """How often a video engine has to run."""
        return sum(step.engine_calls for step in self.steps)

    @property
    def engine_s(self) -> float:
        """Expected seconds of engine work; GPU seconds, where the engine works on a GPU."""
        return engine_seconds(self.steps)

    @property
    def expected_s(self) -> float:
        """Expected seconds until all films are ready."""
        return _ready_after_s(self.steps, self.hands)

    @property
    def over_budget(self) -> list[FilmPlan]:
        """The films that would have to go for the others to keep within the budget."""
        limit_s = self.campaign.budget_s
        return [] if limit_s is None else self._beyond(limit_s, engine_seconds)

    def late(self, now: datetime) -> list[FilmPlan]:
        """The films that would have to go for the others to be ready in time."""
        deadline = self.campaign.deadline
        if deadline is None:
            return []
        left_s = (deadline.moment(now) - now).total_seconds()
        return self._beyond(left_s, lambda steps: _ready_after_s(steps, self.hands))

    def check(self, now: datetime) -> None:
        """Refuse what cannot be kept.

        Raises:
            InputError: the campaign is over its budget, or late; the message names the films to leave out.
        """
        campaign = self.campaign
        if gone := self.over_budget:
            raise _refusal(
                campaign,
                "budget",
                f"about {self.engine_s:,.0f} s of engine time are needed and the budget is "
                f"{campaign.budget_s:,.0f} s",
                gone,
            )
        if gone := self.late(now):
            raise _refusal(
                campaign,
                "deadline",
                f"the films are expected to be ready {self.expected_s:,.0f} s from now, after the deadline",
                gone,
            )

    def _beyond(self, limit: float, measured: Callable[[Sequence[Step]], float]) -> list[FilmPlan]:
        if measured(self.steps) <= limit:
            return []
        kept: dict[str, Step] = {}
        gone: list[FilmPlan] = []
        for film in self.films:
            with_it = kept | {step.key: step for step in (*film.new, *film.shared)}
            if measured(list(with_it.values())) <= limit:
                kept = with_it
            else:
                gone.append(film)
        return gone


def unite(
    campaign: Campaign, films: Iterable[tuple[str, Plan, Sequence[Step]]], hands: Mapping[str, int]
) -> CampaignPlan:
    """Unite the films' plans.

    Args:
        films: of each variant in order: its name, its plan, and the steps of it that are still to be made.
        hands: see `CampaignPlan`.
    """
    seen: set[str] = set()
    planned: list[FilmPlan] = []
    for variant, plan, outstanding in films:
        new = tuple(step for step in outstanding if step.key not in seen)
        shared = tuple(step for step in outstanding if step.key in seen)
        seen |= {step.key for step in outstanding}
        planned.append(FilmPlan(f"{campaign.board.title}, {variant}", variant, plan, new, shared))
    return CampaignPlan(campaign, tuple(planned), hands)


def engine_seconds(steps: Iterable[Step]) -> float:
    """The seconds that video engines are expected to work on these steps."""
    return sum(step.cost.seconds for step in steps if step.engine_calls)


def _ready_after_s(steps: Sequence[Step], hands: Mapping[str, int]) -> float:
    work = {
        step.key: Work(step.cost.seconds, step.needs, "engine" if step.engine_calls else "cpu")
        for step in steps
    }
    return ends_after_s(work, hands)


def _refusal(campaign: Campaign, key: str, problem: str, gone: Sequence[FilmPlan]) -> InputError:
    names = ", ".join(f'"{film.variant}"' for film in gone)
    if len(gone) == len(campaign.variants):
        return campaign.problem((key,), f"{problem}: it is not enough for a single film")
    return campaign.problem((key,), f"{problem}: raise it, or leave films out: without: [{names}]")
