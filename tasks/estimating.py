"""Estimating: a plan's expected seconds from what this house has recorded, and what a record keeps for it."""

import os
import platform
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from db.timings import load_timings
from reelhouse.estimates import Estimates, kind_of
from reelhouse.memory import Card
from reelhouse.plan import Plan
from reelhouse.settings import Settings
from reelhouse.steps import Step


def with_expected_seconds(plan: Plan, engine: Engine, settings: Settings, card: Card | None) -> Plan:
    """The same plan, its steps' seconds as measured on the device they will run on; no key changes.

    Args:
        engine: of the lineage's database.
        card: the GPU planned for, where one is known.
    """
    estimates = Estimates(load_timings(engine, {kind_of(step) for step in plan.steps}))
    gpu = _gpu(settings, card)
    steps = tuple(
        replace(step, cost=estimates.of(step, gpu if step.wants_gpu else processor())) for step in plan.steps
    )
    return replace(plan, steps=steps)


def measures(step: Step, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What is recorded beside a step's seconds, for estimates and for comparing them with what came true."""
    ran_on = facts.get("made_with", {}).get("device", "cpu")
    return {
        "device": processor() if ran_on == "cpu" else ran_on,
        "formula_s": step.cost.by_formula.seconds,
        "predicted_s": step.cost.seconds,
    }


@cache
def processor() -> str:
    """This machine's processor, as the lineage names it: "AMD EPYC, 2 cores"."""
    name = platform.machine()
    table = Path("/proc/cpuinfo")
    if table.exists():
        said = (line.partition(":") for line in table.read_text(encoding="utf-8").splitlines())
        name = next((value.strip() for key, _, value in said if key.strip() == "model name"), name)
    return f"{name}, {os.cpu_count()} cores"


def _gpu(settings: Settings, card: Card | None) -> str | None:
    """The device of takes that want a GPU; None where it is another machine's."""
    if settings.device == "cpu":
        return processor()
    return card.name if card and settings.gpu_memory is None else None
