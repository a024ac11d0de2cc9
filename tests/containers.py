"""What tests of images and manifests ask the code: which commands, settings and versions there are."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import typer
from prefect.settings import Settings as PrefectSettings
from pydantic import AliasChoices, AliasPath
from pydantic_settings import BaseSettings

from reelhouse.settings import Settings
from studio.cli import app

ROOT = Path(__file__).parents[1]
LINT = """
extends: default
rules:
  line-length: {max: 170}
  document-start: disable
  braces: {max-spaces-inside: 1}
  comments: {min-spaces-from-content: 2}
  octal-values: disable
"""


def check_command(words: Sequence[str]) -> None:
    """See that a container's command exists with its options: ours, Prefect's or a file of infra/."""
    match [str(word) for word in words]:
        case ["reelhouse", name, *rest]:
            commands = typer.main.get_command(app).commands  # pyright: ignore[reportAttributeAccessIssue] a group
            assert name in commands, f"there is no command reelhouse {name}"
            command = commands[name]
            options = {option for parameter in command.params for option in parameter.opts}
            for word in rest:
                assert not word.startswith("-") or word in options, f"reelhouse {name} has no {word}"
        case ["prefect", group, name, *rest]:
            known = _options_of_prefect(group, name)
            for word in rest:
                assert not word.startswith("--") or word in known, f"prefect {group} {name} has no {word}"
        case ["python", file]:
            assert (ROOT / Path(file).relative_to("/opt/reelhouse")).is_file(), file
        case other:
            raise AssertionError(f"nobody knows the command {other}")


def is_setting(name: str) -> bool:
    """Whether a REELHOUSE_ or PREFECT_ variable, or one of others, is read by anybody."""
    if name.startswith("REELHOUSE_"):
        return name.removeprefix("REELHOUSE_").lower() in Settings.model_fields
    if name.startswith("PREFECT_"):
        return name in PREFECT_NAMES
    return name in {"CUDA_DEVICE_ORDER", "DO_NOT_TRACK", "HOME"}


def with_secrets_put_in(value: str) -> str:
    """What compose makes of a value whose variables are all set to SECRET."""
    return re.sub(r"\$\{\w+:\?[^}]*\}", "SECRET", value)


def locked(package: str) -> str:
    """The version of a package in the lock."""
    text = (ROOT / "constraints.txt").read_text("utf-8")
    [version] = re.findall(rf"^{re.escape(package)}==(.*)$", text, re.MULTILINE)
    return version


@cache
def _options_of_prefect(group: str, name: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-m", "prefect", group, name, "--help"],
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(re.findall(r"--[a-z][a-z-]+", done.stdout))


def _names(model: type[BaseSettings]) -> set[str]:
    """Every environment variable that a tree of Prefect's settings reads."""
    prefix = model.model_config.get("env_prefix", "")
    names: set[str] = set()
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseSettings):
            names |= _names(kind)
            continue
        names.add(f"{prefix}{name}".upper())
        alias = field.validation_alias
        choices = alias.choices if isinstance(alias, AliasChoices) else [alias] if alias else []
        names |= {choice.upper() for choice in choices if not isinstance(choice, AliasPath)}
    return names


PREFECT_NAMES = _names(PrefectSettings)
