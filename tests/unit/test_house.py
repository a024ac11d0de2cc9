"""The house itself: names that resolve, documents that are true, start-up that stays light."""

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from models.catalog import ENGINES
from reelhouse.settings import Settings
from studio.cli import app
from studio.doctor import PACKAGES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = README + "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md"))
GIT = shutil.which("git") or "git"


def name_of(requirement):
    return re.split(r"[^\w-]", requirement)[0]


def python(code, cwd=ROOT):
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_every_package_resolves_to_this_project_from_a_foreign_folder(tmp_path):
    found = f"[importlib.import_module(name).__file__ for name in {PACKAGES}]"
    code = f"import importlib, json; print(json.dumps({found}))"
    assert [Path(found).parents[1] for found in python(code, cwd=tmp_path)] == [ROOT] * len(PACKAGES)


def test_no_folder_of_the_project_shadows_a_package_that_prefect_imports():
    for name in ("docker", "infra"):
        assert not (ROOT / name / "__init__.py").exists()


@pytest.mark.parametrize(
    "module", ["studio.cli", "studio.rendering", "studio.plan_view", "studio.lineage_view"]
)
def test_what_needs_no_prefect_and_no_model_imports_neither(module):
    heavy = {"prefect", "torch", "transformers", "diffusers", "onnxruntime", "minio", "alembic"}
    loaded = python(f"import json, sys, {module}; print(json.dumps(sorted({heavy} & set(sys.modules))))")
    assert loaded == []


def test_every_command_is_documented():
    for command in app.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "")  # typer's own rule
        assert f"reelhouse {name}" in DOCS, name


def test_every_setting_is_documented():
    for name in Settings.model_fields:
        assert f"REELHOUSE_{name.upper()}" in DOCS, name


def test_every_engine_is_documented():
    for name in ENGINES:
        assert f"`{name}`" in DOCS, name


def test_every_dependency_has_its_line_in_the_decisions():
    decision = (ROOT / "docs/decisions/0002-dependencies.md").read_text(encoding="utf-8")
    for requirement in importlib.metadata.requires("reelhouse") or []:
        name = name_of(requirement).removeprefix("types-")
        assert name in decision, name


def test_every_dependency_is_locked():
    locked = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    for requirement in importlib.metadata.requires("reelhouse") or []:
        if "gpu" not in requirement.partition(";")[2]:
            name = name_of(requirement).lower()
            assert re.search(rf"^{name}==", locked, re.MULTILINE), name


def test_the_readme_is_short_and_its_file_tree_is_the_tree():
    assert len(README.splitlines()) < 200
    block = "pyproject.toml" + README.partition("```\npyproject.toml")[2].partition("```")[0]
    named = {line.split()[0].rstrip("/") for line in block.splitlines() if line and not line.startswith(" ")}
    tracked = subprocess.run([GIT, "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    tops = {path.split("/")[0] for path in tracked.splitlines()}
    assert named == {top for top in tops if not top.startswith(".")}


def test_the_readme_links_to_files_that_are_there():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
