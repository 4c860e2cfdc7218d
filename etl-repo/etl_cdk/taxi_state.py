"""The state of the NYC taxi flow: its audit table and the catalog databases of its two layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs import Construct

from deployment_account.names import Names, Shared, Taxi, TaxiName
from etl_cdk.state_tables import CatalogDatabase, StatePolicy, StateTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from etl_cdk.infra_imports import InfraImports

AUDIT_KEYS = ("dataset", "file_id")


class TaxiState(Construct):
    """The audit table of landed files, and the flow's catalog databases."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, infra: InfraImports, policy: StatePolicy) -> None:
        super().__init__(scope, id_)
        self._names = names
        self.audit = StateTable(self, "Audit", name=names.taxi(TaxiName.AUDIT_TABLE), keys=AUDIT_KEYS, policy=policy)
        layers = {
            "Conformed": (TaxiName.CONFORMED_DATABASE, Shared.CONFORMED_BUCKET),
            "PurposeBuilt": (TaxiName.PURPOSE_BUILT_DATABASE, Shared.PURPOSE_BUILT_BUCKET),
        }
        for layer, (database, bucket) in layers.items():
            name, bucket_name = names.taxi(database), infra.bucket(bucket).bucket_name
            CatalogDatabase(self, layer, name=name, bucket=bucket_name, policy=policy)

    @property
    def published(self) -> Mapping[str, str]:
        """The published names of the flow."""
        return {
            Taxi.AUDIT_TABLE: self._names.taxi(TaxiName.AUDIT_TABLE),
            Taxi.CONFORMED_DATABASE: self._names.taxi(TaxiName.CONFORMED_DATABASE),
            Taxi.PURPOSE_BUILT_DATABASE: self._names.taxi(TaxiName.PURPOSE_BUILT_DATABASE),
        }
