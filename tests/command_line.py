"""The command line, run in the test's own process, which has imported everything already."""

import contextlib
import io
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from studio.cli import main


@dataclass(frozen=True)
class Done:
    """What a command said."""

    stdout: str
    stderr: str


def run_here(folder: Path, environment: Mapping[str, str], *arguments: str, code: int = 0) -> Done:
    """Run a command in a folder.

    Args:
        code: the exit code it must have.
    """
    out, errors = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(errors),
    ):
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["reelhouse", *arguments])
        for name, value in environment.items():
            patch.setenv(name, value)
        found = _exit_code()
    assert found == code, f"exit code {found}\n{out.getvalue()}\n{errors.getvalue()}"
    return Done(out.getvalue(), errors.getvalue())


def _exit_code() -> int:
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0
