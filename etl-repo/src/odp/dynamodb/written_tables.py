"""Reads odpf_file_processing_tracker for the Configuration Manager: which tables have data, and with which identity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from odp.dynamodb.table_leases import read_leases
from odp.records import WrittenTable
from odp.refresh import RefreshStatus

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource


class DynamoDbWrittenTables:
    """Reads the written state of tables, without the right to write."""

    def __init__(self, dynamodb: DynamoDBServiceResource, leases_table: str) -> None:
        self._dynamodb = dynamodb
        self._table = leases_table

    def written(self, qualified_names: Iterable[str]) -> Mapping[str, WrittenTable]:
        """Give the written state of the given tables; tables that no refresh ever touched are left out."""
        return {
            str(item["raw_table_name"]): WrittenTable(
                identity=item.get("written_with"),
                is_being_written=item.get("refresh_status") == RefreshStatus.UPDATING,
            )
            for item in read_leases(self._dynamodb, self._table, qualified_names)
        }
