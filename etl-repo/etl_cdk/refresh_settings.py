"""The settings of a refresh run, which the Glue job and the native function both get."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from odp.file_processor.refresh_settings import RefreshSettings

from deployment_account.names import OdpTable, Shared
from deployment_account.secondary import regions_json
from deployment_account.sources import sources_json

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb

    from deployment_account.environments import Environment
    from etl_cdk.infra_imports import InfraImports


def refresh_settings(
    tables: Mapping[OdpTable, dynamodb.ITable], infra: InfraImports, environment: Environment
) -> RefreshSettings:
    """Return the settings; stored records name sources and roles of buckets, so the settings resolve both."""
    settings = environment.odp
    buckets = {"staging": Shared.STAGING_BUCKET, "raw": Shared.RAW_BUCKET}
    return RefreshSettings(
        plan_bucket=infra.bucket(Shared.CONFIG_BUCKET).bucket_name,
        file_tracker_table=tables[OdpTable.FILE_TRACKER].table_name,
        file_tracker_history_table=tables[OdpTable.FILE_TRACKER_HISTORY].table_name,
        file_processing_tracker_table=tables[OdpTable.FILE_PROCESSING_TRACKER].table_name,
        file_processing_tracker_history_table=tables[OdpTable.FILE_PROCESSING_TRACKER_HISTORY].table_name,
        raw_table_config_table=tables[OdpTable.RAW_TABLE_CONFIG].table_name,
        config_deploy_tracker_table=tables[OdpTable.CONFIG_DEPLOY_TRACKER].table_name,
        quarantine_table=tables[OdpTable.QUARANTINE].table_name,
        sources=sources_json(environment.sources),
        buckets=json.dumps({role: infra.bucket(which).bucket_name for role, which in buckets.items()}),
        max_files_per_refresh=settings.max_files_per_refresh,
        max_bytes_per_refresh=settings.max_bytes_per_refresh,
        max_replayed_files=settings.max_replayed_files,
        history_days=environment.retention.history_days,
        regions=regions_json(infra.names, environment),
    )
