"""Deploys odp.file_processor.job as Glue jobs, one for each job name in the manifests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from deployment_account.log import Log
from deployment_account.names import DATA_WRITER_TAG, Names
from etl_cdk.glue_job_permissions import allow_logs
from etl_cdk.runtime_package import SOURCE, RuntimePackage

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from odp.records import BatchConfig

    from deployment_account.odp_settings import OdpSettings

SCRIPT = SOURCE / "odp" / "file_processor" / "job.py"
LOG_PREFIX_ARGUMENT = "--custom-logGroup-prefix"
"""Since Glue 5.0, in place of --continuous-log-logGroup, which newer versions ignore."""
LOGS = ("Error", "Output")
"""Glue's own log and Spark's, and what the script prints."""


class GlueJobs(Construct):
    """The jobs that refresh batches of tables, with one role, one pair of logs and one way of encryption."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        package: RuntimePackage,
        names: Names,
        settings: OdpSettings,
        batches: Sequence[BatchConfig],
        arguments: Mapping[str, str],
    ) -> None:
        super().__init__(scope, id_)
        self.script = s3_assets.Asset(self, "Script", path=str(SCRIPT))
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("glue.amazonaws.com"))
        # Hudi deletes the files that it replaced; where deletion is denied, the lake's buckets know its jobs by this
        cdk.Tags.of(self.role).add(DATA_WRITER_TAG, names.lake)
        self._package = package
        self._settings = settings
        self._security = self._security_configuration(names, package.log_policy.key)
        log_prefix = f"/aws-glue/jobs/{names.stage('etl')}"
        self._logs = self._log_groups(log_prefix)
        allow_logs(self.role, log_prefix)
        self._arguments = {**self._spark_arguments(), LOG_PREFIX_ARGUMENT: log_prefix, **arguments}
        by_name = {batch.glue_job_name: batch for batch in batches}
        self.names = sorted(names.glue_job(name) for name in by_name)
        for batch in by_name.values():
            self._job(names.glue_job(batch.glue_job_name), batch)

    @property
    def arns(self) -> list[str]:
        """The jobs, for those who start them."""
        stack = cdk.Stack.of(self)
        return [stack.format_arn(service="glue", resource="job", resource_name=name) for name in self.names]

    def _job(self, name: str, batch: BatchConfig) -> None:
        job = glue.CfnJob(
            self,
            f"Job-{batch.glue_job_name}",
            name=name,
            description="Refreshes the tables of one batch",
            role=self.role.role_arn,
            command=glue.CfnJob.JobCommandProperty(
                name="glueetl", python_version="3", script_location=self.script.s3_object_url
            ),
            glue_version=self._settings.glue_version,
            worker_type=batch.glue_job_worker_type,
            number_of_workers=min(batch.glue_job_max_workers, self._settings.max_workers_per_run),
            default_arguments=self._arguments,
            execution_property=glue.CfnJob.ExecutionPropertyProperty(
                max_concurrent_runs=self._settings.max_concurrent_runs
            ),
            # files of a failed table stay pending for the next refresh; Glue would repeat the whole batch
            max_retries=0,
            timeout=self._settings.job_timeout_minutes,
            security_configuration=self._security.name,
        )
        job.add_resource_dependency(self._security)
        # a run would make the groups that it misses, which are then kept for ever and in the way of ours
        job.node.add_dependency(*self._logs)

    def _spark_arguments(self) -> dict[str, str]:
        settings = (
            "spark.serializer=org.apache.spark.serializer.KryoSerializer",
            "spark.sql.hive.convertMetastoreParquet=false",
            # without it S3A asks us-east-2
            f"spark.hadoop.fs.s3a.endpoint.region={cdk.Stack.of(self).region}",
            # Hudi cannot write TIMESTAMP_NTZ, which Spark infers for timestamps of DMS
            "spark.sql.parquet.inferTimestampNTZ.enabled=false",
        )
        return {
            "--datalake-formats": "hudi",
            "--enable-glue-datacatalog": "true",
            "--extra-py-files": self._package.asset.s3_object_url,
            # Glue takes one --conf; further ones are chained inside its value
            "--conf": " --conf ".join(settings),
        }

    def _log_groups(self, prefix: str) -> list[Log]:
        """The groups that Glue writes to, made before it makes them itself: by then retention and key are set."""
        below = f"{prefix}/{self._security.name}-role/{self.role.role_name}"
        policy = self._package.log_policy
        return [Log(self, f"{kind}Log", policy=policy, name=f"{below}/{kind.lower()}") for kind in LOGS]

    def _security_configuration(self, names: Names, key: kms.IKey) -> glue.CfnSecurityConfiguration:
        return glue.CfnSecurityConfiguration(
            self,
            "Security",
            name=names.security_configuration,
            encryption_configuration=glue.CfnSecurityConfiguration.EncryptionConfigurationProperty(
                cloud_watch_encryption=glue.CfnSecurityConfiguration.CloudWatchEncryptionProperty(
                    cloud_watch_encryption_mode="SSE-KMS", kms_key_arn=key.key_arn
                ),
                job_bookmarks_encryption=glue.CfnSecurityConfiguration.JobBookmarksEncryptionProperty(
                    job_bookmarks_encryption_mode="CSE-KMS", kms_key_arn=key.key_arn
                ),
                s3_encryptions=[
                    glue.CfnSecurityConfiguration.S3EncryptionProperty(
                        s3_encryption_mode="SSE-KMS", kms_key_arn=key.key_arn
                    )
                ],
            ),
        )
