"""Provenance for others to read: an artifact's ancestry as a W3C PROV-JSON document.

Source: https://www.w3.org/submissions/prov-json/ (2013). Artifacts and model weights are entities, steps are
activities, this program is the agent. The same ancestry gives the same document.
"""

from datetime import datetime, timedelta

from db.records import Ancestry, StepInput, StepRecord
from db.store import Artifact
from reelhouse.identity import Json, bytes_digest, canonical_json

_AGENT = "reelhouse:reelhouse"
_PREFIXES: dict[str, Json] = {
    "artifact": "urn:reelhouse:artifact:",
    "step": "urn:reelhouse:step:",
    "weights": "urn:reelhouse:weights:",
    "reelhouse": "urn:reelhouse:",
}


def prov_json(ancestry: Ancestry) -> dict[str, Json]:
    """The PROV-JSON document of everything an artifact derives from; `json.dumps` writes it."""
    entities: dict[str, Json] = {
        _artifact_name(found.id): _entity(found, handed_in=found.id not in ancestry.makers)
        for found in sorted(ancestry.artifacts.values(), key=lambda found: found.id)
    }
    used, generated, derived, associated = _Relations("u"), _Relations("g"), _Relations("d"), _Relations("a")
    for step in ancestry.steps.values():
        activity = f"step:{step.key}"
        associated.add({"prov:activity": activity, "prov:agent": _AGENT})
        if step.weights_id:
            weights = f"weights:{bytes_digest(step.weights_id.encode())[:16]}"
            entities[weights] = {"prov:label": step.weights_id, "prov:type": "model weights"}
            used.add({"prov:activity": activity, "prov:entity": weights, "prov:role": "weights"})
        for entry in step.inputs:
            used.add(_usage(activity, entry))
        for name, made in step.outputs.items():
            entity = _artifact_name(made.id)
            generated.add({"prov:entity": entity, "prov:activity": activity, "prov:role": name})
            for source in dict.fromkeys(entry.artifact_id for entry in step.inputs):
                derived.add(
                    {
                        "prov:generatedEntity": entity,
                        "prov:usedEntity": _artifact_name(source),
                        "prov:activity": activity,
                    }
                )
    return {
        "prefix": _PREFIXES,
        "entity": entities,
        "activity": {f"step:{step.key}": _activity(step) for step in ancestry.steps.values()},
        "agent": {_AGENT: {"prov:label": "Reelhouse", "prov:type": _qualified("prov:SoftwareAgent")}},
        "used": used.entries,
        "wasGeneratedBy": generated.entries,
        "wasDerivedFrom": derived.entries,
        "wasAssociatedWith": associated.entries,
    }


class _Relations:
    """Relations of one kind, each under a blank name, as PROV-JSON wants them."""

    def __init__(self, letter: str) -> None:
        self._letter = letter
        self.entries: dict[str, Json] = {}

    def add(self, relation: dict[str, Json]) -> None:
        self.entries[f"_:{self._letter}{len(self.entries) + 1}"] = relation


def _entity(artifact: Artifact, *, handed_in: bool) -> dict[str, Json]:
    return {
        "prov:type": "handed in" if handed_in else "made",
        "reelhouse:sha256": artifact.id,
        "reelhouse:mediaType": artifact.media_type,
        "reelhouse:sizeBytes": artifact.size_bytes,
    }


def _activity(step: StepRecord) -> dict[str, Json]:
    ended = step.started_at + timedelta(seconds=step.seconds)
    return {
        "prov:startTime": _moment(step.started_at),
        "prov:endTime": _moment(ended),
        "prov:label": step.label,
        "prov:type": step.stage,
        "reelhouse:codeVersion": step.code_version,
        "reelhouse:engineCalls": step.engine_calls,
        # PROV-JSON values are flat: structure travels as text.
        "reelhouse:parameters": canonical_json(step.parameters),
        "reelhouse:facts": canonical_json(step.facts),
    }


def _usage(activity: str, entry: StepInput) -> dict[str, Json]:
    return {
        "prov:activity": activity,
        "prov:entity": _artifact_name(entry.artifact_id),
        "prov:role": entry.name,
    }


def _artifact_name(artifact_id: str) -> str:
    return f"artifact:{artifact_id}"


def _qualified(name: str) -> dict[str, Json]:
    return {"$": name, "type": "prov:QUALIFIED_NAME"}


def _moment(when: datetime) -> str:
    return when.isoformat().replace("+00:00", "Z")
