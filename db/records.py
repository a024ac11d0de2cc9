"""The values that the lineage takes and gives back; none of them knows a database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, cast

from db.store import Artifact
from reelhouse.steps import Given, OutputOf, Source, step_key

Status: TypeAlias = Literal["running", "waiting", "done", "failed", "cancelled", "rejected"]


@dataclass(frozen=True, slots=True)
class StepInput:
    """What a step used: an artifact, and which output of which step it was, unless it was handed in."""

    name: str
    artifact_id: str
    from_step_key: str | None = None
    from_output: str | None = None

    def __post_init__(self) -> None:
        if (self.from_step_key is None) != (self.from_output is None):
            raise ValueError(f"input {self.name}: an upstream step and its output are named together")

    @property
    def source(self) -> Source:
        """Where the input comes from, as the step's key names it."""
        if self.from_step_key is None or self.from_output is None:
            return Given(self.artifact_id)
        return OutputOf(self.from_step_key, self.from_output)


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One execution of one stage: what it used, what it made, what was measured.

    Attributes:
        key: the step's identity, from stage, code version, weights, parameters and inputs.
        label: what people call it, such as "meadow take 2"; not part of the key.
        parameters: JSON; with Fractions and tuples spelled as in canonical JSON.
        inputs: in the order they were given.
        outputs: artifacts by name; sorted by name when read back.
        facts: JSON, things measured; warnings for people are the list of text under "warnings".
        engine_calls: how many times a model was run.
        started_at: aware.
    """

    key: str
    stage: str
    label: str
    code_version: str
    weights_id: str
    parameters: Mapping[str, object]
    inputs: tuple[StepInput, ...]
    outputs: Mapping[str, Artifact]
    facts: Mapping[str, object]
    engine_calls: int
    started_at: datetime
    seconds: float

    @property
    def warnings(self) -> list[str]:
        """What a person should look at."""
        return cast(list[str], self.facts.get("warnings", []))

    def derived_key(self) -> str:
        """The key that everything else in the record gives; `key` must equal it."""
        return step_key(
            stage=self.stage,
            code_version=self.code_version,
            weights_id=self.weights_id,
            parameters=self.parameters,
            inputs={entry.name: entry.source for entry in self.inputs},
        )


@dataclass(frozen=True, slots=True)
class RenderRow:
    """One execution of a storyboard.

    Attributes:
        message: why it failed or was cancelled; empty when it did not.
        film: the film's artifact id, once done.
        steps: how many steps it has used so far; `reused` of them were there before.
    """

    id: str
    storyboard_digest: str
    title: str
    source: str
    status: Status
    message: str
    film: str | None
    parameters: Mapping[str, object]
    started_at: datetime
    finished_at: datetime | None
    steps: int
    reused: int


@dataclass(frozen=True, slots=True)
class RenderStep:
    """A step as one render used it.

    Attributes:
        label: that render's name for it.
        seconds: what it took; `predicted_s` was expected, None where that was not kept.
    """

    label: str
    step_key: str
    stage: str
    reused: bool
    seconds: float
    predicted_s: float | None


@dataclass(frozen=True, slots=True)
class Ancestry:
    """Everything an artifact derives from.

    To print a tree: begin with `makers[artifact.id]`, and for each input of a step go on with
    `upstream(input)`, which is empty for what was handed in. Steps share parents: mark what was printed.

    Attributes:
        artifact: the artifact that was asked about.
        steps: by key, every step it derives from, those that made it included; earliest first.
        artifacts: by id, the artifact itself and everything those steps used or made.
        makers: by artifact id, the keys of the steps above that made it; handed-in artifacts are absent.
    """

    artifact: Artifact
    steps: Mapping[str, StepRecord]
    artifacts: Mapping[str, Artifact]
    makers: Mapping[str, tuple[str, ...]]

    def upstream(self, used: StepInput) -> tuple[StepRecord, ...]:
        """The steps that made an input: the one it names, or, handed in, all that made the same bytes."""
        if used.from_step_key is not None:
            return (self.steps[used.from_step_key],)
        return tuple(self.steps[key] for key in self.makers.get(used.artifact_id, ()))

    @property
    def handed_in(self) -> tuple[Artifact, ...]:
        """What no step made: the pictures, music and texts that people brought."""
        return tuple(found for found in self.artifacts.values() if found.id not in self.makers)


@dataclass(frozen=True, slots=True)
class Uses:
    """Everything that derives from an artifact: steps, earliest first, and finished renders, newest first."""

    steps: tuple[StepRecord, ...]
    renders: tuple[RenderRow, ...]
