"""The format of the framework's DynamoDB tables, stored in an item of odpf_config_deploy_tracker.

Files are registered only in this release's format. In an older format a known file would be registered again under
another id, and applied twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lake.ledger.connection import persist, took_place
from odp.errors import BooksFormatError
from odp.stored_format import FORMAT

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table

MARKER = {"source_table_name": "books", "deployed_at": "format"}
"""The key of the item; no source table lacks a dot."""


class DynamoDbBooksFormat:
    """Reads the format, and writes it into new tables."""

    def __init__(self, dynamodb: DynamoDBServiceResource, tracker_table: str, file_tables: Sequence[str]) -> None:
        self._tracker = dynamodb.Table(tracker_table)
        self._files = [dynamodb.Table(name) for name in file_tables]

    def require_current(self) -> None:
        """Return if the tables are empty or in this release's format.

        Raises:
            BooksFormatError: they are in another format.
        """
        marker = self._tracker.get_item(Key=MARKER, ConsistentRead=True).get("Item")
        found = int(str(marker["format"])) if marker else self._found()
        if found < FORMAT:
            message = f"the books are in format {found}, this release writes format {FORMAT}: run odp books migrate"
            raise BooksFormatError(message)
        if found > FORMAT:
            message = f"the books are in format {found}, this release knows format {FORMAT}: deploy a newer release"
            raise BooksFormatError(message)
        if not marker:
            self._mark()

    def _found(self) -> int:
        """A migration writes the marker before it changes the first item, so one item shows the format of all."""
        return min((format_of(item) for table in self._files for item in _first(table)), default=FORMAT)

    def _mark(self) -> None:
        unmarked = "attribute_not_exists(deployed_at)"
        item: dict[str, Any] = {**MARKER, "format": FORMAT}
        took_place(lambda: persist(lambda: self._tracker.put_item(Item=item, ConditionExpression=unmarked)))


def format_of(item: dict[str, Any]) -> int:
    """Give the format of an item of the file trackers; summaries and the like (`#…`) came with format 2."""
    is_file = not str(item["source_table_name"]).startswith("#")
    return int(str(item.get("format", 1))) if is_file else FORMAT


def _first(table: Table) -> list[dict[str, Any]]:
    return table.scan(Limit=1, ConsistentRead=True)["Items"]
