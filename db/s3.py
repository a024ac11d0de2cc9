"""The artifact store in an S3 bucket: MinIO, Amazon, or any service that knows conditional puts.

Up to 64 MiB an artifact is one PUT with If-None-Match (the first writer wins) and x-amz-checksum-sha256 (the
service refuses other bytes); a larger one is sent in parts (`db.s3_upload`). Either way an object is visible
when it is whole, and a crash leaves nothing under its name. What is fetched is hashed before it is used.
"""

import base64
import hashlib
import os
import re
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from io import BytesIO
from logging import getLogger
from pathlib import Path
from typing import BinaryIO

from minio.datatypes import Object
from minio.error import S3Error

from db.folder import CHUNK_BYTES, FolderStore
from db.s3_service import Address, connect, parse_address, translated
from db.s3_upload import send_in_parts
from db.store import Artifact, S3Credentials, Stored, check_media_type, location
from reelhouse.errors import ArtifactCorrupt, ArtifactMissing, InputError, StoreError
from reelhouse.identity import bytes_digest, file_digest

__all__ = ["S3Store", "parse_address"]

SINGLE_PUT_BYTES = 64 << 20
# A put that finds its bytes there already writes them again when they are older than this, so that a
# collection, whose grace is far longer, counts their age from the put.
FRESH = timedelta(hours=1)
_NAME = re.compile(r"sha256/[0-9a-f]{2}/([0-9a-f]{64})")

log = getLogger(__name__)


class S3Store:
    """An ArtifactStore in one bucket, below one prefix; downloads are kept, verified, in a cache folder."""

    def __init__(self, address: Address, *, cache: Path, credentials: S3Credentials | None = None) -> None:
        self.address = address
        self._client = connect(address, credentials)
        self._cache = FolderStore(cache)
        try:
            with translated(address):
                self._list_top()
        except StoreError as error:
            if not (address.create and getattr(error.__cause__, "code", None) == "NoSuchBucket"):
                raise
            self._make_bucket()

    def put_file(self, path: Path, media_type: str) -> Artifact:
        """Keep a copy of a file. Raises DiskFull; InputError when there is no such file."""
        check_media_type(media_type)
        try:
            size_bytes = path.stat().st_size
            if size_bytes <= SINGLE_PUT_BYTES:
                return self.put_bytes(path.read_bytes(), media_type)
            artifact = Artifact(file_digest(path), media_type, size_bytes)
            with path.open("rb") as source:
                return self._put_large(artifact, source)
        except OSError as error:
            raise InputError(f"{path} cannot be stored: {error.strerror}") from error

    def put_bytes(self, data: bytes, media_type: str) -> Artifact:
        """Keep these bytes. Raises DiskFull."""
        artifact = Artifact(bytes_digest(data), media_type, len(data))
        if len(data) > SINGLE_PUT_BYTES:
            return self._put_large(artifact, BytesIO(data))
        headers = {
            "Content-Type": media_type,
            "x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(artifact.id)).decode(),
        }
        with translated(self.address, artifact.id):
            try:
                # The SDK has no public conditional put. It adds its own headers to the dictionary.
                self._put(artifact, data, headers | {"If-None-Match": "*"})
            except S3Error as error:
                if error.code != "PreconditionFailed":
                    raise
                if not self._stands(artifact):
                    self._put(artifact, data, dict(headers))
        return artifact

    def fetch(self, artifact_id: str) -> Path:
        """A read-only file in the cache, downloaded and verified when it is not there yet.

        Raises:
            ArtifactMissing, ArtifactCorrupt: there is no such object, or it holds other bytes.
            DiskFull: no room in the cache.
        """
        with suppress(ArtifactMissing):
            cached = self._cache.fetch(artifact_id)
            with suppress(OSError):
                os.utime(cached)  # `sweep` drops what nobody has asked for in a while
                return cached
        with closing(self._download(artifact_id)) as chunks:
            self._cache.keep(chunks, "application/octet-stream", expected_id=artifact_id)
        return self._cache.fetch(artifact_id)

    def read(self, artifact_id: str) -> bytes:
        """The artifact's bytes, their hash checked. Raises ArtifactMissing, ArtifactCorrupt."""
        data = b"".join(self._download(artifact_id))
        self._compare(artifact_id, bytes_digest(data))
        return data

    def exists(self, artifact_id: str) -> bool:
        """Whether an object is stored under this id."""
        try:
            self._stat(artifact_id)
        except ArtifactMissing:
            return False
        return True

    def size(self, artifact_id: str) -> int:
        """Stored size in bytes. Raises ArtifactMissing."""
        return self._stat(artifact_id).size or 0

    def ids(self) -> Iterator[str]:
        """Every stored id."""
        return (entry.id for entry in self.entries())

    def entries(self) -> Iterator[Stored]:
        """Every stored id with its size and age."""
        with translated(self.address):
            prefix = f"{self.address.prefix}sha256/"
            for entry in self._client.list_objects(self.address.bucket, prefix=prefix, recursive=True):
                name = _NAME.fullmatch((entry.object_name or "").removeprefix(self.address.prefix))
                if name:
                    yield Stored(name[1], entry.size or 0, entry.last_modified or datetime.now(UTC))

    def link(self, artifact_id: str, *, for_s: int) -> str | None:
        """A signed URL; it names the endpoint as this process does."""
        name = self._object_name(artifact_id)
        with translated(self.address, artifact_id):
            return self._client.presigned_get_object(
                self.address.bucket, name, expires=timedelta(seconds=for_s)
            )

    def check(self, artifact_id: str) -> None:
        """Hash the stored bytes again, not the cached ones. Raises ArtifactMissing, ArtifactCorrupt."""
        digest = hashlib.sha256()
        for chunk in self._download(artifact_id):
            digest.update(chunk)
        self._compare(artifact_id, digest.hexdigest())

    def delete(self, artifact_id: str) -> None:
        """Remove the artifact, here and from the cache."""
        with translated(self.address, artifact_id):
            self._client.remove_object(self.address.bucket, self._object_name(artifact_id))
        self._cache.delete(artifact_id)

    def expire(self, artifact_id: str, *, before: datetime) -> bool:
        """Remove the artifact if it was last put before this moment; whether it was removed."""
        try:
            put_at = self._stat(artifact_id).last_modified
        except ArtifactMissing:
            return False
        if put_at is None or put_at >= before:
            return False
        self.delete(artifact_id)
        return True

    def sweep(self, *, before: datetime, dry_run: bool = False) -> int:
        """Abort uploads begun, and drop downloads last asked for, before this moment; how many.

        At most 1,000 uploads are aborted at a time.
        """
        with translated(self.address):
            prefix = f"{self.address.prefix}sha256/"
            begun = self._client._list_multipart_uploads(self.address.bucket, prefix=prefix).uploads
            stale = [upload for upload in begun if (upload.initiated_time or before) < before]
            for upload in stale if not dry_run else ():
                self._client._abort_multipart_upload(
                    self.address.bucket, upload.object_name, upload.upload_id or ""
                )
        unused = [entry for entry in self._cache.entries() if entry.stored_at < before]
        for entry in unused if not dry_run else ():
            self._cache.expire(entry.id, before=before)
        return len(stale) + len(unused) + self._cache.sweep(before=before, dry_run=dry_run)

    def _put(self, artifact: Artifact, data: bytes, headers: dict[str, str]) -> None:
        self._client._put_object(self.address.bucket, self._object_name(artifact.id), data, {**headers})

    def _put_large(self, artifact: Artifact, source: BinaryIO) -> Artifact:
        with translated(self.address, artifact.id):
            if self._stands(artifact):
                return artifact
            send_in_parts(self._client, self.address.bucket, self._object_name(artifact.id), artifact, source)
        if self.size(artifact.id) != artifact.size_bytes:
            raise ArtifactCorrupt(f"artifact {artifact.id}: {self.address} did not keep all of its bytes")
        return artifact

    def _stands(self, artifact: Artifact) -> bool:
        """Whether the object is there, whole, and fresh enough to need no second put."""
        try:
            found = self._stat(artifact.id)
        except ArtifactMissing:
            return False
        if found.size != artifact.size_bytes:
            log.warning("artifact %s: the stored bytes were damaged and are replaced", artifact.id)
            return False
        return found.last_modified is not None and datetime.now(UTC) - found.last_modified < FRESH

    def _download(self, artifact_id: str) -> Generator[bytes, None, None]:
        name = self._object_name(artifact_id)
        with translated(self.address, artifact_id):
            response = self._client.get_object(self.address.bucket, name)
            try:
                yield from response.stream(CHUNK_BYTES)
            finally:
                response.close()
                response.release_conn()

    def _stat(self, artifact_id: str) -> Object:
        name = self._object_name(artifact_id)
        with translated(self.address, artifact_id):
            return self._client.stat_object(self.address.bucket, name)

    def _compare(self, artifact_id: str, found: str) -> None:
        if found != artifact_id:
            raise ArtifactCorrupt(
                f"artifact {artifact_id}: its bytes in {self.address} have the SHA-256 {found}; "
                "make or hand in the original bytes again to mend it"
            )

    def _object_name(self, artifact_id: str) -> str:
        return self.address.prefix + location(artifact_id)

    def _list_top(self) -> None:
        # The cheapest question whose refusal says why: a HEAD would give a bare 403 or 404.
        prefix = f"{self.address.prefix}sha256/"
        next(iter(self._client.list_objects(self.address.bucket, prefix=prefix)), None)

    def _make_bucket(self) -> None:
        with translated(self.address):
            try:
                self._client.make_bucket(self.address.bucket, self.address.region)
                log.info("bucket %s made at %s", self.address.bucket, self.address.endpoint)
            except S3Error as error:
                if error.code != "BucketAlreadyOwnedByYou":  # another process was first
                    raise
