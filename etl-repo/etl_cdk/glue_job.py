"""The Glue jobs of all flows: encrypted, with log groups of the stack, allowed to replace files of the lake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam

from deployment_account.log import Log, LogPolicy
from deployment_account.names import DATA_WRITER_TAG, Names
from deployment_account.permissions import allow

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3_assets as s3_assets
    from constructs import Construct

    from etl_cdk.runtime_package import RuntimePackage

LOG_PREFIX_ARGUMENT = "--custom-logGroup-prefix"
"""Since Glue 5.0, in place of --continuous-log-logGroup, which newer versions ignore."""
LOGS = ("Error", "Output")
"""The log groups of Glue and Spark, and of the script's output."""
SIZE_AND_LOGS = {"--enable-auto-scaling": "true", "--enable-continuous-log-filter": "true"}
"""A run's workers are a maximum: idle ones are returned. Heartbeats of Spark are not logged."""
QUIET_SPARK = ("spark.log.level=WARN", "spark.ui.showConsoleProgress=false")
"""Logs cost by the gigabyte, and Glue always writes them. At INFO, Spark writes megabytes for each run."""
ICEBERG_CATALOG = "spark.sql.catalog.glue_catalog"
"""Where the settings of Iceberg's catalog are, by the name under which the flows know it."""
RUN_ACTIONS = ("glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun")
"""The actions of a state machine that starts a run and waits for it."""


@dataclass(frozen=True)
class JobDefinition:
    """The script and the size of a job."""

    name: str
    description: str
    script: s3_assets.Asset
    arguments: Mapping[str, str]
    glue_version: str
    worker_type: str
    workers: int
    concurrent_runs: int
    timeout_minutes: int


class JobRole(iam.Role):
    """The role of jobs, which may write their logs; its owner grants the rest."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        security: glue.CfnSecurityConfiguration,
        package: RuntimePackage,
    ) -> None:
        super().__init__(scope, id_, assumed_by=iam.ServicePrincipal("glue.amazonaws.com"))
        # table formats delete the files that they replaced; where deletion is denied, the buckets know jobs by this
        cdk.Tags.of(self).add(DATA_WRITER_TAG, names.lake)
        self._security, self._network = security, package.network
        if self._network:
            self._network.hold_jobs(self)
        self._log_prefix = f"/aws-glue/jobs/{names.stage('etl')}"
        self._logs = self._log_groups(scope, package.log_policy)
        self._allow_logs()

    def add_job(self, scope: Construct, id_: str, job: JobDefinition) -> glue.CfnJob:
        """A job that runs as this role."""
        made = glue.CfnJob(
            scope,
            id_,
            name=job.name,
            description=job.description,
            role=self.role_arn,
            command=glue.CfnJob.JobCommandProperty(
                name="glueetl", python_version="3", script_location=job.script.s3_object_url
            ),
            glue_version=job.glue_version,
            worker_type=job.worker_type,
            number_of_workers=job.workers,
            default_arguments={**SIZE_AND_LOGS, **job.arguments, LOG_PREFIX_ARGUMENT: self._log_prefix},
            execution_property=glue.CfnJob.ExecutionPropertyProperty(max_concurrent_runs=job.concurrent_runs),
            # the caller decides whether and when to repeat a run; Glue would repeat it blindly
            max_retries=0,
            timeout=job.timeout_minutes,
            security_configuration=self._security.name,
            connections=self._connections(),
        )
        made.add_resource_dependency(self._security)
        # a run would create missing groups, which would never expire and block ours
        made.node.add_dependency(*self._logs)
        return made

    def _connections(self) -> glue.CfnJob.ConnectionsListProperty | None:
        """A run takes the first connection whose zone works."""
        if self._network is None:
            return None
        return glue.CfnJob.ConnectionsListProperty(connections=self._network.connections)

    def _log_groups(self, scope: Construct, policy: LogPolicy) -> list[Log]:
        """The log groups of Glue, created before Glue creates them itself without retention and key."""
        below = f"{self._log_prefix}/{self._security.name}-role/{self.role_name}"
        return [Log(scope, f"{kind}Log", policy=policy, name=f"{below}/{kind.lower()}") for kind in LOGS]

    def _allow_logs(self) -> None:
        """Also to encrypt them as the security configuration says."""
        groups = cdk.Stack.of(self).format_arn(
            service="logs",
            resource="log-group",
            resource_name=f"{self._log_prefix}/*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        actions = ["AssociateKmsKey", "CreateLogGroup", "CreateLogStream", "PutLogEvents"]
        allow(
            self,
            [f"logs:{action}" for action in actions],
            [groups],
            because="Glue itself names the groups and streams of drivers and executors, below this lake's prefix.",
        )


def encrypted_everywhere(scope: Construct, id_: str, *, name: str, key: kms.IKey) -> glue.CfnSecurityConfiguration:
    """The security configuration that encrypts a job's files, logs and bookmarks under the key."""
    configuration = glue.CfnSecurityConfiguration
    return configuration(
        scope,
        id_,
        name=name,
        encryption_configuration=configuration.EncryptionConfigurationProperty(
            cloud_watch_encryption=configuration.CloudWatchEncryptionProperty(
                cloud_watch_encryption_mode="SSE-KMS", kms_key_arn=key.key_arn
            ),
            job_bookmarks_encryption=configuration.JobBookmarksEncryptionProperty(
                job_bookmarks_encryption_mode="CSE-KMS", kms_key_arn=key.key_arn
            ),
            s3_encryptions=[configuration.S3EncryptionProperty(s3_encryption_mode="SSE-KMS", kms_key_arn=key.key_arn)],
        ),
    )


def job_arns(scope: Construct, names: Sequence[str]) -> list[str]:
    """The ARNs of jobs by name, for whoever starts them."""
    return [cdk.Stack.of(scope).format_arn(service="glue", resource="job", resource_name=name) for name in names]


def region_of_s3a(scope: Construct) -> str:
    """The Region setting of S3A, which otherwise asks us-east-2."""
    return f"spark.hadoop.fs.s3a.endpoint.region={cdk.Stack.of(scope).region}"


def iceberg_settings(bucket: str) -> list[str]:
    """The settings of Spark for Iceberg tables of the Data Catalog, which Iceberg's own catalog calls.

    The bucket is the place of a table that is made without one; the flows name a place for each table.
    """
    return [
        "spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        f"{ICEBERG_CATALOG}=org.apache.iceberg.spark.SparkCatalog",
        f"{ICEBERG_CATALOG}.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog",
        f"{ICEBERG_CATALOG}.io-impl=org.apache.iceberg.aws.s3.S3FileIO",
        f"{ICEBERG_CATALOG}.warehouse=s3://{bucket}/",
    ]


def chained(settings: Sequence[str]) -> str:
    """Glue accepts one --conf; further settings are chained inside its value. The log limits are always among them."""
    return " --conf ".join([*settings, *QUIET_SPARK])
