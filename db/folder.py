"""The artifact store in a folder: no server, safe for many processes on one machine.

Bytes are written to `tmp/`, flushed to the disk, then renamed to the name that their hash gives: a file is
visible when it is whole, and never changes. Files are read-only. `lock` is held shared while a name is given
and alone while one is taken away, so a collection never removes what a put has just relied on.
"""

import errno
import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from logging import getLogger
from pathlib import Path

from db.store import Artifact, Stored, check_media_type, location
from reelhouse.errors import (
    ArtifactCorrupt,
    ArtifactMissing,
    DiskFull,
    InputError,
    ReelhouseError,
    StoreError,
)
from reelhouse.identity import bytes_digest, file_digest

CHUNK_BYTES = 1 << 20
# EFBIG is a size limit set on the process (ulimit -f); EDQUOT a full quota: both mean no room here.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_ENTRY = re.compile(r"[0-9a-f]{64}")

log = getLogger(__name__)


class FolderStore:
    """An ArtifactStore below one folder, which is made when it is not there."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().absolute()
        self._tmp = self.root / "tmp"
        with _translated(self.root):
            (self.root / "sha256").mkdir(parents=True, exist_ok=True)
            self._tmp.mkdir(exist_ok=True)
            (self.root / "lock").touch()

    def put_file(self, path: Path, media_type: str) -> Artifact:
        """Keep a copy of a file. Raises DiskFull; InputError when there is no such file."""
        # A hard link to the caller's file would be cheaper, and would change when the caller writes again.
        try:
            source = path.open("rb")
        except OSError as error:
            raise InputError(f"{path} cannot be stored: {error.strerror}") from error
        with source:
            return self.keep(iter(lambda: source.read(CHUNK_BYTES), b""), media_type)

    def put_bytes(self, data: bytes, media_type: str) -> Artifact:
        """Keep these bytes. Raises DiskFull."""
        return self.keep([data], media_type)

    def keep(self, chunks: Iterable[bytes], media_type: str, *, expected_id: str | None = None) -> Artifact:
        """Keep the bytes that these chunks make; with `expected_id`, only if that is their name.

        Raises:
            DiskFull: no room; nothing is kept.
            ArtifactCorrupt: the bytes are not those that were expected; nothing is kept.
        """
        check_media_type(media_type)
        with _translated(self.root):
            descriptor, name = tempfile.mkstemp(dir=self._tmp, suffix=".part")
            part = Path(name)
            try:
                artifact_id, size_bytes = _write(descriptor, chunks)
                if expected_id not in (None, artifact_id):
                    raise ArtifactCorrupt(f"artifact {expected_id}: its bytes have the SHA-256 {artifact_id}")
                self._name(part, artifact_id)
            finally:
                part.unlink(missing_ok=True)
        return Artifact(artifact_id, media_type, size_bytes)

    def fetch(self, artifact_id: str) -> Path:
        """The stored file itself, its hash checked. Raises ArtifactMissing, ArtifactCorrupt."""
        self.check(artifact_id)
        return self._path(artifact_id)

    def read(self, artifact_id: str) -> bytes:
        """The artifact's bytes, their hash checked. Raises ArtifactMissing, ArtifactCorrupt."""
        with self._found(artifact_id):
            data = self._path(artifact_id).read_bytes()
        _compare(artifact_id, bytes_digest(data))
        return data

    def exists(self, artifact_id: str) -> bool:
        """Whether bytes are stored under this id."""
        return self._path(artifact_id).is_file()

    def size(self, artifact_id: str) -> int:
        """Stored size in bytes. Raises ArtifactMissing."""
        with self._found(artifact_id):
            return self._path(artifact_id).stat().st_size

    def ids(self) -> Iterator[str]:
        """Every stored id."""
        return (entry.id for entry in self.entries())

    def entries(self) -> Iterator[Stored]:
        """Every stored id with its size and age."""
        for path in (self.root / "sha256").glob("??/*"):
            if _ENTRY.fullmatch(path.name):
                try:
                    status = path.stat()
                except FileNotFoundError:
                    continue  # collected since it was listed
                yield Stored(path.name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))

    def link(self, artifact_id: str, *, for_s: int) -> str | None:
        """None: nothing serves a folder."""
        return None

    def check(self, artifact_id: str) -> None:
        """Hash the stored bytes again. Raises ArtifactMissing, ArtifactCorrupt."""
        with self._found(artifact_id):
            found = file_digest(self._path(artifact_id))
        _compare(artifact_id, found)

    def delete(self, artifact_id: str) -> None:
        """Remove the artifact."""
        with _translated(self.root), self._locked(fcntl.LOCK_EX):
            self._path(artifact_id).unlink(missing_ok=True)

    def expire(self, artifact_id: str, *, before: datetime) -> bool:
        """Remove the artifact if it was last put before this moment; whether it was removed."""
        path = self._path(artifact_id)
        with _translated(self.root), self._locked(fcntl.LOCK_EX):
            if not path.exists() or path.stat().st_mtime >= before.timestamp():
                return False
            path.unlink()
        return True

    def sweep(self, *, before: datetime, dry_run: bool = False) -> int:
        """Remove half-written files last written to before this moment; how many there were."""
        leftovers = [path for path in self._tmp.iterdir() if _mtime(path) < before.timestamp()]
        if not dry_run:
            for path in leftovers:
                path.unlink(missing_ok=True)
        return len(leftovers)

    def _path(self, artifact_id: str) -> Path:
        return self.root / location(artifact_id)

    def _name(self, part: Path, artifact_id: str) -> None:
        final = self._path(artifact_id)
        if not final.parent.is_dir():
            final.parent.mkdir(exist_ok=True)
            _flush_folder(final.parent.parent)
        with self._locked(fcntl.LOCK_SH):
            if final.exists():
                if file_digest(final) == artifact_id:
                    os.utime(final)  # put again: a collection must count its age from now
                    return
                log.warning("artifact %s: the stored bytes were damaged and are replaced", artifact_id)
            # Two puts of the same bytes may both come here: the second replaces a file by its equal.
            part.replace(final)
        _flush_folder(final.parent)

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        # A fresh descriptor each time: flock belongs to the open file, so threads exclude each other too.
        with (self.root / "lock").open("rb") as file:
            fcntl.flock(file, how)
            yield

    @contextmanager
    def _found(self, artifact_id: str) -> Iterator[None]:
        try:
            with _translated(self.root):
                yield
        except StoreError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise ArtifactMissing(f"artifact {artifact_id} is not in {self.root}") from error.__cause__
            raise


def _write(descriptor: int, chunks: Iterable[bytes]) -> tuple[str, int]:
    digest = hashlib.sha256()
    size_bytes = 0
    with open(descriptor, "wb") as file:
        for chunk in chunks:
            digest.update(chunk)
            size_bytes += file.write(chunk)
        file.flush()
        os.fchmod(file.fileno(), 0o444)
        # The row that names these bytes is written next and may survive a power cut: the bytes must, too.
        os.fsync(file.fileno())
    return digest.hexdigest(), size_bytes


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _compare(artifact_id: str, found: str) -> None:
    if found != artifact_id:
        raise ArtifactCorrupt(
            f"artifact {artifact_id}: its stored bytes have the SHA-256 {found}; "
            "make or hand in the original bytes again to mend it"
        )


def _mtime(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")  # its writer has just finished


@contextmanager
def _translated(root: Path) -> Iterator[None]:
    try:
        yield
    except ReelhouseError:
        raise
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise DiskFull(
                f"no room left in {root} for an artifact ({error.strerror}); nothing was kept of it. "
                "Free some space (`reelhouse gc` removes what no film uses) and run again"
            ) from error
        raise StoreError(f"the artifact folder {root} cannot be used: {error}") from error
