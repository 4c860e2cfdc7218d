"""Two Regions of AWS as its documentation describes them, as far as the link of Regions calls them.

S3: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketReplication.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html
"""

# ruff: noqa: N803, N818 - the names are those of boto3

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

PRIMARY, SECONDARY, ACCOUNT = "us-east-1", "us-west-2", "222222222222"


def refused(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "call")


@dataclass
class Bucket:
    region: str
    versioned: bool = True
    owner: str = ACCOUNT
    replication: dict[str, Any] | None = None


@dataclass
class FakeS3:
    region: str
    buckets: dict[str, Bucket]
    denials: int = 0
    """So many calls are denied, because IAM does not know the right yet."""
    puts: int = 0

    def get_bucket_replication(self, *, Bucket: str, ExpectedBucketOwner: str) -> dict[str, Any]:
        found = self._bucket(Bucket, ExpectedBucketOwner)
        if found.replication is None:
            raise refused("ReplicationConfigurationNotFoundError")
        return {"ReplicationConfiguration": found.replication}

    def put_bucket_replication(
        self, *, Bucket: str, ExpectedBucketOwner: str, ReplicationConfiguration: Mapping[str, Any]
    ) -> None:
        source = self._bucket(Bucket, ExpectedBucketOwner)
        if not source.versioned:
            raise refused("InvalidRequest", "Versioning must be 'Enabled' on the bucket to apply a configuration")
        if not ReplicationConfiguration["Role"].startswith(f"arn:aws:iam::{ACCOUNT}:role/"):
            raise refused("InvalidArgument", "Invalid role")
        priorities = [rule["Priority"] for rule in ReplicationConfiguration["Rules"]]
        if len(set(priorities)) != len(priorities):
            raise refused("InvalidRequest", "Found duplicate priority")
        for rule in ReplicationConfiguration["Rules"]:
            self._check(rule)
        source.replication = dict(ReplicationConfiguration)
        self.puts += 1

    def delete_bucket_replication(self, *, Bucket: str, ExpectedBucketOwner: str) -> None:
        self._bucket(Bucket, ExpectedBucketOwner).replication = None

    def _check(self, rule: Mapping[str, Any]) -> None:
        if "Filter" in rule and not {"DeleteMarkerReplication", "Priority", "Status"} <= rule.keys():
            raise refused("InvalidRequest", "DeleteMarkerReplication must be specified for this version of the schema")
        destination = self.buckets.get(rule["Destination"]["Bucket"].removeprefix("arn:aws:s3:::"))
        if destination is None:
            raise refused("InvalidRequest", "Destination bucket must exist.")
        if not destination.versioned:
            raise refused("InvalidRequest", "Destination bucket must have versioning enabled.")
        encrypts = "EncryptionConfiguration" in rule["Destination"]
        if encrypts != ("SseKmsEncryptedObjects" in rule.get("SourceSelectionCriteria", {})):
            raise refused("InvalidRequest", "SseKmsEncryptedObjects and EncryptionConfiguration go together")
        control, metrics = rule["Destination"].get("ReplicationTime"), rule["Destination"].get("Metrics")
        if control and (control["Time"]["Minutes"] != 15 or not metrics or metrics["EventThreshold"]["Minutes"] != 15):
            raise refused("InvalidRequest", "Only 15 minutes, and with metrics")

    def _bucket(self, name: str, owner: str) -> Bucket:
        if self.denials:
            self.denials -= 1
            raise refused("AccessDenied")
        if name not in self.buckets:
            raise refused("NoSuchBucket")
        if self.buckets[name].owner != owner:
            raise refused("AccessDenied")
        return self.buckets[name]


@dataclass
class FakeSsm:
    parameters: dict[str, str]

    class exceptions:  # noqa: N801 - as boto3 names it
        class ParameterNotFound(Exception): ...

    def get_parameter(self, *, Name: str) -> dict[str, Any]:
        if Name not in self.parameters:
            raise self.exceptions.ParameterNotFound(Name)
        return {"Parameter": {"Value": self.parameters[Name]}}


@dataclass
class FakeSecrets:
    """Secrets by name: their description, as DescribeSecret gives it."""

    described: dict[str, dict[str, Any]]
    asked: list[dict[str, Any]] = field(default_factory=list)

    class exceptions:  # noqa: N801 - as boto3 names it
        class ResourceNotFoundException(Exception): ...

    def describe_secret(self, *, SecretId: str) -> dict[str, Any]:
        if SecretId not in self.described:
            raise self.exceptions.ResourceNotFoundException(SecretId)
        return self.described[SecretId]

    def replicate_secret_to_regions(self, *, SecretId: str, **options: Any) -> None:
        self.asked.append({"SecretId": SecretId, **options})
        (added,) = options["AddReplicaRegions"]
        self.described[SecretId]["ReplicationStatus"] = [{**added, "Status": "InProgress"}]

    def remove_regions_from_replication(self, *, SecretId: str, RemoveReplicaRegions: list[str]) -> None:
        there = self.described[SecretId]["ReplicationStatus"]
        kept = [each for each in there if each["Region"] not in RemoveReplicaRegions]
        self.described[SecretId]["ReplicationStatus"] = kept


@dataclass
class Aws:
    """What boto3 gives for each service and Region."""

    s3: FakeS3
    ssm: dict[str, FakeSsm]
    secrets: FakeSecrets
    own: str = PRIMARY

    def client(self, service: str, region_name: str | None = None) -> Any:
        if service == "ssm":
            return self.ssm[region_name or self.own]
        return {"s3": self.s3, "secretsmanager": self.secrets}[service]
