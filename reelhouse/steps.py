"""Steps: one execution of one stage, keyed by everything that decides its bytes.

An input is named by where it comes from: an artifact that was handed in, or an output of another step.
So every key of a film is known before anything is rendered (docs/decisions/0003-step-keys.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from reelhouse.capabilities import Cost
from reelhouse.identity import digest, file_digest
from reelhouse.stages import CODE_VERSION, Stage

NO_COST = Cost(tokens=0, seconds=0.0, memory_bytes=0)


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


class Tool(Protocol):
    """What a step must know of the engine, segmenter or expander it runs: what its result is keyed by."""

    @property
    def name(self) -> str:
        """How settings and storyboards ask for it."""
        ...

    @property
    def code_version(self) -> str:
        """Raised by hand whenever the tool would give another result."""
        ...

    @property
    def weights_id(self) -> str:
        """The weights it runs on, or ""."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plan.

    Attributes:
        key: decides the step's bytes and names its place in lineage.
        label: what it is about, for people: "meadow", "fox: fox.png".
        engine_calls: 1 for a step that runs the video engine, else 0.
        cost: what it is expected to take.
    """

    key: str
    stage: Stage
    label: str
    code_version: str
    weights_id: str
    parameters: Mapping[str, Any]
    inputs: Mapping[str, Source]
    engine_calls: int = 0
    cost: Cost = NO_COST

    def output(self, name: str) -> OutputOf:
        """One of this step's outputs, as an input of another."""
        return OutputOf(self.key, name)

    @property
    def engine(self) -> str | None:
        """The video engine that makes it, of a take."""
        return str(self.parameters["tool"]) if self.engine_calls else None

    @property
    def wants_gpu(self) -> bool:
        """Whether it is the take of an engine that wants a GPU."""
        return self.cost.footprint is not None

    @property
    def scene(self) -> str | None:
        """The scene it is about, of a prompt or a take."""
        if self.stage is Stage.PROMPT:
            return self.label
        return str(self.parameters["scene"]) if "scene" in self.parameters else None

    @property
    def needs(self) -> set[str]:
        """The keys of the steps whose outputs this one uses."""
        return {source.step_key for source in self.inputs.values() if isinstance(source, OutputOf)}


@dataclass(slots=True)
class StepList:
    """The steps of a film as they are planned, each key once, and the files handed in."""

    steps: dict[str, Step] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    _ids: dict[Path, str] = field(default_factory=dict)

    def given(self, path: Path) -> Given:
        """A file that is handed in; it is hashed once."""
        if path not in self._ids:
            self._ids[path] = file_digest(path)
            self.files[self._ids[path]] = path
        return Given(self._ids[path])

    def add(
        self,
        stage: Stage,
        label: str,
        parameters: Mapping[str, object],
        inputs: Mapping[str, Source],
        *,
        tool: Tool | None = None,
        cost: Cost = NO_COST,
    ) -> Step:
        """Plan a step, or find the same one already planned. `tool` is what does its work, if any."""
        code_version, weights_id = CODE_VERSION[stage], ""
        if tool:
            parameters = {**parameters, "tool": tool.name}
            code_version, weights_id = f"{code_version}+{tool.code_version}", tool.weights_id
        key = step_key(
            stage=stage,
            code_version=code_version,
            weights_id=weights_id,
            parameters=parameters,
            inputs=inputs,
        )
        if key not in self.steps:
            calls = 1 if stage is Stage.TAKE else 0
            self.steps[key] = Step(
                key, stage, label, code_version, weights_id, parameters, inputs, calls, cost
            )
        return self.steps[key]
