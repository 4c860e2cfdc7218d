"""Keeps people and programs from deleting the data of a protected environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from deployment_account.names import DATA_WRITER_TAG, Names
from deployment_account.qualifiers import bootstrap_role

if TYPE_CHECKING:
    from constructs import Construct

Conditions = Mapping[str, Mapping[str, Any]]

OF_BUCKETS = [
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketPolicy",
    "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration",
]
"""Deleting a bucket, and the ways around these rules: other rules, no versions, a lifecycle that expires everything."""
OF_OBJECTS = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
OF_KEYS = ["kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"]
"""Data without its key is deleted data."""


class DeletionGuard:
    """Denies deletion to everyone but the role with which CDK deploys; jobs delete the files that they replace.

    The role is compared as an ARN with the ARN of the caller; `aws:userId`, which is no ARN, would never match.
    """

    def __init__(self, scope: Construct, names: Names) -> None:
        stack = cdk.Stack.of(scope)
        qualifier = stack.synthesizer.bootstrap_qualifier or cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER

        def role(name: str) -> str:
            return stack.format_arn(service="iam", region="", resource="role", resource_name=name)

        self._role = role
        self._deployer = role(bootstrap_role(qualifier, "cfn-exec", stack.account, stack.region))
        self._not_the_deployer: Conditions = {"ArnNotEquals": {"aws:PrincipalArn": self._deployer}}
        self._writers = role(names.roles("etl"))
        self._writer_tag = names.lake

    def keep(self, bucket: s3.Bucket, *, written_by_jobs: bool = False) -> None:
        """Let nobody delete the bucket or what is in it; the jobs of this lake may clean up in buckets of tables."""
        objects = [bucket.arn_for_objects("*")]
        self._deny(bucket, "KeepBucket", OF_BUCKETS, [bucket.bucket_arn], self._not_the_deployer)
        if not written_by_jobs:
            self._deny(bucket, "KeepObjects", OF_OBJECTS, objects, self._not_the_deployer)
            return
        # two statements, because a job has to be both: people tag roles and sessions, and not every role writes data
        untagged = {"StringNotEquals": {f"aws:PrincipalTag/{DATA_WRITER_TAG}": self._writer_tag}}
        foreign: Conditions = {"ArnNotLike": {"aws:PrincipalArn": [self._deployer, self._writers]}}
        self._deny(bucket, "KeepObjects", OF_OBJECTS, objects, {**self._not_the_deployer, **untagged})
        self._deny(bucket, "KeepObjectsFromOtherRoles", OF_OBJECTS, objects, foreign)

    def keep_landed(self, bucket: s3.Bucket, dms_roles: Sequence[str]) -> None:
        """Let nobody delete the bucket or what is in it, but DMS the files of tables that it loads again.

        DMS deletes without naming a version, so what it deleted can be had again until it expires.
        """
        objects = [bucket.arn_for_objects("*")]
        may_delete = [self._deployer, *map(self._role, dms_roles)]
        others: Conditions = {"ArnNotEquals": {"aws:PrincipalArn": may_delete}}
        self._deny(bucket, "KeepBucket", OF_BUCKETS, [bucket.bucket_arn], self._not_the_deployer)
        self._deny(bucket, "KeepObjects", ["s3:DeleteObject"], objects, others)
        self._deny(bucket, "KeepVersions", ["s3:DeleteObjectVersion"], objects, self._not_the_deployer)

    def keep_key(self, key: kms.Key) -> None:
        """Let nobody delete or disable the key."""
        statement = iam.PolicyStatement(
            sid="KeepKey",
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=OF_KEYS,
            resources=["*"],
            conditions=self._not_the_deployer,
        )
        key.add_to_resource_policy(statement)

    @staticmethod
    def _deny(bucket: s3.Bucket, sid: str, actions: list[str], resources: list[str], conditions: Conditions) -> None:
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=actions,
                resources=resources,
                conditions=conditions,
            )
        )
