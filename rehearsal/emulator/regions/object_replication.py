"""S3 replication: a replica keeps version id and time of its source, and is an event of the destination's bucket.

What replicates: https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-what-is-isnot-replicated.html
Versions of a key are in the order of their times, however late a replica comes. AWS does not say what the reason of a
replica's event is; people see `PutObject`.
"""

import logging
import os
import time
from collections.abc import Callable
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.regions import replication_rights as rights
from rehearsal.emulator.regions.network import OBJECT, RegionNetwork, Shipment

Record = dict[str, Any]
_TAGS, _WRITTEN = "_tags_of_the_write", "_written"
_MARKER = "is_delete_marker"
_KMS, _KEY_HEADER = "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id"
_ENCRYPTION = "x-amz-server-side-encryption"
_LOG = logging.getLogger(__name__)
_id: ContextVar[str | None] = ContextVar("version_of_replica", default=None)
_time: ContextVar[str | None] = ContextVar("time_of_replica", default=None)


@dataclass(frozen=True)
class _Copy:
    """One version that is to be replicated by one rule."""

    account: str
    bucket: str
    key: str
    version: Record
    rule: Record
    role: str
    tags: dict[str, str]


class ObjectReplication:
    """Sends each version and each delete marker that a rule is for to the rule's destination."""

    def __init__(self, network: RegionNetwork) -> None:
        self._network = network

    def install(self) -> None:
        """Send in place of ministack, which writes replicas at once, with new version ids and without an event."""
        patches.S3_NEW_ID.wrap(lambda new: _id.get() or new())
        patches.S3_NOW.wrap(lambda now: _time.get() or now())
        patches.S3_REPLICATE.put(_remember_tags)
        patches.S3_KEEP_VERSION.wrap(self._keep_version)
        patches.S3_REPLICATE_MARKER.put(self._send_marker)
        patches.S3_PUT_REPLICATION.wrap(rights.put_replication)

    def _keep_version(
        self,
        keep: Callable[..., str | None],
        bucket: str,
        key: str,
        prior: Record | None,
        written: Record,
        data: bytes,
    ) -> str | None:
        version_id: str | None = keep(bucket, key, prior, written, data)
        tags = written.pop(_TAGS, None) or {}
        if version_id is None:
            return version_id
        version = patches.S3_VERSIONS.value[(bucket, key)][-1]
        version[_WRITTEN] = time.time_ns()
        if _id.get():
            return version_id  # a replica is not replicated again
        rule, role = patches.S3_REPLICATION_RULE.value(bucket, key, tags)
        if rule is not None and not (_is_under_kms(version) and not _selects_kms(rule)):
            written["replication_status"] = version["replication_status"] = "PENDING"
            self._send(_Copy(str(patches.REQUEST_ACCOUNT.value()), bucket, key, version, rule, role, tags))
        return version_id

    def _send_marker(self, bucket: str, key: str) -> None:
        rule, role = patches.S3_REPLICATION_RULE.value(bucket, key, None)
        of_markers = (rule or {}).get("DeleteMarkerReplication") or {}
        if rule is None or ("Filter" in rule and of_markers.get("Status") != "Enabled"):
            return
        marker = patches.S3_VERSIONS.value[(bucket, key)][-1]
        marker[_WRITTEN] = time.time_ns()
        self._send(_Copy(str(patches.REQUEST_ACCOUNT.value()), bucket, key, marker, rule, role, {}))

    def _send(self, copied: _Copy) -> None:
        destination = str(copied.rule["Destination"]["Bucket"]).split(":::")[-1]
        self._network.send(
            Shipment(
                OBJECT,
                f"s3://{copied.bucket}/{copied.key}",
                region_of_bucket(copied.bucket),
                region_of_bucket(destination),
                lambda: _arrive(copied),
                size=int(copied.version["size"]),
            )
        )


def region_of_bucket(bucket: str) -> str:
    """The Region in which a bucket is, whoever owns it; that of the request for a bucket that is gone."""
    owner = patches.BUCKET_OWNER.value(bucket)
    record = patches.S3_BUCKETS.value.get_scoped(owner, None, bucket) if owner else None
    return str((record or {}).get("region") or os.environ["MINISTACK_REGION"])


def _remember_tags(_bucket: str, _key: str, written: Record, _data: bytes, tags: dict[str, str] | None = None) -> None:
    """The version has no id yet: it is sent when it is kept."""
    written[_TAGS] = tags


def _is_under_kms(version: Record) -> bool:
    return str(version.get("preserved_headers", {}).get(_ENCRYPTION, "")).startswith(_KMS)


def _selects_kms(rule: Record) -> bool:
    criteria = rule.get("SourceSelectionCriteria", {}).get("SseKmsEncryptedObjects", {})
    return bool(criteria.get("Status") == "Enabled")


def _arrive(copied: _Copy) -> None:
    region = region_of_bucket(copied.bucket)
    with patches.REQUEST_SCOPE.value(copied.account, region):
        if copied.version not in patches.S3_VERSIONS.value.get((copied.bucket, copied.key), ()):
            return  # it was deleted before it was copied
        target = patches.S3_REPLICATION_TARGET.value(copied.bucket, copied.key, copied.rule, copied.role)
        refusal = "the destination cannot be written" if target is None else _refusal(copied, target[0])
        if refusal:
            _LOG.warning("s3://%s/%s is not replicated: %s", copied.bucket, copied.key, refusal)
            _mark(copied, "FAILED")
            return
        body = _body(copied)
    name, account, bucket = target
    with patches.REQUEST_SCOPE.value(account, region_of_bucket(name)), _as_in_source(copied.version):
        _write(copied, name, bucket, body)
    with patches.REQUEST_SCOPE.value(copied.account, region):
        _mark(copied, "COMPLETED")


def _refusal(copied: _Copy, destination: str) -> str | None:
    if copied.version.get(_MARKER):
        return rights.refusal_of_marker(copied.role, copied.bucket, copied.key, destination)
    keys = (copied.version["preserved_headers"].get(_KEY_HEADER), _key_of_replica(copied.rule))
    return rights.refusal_of_version(copied.role, copied.bucket, copied.key, destination, keys)


def _key_of_replica(rule: Record) -> str | None:
    found: str | None = rule["Destination"].get("EncryptionConfiguration", {}).get("ReplicaKmsKeyID")
    return found


def _body(copied: _Copy) -> bytes:
    if copied.version.get(_MARKER):
        return b""
    bucket = patches.S3_BUCKETS.value[copied.bucket]
    found: bytes = patches.S3_VERSION_BODY.value(bucket, copied.bucket, copied.key, copied.version)
    return found


@contextmanager
def _as_in_source(version: Record) -> Any:  # noqa: ANN401 - a context manager
    """Let what is written now have the id and the time of a version."""
    tokens = _id.set(version["version_id"]), _time.set(version["last_modified"])
    try:
        yield
    finally:
        _id.reset(tokens[0])
        _time.reset(tokens[1])


def _write(copied: _Copy, name: str, bucket: Record, body: bytes) -> None:
    versions, objects = patches.S3_VERSIONS.value.setdefault((name, copied.key), []), bucket["objects"]
    if any(one["version_id"] == copied.version["version_id"] for one in versions):
        return
    if versions and _order(versions[-1]) > _order(copied.version):
        _insert(copied, name, versions, body)
    elif copied.version.get(_MARKER):
        patches.S3_KEEP_MARKER.value(name, copied.key, objects.get(copied.key))
        objects.pop(copied.key, None)
        versions[-1][_WRITTEN] = copied.version[_WRITTEN]
    else:
        replica = _replica(copied, body)
        prior, objects[copied.key] = objects.get(copied.key), replica
        patches.S3_KEEP_VERSION.value(name, copied.key, prior, replica, body)
        versions[-1][_WRITTEN] = copied.version[_WRITTEN]
    if copied.tags:
        patches.S3_TAGS.value[(name, copied.key, copied.version["version_id"])] = dict(copied.tags)
    patches.S3_SAVE_STATE.value(name, copied.key, bucket)
    _tell(copied, name)


def _order(version: Record) -> tuple[str, int]:
    return str(version["last_modified"]), int(version.get(_WRITTEN, 0))


def _insert(copied: _Copy, name: str, versions: list[Record], body: bytes) -> None:
    """Put an older version in its place below the current one."""
    if copied.version.get(_MARKER):
        entry = {**copied.version, "is_latest": False}
    else:
        replica = _replica(copied, body)
        entry = patches.S3_VERSION_ENTRY.value(replica, copied.version["version_id"], body)
        patches.S3_KEEP_VERSION_FILE.value(name, copied.key, replica, "Enabled")
        entry[_WRITTEN] = copied.version[_WRITTEN]
    place = sum(_order(one) < _order(copied.version) for one in versions)
    versions.insert(place, entry)


def _replica(copied: _Copy, body: bytes) -> Record:
    replica: Record = patches.S3_CURRENT_OF_VERSION.value(copied.version)
    headers = dict(replica["preserved_headers"])
    if key := _key_of_replica(copied.rule):
        headers |= {_ENCRYPTION: _KMS, _KEY_HEADER: key}
    storage = copied.rule["Destination"].get("StorageClass") or replica["storage_class"]
    named = {"body": body, "replication_status": "REPLICA", "preserved_headers": headers, "storage_class": storage}
    return {**replica, **named}


def _tell(copied: _Copy, name: str) -> None:
    version = copied.version
    if version.get(_MARKER):
        event, kind = "s3:ObjectRemoved:DeleteMarkerCreated", "Delete Marker Created"
        patches.S3_FIRE_EVENT.value(name, copied.key, event, deletion_type=kind, version_id=version["version_id"])
        return
    told = {"size": version["size"], "etag": version["etag"], "version_id": version["version_id"]}
    patches.S3_FIRE_EVENT.value(name, copied.key, "s3:ObjectCreated:Put", **told)


def _mark(copied: _Copy, status: str) -> None:
    """Say at the source what became of the copy."""
    if copied.version.get(_MARKER):
        return
    copied.version["replication_status"] = status
    bucket = patches.S3_BUCKETS.value[copied.bucket]
    current = bucket["objects"].get(copied.key)
    if current is not None and current.get("version_id") == copied.version["version_id"]:
        current["replication_status"] = status
        patches.S3_SAVE_STATE.value(copied.bucket, copied.key, bucket)
