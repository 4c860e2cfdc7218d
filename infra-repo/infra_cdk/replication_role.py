"""The role by which S3 replicates the linked buckets of one Region into the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from deployment_account.permissions import allow

if TYPE_CHECKING:
    from constructs import Construct

SOURCE_BUCKET = ("s3:GetReplicationConfiguration", "s3:ListBucket")
SOURCE_OBJECTS = ("s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging")
REPLICAS = ("s3:ReplicateObject", "s3:ReplicateTags")
USE_OF_SOURCE_KEY = ("kms:Decrypt",)
USE_OF_REPLICA_KEY = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")
"""Also to decrypt: S3 verifies a bucket key before it uses it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
"""
_KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"


@dataclass(frozen=True)
class LinkedBucket:
    """A bucket and the prefix below which it replicates to the bucket of the same role in the other Region."""

    name: str
    destination: str
    prefix: str = ""

    @property
    def arn(self) -> str:
        """The bucket."""
        return f"arn:aws:s3:::{self.name}"

    @property
    def destination_arn(self) -> str:
        """The partner's bucket."""
        return f"arn:aws:s3:::{self.destination}"

    @property
    def objects(self) -> str:
        """What is replicated."""
        return f"{self.arn}/{self.prefix}*"

    @property
    def replicas(self) -> str:
        """Where replicas are written."""
        return f"{self.destination_arn}/{self.prefix}*"


@dataclass(frozen=True)
class KeyOfRegion:
    """A key of data and its Region."""

    arn: str
    region: str


class ReplicationRole(iam.Role):
    """May read what the rules replicate and write replicas of it, under both Regions' keys, and nothing else.

    S3 takes it for the account's own buckets only. The conditions hold if S3 names a bucket when it takes the role,
    which AWS says of services in general; its examples for replication have no condition.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        role_name: str,
        buckets: Sequence[LinkedBucket],
        key: KeyOfRegion,
        replica_key: KeyOfRegion,
    ) -> None:
        sources = {
            "StringEqualsIfExists": {"aws:SourceAccount": cdk.Stack.of(scope).account},
            "ArnEqualsIfExists": {"aws:SourceArn": [bucket.arn for bucket in buckets]},
        }
        super().__init__(
            scope,
            id_,
            role_name=role_name,
            assumed_by=iam.ServicePrincipal("s3.amazonaws.com", conditions=sources),
            description="By which S3 replicates the files of the lake into its other Region",
        )
        self._read(buckets)
        self._write(buckets, replica_key.arn)
        self._use(USE_OF_SOURCE_KEY, key, [bucket.arn for bucket in buckets])
        self._use(USE_OF_REPLICA_KEY, replica_key, [bucket.destination_arn for bucket in buckets])

    def _read(self, buckets: Sequence[LinkedBucket]) -> None:
        allow(self, SOURCE_BUCKET, [bucket.arn for bucket in buckets])
        why = "Whatever lands there is replicated, and its key is known only then."
        allow(self, SOURCE_OBJECTS, [bucket.objects for bucket in buckets], because=why)

    def _write(self, buckets: Sequence[LinkedBucket], key: str) -> None:
        """Under the partner's key only; AWS's example has `IfExists`, because not every request has the header."""
        why = "A replica has the key of its object."
        under_key = {"StringEqualsIfExists": {_KEY: [key]}}
        replicas = [bucket.replicas for bucket in buckets]
        allow(self, REPLICAS, replicas, because=why, conditions={**_own_account(self), **under_key})
        allow(self, ["s3:ReplicateDelete"], replicas, because=why)

    def _use(self, actions: Sequence[str], key: KeyOfRegion, buckets: Sequence[str]) -> None:
        """By S3 and for these buckets: with bucket keys the context is the bucket, without them the object."""
        contexts = [context for bucket in buckets for context in (bucket, f"{bucket}/*")]
        conditions: Mapping[str, Any] = {
            "StringEquals": {"kms:ViaService": f"s3.{key.region}.amazonaws.com"},
            "StringLike": {"kms:EncryptionContext:aws:s3:arn": contexts},
        }
        allow(self, actions, [key.arn], conditions=conditions)


def _own_account(role: iam.IRole) -> dict[str, Any]:
    return {"StringEquals": {"aws:ResourceAccount": cdk.Stack.of(role).account}}
