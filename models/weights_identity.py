"""What a folder of weights is called: a digest of every file in it, so that other weights are other steps.

Hashing gigabytes takes minutes, so each file's digest is kept beside the folder and used again while the
file's size and time of change stay the same.
"""

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from reelhouse.identity import digest, file_digest

_DOWNLOADS = Path(".cache/huggingface/download")  # where `hf download --local-dir` notes what it fetched


def folder_identity(folder: Path, digests: Mapping[str, str]) -> str:
    """ "sha256:" and 64 digits over a folder's files and their names; before it the revision, where known.

    LoRAs do not count: they are named by the clips that are made with them.

    Args:
        digests: of the folder's files.
    """
    files = {name: found for name, found in digests.items() if not name.startswith("loras/")}
    known = revision(folder)
    return f"{known}+sha256:{digest('weights', files)}" if known else f"sha256:{digest('weights', files)}"


def revision(folder: Path) -> str | None:
    """The hub's commit that a folder was downloaded from, where the download noted one for all its files."""
    notes = [note.read_text(encoding="utf-8") for note in (folder / _DOWNLOADS).rglob("*.metadata")]
    commits = {note.partition("\n")[0].strip() for note in notes}
    return commits.pop() or None if len(commits) == 1 else None


def file_digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file in a folder, by its name in it; a download's own notes do not count."""
    notes = folder.with_name(f"{folder.name}.sha256.json")
    known = _read(notes)
    found: dict[str, list[int | str]] = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name, facts = file.relative_to(folder).as_posix(), file.stat()
        if name.startswith(".cache/"):
            continue
        stamp = [facts.st_size, facts.st_mtime_ns]
        before = known.get(name, [])
        found[name] = before if before[:2] == stamp else [*stamp, file_digest(file)]
    if found != known:
        _write(notes, found)
    return {name: str(entry[2]) for name, entry in found.items()}


def _read(notes: Path) -> dict[str, list[int | str]]:
    try:
        return json.loads(notes.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none yet, or not ours: hash again
        return {}


def _write(notes: Path, found: dict[str, list[int | str]]) -> None:
    part = notes.with_name(f".{notes.name}.{secrets.token_hex(4)}.part")
    try:
        part.write_text(json.dumps(found), encoding="utf-8")
        os.replace(part, notes)
    except OSError:  # a read-only folder of weights is hashed every time
        with suppress(OSError):
            part.unlink(missing_ok=True)
