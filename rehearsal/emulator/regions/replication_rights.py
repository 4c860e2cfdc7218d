"""Who may configure replication, and what the role of a configuration needs for a copy.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from xml.etree import ElementTree as ET

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.execution_role import Call, refusal_of
from rehearsal.emulator.roles import RoleNotAssumableError, assume, key_refusal, role_of

Answer = tuple[int, dict[str, Any], Any]
_S3, _SESSION = "s3.amazonaws.com", "s3-replication"
_OF_BUCKET = ("s3:GetReplicationConfiguration", "s3:ListBucket")
_OF_VERSION = ("s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging")
_TO_DESTINATION = ("s3:ReplicateObject", "s3:ReplicateTags")
_KEY_OF_WRITE = "s3:x-amz-server-side-encryption-aws-kms-key-id"
_OF_REPLICA_KEY = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")
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
    return _first(role, source, [*_of_source(source, key), _call("s3:ReplicateDelete", f"{destination}/{key}")])


def refusal_of_version(role: str, source: str, key: str, destination: str, keys: Keys) -> str | None:
    """Why S3 may not copy a version as the role, the keys of both Regions included; None if it may."""
    under = {_KEY_OF_WRITE: keys[1]} if keys[1] else {}
    writes = [_call(action, f"{destination}/{key}", under) for action in _TO_DESTINATION]
    of_keys = partial(_refusal_of_keys, role, keys, (_arn(source), _arn(destination)))
    return _first(role, source, [*_of_source(source, key), *writes]) or of_keys()


def _of_source(source: str, key: str) -> list[Call]:
    return [_call(one, source) for one in _OF_BUCKET] + [_call(one, f"{source}/{key}") for one in _OF_VERSION]


def _call(action: str, path: str, context: Mapping[str, str] | None = None) -> Call:
    return Call(action, _arn(path), context or {})


def _arn(path: str) -> str:
    return f"arn:aws:s3:::{path}"


def _first(role: str, source: str, calls: list[Call]) -> str | None:
    try:
        assume(role, service=_S3, session_name=_SESSION)
    except RoleNotAssumableError as error:
        return str(error)
    if not _trusts_bucket(role, _arn(source)):
        return f"{role} may be taken in the name of other buckets than {source}"
    for call in calls:
        if refusal := refusal_of(role, call):
            return refusal
        if _is_denied(role, call):
            return f"the policy of the bucket denies {call.action} on {call.resource} to {role}"
    return None


def _trusts_bucket(role: str, bucket: str) -> bool:
    """Whether no statement of the trust names other sources alone."""
    policy = role_of(role)["AssumeRolePolicyDocument"]
    document = json.loads(policy) if isinstance(policy, str) else policy
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    for statement in statements:
        for operator in ("ArnEquals", "ArnLike", "StringEquals"):
            named = statement.get("Condition", {}).get(operator, {}).get("aws:SourceArn", bucket)
            if bucket not in (named if isinstance(named, list) else [named]):
                return False
    return True


def _is_denied(role: str, call: Call) -> bool:
    bucket = call.resource.removeprefix("arn:aws:s3:::").split("/")[0]
    owner = patches.BUCKET_OWNER.value(bucket)
    policy = patches.BUCKET_POLICIES.value.get_scoped(owner, None, bucket)
    if not policy:
        return False
    context = patches.EVALUATION_CONTEXT.value(
        principal_arn=role,
        principal_type="AssumedRole",
        principal_account=role.split(":")[4],
        action=call.action,
        resource_arn=call.resource,
        region=patches.REQUEST_REGION.value(),
        service_context=dict(call.context),
    )
    return bool(patches.EVALUATE_RESOURCE.value(policy, context).decision == "Deny")


def _refusal_of_keys(role: str, keys: Keys, buckets: tuple[str, str]) -> str | None:
    """The context of an encryption is the bucket, as all buckets of the lake have bucket keys."""
    session = assume(role, service=_S3, session_name=_SESSION)
    of_replica = zip(_OF_REPLICA_KEY, [keys[1]] * 3, [buckets[1]] * 3, strict=True)
    for action, key, bucket in (("kms:Decrypt", keys[0], buckets[0]), *of_replica):
        if key and (refusal := key_refusal(session, action, _key_arn(key), encrypted=bucket)):
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
