"""Who may configure replication, and what the role of a configuration needs for a copy.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
"""

from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree as ET

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.execution_role import Call, refusal_of
from rehearsal.emulator.roles import RoleNotAssumableError, assume, key_refusal

Answer = tuple[int, dict[str, Any], Any]
_S3 = "s3.amazonaws.com"
_OF_BUCKET = ("s3:GetReplicationConfiguration", "s3:ListBucket")
_OF_VERSION = ("s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging")
_TO_DESTINATION = ("s3:ReplicateObject", "s3:ReplicateTags")
Keys = tuple[str | None, str | None]
"""The key of the source's version and that of the replica, as far as either is named."""


def put_replication(put: Callable[[str, bytes], Answer], bucket: str, body: bytes) -> Answer:
    """Refuse a destination that does not exist and a role that the caller may not pass; the rest is ministack's."""
    try:
        document = ET.fromstring(body)  # noqa: S314 - a signed request
    except ET.ParseError:
        return put(bucket, body)
    role = next(_texts(document, "Role"), "")
    caller = str(patches.CALLER_ARN.value())
    if refusal := refusal_of(caller, Call("iam:PassRole", role, {"iam:PassedToService": _S3})):
        return _refused("AccessDenied", refusal, 403)
    for destination in _texts(document, "Bucket"):
        if patches.BUCKET_OWNER.value(destination.split(":::")[-1]) is None:
            return _refused("InvalidRequest", "Destination bucket must exist.", 400)
    return put(bucket, body)


def _texts(document: ET.Element, name: str) -> Iterator[str]:
    return (each.text or "" for each in document.iter() if each.tag.split("}")[-1] == name)


def _refused(code: str, message: str, status: int) -> Answer:
    answer: Answer = patches.S3_ERROR.value(code, message, status)
    return answer


def refusal_of_marker(role: str, source: str, key: str, destination: str) -> str | None:
    """Why S3 may not copy a delete marker as the role; None if it may."""
    return _first(role, [*_of_source(source, key), ("s3:ReplicateDelete", f"{destination}/{key}")])


def refusal_of_version(role: str, source: str, key: str, destination: str, keys: Keys) -> str | None:
    """Why S3 may not copy a version as the role, the keys of both Regions included; None if it may."""
    calls = [*_of_source(source, key), *((action, f"{destination}/{key}") for action in _TO_DESTINATION)]
    return _first(role, calls) or _refusal_of_keys(role, keys)


def _of_source(source: str, key: str) -> list[tuple[str, str]]:
    of_bucket = [(action, source) for action in _OF_BUCKET]
    return [*of_bucket, *((action, f"{source}/{key}") for action in _OF_VERSION)]


def _first(role: str, calls: list[tuple[str, str]]) -> str | None:
    try:
        assume(role, service=_S3, session_name="s3-replication")
    except RoleNotAssumableError as error:
        return str(error)
    for action, path in calls:
        resource = f"arn:aws:s3:::{path}"
        if refusal := refusal_of(role, Call(action, resource)):
            return refusal
        if _is_denied(role, action, resource):
            return f"the policy of the bucket denies {action} on {resource} to {role}"
    return None


def _is_denied(role: str, action: str, resource: str) -> bool:
    bucket = resource.removeprefix("arn:aws:s3:::").split("/")[0]
    owner = patches.BUCKET_OWNER.value(bucket)
    policy = patches.BUCKET_POLICIES.value.get_scoped(owner, None, bucket)
    if not policy:
        return False
    context = patches.EVALUATION_CONTEXT.value(
        principal_arn=role,
        principal_type="AssumedRole",
        principal_account=role.split(":")[4],
        action=action,
        resource_arn=resource,
        region=patches.REQUEST_REGION.value(),
    )
    return bool(patches.EVALUATE_RESOURCE.value(policy, context).decision == "Deny")


def _refusal_of_keys(role: str, keys: Keys) -> str | None:
    session = assume(role, service=_S3, session_name="s3-replication")
    for action, key in zip(("kms:Decrypt", "kms:Encrypt"), keys, strict=True):
        if key and (refusal := key_refusal(session, action, _key_arn(key))):
            return refusal
    return None


def _key_arn(name: str) -> str:
    """The key behind an alias, in the Region that its ARN names."""
    if ":alias/" not in name:
        return name
    account, region = name.split(":")[4], name.split(":")[3]
    with patches.REQUEST_SCOPE.value(account, region):
        found = patches.RESOLVE_KEY.value(name)
    return str(found["Arn"]) if found else name
