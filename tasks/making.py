"""Making: one step, from its claim to its record; without Prefect, which is not everywhere a step is made.

A stage is a plain function from a `Job` to named outputs. The step key in the lineage is the one truth about
what has been made.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from db.damage import damage_removed
from db.ledger import Claim
from db.records import StepInput, StepRecord
from reelhouse.errors import ArtifactCorrupt, LineageError
from reelhouse.identity import canonical_json
from reelhouse.logs import bound
from reelhouse.steps import Given, Step
from tasks.claiming import claim_or_find
from tasks.estimating import measures
from tasks.ownership import Hold, until_answered
from tasks.progress import Picture, StepClaimed, StepFailed, StepFinished, StepProgressed, StepStarted
from tasks.workbench import Workbench

ReadT = TypeVar("ReadT")


@dataclass(frozen=True, slots=True)
class Output:
    """One file a stage made: kept under its digest once the stage returns."""

    path: Path
    media_type: str


@dataclass(slots=True)
class Materials:
    """A step and its inputs as local files."""

    step: Step
    bench: Workbench
    inputs: Mapping[str, StepInput]

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The step's parameters."""
        return self.step.parameters

    def path(self, name: str) -> Path:
        """An input, as a local read-only file."""
        return self._whole(name, self.bench.store.fetch)

    def text(self, name: str) -> str:
        """An input that is text."""
        return self._whole(name, self.bench.store.read).decode()

    def _whole(self, name: str, get: Callable[[str], ReadT]) -> ReadT:
        """An input whose bytes are right; a damaged one is removed, so that the next run makes it anew."""
        artifact_id = self.inputs[name].artifact_id
        try:
            with damage_removed(self.bench.store, artifact_id):
                return get(artifact_id)
        except ArtifactCorrupt as error:
            raise ArtifactCorrupt(f"{self.step.stage} {self.step.label}: {error}") from error

    def optional_path(self, name: str) -> Path | None:
        """An input that not every step of the stage has."""
        return self.path(name) if name in self.inputs else None


@dataclass(slots=True)
class Job(Materials):
    """One step at work: its materials, a folder to write in, and someone to report to.

    Attributes:
        facts: kept with the step's record.
        leftovers: files kept for the next attempt if this one fails; gone once the step is recorded.
    """

    folder: Path
    hold: Hold
    facts: dict[str, Any] = field(default_factory=lambda: {"warnings": []})
    leftovers: list[Path] = field(default_factory=list)

    def write(self, name: str, text: str) -> Output:
        """Write a text output."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return Output(path, "text/plain; charset=utf-8")

    def warn(self, message: str) -> None:
        """Say something a person should look at; it is kept with the step."""
        self.facts["warnings"].append(message)

    def progress(self, fraction: float, preview: Picture | None = None) -> None:
        """Report how far the step is, 0 … 1, with a look at it, and stop here if it is no longer wanted.

        Raises:
            Cancelled: the work was stopped.
            LeaseLost: another process took the step over.
        """
        self.check()
        self.hold.progress = min(max(fraction, 0.0), 1.0)
        if preview is not None:
            self.hold.preview = preview
        self.bench.listener(StepProgressed(self.step, self.hold.progress, preview))

    def check(self) -> None:
        """Stop here if the step is no longer wanted. Raises as `progress` does."""
        self.bench.check_cancelled()
        self.hold.check()


Make: TypeAlias = Callable[[Job], Mapping[str, Output]]
Find: TypeAlias = Callable[[Workbench, Step], Claim | StepRecord]


def make_recorded(bench: Workbench, step: Step, make: Make, *, find: Find = claim_or_find) -> StepRecord:
    """Make one step and record it, or take what another process made of it meanwhile.

    Args:
        find: says which of the two: gives a claim, or the record.

    Raises:
        LeaseLost: another process took the step over; trying again finds what that one makes.
        ReelhouseError: what `find` and `make` raise, or the store and database do.
    """
    bench.check_cancelled()
    with bound(scene=step.scene, step=step.key[:12]):
        bench.listener(StepStarted(step))
        attempt = None
        try:
            answer = find(bench, step)
            if isinstance(answer, Claim):
                attempt = answer.attempt
                record = _make_claimed(bench, step, make, answer)
            else:
                record = answer
        except BaseException as error:
            bench.listener(StepFailed(step, error, attempt))
            raise
        bench.made[step.key] = record
        bench.listener(StepFinished(step, record, attempt))
    return record


def _make_claimed(bench: Workbench, step: Step, make: Make, claim: Claim) -> StepRecord:
    with bound(attempt=claim.attempt), bench.keeper.keeping(claim) as hold:
        bench.listener(StepClaimed(step, claim.attempt))
        return _make(bench, step, make, hold)


def _make(bench: Workbench, step: Step, make: Make, hold: Hold) -> StepRecord:
    started_at, clock = datetime.now(UTC), time.monotonic()
    inputs = resolved(bench, step)
    with bench.folder() as folder:
        job = Job(step, bench, inputs, folder, hold)
        outputs = make(job)
        job.check()
        hold.phase = "keeping"
        # Asked again while store and database are restarted: the work is done, and may have been long.
        record = until_answered(
            lambda: _keep(job, outputs, started_at, time.monotonic() - clock), for_s=bench.settings.lease_s
        )
        for path in job.leftovers:
            path.unlink(missing_ok=True)
        return record


def _keep(job: Job, outputs: Mapping[str, Output], started_at: datetime, seconds: float) -> StepRecord:
    """Store what was made, then write the row that names it; the claim ends with that row."""
    step, store = job.step, job.bench.store
    artifacts = {name: store.put_file(output.path, output.media_type) for name, output in outputs.items()}
    record = StepRecord(
        key=step.key,
        stage=step.stage.value,
        label=step.label,
        code_version=step.code_version,
        weights_id=step.weights_id,
        parameters=json.loads(canonical_json(step.parameters)),
        inputs=tuple(job.inputs.values()),
        outputs=artifacts,
        facts={**job.facts, **measures(step, job.facts), "attempt": job.hold.claim.attempt},
        engine_calls=step.engine_calls,
        started_at=started_at,
        seconds=seconds,
    )
    return job.bench.lineage.record(record, job.hold.claim)


def resolved(bench: Workbench, step: Step) -> dict[str, StepInput]:
    """Which artifacts the step's inputs are, by name, now that what it needs has been made.

    Raises:
        LineageError: some of it has not.
    """
    upstream = bench.lineage.steps([key for key in step.needs if key not in bench.made])
    inputs: dict[str, StepInput] = {}
    for name, source in step.inputs.items():
        if isinstance(source, Given):
            inputs[name] = StepInput(name, source.artifact_id, None, None)
            continue
        made = bench.made.get(source.step_key) or upstream.get(source.step_key)
        if made is None or source.output not in made.outputs:
            raise LineageError(f"{step.stage} {step.label}: its input {name} has not been made")
        inputs[name] = StepInput(name, made.outputs[source.output].id, source.step_key, source.output)
    return inputs
