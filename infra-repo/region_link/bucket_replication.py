"""Replication of a bucket of this Region to the partner's bucket of the same role."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from region_link.answer import Made
from region_link.patience import code_of, once_allowed

logger = logging.getLogger(__name__)

MINUTES = {"Minutes": 15}
"""The only value that S3 takes for the time of replication and for the threshold of its events."""


class ForeignRuleError(Exception):
    """A bucket replicates something by a rule of somebody else, which ours would replace."""


def answer(event: Mapping[str, Any]) -> Made:
    """Make the bucket's replication exactly what the properties say; with the resource it goes."""
    properties = event["ResourceProperties"]
    s3, bucket = boto3.client("s3"), properties["Bucket"]
    if event["RequestType"] == "Delete":
        _remove(s3, bucket, properties)
    else:
        _set(s3, bucket, properties)
    return Made(bucket)


def configuration(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The replication of a bucket: one rule of the second form, which knows filters and replication time control.

    Replicas are not replicated again, so both Regions' rules may be on. Deletions of versions are never replicated.
    """
    return {
        "Role": properties["Role"],
        "Rules": [
            {
                "ID": properties["RuleId"],
                "Priority": 1,
                "Status": "Enabled",
                "Filter": {"Prefix": properties["Prefix"]},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
                "Destination": {
                    "Bucket": f"arn:aws:s3:::{properties['DestinationBucket']}",
                    "EncryptionConfiguration": {"ReplicaKmsKeyID": properties["DestinationKey"]},
                    "Metrics": {"Status": "Enabled", "EventThreshold": MINUTES},
                    "ReplicationTime": {"Status": "Enabled", "Time": MINUTES},
                },
            }
        ],
    }


def _set(s3: Any, bucket: str, properties: Mapping[str, Any]) -> None:  # noqa: ANN401 - boto3 has no types in Lambda
    wanted = configuration(properties)
    there = _existing(s3, bucket, properties)
    _refuse_foreign(bucket, there, properties["RuleId"])
    if there == wanted:
        return
    once_allowed(
        lambda: s3.put_bucket_replication(
            Bucket=bucket, ExpectedBucketOwner=properties["Account"], ReplicationConfiguration=wanted
        )
    )
    logger.info("%s now replicates to %s", bucket, properties["DestinationBucket"])


def _remove(s3: Any, bucket: str, properties: Mapping[str, Any]) -> None:  # noqa: ANN401
    """Leave what somebody else has set since, and a bucket that is gone."""
    try:
        there = _existing(s3, bucket, properties)
    except ClientError as failure:
        if code_of(failure) == "NoSuchBucket":
            return
        raise
    if [rule.get("ID") for rule in there.get("Rules", ())] == [properties["RuleId"]]:
        s3.delete_bucket_replication(Bucket=bucket, ExpectedBucketOwner=properties["Account"])


def _existing(s3: Any, bucket: str, properties: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    def ask() -> dict[str, Any]:
        found = s3.get_bucket_replication(Bucket=bucket, ExpectedBucketOwner=properties["Account"])
        return dict(found["ReplicationConfiguration"])

    try:
        return once_allowed(ask)
    except ClientError as failure:
        if code_of(failure) == "ReplicationConfigurationNotFoundError":
            return {}
        raise


def _refuse_foreign(bucket: str, there: Mapping[str, Any], rule_id: str) -> None:
    foreign = [str(rule.get("ID")) for rule in there.get("Rules", ()) if rule.get("ID") != rule_id]
    if foreign:
        raise ForeignRuleError(
            f"{bucket} replicates by {', '.join(foreign)}, which is not of this lake; a bucket has one configuration: "
            "remove that rule, or replicate from another bucket"
        )
