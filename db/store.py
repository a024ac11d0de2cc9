"""The artifact store: immutable bytes, named by their SHA-256, written once, kept until collected.

What every store promises: an id is visible only when all of its bytes are there; putting the same bytes
twice, from any number of processes, gives one artifact, and mends a damaged one; a crash or a full disk
leaves at most a leftover that `sweep` removes. It does not know what the bytes mean: names, media types
and origins are kept in the lineage database, which is written after the bytes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from reelhouse.errors import InputError

_ID = re.compile(r"[0-9a-f]{64}")
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(; ?[\w-]+=[\w.-]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Artifact:
    """Immutable bytes: `id` is their SHA-256 in 64 lower-case hexadecimal digits."""

    id: str
    media_type: str
    size_bytes: int

    def __post_init__(self) -> None:
        check_id(self.id)
        check_media_type(self.media_type)
        if self.size_bytes < 0:
            raise ValueError(f"an artifact cannot have {self.size_bytes} bytes")


@dataclass(frozen=True, slots=True)
class Stored:
    """One entry of a store's own listing; `stored_at` (UTC) moves forward when the bytes are put again."""

    id: str
    size_bytes: int
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class S3Credentials:
    """Who asks an S3 service; the secret never shows in a log or a message."""

    access_key: str
    secret_key: str = field(repr=False)


class ArtifactStore(Protocol):
    """Where artifacts are kept. Methods may be called from many threads and processes at once.

    Raises, from every method: StoreError (not retryable), ServiceUnavailable (no answer, retryable),
    InputError (an id that is not 64 lower-case hexadecimal digits).
    """

    def put_file(self, path: Path, media_type: str) -> Artifact:
        """Keep a copy of a file; the file itself is left alone. Raises DiskFull."""
        ...

    def put_bytes(self, data: bytes, media_type: str) -> Artifact:
        """Keep these bytes. Raises DiskFull."""
        ...

    def fetch(self, artifact_id: str) -> Path:
        """A local, read-only file holding the artifact. Raises ArtifactMissing, ArtifactCorrupt."""
        ...

    def read(self, artifact_id: str) -> bytes:
        """The artifact's bytes, their hash checked. Raises ArtifactMissing, ArtifactCorrupt."""
        ...

    def exists(self, artifact_id: str) -> bool:
        """Whether bytes are stored under this id; their hash is not checked."""
        ...

    def size(self, artifact_id: str) -> int:
        """Stored size in bytes. Raises ArtifactMissing."""
        ...

    def ids(self) -> Iterator[str]:
        """Every stored id, in no promised order."""
        ...

    def entries(self) -> Iterator[Stored]:
        """Every stored id with its size and age, in no promised order."""
        ...

    def link(self, artifact_id: str, *, for_s: int) -> str | None:
        """A URL by which whoever has it may watch the artifact for so long; None where nothing serves it."""
        ...

    def check(self, artifact_id: str) -> None:
        """Hash the stored bytes again. Raises ArtifactMissing, ArtifactCorrupt."""
        ...

    def delete(self, artifact_id: str) -> None:
        """Remove the artifact; deleting what is not there is no error."""
        ...

    def expire(self, artifact_id: str, *, before: datetime) -> bool:
        """Remove the artifact if it was last put before this moment; whether it was removed."""
        ...

    def sweep(self, *, before: datetime, dry_run: bool = False) -> int:
        """Remove what interrupted writes left behind before this moment; how many leftovers there were."""
        ...


def open_store(url: str, *, cache: Path, credentials: S3Credentials | None = None) -> ArtifactStore:
    """Open the artifact store that a URL names, making its folder when it is a folder.

    `/path`, `path` or `file:///path` is a folder on this machine. `s3://bucket[/prefix]` is Amazon S3;
    `s3://bucket[/prefix]?endpoint=http://127.0.0.1:9000` is MinIO or any other S3 service. Further options:
    `&region=eu-west-1`, and `&create=yes`, which makes a missing bucket instead of refusing it. Keys are
    never part of the URL: they are `credentials` or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.

    Args:
        cache: the folder for verified downloads; used by S3 alone.

    Raises:
        InputError: the URL cannot be understood.
        StoreError: the folder cannot be written, the bucket is missing, the keys are wrong.
        ServiceUnavailable: the S3 endpoint does not answer.
    """
    # Neither store is needed by a command that only reads the lineage, and minio takes 0.4 s to import.
    if url.startswith("s3://"):
        from db.s3 import S3Store, parse_address

        return S3Store(parse_address(url), cache=cache, credentials=credentials)
    from db.folder import FolderStore

    return FolderStore(_folder(url))


def check_id(artifact_id: str) -> str:
    """The id itself, once it is known to be one: nothing else may become part of a path or an object name.

    Raises:
        InputError: it is not 64 lower-case hexadecimal digits.
    """
    if not _ID.fullmatch(artifact_id):
        raise InputError(f"an artifact id is 64 lower-case hexadecimal digits, not {artifact_id[:80]!r}")
    return artifact_id


def check_media_type(media_type: str) -> str:
    """The media type itself, once it is known to be one; it becomes an HTTP header.

    Raises:
        ValueError: it is not of the form type/subtype.
    """
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise ValueError(f"a media type looks like video/mp4, not {media_type[:80]!r}")
    return media_type


def location(artifact_id: str) -> str:
    """Where an artifact lies below the root of any store: sha256/ab/abcd…

    Raises:
        InputError: it is not an artifact id.
    """
    return f"sha256/{check_id(artifact_id)[:2]}/{artifact_id}"


def _folder(url: str) -> Path:
    if url.startswith("file:"):
        parts = urlsplit(url)
        if parts.netloc not in ("", "localhost") or not parts.path.startswith("/") or parts.query:
            raise InputError("a folder store is written file:///absolute/path, or simply /absolute/path")
        return Path(unquote(parts.path))
    if "://" in url or not url:
        # The URL is not repeated: a mistyped one may hold a password.
        raise InputError(
            "an artifact store is a folder (/path), or s3://bucket[/prefix]?endpoint=http://host:9000"
        )
    return Path(url)
