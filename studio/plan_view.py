"""`reelhouse plan` and `reelhouse engines`: what would be made, of what, at what expected cost."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from rich import box
from rich.table import Table

from models.catalog import ENGINES
from reelhouse.capabilities import EngineSpec
from reelhouse.estimates import kind_of
from reelhouse.memory import Card, gigabytes
from reelhouse.plan import Plan
from reelhouse.plan_memory import hardest_take, memory_words
from reelhouse.settings import Settings
from reelhouse.steps import Step
from reelhouse.storyboard import Choices
from reelhouse.timing import timecode
from studio.console import out, print_json, seconds, size
from studio.rendering import read_board
from tasks.hands import eta_of
from tasks.renders import look_up
from tasks.workbench import Workbench

KEY_DIGITS = 12
COLOURS = {"to make": "yellow", "made": "green", "not needed": "dim"}


def show_plan(storyboard: Path, choices: Choices, *, as_json: bool) -> None:
    """Print every step of a film in working order, and the sums."""
    bench = Workbench(Settings())
    plan = bench.plan(read_board(storyboard, choices))
    states = states_of(bench, plan)
    left_s = _left_s(bench, plan, states)
    if as_json:
        print_json({**_as_json(plan, states, left_s), "gpu_memory": _memory_as_json(plan, bench.card)})
        return
    console = out()
    console.print(plan_table(plan, states))
    console.print(_totals(plan, states))
    console.print(_expectation(plan, states, left_s, _hands(bench.settings)))
    if memory := memory_line(plan, bench.card):
        console.print(memory)


def states_of(bench: Workbench, plan: Plan) -> dict[str, str]:
    """Of each step's key: "to make", "made" or "not needed"."""
    found = look_up(bench, plan)
    to_make = {step.key for step in found.outstanding}
    return {
        step.key: "to make" if step.key in to_make else "made" if step.key in found.records else "not needed"
        for step in plan.steps
    }


def plan_table(plan: Plan, states: Mapping[str, str]) -> Table:
    """The steps of a plan in working order; `states` says of each key "to make", "made" or "not needed"."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("stage", "what", "engine", "key", "state"):
        table.add_column(name, no_wrap=True, overflow="ellipsis", max_width=36)
    for name in ("calls", "tokens", "seconds", "memory"):
        table.add_column(name, justify="right", no_wrap=True)
    for step in plan.steps:
        state = states[step.key]
        to_make = state == "to make"
        table.add_row(
            step.stage,
            step.label,
            step.engine or "",
            f"[dim]{step.key[:KEY_DIGITS]}[/]",
            f"[{COLOURS[state]}]{state}[/]",
            str(step.engine_calls or ""),
            f"{step.cost.tokens:,}" if step.cost.tokens else "",
            f"{step.cost.seconds:.1f}" if to_make else "",
            size(step.cost.memory_bytes) if to_make and step.cost.memory_bytes else "",
        )
    return table


def _totals(plan: Plan, states: Mapping[str, str]) -> str:
    board = plan.storyboard
    to_make = [step for step in plan.steps if states[step.key] == "to make"]
    stages = Counter(step.stage.value for step in to_make)
    made = ", ".join(f"{count} {stage}" for stage, count in stages.items()) or "nothing"
    calls = Counter(step.engine for step in to_make if step.engine)
    by_engine = ", ".join(f"{count} {name}" for name, count in calls.items())
    return (
        f"{board.title}: {len(board.scenes)} scene{'s' * (len(board.scenes) > 1)}, "
        f"{timecode(plan.duration_s)}, {board.engine}, {board.quality}\n"
        f"to make: {made}\n"
        f"{calls.total()} engine calls{f' ({by_engine})' if len(calls) > 1 else ''}, "
        f"{list(states.values()).count('made')} of {len(plan.steps)} steps are made"
    )


def _hands(settings: Settings) -> str:
    here = f"{settings.scenes_at_once} at once on this machine"
    return f"the engine workers there are, {here}" if settings.engines == "workers" else here


def _expectation(plan: Plan, states: Mapping[str, str], left_s: tuple[float, float], hands: str) -> str:
    """The time and GPU time that a film is expected to take, and what that rests on."""
    to_make = [step for step in plan.steps if states[step.key] == "to make"]
    on_gpu = _gpu_seconds(to_make)
    first, then = left_s
    asked = ""
    if plan.gate:
        what = "a draft" if plan.gate.draft else "the takes"
        asked = f"{what} in about {seconds(first)}, then a person looks, then about {seconds(then)} more\n"
    return (
        f"about {seconds(sum(step.cost.seconds for step in to_make))} of work, done in about "
        f"{seconds(first + then)} with {hands}"
        f"{f', {seconds(on_gpu)} of it on the GPU' if on_gpu else ''}\n"
        f"{asked}seconds: {_basis(to_make)}"
    )


def _left_s(bench: Workbench, plan: Plan, states: Mapping[str, str]) -> tuple[float, float]:
    """Expected seconds until a person is asked, and from the answer on; all of them where nobody is asked."""
    to_make = [step for step in plan.steps if states[step.key] == "to make"]
    first = plan.before_approval(to_make)
    before = {step.key for step in first}
    then = [step for step in to_make if step.key not in before]
    return eta_of(bench, first).left_s(0.0), eta_of(bench, then).left_s(0.0)


def _basis(steps: Sequence[Step]) -> str:
    """What expected seconds rest on, and as of when."""
    measured = {kind_of(step): step.cost.measured for step in steps if step.cost.measured}
    notes = [f"{' '.join(filter(None, kind))} {known}" for kind, known in measured.items()]
    if not notes:
        return "by formula"
    if any(step.cost.measured is None for step in steps):
        notes.append("the rest by formula")
    as_of = max(known.as_of for known in measured.values())
    return f"{'; '.join(notes)} (as of {as_of[:10]} {as_of[11:16]} UTC)"


def _gpu_seconds(steps: Iterable[Step]) -> float:
    return sum(step.cost.seconds for step in steps if step.wants_gpu)


def memory_line(plan: Plan, card: Card | None) -> str | None:
    """What the hungriest take wants of a GPU, and how it is placed; None for a film that wants none."""
    found = hardest_take(plan.steps)
    if found is None:
        return None
    take, footprint = found
    if card is None:
        return f"GPU memory: {take.label} {memory_words(footprint)}"
    return (
        f"GPU memory: {take.label} takes {gigabytes(take.cost.memory_bytes)} of the "
        f"{gigabytes(card.free_bytes)} free on {card.name}: {take.cost.placement}"
    )


def _memory_as_json(plan: Plan, card: Card | None) -> dict[str, object] | None:
    found = hardest_take(plan.steps)
    if found is None:
        return None
    take, footprint = found
    return {
        "take": take.label,
        "wanted_bytes": take.cost.memory_bytes,
        "placement": asdict(take.cost.placement) if take.cost.placement else None,
        "card": asdict(card) if card else None,
        "words": memory_words(footprint),
    }


def _as_json(plan: Plan, states: Mapping[str, str], left_s: tuple[float, float]) -> dict[str, object]:
    board = plan.storyboard
    to_make = [step for step in plan.steps if states[step.key] == "to make"]
    first, then = left_s
    return {
        "title": board.title,
        "digest": plan.digest,
        "engine": board.engine,
        "quality": board.quality,
        "scenes": len(board.scenes),
        "duration_s": float(plan.duration_s),
        "steps_to_make": len(to_make),
        "engine_calls": sum(step.engine_calls for step in to_make),
        "seconds": round(sum(step.cost.seconds for step in to_make), 2),
        "gpu_seconds": round(_gpu_seconds(to_make), 2),
        "done_in_s": round(first + then, 2),
        "approve": board.approval.after,
        "asks_in_s": round(first, 2) if plan.gate else None,
        "then_in_s": round(then, 2) if plan.gate else None,
        "memory_bytes": max((step.cost.memory_bytes for step in to_make), default=0),
        "steps": [_step_as_json(step, states[step.key]) for step in plan.steps],
    }


def _step_as_json(step: Step, state: str) -> dict[str, object]:
    return {
        "key": step.key,
        "stage": step.stage.value,
        "label": step.label,
        "engine": step.engine,
        "state": state,
        "needs": sorted(step.needs),
        "engine_calls": step.engine_calls,
        "tokens": step.cost.tokens,
        "seconds": round(step.cost.seconds, 3),
        "seconds_by_formula": round(step.cost.by_formula.seconds, 3),
        "measured": asdict(step.cost.measured) if step.cost.measured else None,
        "memory_bytes": step.cost.memory_bytes,
    }


def show_engines(*, as_json: bool) -> None:
    """Print the table of engines."""
    if as_json:
        print_json({name: _engine_as_json(spec) for name, spec in ENGINES.items()})
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("engine", "what it is", "sizes", "frames", "references", "starts from", "licence"):
        table.add_column(name)
    for spec in ENGINES.values():
        counts = spec.frame_counts
        fewest, most = spec.references
        table.add_row(
            spec.name,
            spec.title,
            str(spec.sizes),
            f"{counts.minimum} to {counts.maximum}, {counts.step}n+{counts.offset}",
            f"{fewest} to {most}",
            _given_frames(spec),
            spec.licence,
        )
    out().print(table)


def _engine_as_json(spec: EngineSpec) -> dict[str, object]:
    return {
        "title": spec.title,
        "sizes": str(spec.sizes),
        "frames": [spec.frame_counts.minimum, spec.frame_counts.maximum],
        "references": list(spec.references),
        "takes_first_frame": spec.takes_first_frame,
        "takes_last_frame": spec.takes_last_frame,
        "takes_overlap": spec.takes_overlap,
        "needs_gpu": spec.needs_gpu,
        "licence": spec.licence,
        "presets": {quality: dict(values) for quality, values in spec.presets.items()},
        "speeds": {speed: dict(changes) for speed, changes in spec.speeds.items()},
    }


def _given_frames(spec: EngineSpec) -> str:
    given = {
        "first frame": spec.takes_first_frame,
        "last frame": spec.takes_last_frame,
        "overlap": spec.takes_overlap,
    }
    return ", ".join(name for name, takes in given.items() if takes) or "words"
