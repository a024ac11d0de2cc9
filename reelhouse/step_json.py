"""A step as JSON and back, for another process to make; nothing of it is lost on the way.

JSON knows no fraction and no tuple, so whatever is neither text, number, truth, list nor None is an object
with one name that says what it is: {"map": {...}}, {"tuple": [...]}, {"fraction": "16/1"}. The step that
comes back is equal to the one that went, and its key is derived again.
"""

from collections.abc import Mapping
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from reelhouse.capabilities import Cost, Measured
from reelhouse.errors import LineageError
from reelhouse.identity import Json
from reelhouse.memory import Footprint, Placement
from reelhouse.stages import Stage
from reelhouse.steps import Given, OutputOf, Source, Step, step_key


def step_to_json(step: Step) -> dict[str, Json]:
    """The step as a JSON object.

    Raises:
        TypeError: a parameter is of a type that no step's key can be derived from.
    """
    return {
        "key": step.key,
        "stage": str(step.stage),
        "label": step.label,
        "code_version": step.code_version,
        "weights_id": step.weights_id,
        "parameters": {name: _packed(value) for name, value in step.parameters.items()},
        "inputs": {name: _source(source) for name, source in step.inputs.items()},
        "engine_calls": step.engine_calls,
        "cost": asdict(step.cost),
    }


def step_from_json(written: Mapping[str, Any]) -> Step:
    """The step that was written so.

    Raises:
        LineageError: it is no step, or its key is not the one that its parts give.
    """
    try:
        step = Step(
            key=written["key"],
            stage=Stage(written["stage"]),
            label=written["label"],
            code_version=written["code_version"],
            weights_id=written["weights_id"],
            parameters={name: _unpacked(value) for name, value in written["parameters"].items()},
            inputs={name: _read_source(source) for name, source in written["inputs"].items()},
            engine_calls=written["engine_calls"],
            cost=_cost(written["cost"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise LineageError(
            f"a step as JSON is wanted, this is none ({type(error).__name__}: {error}): it was written by "
            "another version of Reelhouse, or damaged; let a worker of that version make it"
        ) from error
    derived = step_key(
        stage=step.stage,
        code_version=step.code_version,
        weights_id=step.weights_id,
        parameters=step.parameters,
        inputs=step.inputs,
    )
    if derived != step.key:
        raise LineageError(
            f"step {step.label} has the key {step.key}, its parts give {derived}: it was changed on its way, "
            "or written by another version of Reelhouse; render again"
        )
    return step


def _packed(value: object) -> Json:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Fraction):
        return {"fraction": f"{value.numerator}/{value.denominator}"}
    if isinstance(value, tuple):
        return {"tuple": [_packed(item) for item in value]}
    if isinstance(value, list):
        return [_packed(item) for item in value]
    if isinstance(value, Mapping):
        return {"map": {name: _packed(item) for name, item in value.items()}}
    raise TypeError(f"a step's parameter cannot be of type {type(value).__name__}: {value!r}")


def _unpacked(value: Json) -> Any:
    if isinstance(value, list):
        return [_unpacked(item) for item in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"fraction": str(text), **rest} if not rest:
            return Fraction(text)
        case {"tuple": list(items), **rest} if not rest:
            return tuple(_unpacked(item) for item in items)
        case {"map": dict(items), **rest} if not rest:
            return {name: _unpacked(item) for name, item in items.items()}
    raise ValueError(f"one of map, tuple and fraction is wanted, not {sorted(value)}")


def _source(source: Source) -> Json:
    return [source.artifact_id] if isinstance(source, Given) else [source.step_key, source.output]


def _read_source(written: list[str]) -> Source:
    return Given(*written) if len(written) == 1 else OutputOf(*written)


def _cost(written: Mapping[str, Any]) -> Cost:
    footprint, placement, measured = (written[name] for name in ("footprint", "placement", "measured"))
    return Cost(
        tokens=written["tokens"],
        seconds=written["seconds"],
        memory_bytes=written["memory_bytes"],
        footprint=None if footprint is None else Footprint(**footprint),
        placement=None if placement is None else Placement(**placement),
        measured=None if measured is None else Measured(**measured),
    )
