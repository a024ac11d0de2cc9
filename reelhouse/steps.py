"""Steps: one execution of one stage, keyed by everything that decides its bytes.

An input is named by where it comes from: an artifact that was handed in, or an output of another step.
So every key of a film is known before anything is rendered (docs/decisions/0003-step-keys.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from reelhouse.identity import digest


@dataclass(frozen=True, slots=True)
class Given:
    """An input that was handed in: its artifact id."""

    artifact_id: str


@dataclass(frozen=True, slots=True)
class OutputOf:
    """An input that another step makes: that step's key and the output's name."""

    step_key: str
    output: str


Source = Given | OutputOf


def step_key(
    *,
    stage: str,
    code_version: str,
    weights_id: str,
    parameters: Mapping[str, object],
    inputs: Mapping[str, Source],
) -> str:
    """The key of a step, 64 hexadecimal digits: same key, same bytes, no second render."""
    return digest(
        "step",
        {
            "stage": stage,
            "code": code_version,
            "weights": weights_id,
            "parameters": parameters,
            "inputs": {
                name: [source.artifact_id] if isinstance(source, Given) else [source.step_key, source.output]
                for name, source in inputs.items()
            },
        },
    )
