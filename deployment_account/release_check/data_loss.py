"""Which data a release would lose, at once or later: rules that expire, protection that ends, what goes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .findings import Finding, Kind
from .properties import Resource, Resources, leaves, listed, of_type, properties, shown, text

STATEFUL = re.compile(
    r"AWS::(S3::Bucket|S3Tables::.*|S3Express::.*|DynamoDB::(Global)?Table|RDS::.*|Redshift.*|EFS::.*|FSx::.*|EC2::Volume"
    r"|KMS::(Replica)?Key|SecretsManager::Secret|SSM::Parameter|Logs::LogGroup|SQS::Queue|Kinesis::.*|KinesisFirehose::.*"
    r"|Glue::(Database|Table|DataCatalog.*|Registry|Schema)|ECR::.*|OpenSearchService::.*|Elasticsearch::.*|Backup::.*"
    r"|Cognito::UserPool|ElastiCache::.*|MemoryDB::.*|Neptune::.*|DocDB::.*|Timestream::.*|Cassandra::.*|QLDB::.*"
    r"|CodeCommit::Repository|CloudTrail::.*|MSK::.*|AmazonMQ::.*|StepFunctions::StateMachine|Athena::.*|LakeFormation::.*)"
)
"""Types that hold what nobody can deploy again."""
KEEPING = ("Retain", "RetainExceptOnCreate", "Snapshot")
EXPIRING = ("ExpirationInDays", "ExpirationDate", "ExpiredObjectDeleteMarker", "NoncurrentVersionExpirationInDays")
EXPIRING_BLOCKS = ("NoncurrentVersionExpiration", "Expiration")
PROTECTING = re.compile(
    r".*(DeletionProtection|DeletionProtectionEnabled|TerminationProtection|PointInTimeRecoveryEnabled"
    r"|ObjectLockEnabled|EnableKeyRotation|Enabled|IsLogging|EnableLogFileValidation|CopyTagsToSnapshot)"
)
"""Switches that keep data while they are on."""
KEPT_FOR = re.compile(
    r".*(Retention.*|RetentionInDays|RetentionPeriod.*|RecoveryPeriodInDays|PendingWindowInDays|DeleteAfterDays"
    r"|SnapshotRetentionLimit|MessageRetentionPeriod|MinRetentionDays|ColdStorageRetention.*|Days|Years)"
)
"""How long something is kept, in numbers that should not become smaller."""
OF_AWS = {"RecoveryPeriodInDays": 35, "MessageRetentionPeriod": 345_600, "BackupRetentionPeriod": 1}
"""How long AWS keeps something where no number says so; anything else it keeps for ever."""
RULES = re.compile(
    r"(.*Encryption.*|SSESpecification|KmsKey.*|KmsMasterKeyId|TimeToLiveSpecification|LifecyclePolicy|LifecyclePolicies"
    r"|ReplicationConfiguration|ObjectLock.*|VersioningConfiguration|LifecycleConfiguration|BackupPolicy|BackupPlan"
    r"|(Generate)?SecretString)"
)
"""Properties of which any other value may lose something; those that are compared rule by rule are told otherwise."""


def lost(before: Resources, after: Resources) -> Iterator[Finding]:
    """What of each resource is kept shorter, or less well, than before."""
    for id_ in sorted({*before, *after}):
        old, new = before.get(id_), after.get(id_)
        if old is None or new is None or of_type(old) != of_type(new):
            continue  # what goes is told from the change set, and what is new has no data yet
        for what in _of_resource(old, new):
            yield Finding(Kind.DATA, id_, what)


def _of_resource(old: Resource, new: Resource) -> Iterator[str]:
    for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
        if old.get(policy) in KEEPING and new.get(policy) not in KEEPING:
            yield f"is not kept any more ({policy} {shown(new.get(policy, 'Delete'))})"
        elif old.get(policy) != new.get(policy) and new.get(policy) not in (*KEEPING, old.get(policy)):
            yield f"has another {policy}"
    earlier, later = properties(old), properties(new)
    if earlier.get("LifecycleConfiguration") != later.get("LifecycleConfiguration"):
        yield from _expiring(earlier.get("LifecycleConfiguration"), later.get("LifecycleConfiguration"))
    versions = (_versions(earlier), _versions(later))
    if versions[0] == "Enabled" != versions[1]:
        yield "keeps no versions any more (VersioningConfiguration)"
    yield from _rules(earlier, later)
    yield from _switches_and_numbers(earlier, later)


def _versions(found: Mapping[str, Any]) -> str:
    configuration = found.get("VersioningConfiguration") or {}
    return text(configuration.get("Status", "")) if isinstance(configuration, Mapping) else text(configuration)


def _rules(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> Iterator[str]:
    """Rules that are not compared one by one: any other one may lose something."""
    for name in sorted({*earlier, *later}):
        told = name in ("LifecycleConfiguration", "VersioningConfiguration")
        if RULES.fullmatch(name) and not told and earlier.get(name) != later.get(name):
            yield f"has another {shown(name)}"


def _expiring(earlier: Any, later: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Rules that remove objects which no rule before removed as early."""
    known = [rule for rule in _lifecycle(earlier) if isinstance(rule, Mapping)]
    for rule in _lifecycle(later):
        if not isinstance(rule, Mapping):
            yield "has a lifecycle that cannot be read"
        elif _expires(rule) and not any(_expires_no_later(one, rule) for one in known):
            yield f"expires objects ({_days(rule)})"


def _lifecycle(configuration: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    if not configuration:
        return []
    return listed(configuration.get("Rules", configuration)) if isinstance(configuration, Mapping) else [configuration]


def _expires(rule: Mapping[str, Any]) -> bool:
    is_on = rule.get("Status") != "Disabled"
    known = {"Id", "Status", "Prefix", "TagFilters", "ObjectSizeGreaterThan", "ObjectSizeLessThan", "Filter"}
    harmless = known | {"AbortIncompleteMultipartUpload", "Transition", "Transitions"}
    return is_on and bool(set(rule) - harmless - {"NoncurrentVersionTransition", "NoncurrentVersionTransitions"})


def _expires_no_later(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether an earlier rule removed the same objects at least as early."""
    where = ("Prefix", "TagFilters", "ObjectSizeGreaterThan", "ObjectSizeLessThan", "Filter")
    if old.get("Status") != "Enabled" or any(old.get(key) != new.get(key) for key in where):
        return False
    earlier, later = dict(_limits(old)), dict(_limits(new))
    return all(path in earlier and _is_no_more(earlier[path], value) for path, value in later.items())


def _limits(rule: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in rule.items():
        if key in EXPIRING or key in EXPIRING_BLOCKS:
            yield from leaves(value, (key,))


def _is_no_more(earlier: Any, later: Any) -> bool:  # noqa: ANN401 - any JSON
    if earlier == later:
        return True
    first, second = number(earlier), number(later)
    return first is not None and second is not None and first <= second


def _days(rule: Mapping[str, Any]) -> str:
    told = [f"{shown('.'.join(path))} {shown(value)}" for path, value in _limits(rule)]
    return ", ".join(told)[:120] or "rule that cannot be read"


def _switches_and_numbers(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> Iterator[str]:
    old, new = _by_path(earlier), _by_path(later)
    for path in sorted({*old, *new}):
        name = shown(".".join(path))
        if path[0] == "LifecycleConfiguration" or old.get(path) == new.get(path):
            continue
        if PROTECTING.fullmatch(path[-1]) and any(_is_on(one) for one in old.get(path, ())):
            if not all(_is_on(one) for one in new.get(path, ("false",))):
                yield f"is not protected any more ({name})"
        elif KEPT_FOR.fullmatch(path[-1]):
            yield from _shorter(name, old.get(path), new.get(path))


def _shorter(name: str, old: list[Any] | None, new: list[Any] | None) -> Iterator[str]:
    """Without a number something is kept for ever, or as long as AWS does by itself."""
    if new is None:
        yield f"is kept as long as AWS does by itself ({name} is gone)"
        return
    before = [number(one) for one in old or [OF_AWS.get(name.rsplit(".", 1)[-1])]]
    after = [number(one) for one in new]
    if None in after or None in before or min(map(float, after)) < max(map(float, before)):  # type: ignore[arg-type]
        yield f"is kept shorter ({name} {shown(new[0])})"


def _by_path(found: Mapping[str, Any]) -> dict[tuple[str, ...], list[Any]]:
    paths: dict[tuple[str, ...], list[Any]] = {}
    for path, value in leaves(found):
        paths.setdefault(path, []).append(value)
    return {path: values for path, values in paths.items() if path}


def _is_on(value: Any) -> bool:  # noqa: ANN401 - any JSON
    return text(value).lower() in ("true", "enabled", "active")


def number(value: Any) -> float | None:  # noqa: ANN401 - any JSON
    """A number, also one that is written as text; None of what only CloudFormation knows."""
    try:
        return None if isinstance(value, (bool, Mapping, list)) else float(value)
    except (TypeError, ValueError):
        return None
