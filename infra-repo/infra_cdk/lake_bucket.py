"""The common settings of every bucket of the lake."""

from __future__ import annotations

from collections.abc import Sequence
from string import hexdigits
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from deployment_account.names import FLOW_LOGS, QUERY_RESULTS

if TYPE_CHECKING:
    from constructs import Construct

ABANDONED_UPLOADS = cdk.Duration.days(7)


class LakeBucket(s3.Bucket):
    """A bucket under the data key, TLS only, closed to the public, owned by the account, its accesses logged.

    No rule here expires or moves current objects: a table format's files stay live however old they grow.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        key: kms.IKey,
        access_logs: s3.IBucket,
        removal_policy: cdk.RemovalPolicy,
        versioned: bool = False,
        lifecycle_rules: Sequence[s3.LifecycleRule] = (),
    ) -> None:
        super().__init__(
            scope,
            id_,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=f"{id_}/",
            versioned=versioned,
            lifecycle_rules=[abort_abandoned_uploads(), *lifecycle_rules],
            removal_policy=removal_policy,
        )

    def emit_events(self) -> None:
        """Send object events to EventBridge, by the bucket's own property: the construct's way deploys a Lambda."""
        resource = self.node.default_child
        if not isinstance(resource, s3.CfnBucket):
            raise TypeError(f"{self.node.path} has no bucket resource")
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
        )


def abort_abandoned_uploads() -> s3.LifecycleRule:
    """Remove the parts of abandoned uploads, which cost money and are invisible."""
    return s3.LifecycleRule(id="AbortAbandonedUploads", abort_incomplete_multipart_upload_after=ABANDONED_UPLOADS)


def expire_noncurrent(days: int) -> s3.LifecycleRule:
    """Remove overwritten and deleted versions; the current version of an object stays."""
    return s3.LifecycleRule(
        id="ExpireNoncurrentVersions",
        noncurrent_version_expiration=cdk.Duration.days(days),
        expired_object_delete_marker=True,
    )


def tier(days: int | None) -> list[s3.LifecycleRule]:
    """Move old objects to cheaper storage with immediate reads; only for files that no table reads."""
    if days is None:
        return []
    transition = s3.Transition(
        storage_class=s3.StorageClass.GLACIER_INSTANT_RETRIEVAL, transition_after=cdk.Duration.days(days)
    )
    return [s3.LifecycleRule(id="Tier", transitions=[transition])]


def expire(days: int, *, prefix: str | None = None, id_: str = "Expire") -> s3.LifecycleRule:
    """Expire objects of a bucket or prefix without tables."""
    return s3.LifecycleRule(id=id_, expiration=cdk.Duration.days(days), prefix=prefix)


def expire_query_results(days: int) -> list[s3.LifecycleRule]:
    """Expire results of queries, but not the tables that queries created without a location.

    Athena names results `<query id>.csv` and puts such tables into `tables/` beside them. No rule can leave a prefix
    out, so there is one for each digit with which an id can begin.
    """
    return [expire(days, prefix=f"{QUERY_RESULTS}{digit}", id_=f"Expire-{digit}") for digit in hexdigits[:16]]


def let_flow_logs_in(bucket: s3.Bucket) -> None:
    """Let the log delivery of this account write VPC flow logs.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html
    """
    stack = cdk.Stack.of(bucket)
    account = {"aws:SourceAccount": stack.account}
    source = {
        "aws:SourceArn": stack.format_arn(service="logs", resource="*", arn_format=cdk.ArnFormat.NO_RESOURCE_NAME)
    }
    delivery = iam.ServicePrincipal("delivery.logs.amazonaws.com")
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[delivery],
            actions=["s3:PutObject"],
            resources=[bucket.arn_for_objects(f"{FLOW_LOGS}/AWSLogs/{stack.account}/*")],
            conditions={
                "StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", **account},
                "ArnLike": source,
            },
        )
    )
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[delivery],
            actions=["s3:GetBucketAcl", "s3:ListBucket"],
            resources=[bucket.bucket_arn],
            conditions={"StringEquals": account, "ArnLike": source},
        )
    )
