"""odpf_file_processing_tracker as the Configuration Manager reads it: which tables hold data, written with what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from odp.dynamodb.table_leases import read_leases
from odp.records import WrittenTable
from odp.refresh import RefreshStatus

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource


class DynamoDbWrittenTables:
    """Tells what refreshes have made of tables, without the right to write."""

    def __init__(self, dynamodb: DynamoDBServiceResource, leases_table: str) -> None:
        self._dynamodb = dynamodb
        self._table = leases_table

    def written(self, qualified_names: Iterable[str]) -> Mapping[str, WrittenTable]:
        """Tell of those of the given tables that a refresh ever touched."""
        return {
            str(item["raw_table_name"]): WrittenTable(
                identity=item.get("written_with"),
                is_being_written=item.get("refresh_status") == RefreshStatus.UPDATING,
            )
            for item in read_leases(self._dynamodb, self._table, qualified_names)
        }
