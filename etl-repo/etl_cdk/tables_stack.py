"""The stack of the flows' state, which must survive every redeployment of their code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import aws_cdk as cdk

from deployment_account.names import Names, OdpTable, Shared
from deployment_account.shared_values import publish
from etl_cdk.infra_imports import InfraImports
from etl_cdk.region_table import RegionTable
from etl_cdk.state_tables import CatalogDatabase, StatePolicy, StateTable
from etl_cdk.taxi_state import TaxiState

if TYPE_CHECKING:
    from constructs import Construct
    from odp.config_manager.manifest import Manifests

    from deployment_account.environments import Environment

KEYS: Mapping[OdpTable, tuple[str, ...]] = {
    OdpTable.FILE_TRACKER: ("source_table_name", "file_id"),
    OdpTable.FILE_TRACKER_HISTORY: ("source_table_name", "file_id"),
    OdpTable.FILE_PROCESSING_TRACKER: ("raw_table_name",),
    OdpTable.FILE_PROCESSING_TRACKER_HISTORY: ("raw_table_name", "glue_job_run_id"),
    OdpTable.BATCH_CONFIG: ("refresh_cadence",),
    OdpTable.RAW_TABLE_CONFIG: ("refresh_cadence", "source_table_name"),
    OdpTable.CONFIG_DEPLOY_TRACKER: ("source_table_name", "deployed_at"),
    OdpTable.QUARANTINE: ("quarantine_kind", "entry_id"),
}
"""Partition and sort key of each table."""
FORGETFUL = {OdpTable.FILE_TRACKER_HISTORY, OdpTable.FILE_PROCESSING_TRACKER_HISTORY}
"""The tables that would grow without end: finished items expire, waiting ones do not."""


class TablesStack(cdk.Stack):
    """The flows' DynamoDB tables and catalog databases; manifests name the framework's databases."""

    def __init__(
        self, scope: Construct, id_: str, *, names: Names, environment: Environment, manifests: Manifests
    ) -> None:
        super().__init__(
            scope,
            id_,
            description="Trackers and configuration of the data flows",
            termination_protection=environment.is_protected,
        )
        infra = InfraImports(self, "Foundation", names=names)
        policy = StatePolicy(infra.data_key, environment.is_protected)
        self.tables = {
            table: StateTable(
                self,
                _id(table),
                name=names.table(table),
                keys=KEYS[table],
                policy=policy,
                forgets=table in FORGETFUL,
            )
            for table in OdpTable
        }
        raw = infra.bucket(Shared.RAW_BUCKET).bucket_name
        for name in databases_of(manifests):
            CatalogDatabase(self, f"Database-{name}", name=names.database(name), bucket=raw, policy=policy)
        self.taxi = TaxiState(self, "Taxi", names=names, infra=infra, policy=policy)
        if environment.secondary and not environment.is_secondary:
            self.regions = RegionTable(self, "Region", names=names, environment=environment, policy=policy)
        odp = {table.published_name: names.table(table) for table in OdpTable}
        publish(self, names, {**odp, **self.taxi.published})


def databases_of(manifests: Manifests) -> list[str]:
    """The databases of the manifests, by their names there."""
    return sorted({table.raw_database_name for table in manifests.tables})


def _id(table: OdpTable) -> str:
    return table.name.title().replace("_", "")
