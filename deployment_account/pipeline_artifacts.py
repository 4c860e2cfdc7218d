"""Where a pipeline keeps what its actions hand to each other."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from deployment_account.key_users import keep_other_environments_out, let_events_reach, let_logs_be_encrypted
from deployment_account.names import Names


class PipelineArtifacts(Construct):
    """A bucket that forgets after some days, under a rotated key that also serves the pipeline's logs and notices."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, days: int) -> None:
        super().__init__(scope, id_)
        self.key = kms.Key(
            self,
            "Key",
            description="Artifacts, logs and notices of a pipeline",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        keep_other_environments_out(self.key, names)
        let_events_reach(self.key, "EventBridgeToEncryptedTopics")
        let_logs_be_encrypted(self.key)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        forget(self.bucket, names=names, days=days)
        acknowledge_no_access_log(self.bucket)


def forget(bucket: s3.Bucket, *, names: Names, days: int) -> None:
    """Remove artifacts after some days, and what somebody overwrote as many days later; no build removes it earlier.

    A synthesis may write over what an earlier one made. What is executed is compared with what was approved all the
    same; the versions tell a person afterwards what was there.
    """
    written = bucket.node.default_child
    if not isinstance(written, s3.CfnBucket):
        raise TypeError(f"{bucket.node.path} is not the bucket itself")
    written.versioning_configuration = s3.CfnBucket.VersioningConfigurationProperty(status="Enabled")
    bucket.add_lifecycle_rule(
        id="Expire",
        expiration=cdk.Duration.days(days),
        noncurrent_version_expiration=cdk.Duration.days(days),
        abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
    )
    roles = cdk.Stack.of(bucket).format_arn(service="iam", region="", resource="role", resource_name=names.generated)
    statement = iam.PolicyStatement(
        sid="KeepVersions",
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=["s3:DeleteObjectVersion"],
        resources=[bucket.arn_for_objects("*")],
        conditions={"ArnLike": {"aws:PrincipalArn": roles}},
    )
    bucket.add_to_resource_policy(statement)


def acknowledge_no_access_log(bucket: s3.IBucket) -> None:
    """Record for cdk-nag why nobody logs who reads artifacts."""
    cdk.Validations.of(bucket).acknowledge(
        cdk.Acknowledgment(
            id="AwsSolutions-S1",
            reason="Copies of what is in git, for some days; who may read them is in the pipeline's own template.",
        )
    )
