"""The S3 service that a store's URL names: its address, the way to it, and what its failures are called.

A service that is away is given up on within seconds: the retries of a task are the place for patience. Keys
never become part of a URL, a log line or a message.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlsplit

import certifi
import urllib3
from minio import Minio
from minio.credentials.providers import EnvAWSProvider, Provider, StaticProvider
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError

from db.store import S3Credentials
from reelhouse.errors import (
    ArtifactMissing,
    DiskFull,
    InputError,
    ReelhouseError,
    ServiceUnavailable,
    StoreError,
)

AMAZON = "https://s3.amazonaws.com"
CONNECT_TIMEOUT_S = 2
READ_TIMEOUT_S = 60
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[\w.-]+(/[\w.-]+)*", re.ASCII)
_WRONG_KEYS = {
    "InvalidAccessKeyId": "it does not know the access key",
    "SignatureDoesNotMatch": "the secret key does not belong to the access key",
    "AccessDenied": "the access key may not do this",
    "ExpiredToken": "the session token has expired",
    "InvalidToken": "the session token is not valid",
}
_KEYS = "REELHOUSE_STORE_ACCESS_KEY and REELHOUSE_STORE_SECRET_KEY (or Amazon's AWS_ACCESS_KEY_ID and so on)"
_BUSY = {"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "ConditionalRequestConflict"}
_FULL = {"XMinioStorageFull", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage"}


@dataclass(frozen=True, slots=True)
class Address:
    """A bucket, perhaps a prefix in it (ending in /), and the endpoint that serves it."""

    bucket: str
    prefix: str
    endpoint: str
    region: str | None
    create: bool

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix} at {self.endpoint}"


def parse_address(url: str) -> Address:
    """The address in `s3://bucket[/prefix]?endpoint=http://host:9000&region=…&create=yes`.

    Raises:
        InputError: it is not of this form; the URL itself is not repeated, in case it holds a key.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    prefix = parts.path.strip("/")
    form = "s3://bucket[/prefix]?endpoint=http://host:9000&region=us-east-1&create=yes"
    if "@" in parts.netloc:
        raise InputError(f"the keys of an S3 store are never part of its URL, which looks like {form}")
    if parts.scheme != "s3" or not _BUCKET.fullmatch(parts.netloc):
        raise InputError(f"an S3 store looks like {form}; a bucket has 3 to 63 of a-z, 0-9, '.' and '-'")
    if prefix and (not _PREFIX.fullmatch(prefix) or {".", ".."} & set(prefix.split("/"))):
        raise InputError(
            f"the prefix in an S3 store's URL is made of letters, digits, '-', '_', '.', '/': {form}"
        )
    unknown = options.keys() - {"endpoint", "region", "create"}
    if unknown or options.get("create", "yes") not in ("yes", "no"):
        raise InputError(f"an S3 store's URL takes endpoint=, region= and create=yes|no, as in {form}")
    endpoint = options.get("endpoint", AMAZON).rstrip("/")
    if not _is_endpoint(urlsplit(endpoint)):
        raise InputError(f"the endpoint of an S3 store is http:// or https://, host and port, as in {form}")
    # Amazon's bucket knows its own region; asking elsewhere needs a right that few keys have.
    region = options.get("region") or (None if endpoint == AMAZON else "us-east-1")
    return Address(
        parts.netloc, f"{prefix}/" if prefix else "", endpoint, region, options.get("create") == "yes"
    )


def connect(address: Address, credentials: S3Credentials | None) -> Minio:
    """A client for the address; nothing is sent yet.

    Raises:
        StoreError: no credentials are given and the environment holds none.
    """
    provider: Provider = EnvAWSProvider()
    if credentials is not None:
        provider = StaticProvider(credentials.access_key, credentials.secret_key)
    try:
        provider.retrieve()
    except ValueError as error:
        raise StoreError(f"no keys are given for {address}: set {_KEYS}") from error
    endpoint = urlsplit(address.endpoint)
    return Minio(
        endpoint.netloc,
        secure=endpoint.scheme == "https",
        region=address.region,
        credentials=provider,
        http_client=urllib3.PoolManager(
            maxsize=16,
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S),
            # The last answer is wanted, since it says more than that there were too many of its kind.
            retries=urllib3.Retry(
                total=2, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504], raise_on_status=False
            ),
            ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
        ),
    )


@contextmanager
def translated(address: Address, artifact_id: str | None = None) -> Iterator[None]:
    """Turn what the SDK raises into what a person can act on.

    Raises:
        ArtifactMissing: there is no such object.
        StoreError: the service refuses, and would again.
        ServiceUnavailable: it does not answer, or is busy.
        DiskFull: it has no room.
    """
    try:
        yield
    except S3Error as error:
        raise _refusal(error, address, artifact_id) from error
    except urllib3.exceptions.HTTPError as error:
        raise ServiceUnavailable(
            f"the artifact store {address} does not answer ({_reason(error)}). Start it (`reelhouse up` runs "
            "one on this machine), or set REELHOUSE_STORE to another: a folder needs no server"
        ) from error
    except (InvalidResponseError, ServerError) as error:
        status = error.status_code if isinstance(error, ServerError) else error._code
        kind = ServiceUnavailable if status >= 500 or status == 429 else StoreError
        raise kind(
            f"the artifact store {address} answers with HTTP status {status}; is it an S3 service?"
        ) from error
    except MinioException as error:
        raise StoreError(f"the artifact store {address} cannot be used: {error}") from error


def _refusal(error: S3Error, address: Address, artifact_id: str | None) -> ReelhouseError:
    code = error.code or "unknown"
    if code == "NoSuchKey" and artifact_id:
        return ArtifactMissing(f"artifact {artifact_id} is not in {address}")
    if code == "NoSuchBucket":
        return StoreError(
            f"the bucket {address.bucket} does not exist at {address.endpoint}: make it, or add create=yes "
            "to the store's URL to have it made"
        )
    if code in _WRONG_KEYS:
        return StoreError(
            f"the artifact store {address} refuses: {_WRONG_KEYS[code]} ({code}). Check {_KEYS}, and the "
            "bucket's policy"
        )
    if code == "RequestTimeTooSkewed":
        return StoreError(
            f"the artifact store {address} refuses: its clock and this machine's differ by more than 15 "
            f"minutes ({code}). Set the clock that is wrong, and keep both right by NTP"
        )
    if code in _FULL:
        return DiskFull(
            f"the artifact store {address} has no room left ({code}); nothing was kept of "
            "this. Make room there, and run the same command again: what is finished is kept"
        )
    if code in _BUSY:
        return ServiceUnavailable(
            f"the artifact store {address} is busy or in trouble ({code}: {error.message}): try again, "
            "and if it stays so, see its log, and whether its disk is full"
        )
    return StoreError(f"the artifact store {address} refuses: {error.message} ({code})")


def _reason(error: Exception) -> str:
    # A MaxRetryError quotes the whole request; its reason says what happened.
    inner = getattr(error, "reason", None) or error
    return str(inner).rpartition(": ")[2] or type(inner).__name__


def _is_endpoint(parts: SplitResult) -> bool:
    try:
        port = parts.port
    except ValueError:
        return False
    bare = not parts.path and not parts.query and parts.username is None
    return bare and parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0
