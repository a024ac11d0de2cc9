"""`reelhouse doctor`: whether this installation can do its work, one line a check, with what to do."""

import importlib
import importlib.metadata
import importlib.util
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from flows.local_server import LocalServer
from models.segmenter import open_segmenter
from reelhouse.errors import ReelhouseError
from reelhouse.media import ffmpeg
from reelhouse.media.typesetting import typeface
from reelhouse.memory import gigabytes
from reelhouse.settings import Settings
from studio.console import out, print_json
from studio.prefect_environment import prepare_prefect
from tasks.gpus import find_gpu
from tasks.workbench import Workbench

PACKAGES = ("reelhouse", "models", "db", "tasks", "flows", "studio")
PILLARS = ("prefect", "fastapi", "torch", "diffusers", "transformers", "sqlalchemy", "minio")


def examine(*, as_json: bool) -> None:
    """Run every check; the exit code is 1 if one of them failed."""
    bench = Workbench(Settings())
    checks: dict[str, Callable[[], str]] = {
        "python": _python,
        "packages": _packages,
        "versions": _versions,
        "ffmpeg": _ffmpeg,
        "caption font": _font,
        "gpu": _gpu,
        "segmenter": lambda: open_segmenter(bench.settings.segmenter).spec.weights_id,
        "database": lambda: f"{len(bench.lineage.renders(limit=1_000_000))} renders recorded",
        "store": lambda: _store(bench),
        "prefect": lambda: _prefect(bench),
    }
    results = {name: _run(check) for name, check in checks.items()}
    if as_json:
        print_json({name: {"ok": ok, "found": found} for name, (ok, found) in results.items()})
    else:
        console = out()
        for name, (ok, found) in results.items():
            console.print(f"{'[green]ok[/]    ' if ok else '[red]failed[/]'} [bold]{name:<13}[/] {found}")
    if not all(ok for ok, _ in results.values()):
        sys.exit(1)


def _run(check: Callable[[], str]) -> tuple[bool, str]:
    try:
        return True, check()
    except (ReelhouseError, OSError, ImportError, subprocess.SubprocessError) as error:
        return False, str(error)


def _python() -> str:
    return f"{platform.python_version()} at {sys.executable}"


def _packages() -> str:
    """The five short import names are common: each must be this project's."""
    home = Path(__file__).resolve().parent.parent
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        found = Path(spec.origin).resolve() if spec and spec.origin else None
        if found is None or found.parent.parent != home:
            raise ImportError(f'the package "{name}" is not ours but {found}: use an environment of its own')
    return f"{', '.join(PACKAGES)} at {home}"


def _versions() -> str:
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PILLARS)


def _ffmpeg() -> str:
    done = subprocess.run(
        [ffmpeg.binary(), "-version"], capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout.splitlines()[0]


def _font() -> str:
    family, weight = typeface(20).getname()
    return f"{family} {weight}"


def _gpu() -> str:
    gpu = find_gpu()
    if gpu is None:
        return "none that NVIDIA's driver names: engines with weights need one, the animatic does not"
    return f"{gpu.name}, {gigabytes(gpu.card.free_bytes)} of {gigabytes(gpu.total_bytes)} free"


def _prefect(bench: Workbench) -> str:
    """Start the server a render would start; in a new home that makes Prefect's tables."""
    if server_url := prepare_prefect(bench.settings.home):
        return f"renders report to {server_url}"
    started = time.monotonic()
    with LocalServer(bench.settings.home / "log" / "prefect-server.log") as server:
        server.url()
    return f"its server answers after {time.monotonic() - started:.1f} s"


def _store(bench: Workbench) -> str:
    artifact = bench.store.put_bytes(b"reelhouse doctor\n", "text/plain")
    bench.store.check(artifact.id)
    bench.store.delete(artifact.id)
    return f"{bench.settings.artifact_store} can be written and read"
