"""A large object, sent to S3 in parts: visible when the last step is done, and not before.

Each part carries a Content-MD5, which every service checks. SHA-256 for parts must be announced and repeated
in ways that services disagree about and the SDK does not know; instead the whole is hashed while it is sent,
and not completed when it is not what it was said to be.
"""

import base64
import hashlib
from contextlib import suppress
from typing import BinaryIO

from minio import Minio
from minio.datatypes import Part

from db.store import Artifact
from reelhouse.errors import StoreError

PART_BYTES = 16 << 20


def send_in_parts(client: Minio, bucket: str, name: str, artifact: Artifact, source: BinaryIO) -> None:
    """Send the bytes of `source`, which are the artifact's, to an object of this name.

    The last step is not conditional: another upload of the same name has the same bytes.

    Raises:
        StoreError: the source holds other bytes, since it was written to in the meantime.
        minio.error.MinioException, urllib3.exceptions.HTTPError: the service refuses or does not answer.
    """
    # The SDK writes its own headers into the dictionary that it is given.
    upload_id = client._create_multipart_upload(bucket, name, {"Content-Type": artifact.media_type})
    try:
        digest = hashlib.sha256()
        parts: list[Part] = []
        for number, data in enumerate(iter(lambda: source.read(PART_BYTES), b""), start=1):
            digest.update(data)
            md5 = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
            etag = client._upload_part(bucket, name, data, {"Content-MD5": md5}, upload_id, number)
            parts.append(Part(number, etag))
        if digest.hexdigest() != artifact.id:
            raise StoreError(
                f"artifact {artifact.id}: its file changed while it was being stored; store it again"
            )
        client._complete_multipart_upload(bucket, name, upload_id, parts)
    except BaseException:
        # The first failure is the one to tell; what stays of the upload is swept later.
        with suppress(Exception):
            client._abort_multipart_upload(bucket, name, upload_id)
        raise
