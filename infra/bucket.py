"""Give the bucket of REELHOUSE_STORE its policy and its lifecycle, as bucket/*.json say, and read both back.

    python infra/bucket.py

It needs the keys of somebody who owns the bucket, in REELHOUSE_STORE_ACCESS_KEY and _SECRET_KEY. Artifacts
never expire by the clock: a film may need one that is years old, and `reelhouse gc` knows which are not
needed. So the lifecycle has one kind of rule, for uploads that were begun and never finished.
"""

import json
import sys
from pathlib import Path
from string import Template

from minio import Minio
from minio.commonconfig import Filter
from minio.lifecycleconfig import AbortIncompleteMultipartUpload, LifecycleConfig, Rule

from db.s3_service import Address, connect, parse_address, translated
from db.store import S3Credentials
from reelhouse.errors import InputError, ReelhouseError, StoreError
from reelhouse.settings import Settings

TEXTS = Path(__file__).with_name("bucket")


def main() -> None:
    """Do it, and say what was done."""
    settings = Settings()
    if not settings.artifact_store.startswith("s3://"):
        raise InputError(
            "REELHOUSE_STORE names no bucket; it looks like s3://bucket?endpoint=http://host:9000"
        )
    address = parse_address(settings.artifact_store)
    keys = None
    if settings.store_access_key:
        keys = S3Credentials(settings.store_access_key, settings.store_secret_key.get_secret_value())
    client = connect(address, keys)
    with translated(address):
        if not client.bucket_exists(address.bucket):
            client.make_bucket(address.bucket, address.region)
        set_lifecycle(client, address)
        set_policy(client, address)
    sys.stdout.write(f"{address.bucket}: policy and lifecycle are set\n")


def set_policy(client: Minio, address: Address) -> None:
    """Set the policy; where the store is asked without TLS, the statement that wants it is left out.

    Raises:
        StoreError: the service keeps another one.
    """
    policy = _read("policy.json", address)
    if address.endpoint.startswith("http://"):
        policy["Statement"] = [part for part in policy["Statement"] if part["Sid"] != "OnlyOverTls"]
    client.set_bucket_policy(address.bucket, json.dumps(policy))
    kept = json.loads(client.get_bucket_policy(address.bucket))
    if sorted(part["Sid"] for part in kept["Statement"]) != sorted(p["Sid"] for p in policy["Statement"]):
        raise StoreError(f"the service at {address.endpoint} keeps another policy than it was given: {kept}")


def set_lifecycle(client: Minio, address: Address) -> None:
    """Set the lifecycle.

    Raises:
        StoreError: the service keeps another one.
        ValueError: a rule does something else than abort uploads.
    """
    rules = [_rule(**rule) for rule in _read("lifecycle.json", address)["Rules"]]
    client.set_bucket_lifecycle(address.bucket, LifecycleConfig(rules))
    kept = client.get_bucket_lifecycle(address.bucket)
    if kept is None or [rule.rule_id for rule in kept.rules] != [rule.rule_id for rule in rules]:
        raise StoreError(f"the service at {address.endpoint} does not keep the bucket's lifecycle")


def _rule(**said: dict) -> Rule:
    if said.keys() != {"ID", "Status", "Filter", "AbortIncompleteMultipartUpload"}:
        raise ValueError(f"a rule of the lifecycle aborts uploads and does nothing else, unlike {said}")
    days = said["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
    return Rule(
        str(said["Status"]),
        rule_id=str(said["ID"]),
        rule_filter=Filter(prefix=said["Filter"]["Prefix"]),
        abort_incomplete_multipart_upload=AbortIncompleteMultipartUpload(days_after_initiation=days),
    )


def _read(name: str, address: Address) -> dict:
    text = Template((TEXTS / name).read_text("utf-8"))
    return json.loads(text.substitute(bucket=address.bucket, prefix=address.prefix))


if __name__ == "__main__":
    try:
        main()
    except ReelhouseError as error:
        sys.exit(f"bucket: {error}")
