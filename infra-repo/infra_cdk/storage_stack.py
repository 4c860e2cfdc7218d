"""The storage of an environment: the data key and the buckets of each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from deployment_account.environments import Environment
from deployment_account.names import BUNDLES, CONFIGURATION, LANDING, PLANS, Names, Shared
from deployment_account.shared_values import publish
from deployment_account.sources import replications
from infra_cdk.backup_plan import BackupPlan
from infra_cdk.backup_role import BackupRole
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
from infra_cdk.perimeter import keep_buckets_inside, keep_buckets_to_network, keep_key_inside
from infra_cdk.region_roles import RegionRoles

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
        own = [names.replication_role(name) for name in replications(environment.sources)]
        self._dms_roles = [*environment.dms_roles, *own]
        self._removal_policy = cdk.RemovalPolicy.RETAIN if environment.is_protected else cdk.RemovalPolicy.DESTROY
        self.backup_role = BackupRole(self, "BackupRole") if environment.is_protected else None
        regions = RegionRoles.of(names, environment)
        self._guard = (
            DeletionGuard(self, names, backup=self.backup_role, regions=regions) if environment.is_protected else None
        )
        self.data_key = DataKey(self, "DataKey", removal_policy=self._removal_policy).key
        if regions:
            self._alias_of_data_key(names.data_key_alias)
        self.access_logs = self._access_logs(names.access_log_bucket(environment.account))
        self.staging = self._staging()
        self.raw = self._tables("Raw")
        self.raw.emit_events()
        self.conformed = self._tables("Conformed")
        self.purpose_built = self._tables("PurposeBuilt")
        self.config = self._config()
        self.athena_results = self._bucket("AthenaResults", *expire_query_results(self._retention.query_result_days))
        self._keep()
        self._keep_inside(environment.organization)
        if environment.private_network:
            keep_buckets_to_network([*self.backed_up, self.athena_results, self.access_logs], names.lake)
        if self.backup_role and environment.backups:
            self.backup_role.back_up(names, self.backed_up, self.data_key, environment.backups.copy_to)
            BackupPlan(
                self,
                "Backups",
                names=names,
                settings=environment.backups,
                buckets=self.backed_up,
                role=self.backup_role,
            )
        self._publish(names)

    def _alias_of_data_key(self, name: str) -> None:
        """The global table names the key of each Region, and a template knows that of another Region by alias only."""
        alias = kms.Alias(self, "DataKeyAlias", alias_name=name, target_key=self.data_key)
        alias.apply_removal_policy(self._removal_policy)

    def _keep_inside(self, organization: str | None) -> None:
        """Where an organization is configured, deny the data to all others."""
        keep_buckets_inside([*self.backed_up, self.athena_results, self.access_logs], organization)
        keep_key_inside(self.data_key, organization)

    @property
    def backed_up(self) -> list[s3.Bucket]:
        """The buckets in the backups: their content exists nowhere else."""
        return [self.staging, self.config, self.raw, self.conformed, self.purpose_built]

    def _keep(self) -> None:
        """In protected environments, deny deletion by hand; jobs delete only files that they replaced."""
        if self._guard is None:
            return
        self._guard.keep_key(self.data_key)
        self._guard.keep_tables(self.raw, landing=LANDING)
        self._guard.keep_tables(self.conformed)
        self._guard.keep_tables(self.purpose_built)
        for bucket in (self.access_logs, self.config, self.athena_results):
            self._guard.keep(bucket)
        self._guard.keep_landed(self.staging, self._dms_roles)
        self._guard.keep_configuration(self.config, CONFIGURATION)

    def _tables(self, id_: str) -> LakeBucket:
        """Versioned in every environment, as in prod: old versions undo a bad release.

        Table formats always write new names, so only cleaned-up files cost extra.
        """
        return self._bucket(id_, expire_noncurrent(self._retention.table_version_days), versioned=True)

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
        """Versioned: otherwise a LOAD file that was uploaded again would look like a redelivered event.

        DMS advises against versioning because old versions of rewritten files pile up; here they soon expire.
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
