"""Where an environment's data rests: the key and the buckets of each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from deployment_account.environments import Environment
from deployment_account.names import BUNDLES, PLANS, Names, Shared
from deployment_account.shared_values import publish
from infra_cdk.data_key import DataKey
from infra_cdk.deletion_guard import DeletionGuard
from infra_cdk.lake_bucket import (
    LakeBucket,
    abort_abandoned_uploads,
    expire,
    expire_noncurrent,
    expire_query_results,
    let_flow_logs_in,
    tier,
)

if TYPE_CHECKING:
    from constructs import Construct


class StorageStack(cdk.Stack):
    """The rotated data key and the buckets from landing to query results."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, environment: Environment) -> None:
        super().__init__(
            scope,
            id_,
            description="Keys and buckets of the data lake",
            termination_protection=environment.is_protected,
        )
        self._retention = environment.retention
        self._removal_policy = cdk.RemovalPolicy.RETAIN if environment.is_protected else cdk.RemovalPolicy.DESTROY
        self._guard = DeletionGuard(self, names) if environment.is_protected else None
        self.data_key = DataKey(self, "DataKey", removal_policy=self._removal_policy).key
        self.access_logs = self._access_logs(names.access_log_bucket(environment.account))
        self.staging = self._staging()
        self.raw = self._bucket("Raw")
        self.raw.emit_events()
        self.conformed = self._bucket("Conformed")
        self.purpose_built = self._bucket("PurposeBuilt")
        self.config = self._config()
        self.athena_results = self._bucket("AthenaResults", *expire_query_results(self._retention.query_result_days))
        self._keep()
        self._publish(names)

    def _keep(self) -> None:
        """In protected environments nothing is deleted by hand, and by jobs only what they replaced."""
        if self._guard is None:
            return
        self._guard.keep_key(self.data_key)
        tables: list[s3.Bucket] = [self.raw, self.conformed, self.purpose_built]
        others: list[s3.Bucket] = [self.access_logs, self.staging, self.config, self.athena_results]
        for bucket in (*tables, *others):
            self._guard.keep(bucket, written_by_jobs=bucket in tables)

    def _bucket(self, id_: str, *rules: s3.LifecycleRule, versioned: bool = False) -> LakeBucket:
        return LakeBucket(
            self,
            id_,
            key=self.data_key,
            access_logs=self.access_logs,
            removal_policy=self._removal_policy,
            versioned=versioned,
            lifecycle_rules=rules,
        )

    def _access_logs(self, name: str) -> s3.Bucket:
        """Encrypted by S3 itself: log delivery cannot write to a bucket under a customer's key."""
        logs = s3.Bucket(
            self,
            "AccessLogs",
            bucket_name=name,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[abort_abandoned_uploads(), expire(self._retention.log_days)],
            removal_policy=self._removal_policy,
        )
        let_flow_logs_in(logs)
        return logs

    def _staging(self) -> LakeBucket:
        """Versioned, or a LOAD file uploaded again could not be told from its own redelivered event.

        DMS advises against versioning because old versions pile up under its rewritten files; here they soon expire.
        """
        rules = [
            expire_noncurrent(self._retention.noncurrent_version_days),
            expire(self._retention.landed_file_days, id_="ExpireLandedFiles"),
            *tier(self._retention.landed_file_tier_days),
        ]
        staging = self._bucket("Staging", *rules, versioned=True)
        staging.emit_events()
        return staging

    def _config(self) -> LakeBucket:
        config = self._bucket(
            "Config",
            expire_noncurrent(self._retention.noncurrent_version_days),
            expire(self._retention.plan_days, prefix=PLANS),
            expire(self._retention.plan_days, prefix=BUNDLES, id_="ExpireBundles"),
            versioned=True,
        )
        config.emit_events()
        return config

    def _publish(self, names: Names) -> None:
        values = {
            Shared.DATA_KEY_ARN: self.data_key.key_arn,
            Shared.STAGING_BUCKET: self.staging.bucket_name,
            Shared.RAW_BUCKET: self.raw.bucket_name,
            Shared.CONFORMED_BUCKET: self.conformed.bucket_name,
            Shared.PURPOSE_BUILT_BUCKET: self.purpose_built.bucket_name,
            Shared.CONFIG_BUCKET: self.config.bucket_name,
            Shared.ACCESS_LOG_BUCKET: self.access_logs.bucket_name,
            Shared.ATHENA_RESULTS_BUCKET: self.athena_results.bucket_name,
        }
        publish(self, names, values)
