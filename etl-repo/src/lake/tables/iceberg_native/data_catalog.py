"""Native tables of the Data Catalog: what a commit writes into an entry, and entries of other formats.

The catalog is the only lock. UpdateTable names the version of the entry that was read; the catalog refuses any other.
So a request may be sent again: the second is refused if the first landed, and the commit finds itself in the table.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
from pyiceberg.catalog import METADATA_LOCATION, TABLE_TYPE, Catalog
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import NoSuchIcebergTableError
from pyiceberg.table import Table

from lake.tables.change import TableDefinition
from lake.tables.iceberg.proof import LONG
from lake.tables.iceberg_native.lake_io import AWS_CALLS, LAKE_IO
from lake.tables.iceberg_native.row_change import Limits
from lake.tables.iceberg_native.table import NativeIcebergTable, open_tables

if TYPE_CHECKING:
    from types_boto3_glue import GlueClient


def glue_tables(limits: Limits | None = None) -> Callable[[TableDefinition], NativeIcebergTable]:
    """Return how tables of this account's Data Catalog are opened; region and credentials are the process's own."""
    return open_tables(data_catalog(), limits)


def data_catalog(client: GlueClient | None = None) -> Catalog:
    """Open the Data Catalog; the default encryption of the buckets encrypts what is written."""
    client = client or boto3.client("glue", config=AWS_CALLS)
    properties = {"py-io-impl": LAKE_IO, "s3.region": client.meta.region_name}
    if endpoint := os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"):
        properties["s3.endpoint"] = endpoint  # boto3 reads these variables, Arrow does not
    return _DataCatalog("glue", client, **properties)


class _DataCatalog(GlueCatalog):
    """pyiceberg's catalog, with the entries that Iceberg on Spark writes."""

    def _is_s3tables_database(self, database_name: str) -> bool:  # noqa: ARG002
        """No database of a lake is one of S3 Tables, so no commit has to ask."""
        return False

    def _convert_glue_to_iceberg(self, glue_table: Any) -> Table:  # noqa: ANN401 - pyiceberg's types need its stubs
        """Refuse entries of other formats, as Iceberg on Spark does, whatever they lack."""
        parameters = glue_table.get("Parameters") or {}
        if parameters.get(TABLE_TYPE, "").upper() != "ICEBERG" or METADATA_LOCATION not in parameters:
            message = f"{glue_table['DatabaseName']}.{glue_table['Name']} is the entry of another format"
            raise NoSuchIcebergTableError(message)
        return super()._convert_glue_to_iceberg(glue_table)

    def _create_glue_table(self, database_name: str, table_name: str, table_input: Any) -> None:  # noqa: ANN401
        super()._create_glue_table(database_name, table_name, _without_proof(table_input))

    def _update_glue_table(
        self,
        database_name: str,
        table_name: str,
        table_input: Any,  # noqa: ANN401
        version_id: str,
    ) -> None:
        super()._update_glue_table(database_name, table_name, _without_proof(table_input), version_id)


def _without_proof(table_input: Any) -> Any:  # noqa: ANN401
    """Leave a long proof to the table's metadata: Iceberg on Spark copies no property of a table into its entry."""
    parameters = {name: text for name, text in table_input["Parameters"].items() if not name.startswith(LONG)}
    return {**table_input, "Parameters": parameters}
