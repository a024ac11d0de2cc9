"""`reelhouse lineage`: what a film was made from, and what a picture was used for."""

import json
from pathlib import Path

from rich.markup import escape
from rich.tree import Tree

from db.lineage import Lineage
from db.prov import prov_json
from db.records import Ancestry, StepInput, StepRecord
from db.store import Artifact
from reelhouse.errors import InputError, LineageError
from reelhouse.identity import file_digest
from reelhouse.media.atomic import written
from reelhouse.settings import Settings
from studio.console import out, print_json, seconds, size
from tasks.workbench import Workbench

DIGITS = 12
HIDDEN_PARAMETERS = ("tool", "references", "marks")  # shown as inputs, or too long for a line


def find(lineage: Lineage, name: str) -> Artifact:
    """The artifact a person names: by a file with its bytes, or by the first digits of its id.

    Raises:
        InputError: there is no such file and it is no id.
        LineageError: nothing recorded has these bytes or this id.
    """
    path = Path(name)
    if path.is_file():
        digest = file_digest(path)
        try:
            return lineage.find_artifact(digest)
        except LineageError as error:
            raise LineageError(
                f"{name} was not made or used here: no record has its SHA-256 {digest[:DIGITS]}…"
            ) from error
    if not all(digit in "0123456789abcdef" for digit in name):
        raise InputError(f"there is no file {name}, and it is not the beginning of an artifact's id")
    return lineage.find_artifact(name)


def show_lineage(film: str, *, as_json: bool) -> None:
    """Print the tree of steps and files an artifact was made from."""
    lineage = Workbench(Settings()).lineage
    artifact = find(lineage, film)
    ancestry = lineage.ancestry(artifact.id)
    if as_json:
        print_json(
            {
                "artifact": artifact.id,
                "steps": [_as_json(step) for step in ancestry.steps.values()],
                "handed_in": [item.id for item in ancestry.handed_in],
            }
        )
        return
    tree = Tree(_artifact_line(film, artifact))
    printed: set[str] = set()
    for key in ancestry.makers.get(artifact.id, ()):
        _grow(tree, ancestry, ancestry.steps[key], printed)
    out().print(tree)


def _grow(tree: Tree, ancestry: Ancestry, step: StepRecord, printed: set[str]) -> None:
    line = f"[bold]{step.stage}[/] {escape(step.label)} [dim]{step.key[:DIGITS]} · {seconds(step.seconds)}[/]"
    if step.key in printed:
        tree.add(f"{line} [dim](shown above)[/]")
        return
    printed.add(step.key)
    branch = tree.add(line)
    tool = step.parameters.get("tool")
    if tool:
        weights = f", {step.weights_id}" if step.weights_id else ""
        branch.add(f"[cyan]{tool}[/] [dim]code {step.code_version}{escape(weights)}[/]")
    shown = {
        name: value for name, value in step.parameters.items() if name not in HIDDEN_PARAMETERS and value
    }
    if shown:
        branch.add(f"[dim]{escape(_one_line(shown))}[/]")
    for warning in step.warnings:
        branch.add(f"[yellow]{escape(warning)}[/]")
    for used in step.inputs:
        _grow_input(branch, ancestry, used, printed)


def _grow_input(branch: Tree, ancestry: Ancestry, used: StepInput, printed: set[str]) -> None:
    made_by = ancestry.upstream(used)
    if not made_by:
        branch.add(f"{used.name} " + _artifact_line("handed in", ancestry.artifacts[used.artifact_id]))
    for step in made_by:
        if step.key in printed:
            branch.add(f"{used.name} [dim]from {step.stage} {escape(step.label)} {step.key[:DIGITS]}[/]")
        else:
            _grow(branch, ancestry, step, printed)


def _artifact_line(name: str, artifact: Artifact) -> str:
    details = f"{artifact.media_type}, {size(artifact.size_bytes)}, sha256 {artifact.id[:DIGITS]}"
    return f"[green]{escape(name)}[/] [dim]{details}[/]"


def _one_line(parameters: dict[str, object]) -> str:
    parts = [
        f"{name}={json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value}"
        for name, value in parameters.items()
    ]
    return " ".join(parts)


def show_uses(file: str, *, as_json: bool) -> None:
    """Print the steps and finished films that derive from a file."""
    lineage = Workbench(Settings()).lineage
    artifact = find(lineage, file)
    uses = lineage.where_used(artifact.id)
    if as_json:
        renders = [{"render_id": item.id, "title": item.title, "film": item.film} for item in uses.renders]
        print_json(
            {"artifact": artifact.id, "steps": [_as_json(step) for step in uses.steps], "renders": renders}
        )
        return
    tree = Tree(_artifact_line(file, artifact))
    for step in uses.steps:
        tree.add(f"[bold]{step.stage}[/] {escape(step.label)} [dim]{step.key[:DIGITS]}[/]")
    films = tree.add("[bold]films[/]" if uses.renders else "in no finished film")
    for item in uses.renders:
        films.add(
            f"{escape(item.title)} [dim]render {item.id[:DIGITS]}, film {(item.film or '')[:DIGITS]}[/]"
        )
    out().print(tree)


def _as_json(step: StepRecord) -> dict[str, object]:
    return {
        "key": step.key,
        "stage": step.stage,
        "label": step.label,
        "code_version": step.code_version,
        "weights_id": step.weights_id,
        "parameters": step.parameters,
        "inputs": {used.name: used.artifact_id for used in step.inputs},
        "outputs": {name: artifact.id for name, artifact in step.outputs.items()},
        "facts": step.facts,
        "seconds": round(step.seconds, 3),
    }


def write_prov(film: str, path: Path) -> None:
    """Write the lineage of an artifact as W3C PROV-JSON."""
    lineage = Workbench(Settings()).lineage
    document = prov_json(lineage.ancestry(find(lineage, film).id))
    with written(path) as part:
        part.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
    out().print(f"{path}")
