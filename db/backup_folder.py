"""The folder of backups: one mirror of the artifacts, and for each backup a folder with databases and a list.

    FOLDER/artifacts/sha256/ab/abcd…    every artifact of every backup, once
    FOLDER/2026-11-22T055102.123Z/      lineage.dump, prefect.dump, artifacts.tsv, and manifest.json last

A backup has another name until it is whole, and its manifest holds the SHA-256 of its files: one half
written, or changed since, is never taken for a backup.
"""

import fcntl
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from db.folder import FolderStore
from db.store import Artifact
from reelhouse.errors import InputError, StoreError
from reelhouse.identity import file_digest

MIRROR = "artifacts"
FORMAT = 1
_MANIFEST, _LIST = "manifest.json", "artifacts.tsv"
_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z")
_PART = ".part"


@dataclass(frozen=True, slots=True)
class DumpFile:
    """A dumped database: its file, and how many rows each table had."""

    name: str
    sha256: str
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    Attributes:
        program: the version of Reelhouse that wrote it.
        lineage: the lineage database.
        prefect: Prefect's database; None when it was not asked for.
        list_sha256: of the list of artifacts.
        artifacts: how many the lineage names, all of `size_bytes` together.
        missing: the ids of those that were gone or damaged in the store, and are not in the mirror.
    """

    made_at: str
    program: str
    lineage: DumpFile
    prefect: DumpFile | None
    list_sha256: str
    artifacts: int
    size_bytes: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Backup:
    """One whole backup: its folder and what its manifest says."""

    folder: Path
    manifest: Manifest

    def artifacts(self) -> list[Artifact]:
        """Every artifact that its lineage names."""
        rows = (line.split("\t") for line in (self.folder / _LIST).read_text("utf-8").splitlines())
        return [Artifact(id_, media_type, int(size_bytes)) for id_, size_bytes, media_type in rows]

    def check_files(self) -> None:
        """Hash its files. Raises StoreError when one is not what was written."""
        manifest = self.manifest
        expected = {_LIST: manifest.list_sha256, manifest.lineage.name: manifest.lineage.sha256}
        if manifest.prefect:
            expected[manifest.prefect.name] = manifest.prefect.sha256
        for name, sha256 in expected.items():
            file = self.folder / name
            found = file_digest(file) if file.is_file() else "no file"
            if found != sha256:
                raise StoreError(
                    f"the backup {self.folder} is damaged: {name} should have the SHA-256 {sha256} and has "
                    f"{found}; use another copy of it, or an earlier backup"
                )


def mirror_of(folder: Path) -> FolderStore:
    """The artifacts of every backup in a folder of backups."""
    return FolderStore(folder / MIRROR)


@contextmanager
def new_backup(folder: Path) -> Iterator[Path]:
    """A folder for one backup's files; it gets its name when the block ends well.

    Raises:
        InputError: another backup is being written, or the folder cannot be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise InputError(f"no backup can be written to {folder}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(f"another backup is being written to {folder}; wait for it") from error
        for left in folder.glob(f"*{_PART}"):
            shutil.rmtree(left)
        name = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S.%f")[:-3] + "Z"
        part = folder / f"{name}{_PART}"
        part.mkdir(mode=0o700)
        try:
            yield part
            part.rename(folder / name)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def write_list(part: Path, artifacts: list[Artifact]) -> str:
    """Write the list of artifacts; its SHA-256."""
    rows = [f"{artifact.id}\t{artifact.size_bytes}\t{artifact.media_type}\n" for artifact in artifacts]
    (part / _LIST).write_text("".join(rows), "utf-8")
    return file_digest(part / _LIST)


def write_manifest(part: Path, manifest: Manifest) -> None:
    """Write the manifest; nothing may be written after it."""
    text = json.dumps({"format": FORMAT, **asdict(manifest)}, indent=2)
    (part / _MANIFEST).write_text(text + "\n", "utf-8")


def find_backup(folder: Path, name: str | None) -> Backup:
    """A whole backup by its name, or the newest of a folder of backups.

    Raises:
        InputError: there is none, it is not whole, or another version wrote it.
    """
    found = sorted(path.name for path in folder.glob("*") if _NAME.fullmatch(path.name))
    if name is None and not found:
        raise InputError(f"there is no whole backup in {folder}; `reelhouse backup {folder}` writes one")
    if name is not None and name not in found:
        raise InputError(f"there is no whole backup {name} in {folder}, but {', '.join(found) or 'none'}")
    return _read(folder / (name or found[-1]))


def _read(folder: Path) -> Backup:
    file = folder / _MANIFEST
    try:
        said = json.loads(file.read_text("utf-8"))
        if said.pop("format") != FORMAT:
            raise InputError(f"{file} was written by another version of Reelhouse: restore with that one")
        said["missing"] = tuple(said["missing"])
        for name in ("lineage", "prefect"):
            said[name] = DumpFile(**said[name]) if said[name] else None
        return Backup(folder, Manifest(**said))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"{folder} is not a whole backup: its {_MANIFEST} cannot be read ({error}); use another one"
        ) from error
