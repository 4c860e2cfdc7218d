"""Deploys taxi.conformed.job and taxi.purpose_built.job, each as a Glue job with a role of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from deployment_account.names import Shared, TaxiName
from etl_cdk.function_code import SOURCE
from etl_cdk.glue_job import (
    JobDefinition,
    JobRole,
    chained,
    encrypted_everywhere,
    iceberg_settings,
    job_arns,
    region_of_s3a,
)
from etl_cdk.runtime_package import RuntimePackage
from etl_cdk.taxi_permissions import TaxiData, allow_conformed_job, allow_purpose_built_job

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployment_account.taxi_settings import TaxiSettings


class TaxiJobs(Construct):
    """The jobs from raw to conformed, and from conformed to purpose-built."""

    def __init__(
        self, scope: Construct, id_: str, *, package: RuntimePackage, data: TaxiData, settings: TaxiSettings
    ) -> None:
        super().__init__(scope, id_)
        self._package, self._data, self._settings = package, data, settings
        self._names = data.infra.names
        self._security = encrypted_everywhere(
            self, "Security", name=self._names.taxi(TaxiName.FLOW), key=package.log_policy.key
        )
        self.conformed = self._names.taxi(TaxiName.CONFORMED_JOB)
        self.purpose_built = self._names.taxi(TaxiName.PURPOSE_BUILT_JOB)
        self._add_conformed()
        self._add_purpose_built()

    @property
    def arns(self) -> list[str]:
        """The ARNs of the jobs, for whoever starts them."""
        return job_arns(self, [self.conformed, self.purpose_built])

    def _add_conformed(self) -> None:
        scope = Construct(self, "Conformed")
        script = _script(scope, "conformed")
        arguments = {
            "--bundle_bucket": self._bucket(Shared.CONFIG_BUCKET),
            "--conformed_bucket": self._bucket(Shared.CONFORMED_BUCKET),
            "--conformed_database": self._data.database(TaxiName.CONFORMED_DATABASE),
        }
        role = self._role(scope)
        role.add_job(scope, "Job", self._definition(self.conformed, "Loads the files of a bundle", script, arguments))
        allow_conformed_job(role, self._data, (self._package.asset, script))

    def _add_purpose_built(self) -> None:
        scope = Construct(self, "PurposeBuilt")
        script = _script(scope, "purpose_built")
        arguments = {
            "--conformed_database": self._data.database(TaxiName.CONFORMED_DATABASE),
            "--purpose_built_bucket": self._bucket(Shared.PURPOSE_BUILT_BUCKET),
            "--purpose_built_database": self._data.database(TaxiName.PURPOSE_BUILT_DATABASE),
        }
        role = self._role(scope)
        role.add_job(
            scope, "Job", self._definition(self.purpose_built, "Recomputes the days that changed", script, arguments)
        )
        allow_purpose_built_job(role, self._data, (self._package.asset, script))

    def _role(self, scope: Construct) -> JobRole:
        return JobRole(scope, "Role", names=self._names, security=self._security, package=self._package)

    def _definition(
        self, name: str, description: str, script: s3_assets.Asset, arguments: Mapping[str, str]
    ) -> JobDefinition:
        """One execution at a time loads a dataset, so there are never more runs than datasets."""
        return JobDefinition(
            name=name,
            description=description,
            script=script,
            arguments={**self._spark_arguments(), **arguments},
            glue_version=self._settings.glue_version,
            worker_type=self._settings.worker_type,
            workers=self._settings.workers,
            concurrent_runs=len(self._data.datasets),
            timeout_minutes=self._settings.job_timeout_minutes,
        )

    def _spark_arguments(self) -> dict[str, str]:
        """Spark's own catalog stays in memory, because Iceberg's catalog calls Glue itself."""
        settings = (
            *iceberg_settings(self._bucket(Shared.CONFORMED_BUCKET)),
            region_of_s3a(self),
        )
        return {
            **({"--regions": self._data.regions.told} if self._data.regions else {}),
            "--datalake-formats": "iceberg",
            "--extra-py-files": self._package.asset.s3_object_url,
            "--conf": chained(settings),
        }

    def _bucket(self, which: Shared) -> str:
        return self._data.infra.bucket(which).bucket_name


def _script(scope: Construct, component: str) -> s3_assets.Asset:
    return s3_assets.Asset(scope, "Script", path=str(SOURCE / "taxi" / component / "job.py"))
