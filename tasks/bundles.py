"""Bundles: a storyboard and the files it names, kept as artifacts, so that any machine can render it.

A bundle's manifest is itself an artifact, and its id is the bundle's: JSON that says which file is the
storyboard, and which artifact stands under each name the storyboard uses. A bundle is kept with every
render, so that a render can be made again, or one of its scenes, wherever its files once lay.
"""

import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from db.store import ArtifactStore, check_id
from reelhouse.errors import ArtifactMissing, InputError, StoryboardError
from reelhouse.identity import canonical_json
from reelhouse.storyboard import Storyboard
from reelhouse.storyboard_file import StoryboardFile
from reelhouse.storyboard_reader import read_storyboard
from reelhouse.yaml_lines import read_yaml
from tasks.workbench import Workbench

MEDIA_TYPE = "application/vnd.reelhouse.bundle+json"
LONGEST_MANIFEST_BYTES = 1 << 20
PASTED = "storyboard.yaml"
MEDIA_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "yaml": "application/yaml",
    "yml": "application/yaml",
}
_ID = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a bundle.

    Attributes:
        storyboard: the storyboard's file name, one of `files`.
        files: name, as the storyboard spells it → artifact id.
    """

    storyboard: str
    files: Mapping[str, str]

    def to_json(self) -> bytes:
        """One spelling, so that the same storyboard with the same files is the same bundle."""
        return canonical_json({"storyboard": self.storyboard, "files": self.files}).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Manifest":
        """Read and check one.

        Raises:
            ValueError: it is no manifest.
        """
        found = json.loads(data)
        storyboard, files = found["storyboard"], found["files"]
        if storyboard not in files or not all(isinstance(value, str) for value in files.values()):
            raise ValueError("the storyboard is not among the files")
        for artifact_id in files.values():
            check_id(artifact_id)
        return cls(storyboard, files)


def pack(bench: Workbench, board: Storyboard) -> str:
    """Keep a storyboard and every file it names; the bundle's id.

    Raises:
        InputError: a file is gone.
        DiskFull, StoreError, LineageError, ServiceUnavailable: it cannot be kept.
    """
    return keep(bench, board.file, _file_names(board.file))


def keep(bench: Workbench, file: Path, names: Iterable[str]) -> str:
    """Keep a written file, a storyboard or a campaign, and those beside it that it names; the bundle's id.

    Raises:
        InputError, DiskFull, StoreError, LineageError, ServiceUnavailable: as `pack`.
    """
    files: dict[str, str] = {}
    for name in (file.name, *names):
        path = file.resolve().parent / name
        media_type = MEDIA_TYPES.get(path.suffix.lower().lstrip("."), "application/octet-stream")
        artifact = bench.store.put_file(path, media_type)
        bench.lineage.add_artifact(artifact)
        files[name] = artifact.id
    manifest = bench.store.put_bytes(Manifest(file.name, files).to_json(), MEDIA_TYPE)
    bench.lineage.add_artifact(manifest)
    return manifest.id


def unpack(store: ArtifactStore, bundle_id: str, folder: Path) -> Path:
    """Lay a bundle's files into an empty folder; the storyboard's path.

    Raises:
        InputError: there is no such bundle, or it names a file outside of its folder.
        ArtifactCorrupt, ServiceUnavailable: a file cannot be fetched.
    """
    try:
        if store.size(bundle_id) > LONGEST_MANIFEST_BYTES:
            raise ValueError("it is too long")
        manifest = Manifest.from_json(store.read(bundle_id))
    except ArtifactMissing as error:
        raise InputError(
            f"there is no bundle {bundle_id} in this store: `reelhouse submit STORYBOARD` makes one, with "
            "the same REELHOUSE_STORE as the workers have"
        ) from error
    except (ValueError, TypeError, KeyError, InputError) as error:
        raise InputError(
            f"artifact {bundle_id} is not a bundle ({error}): `reelhouse submit STORYBOARD` makes one"
        ) from error
    for name, artifact_id in manifest.files.items():
        _lay(store, artifact_id, folder, name)
    return folder / manifest.storyboard


@contextmanager
def opened(bench: Workbench, storyboard: str) -> Iterator[Storyboard]:
    """The storyboard that a run was asked for, with its files, for as long as the block runs.

    It is asked for by a bundle's id, by a file below the library, or by its own text, in lines or in braces;
    the text names its pictures as sha256:ID or as files of the library. A door that has read a file itself
    leaves it in `bench.boards`.

    Raises:
        InputError, StoryboardError: it cannot be used.
        ArtifactCorrupt, ServiceUnavailable: a file cannot be fetched.
    """
    if board := bench.boards.get(storyboard):
        yield board
        return
    asked = storyboard.strip()
    is_file = not _is_text(asked) and not _ID.fullmatch(asked)
    with nullcontext(bench.settings.library_folder) if is_file else bench.folder() as folder:
        try:
            yield read_storyboard(_found(bench, asked, folder))
        except StoryboardError as error:  # said of the file's own name: nobody knows the folder
            name = error.file and error.file.is_relative_to(folder) and error.file.relative_to(folder)
            raise StoryboardError(error.problem, file=name or error.file, line=error.line) from error


def _found(bench: Workbench, asked: str, folder: Path) -> Path:
    if found := _ID.fullmatch(asked):
        return unpack(bench.store, found[1], folder)
    if _is_text(asked):
        return _write_out(bench, asked, folder)
    return _in_library(bench, asked)


def _is_text(asked: str) -> bool:
    """Whether it is a storyboard itself and not the name of one; programs write one as a line of JSON."""
    return "\n" in asked or asked.startswith("{")


def _write_out(bench: Workbench, text: str, folder: Path) -> Path:
    """A pasted storyboard as a file, and beside it what it names."""
    file = folder / PASTED
    file.write_text(f"{text}\n", encoding="utf-8")
    for name in _file_names(file):
        if found := _ID.fullmatch(name):
            _lay(bench.store, found[1], folder, name)
        else:
            path = _in_library(bench, name)
            shutil.copyfile(path, _place(folder, name))
    return file


def _file_names(storyboard: Path) -> tuple[str, ...]:
    """The files a storyboard names; none where it is wrong, which whoever reads it is told."""
    try:
        return StoryboardFile.model_validate(read_yaml(storyboard)[0]).file_names
    except ValidationError:
        return ()


def _in_library(bench: Workbench, name: str) -> Path:
    library = bench.settings.library_folder.resolve()
    # A name may be too long, have a character that no file's name has, or be a link to itself.
    with suppress(OSError, ValueError, RuntimeError):
        path = (library / name).resolve()
        if path.is_relative_to(library) and path.is_file():
            return path
    raise InputError(
        f'"{name[:200]}" is not a file in {library}, the library of the workers: put it there, or send the '
        "storyboard with its pictures by `reelhouse submit STORYBOARD`"
    )


def _lay(store: ArtifactStore, artifact_id: str, folder: Path, name: str) -> None:
    try:
        shutil.copyfile(store.fetch(artifact_id), _place(folder, name))
    except ArtifactMissing as error:
        raise InputError(f'"{name}" is not in the store any more: hand it in again') from error


def _place(folder: Path, name: str) -> Path:
    """Where a file goes, never outside the folder."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f'"{name[:200]}" leads out of the storyboard\'s folder')
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
