"""Deploys odp.native.handler: the function that refreshes small Iceberg tables without a JVM."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import aws_cdk as cdk
from odp.file_processor.engines import NATIVE_BYTES, NATIVE_FILES
from odp.variables import NativeRefreshVariables

from deployment_account.names import DATA_WRITER_TAG
from etl_cdk.function_code import NATIVE
from etl_cdk.glue_job_permissions import JobResources, allow_native_refresh
from etl_cdk.runtime_package import RuntimeFunction, RuntimePackage

if TYPE_CHECKING:
    from constructs import Construct
    from odp.file_processor.refresh_settings import RefreshSettings

    from deployment_account.names import Names
    from deployment_account.odp_settings import OdpSettings


class NativeRefresh(RuntimeFunction):
    """Refreshes the tables of one batch in one process; whoever invokes it waits for the answer."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        package: RuntimePackage,
        names: Names,
        odp: OdpSettings,
        settings: RefreshSettings,
        resources: JobResources,
    ) -> None:
        super().__init__(
            scope,
            id_,
            package=package,
            handler="odp.native.handler.handle",
            timeout=cdk.Duration.minutes(15),
            variables=NativeRefreshVariables(lake=package.lake, **dataclasses.asdict(_within_a_call(settings))),
            code=NATIVE,
            memory_mb=odp.native_memory_mb,
        )
        # commits delete files that no snapshot has any more; where deletion is denied, the buckets know jobs by this
        cdk.Tags.of(self.role).add(DATA_WRITER_TAG, names.lake)
        allow_native_refresh(self.role, resources)


def _within_a_call(settings: RefreshSettings) -> RefreshSettings:
    """Bound the memory and the time of one commit, for tables that a manifest gives to this engine."""
    return dataclasses.replace(
        settings,
        max_bytes_per_refresh=min(settings.max_bytes_per_refresh, NATIVE_BYTES),
        max_files_per_refresh=min(settings.max_files_per_refresh, NATIVE_FILES),
    )
