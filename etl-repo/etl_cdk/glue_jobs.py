"""Deploys odp.file_processor.job as Glue jobs, one for each job name in the manifests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from etl_cdk.function_code import SOURCE
from etl_cdk.glue_job import (
    ICEBERG_CATALOG,
    JobDefinition,
    JobRole,
    chained,
    encrypted_everywhere,
    iceberg_settings,
    job_arns,
    region_of_s3a,
)
from etl_cdk.runtime_package import RuntimePackage
from lake.tables.registry import FORMATS

if TYPE_CHECKING:
    from odp.records import BatchConfig

    from deployment_account.names import Names
    from deployment_account.odp_settings import OdpSettings

SCRIPT = SOURCE / "odp" / "file_processor" / "job.py"


class GlueJobs(Construct):
    """The jobs that refresh batches of tables, with one role, one pair of log groups and one encryption."""

    def __init__(  # noqa: PLR0913 - a keyword for each of its parts
        self,
        scope: Construct,
        id_: str,
        *,
        package: RuntimePackage,
        names: Names,
        settings: OdpSettings,
        batches: Sequence[BatchConfig],
        arguments: Mapping[str, str],
        warehouse: str,
    ) -> None:
        super().__init__(scope, id_)
        self.script = s3_assets.Asset(self, "Script", path=str(SCRIPT))
        security = encrypted_everywhere(self, "Security", name=names.security_configuration, key=package.log_policy.key)
        self.role = JobRole(self, "Role", names=names, security=security, package=package)
        self._settings, self._warehouse = settings, warehouse
        self._arguments = {**self._spark_arguments(package), **arguments}
        by_name = {batch.glue_job_name: batch for batch in batches}
        self.names = sorted(names.glue_job(name) for name in by_name)
        for batch in by_name.values():
            definition = self._definition(names.glue_job(batch.glue_job_name), batch)
            self.role.add_job(self, f"Job-{batch.glue_job_name}", definition)

    @property
    def arns(self) -> list[str]:
        """The ARNs of the jobs, for whoever starts them."""
        return job_arns(self, self.names)

    def _definition(self, name: str, batch: BatchConfig) -> JobDefinition:
        """Without retries: files of a failed table stay pending for the next refresh."""
        return JobDefinition(
            name=name,
            description="Refreshes the tables of one batch",
            script=self.script,
            arguments=self._arguments,
            glue_version=self._settings.glue_version,
            worker_type=batch.glue_job_worker_type,
            workers=min(batch.glue_job_max_workers, self._settings.max_workers_per_run),
            concurrent_runs=self._settings.max_concurrent_runs,
            timeout_minutes=self._settings.job_timeout_minutes,
        )

    def _spark_arguments(self, package: RuntimePackage) -> dict[str, str]:
        settings = (
            "spark.serializer=org.apache.spark.serializer.KryoSerializer",
            "spark.sql.hive.convertMetastoreParquet=false",
            region_of_s3a(self),
            *iceberg_settings(self._warehouse),
            # each table is read as the catalog has it at that moment
            f"{ICEBERG_CATALOG}.cache-enabled=false",
        )
        return {
            "--datalake-formats": ",".join(FORMATS),
            "--enable-glue-datacatalog": "true",
            "--extra-py-files": package.asset.s3_object_url,
            "--conf": chained(settings),
        }
