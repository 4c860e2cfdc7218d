"""How far a sweep has come: one item in the table of the files that it registers, in a partition of its own."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from lake.landing.listings import SweepState
from lake.ledger.connection import persist

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

SWEEP = "#sweep"
FORMAT = 2
"""The format of the item; a reader ignores fields that it does not know."""


class DynamoDbSweepState:
    """The state of the sweep over one bucket; `partition` is what the table's files are parted by."""

    def __init__(
        self, dynamodb: DynamoDBServiceResource, table: str, bucket: str, partition: str = "source_table_name"
    ) -> None:
        self._table = dynamodb.Table(table)
        self._key = {partition: SWEEP, "file_id": bucket}

    def load(self) -> SweepState:
        """Return what the last run kept; what an older release did not write has its default."""
        item = self._table.get_item(Key=self._key, ConsistentRead=True).get("Item", {})
        names = [field.name for field in fields(SweepState)]
        return SweepState(**{name: str(item[name]) for name in names if name in item})

    def save(self, state: SweepState) -> None:
        """Keep how far this run has come."""
        persist(lambda: self._table.put_item(Item={**self._key, "format": FORMAT, **asdict(state)}))
