"""Denies people and programs to delete, falsify or lock away the data of a protected environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from deployment_account.names import DATA_WRITER_TAG, Names
from deployment_account.qualifiers import bootstrap_role
from infra_cdk.region_roles import RegionRoles

if TYPE_CHECKING:
    from constructs import Construct

Conditions = Mapping[str, Mapping[str, Any]]

REPLICATION = "s3:PutReplicationConfiguration"
OF_BUCKETS = [
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketLogging",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    REPLICATION,
]
"""Deleting a bucket, and the ways around these rules.

These are other rules, no versions, a lifecycle that expires everything, copies for somebody else, another key, an open
door and no log.
"""
OF_EVENTS = ["s3:PutBucketNotification", "s3:PutInventoryConfiguration"]
"""No events, and lists for somebody else; AWS Backup sets both for itself."""
DELETION, DELETION_OF_VERSIONS = "s3:DeleteObject", "s3:DeleteObjectVersion"
WRITING = ["s3:PutObject", "s3:ReplicateDelete", "s3:ReplicateObject"]
WRITING_REPLICAS = ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"]
CUSTOMER_KEY = "s3:x-amz-server-side-encryption-customer-algorithm"
KMS_KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
OF_KEYS = ["kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"]
"""Data without its key is deleted data."""
OF_GRANTS = ["kms:CreateGrant", "kms:RevokeGrant"]
"""A grant opens a key despite its policy; services create grants when they store data under it."""


class DeletionGuard:
    """Denies deletion to everyone but the role with which CDK deploys; jobs write and replace the files of tables.

    The role is compared as an ARN with the ARN of the caller; `aws:userId`, which is no ARN, would never match.
    """

    def __init__(
        self,
        scope: Construct,
        names: Names,
        *,
        backup: iam.IRole | None = None,
        regions: RegionRoles | None = None,
    ) -> None:
        stack = cdk.Stack.of(scope)
        qualifier = stack.synthesizer.bootstrap_qualifier or cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER

        def role(name: str) -> str:
            return stack.format_arn(service="iam", region="", resource="role", resource_name=name)

        self._role = role
        self._deployer = role(bootstrap_role(qualifier, "cfn-exec", stack.account, stack.region))
        self._not_the_deployer: Conditions = {"ArnNotEquals": {"aws:PrincipalArn": self._deployer}}
        but_for_backups = [self._deployer, backup.role_arn] if backup else self._deployer
        self._not_for_backups: Conditions = {"ArnNotEquals": {"aws:PrincipalArn": but_for_backups}}
        self._writers = role(names.roles("etl"))
        self._writer_tag = names.lake
        self._regions = regions

    def keep(self, bucket: s3.Bucket) -> None:
        """Deny deletion of the bucket and its objects."""
        self._keep_settings(bucket)
        not_the_deployer = _Denial(self._not_the_deployer)
        _deny(bucket, "KeepObjects", [DELETION, DELETION_OF_VERSIONS], not_the_deployer)

    def keep_tables(self, bucket: s3.Bucket, *, landing: str = "") -> None:
        """Let only jobs of this lake write and clean up a bucket of tables; nobody deletes old versions.

        Below the prefix `landing` others write too, and replicas come from the partner's Region.
        """
        self._keep_settings(bucket, is_linked=bool(landing))
        if landing:
            self._keep_replicas(bucket, landing)
        # two statements, because a job has to be both: people tag roles and sessions, and not every role writes data
        untagged = {"StringNotEquals": {f"aws:PrincipalTag/{DATA_WRITER_TAG}": self._writer_tag}}
        tagged_alone = {**self._not_the_deployer, **untagged}
        named_alone: Conditions = {"ArnNotLike": {"aws:PrincipalArn": [self._deployer, self._writers]}}
        for suffix, conditions in (("", tagged_alone), ("FromOtherRoles", named_alone)):
            _deny(bucket, f"KeepObjects{suffix}", [DELETION], _Denial(conditions))
            _deny(bucket, f"KeepTables{suffix}", WRITING, _Denial(conditions, but_not_below=landing))
        _deny(bucket, "KeepVersions", [DELETION_OF_VERSIONS], _Denial(self._not_the_deployer))

    def keep_configuration(self, bucket: s3.Bucket, prefix: str) -> None:
        """Let only deployments write below a prefix, so the configuration always comes from git.

        The deployment's own function writes, as a role of the lake; the other roles of the lake have no right to.
        """
        others: Conditions = {"ArnNotLike": {"aws:PrincipalArn": [self._deployer, self._writers]}}
        _deny(bucket, "KeepConfiguration", ["s3:PutObject"], _Denial(others, only_below=prefix))

    def keep_landed(self, bucket: s3.Bucket, dms_roles: Sequence[str]) -> None:
        """Deny deletion of the bucket and its objects, except to DMS for files of tables that it loads again.

        DMS deletes without a version id, so deleted files can be restored until they expire. Replication brings such
        deletions from the partner's Region as delete markers, likewise.
        """
        self._keep_settings(bucket, is_linked=True)
        self._keep_replicas(bucket, "")
        may_delete = [self._deployer, *map(self._role, dms_roles)]
        others: Conditions = {"ArnNotEquals": {"aws:PrincipalArn": may_delete}}
        _deny(bucket, "KeepObjects", [DELETION], _Denial(others))
        _deny(bucket, "KeepVersions", [DELETION_OF_VERSIONS], _Denial(self._not_the_deployer))

    def keep_key(self, key: kms.Key) -> None:
        """Deny deleting or disabling the key, and opening it to others."""
        by_hand = {"BoolIfExists": {"kms:GrantIsForAWSResource": "false"}}
        for sid, actions, conditions in (
            ("KeepKey", OF_KEYS, self._not_the_deployer),
            ("KeepKeyFromOthers", OF_GRANTS, {**self._not_the_deployer, **by_hand}),
        ):
            statement = iam.PolicyStatement(
                sid=sid,
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=actions,
                resources=["*"],
                conditions=conditions,
            )
            key.add_to_resource_policy(statement)

    def _keep_replicas(self, bucket: s3.Bucket, prefix: str) -> None:
        """Below a prefix, let nobody write replicas and delete markers but S3 in the name of the partner's Region."""
        if self._regions is None:
            return
        others: Conditions = {"ArnNotEquals": {"aws:PrincipalArn": self._role(self._regions.writer)}}
        _deny(bucket, "KeepReplicas", WRITING_REPLICAS, _Denial(others, only_below=prefix))

    def _keep_settings(self, bucket: s3.Bucket, *, is_linked: bool = False) -> None:
        """Deny changes of the bucket's protection, and all writes that the lake cannot read.

        Where there are two Regions, the function that links them sets the replication of linked buckets.
        """
        settings = OF_BUCKETS
        if is_linked and self._regions:
            settings = [action for action in OF_BUCKETS if action != REPLICATION]
            linkers = [self._deployer, self._role(self._regions.linker)]
            others: Conditions = {"ArnNotEquals": {"aws:PrincipalArn": linkers}}
            _deny(bucket, "KeepReplication", [REPLICATION], _Denial(others, of_objects=False))
        _deny(bucket, "KeepBucket", settings, _Denial(self._not_the_deployer, of_objects=False))
        _deny(bucket, "KeepEvents", OF_EVENTS, _Denial(self._not_for_backups, of_objects=False))
        _deny(bucket, "KeepReadable", ["s3:PutObject"], _Denial({"Null": {CUSTOMER_KEY: "false"}}))
        if key := bucket.encryption_key:
            foreign: Conditions = {"Null": {KMS_KEY: "false"}, "StringNotEquals": {KMS_KEY: [key.key_arn, key.key_id]}}
            _deny(bucket, "KeepUnderKey", ["s3:PutObject"], _Denial(foreign))


@dataclass(frozen=True)
class _Denial:
    """The principals and resources of a denial."""

    conditions: Conditions
    of_objects: bool = True
    but_not_below: str = ""
    only_below: str = ""

    def resources(self, bucket: s3.Bucket) -> list[str] | None:
        if self.but_not_below:
            return None
        return [bucket.arn_for_objects(f"{self.only_below}*") if self.of_objects else bucket.bucket_arn]

    def not_resources(self, bucket: s3.Bucket) -> list[str] | None:
        return [bucket.arn_for_objects(f"{self.but_not_below}*")] if self.but_not_below else None


def _deny(bucket: s3.Bucket, sid: str, actions: list[str], denial: _Denial) -> None:
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            sid=sid,
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=actions,
            resources=denial.resources(bucket),
            not_resources=denial.not_resources(bucket),
            conditions=denial.conditions,
        )
    )
