"""Estimates: what a step is expected to take, by its formula times what was measured on the same device.

A formula knows how the work grows with a step's numbers; how fast a device really is, only its records tell.
The factor between the two is the median over the latest records, so that neither a cold start nor a clip that
went on from its checkpoint spoils it. An estimate is no part of a step's identity: keys and digests of plans
stay as they are. Nothing here knows a database.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import median
from typing import TypeAlias

from reelhouse.capabilities import Cost, Measured
from reelhouse.steps import Step

FEWEST, LATEST = 3, 25  # records that a factor is learned from

Kind: TypeAlias = tuple[str, str]  # stage and tool; "" for a stage without one


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a recorded step took.

    Attributes:
        tool: the engine, segmenter or expander, or "".
        device: what it ran on, as it names itself.
        formula_s: what the formula said of it; 0 where the stage has none.
        seconds: what it took, without waiting for its turn.
    """

    stage: str
    tool: str
    device: str
    formula_s: float
    seconds: float
    made_at: datetime

    @property
    def kind(self) -> Kind:
        """Timings of one kind are compared with each other."""
        return self.stage, self.tool


@dataclass(frozen=True, slots=True)
class Factor:
    """Measured seconds for each second of the formula; of a step without a formula, seconds."""

    value: float
    count: int
    device: str
    as_of: datetime


class Estimates:
    """What the house has learned of its devices from the timings given, in any order."""

    def __init__(self, timings: Iterable[Timing]) -> None:
        grouped: defaultdict[tuple[Kind, str, bool], list[Timing]] = defaultdict(list)
        for timing in timings:
            grouped[timing.kind, timing.device, timing.formula_s > 0].append(timing)
        self._factors: dict[tuple[Kind, bool], dict[str, Factor]] = defaultdict(dict)
        for (kind, device, by_formula), group in grouped.items():
            if len(group) >= FEWEST:
                self._factors[kind, by_formula][device] = _factor(group, device, by_formula=by_formula)

    def of(self, step: Step, device: str | None) -> Cost:
        """The step's cost with the seconds expected on a device.

        Where the device is not known, it is taken to be the one of the latest measured record.
        """
        cost = step.cost.by_formula
        found = self._factors.get((kind_of(step), cost.seconds > 0), {})
        if device is None:
            factor = max(found.values(), key=lambda factor: factor.as_of, default=None)
        else:
            factor = found.get(device)
        if factor is None:
            return cost
        seconds = factor.value * cost.seconds if cost.seconds > 0 else factor.value
        measured = Measured(factor.count, factor.device, factor.as_of.isoformat(), cost.seconds)
        return replace(cost, seconds=seconds, measured=measured)


def kind_of(step: Step) -> Kind:
    """Of which kind a planned step's timing will be."""
    return step.stage.value, str(step.parameters.get("tool", ""))


def _factor(group: list[Timing], device: str, *, by_formula: bool) -> Factor:
    latest = sorted(group, key=lambda timing: timing.made_at)[-LATEST:]
    values = [timing.seconds / timing.formula_s if by_formula else timing.seconds for timing in latest]
    return Factor(median(values), len(latest), device, latest[-1].made_at)
