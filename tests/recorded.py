"""Steps that are stored and recorded for a test, and a small film made of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from db.folder import FolderStore
from db.lineage import Lineage, StepInput, StepRecord
from db.s3 import S3Store
from db.store import Artifact, ArtifactStore, location

BEGINNING = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)

Input = Artifact | tuple[StepRecord, str]


def make_step(
    stage: str,
    *,
    inputs: Mapping[str, Input] | None = None,
    outputs: Mapping[str, Artifact] | None = None,
    parameters: Mapping[str, object] | None = None,
    minutes: int = 0,
) -> StepRecord:
    """A step with the key that its parts give; an input is an artifact, or an output of another step."""
    step = StepRecord(
        key="",
        stage=stage,
        label=f"the {stage}",
        code_version="1",
        weights_id="acme/weights@1" if stage == "take" else "",
        parameters=parameters or {},
        inputs=tuple(_input(name, given) for name, given in (inputs or {}).items()),
        outputs=outputs or {},
        facts={"warnings": []},
        engine_calls=1 if stage == "take" else 0,
        started_at=BEGINNING + timedelta(minutes=minutes),
        seconds=1.5,
    )
    return replace(step, key=step.derived_key())


def artifact(store: ArtifactStore, text: str) -> Artifact:
    """A small stored artifact."""
    return store.put_bytes(text.encode(), "text/plain")


def tamper(store: ArtifactStore, artifact_id: str, data: bytes) -> None:
    """Change stored bytes behind the store's back."""
    if isinstance(store, FolderStore):
        path = store.root / location(artifact_id)
        path.unlink()
        path.write_bytes(data)
    elif isinstance(store, S3Store):
        name = store.address.prefix + location(artifact_id)
        store._client._put_object(store.address.bucket, name, data)


@dataclass(frozen=True, slots=True)
class Film:
    """A picture cut out, filmed in two takes, the second one chosen; and music."""

    picture: Artifact
    music: Artifact
    cutout: StepRecord
    rejected: StepRecord
    chosen: StepRecord
    assembly: StepRecord
    render_id: str

    @property
    def artifact(self) -> Artifact:
        """The finished film."""
        return self.assembly.outputs["film"]


def record_film(lineage: Lineage, store: ArtifactStore, name: str = "fox") -> Film:
    """Store and record a small film, from the storyboard to the finished render."""
    picture, music = artifact(store, f"{name} picture"), artifact(store, f"{name} music")
    for given in (picture, music):
        lineage.add_artifact(given)
    source = artifact(store, f"{name} storyboard")
    render_id = lineage.begin_render(storyboard_digest=source.id, title=name, source=source, parameters={})
    cutout = _recorded(lineage, store, "cutout", {"picture": picture}, f"{name} cutout", 0)
    rejected = _recorded(lineage, store, "take", {"subject": (cutout, "out")}, f"{name} take 1", 1)
    chosen = _recorded(lineage, store, "take", {"subject": (cutout, "out")}, f"{name} take 2", 2)
    film = artifact(store, f"{name} film")
    inputs: dict[str, Input] = {"clip": (chosen, "out"), "music": music}
    assembly = lineage.record(make_step("assembly", inputs=inputs, outputs={"film": film}, minutes=3))
    steps = (cutout, rejected, chosen, assembly)
    lineage.use(render_id, [(step.key, step.label, False) for step in steps[:3]])
    lineage.use(render_id, [(assembly.key, assembly.label, False)])
    lineage.finish_render(render_id, status="done", film=film.id)
    return Film(picture, music, cutout, rejected, chosen, assembly, render_id)


def _recorded(
    lineage: Lineage, store: ArtifactStore, stage: str, inputs: Mapping[str, Input], made: str, minutes: int
) -> StepRecord:
    outputs = {"out": artifact(store, made)}
    return lineage.record(
        make_step(stage, inputs=inputs, outputs=outputs, parameters={"made": made}, minutes=minutes)
    )


def _input(name: str, given: Input) -> StepInput:
    if isinstance(given, Artifact):
        return StepInput(name, given.id)
    step, output = given
    return StepInput(name, step.outputs[output].id, step.key, output)
