"""C18: nothing is registered in another release's ledger before it is migrated."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest
from odp.dynamodb.deploy_tracker import MARKER, DynamoDbLedgerFormat
from odp.errors import LedgerFormatError

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

OLD = {"source_table_name": "s.t", "file_id": "0123456789abcdef0123456789abcdef"}


def check(dynamodb: "DynamoDBServiceResource") -> None:
    DynamoDbLedgerFormat(dynamodb, "deploy_tracker", ("files", "files_history")).require_current()


def put(dynamodb: "DynamoDBServiceResource", table: str, item: Mapping[str, Any]) -> None:
    dynamodb.Table(table).put_item(Item=item)


def marked(dynamodb: "DynamoDBServiceResource") -> Any:
    return dynamodb.Table("deploy_tracker").get_item(Key=MARKER).get("Item", {}).get("format")


def test_new_ledger_is_marked_and_never_looked_into_again(dynamodb: "DynamoDBServiceResource") -> None:
    check(dynamodb)
    assert marked(dynamodb) == 2
    put(dynamodb, "files", OLD)
    check(dynamodb)


def test_ledger_in_this_format_is_marked(dynamodb: "DynamoDBServiceResource") -> None:
    put(dynamodb, "files_history", {**OLD, "format": 2})
    put(dynamodb, "files", {"source_table_name": "#pending", "file_id": "s.t", "files": 1})
    check(dynamodb)
    assert marked(dynamodb) == 2


@pytest.mark.parametrize("table", ["files", "files_history"])
def test_ledger_of_an_older_release_refuses_and_names_the_migration(
    dynamodb: "DynamoDBServiceResource", table: str
) -> None:
    put(dynamodb, table, OLD)
    for _ in range(2):
        with pytest.raises(
            LedgerFormatError, match="in format 1, this release writes format 2: run odp ledger migrate"
        ):
            check(dynamodb)
    assert marked(dynamodb) is None


def test_ledger_whose_migration_has_begun_refuses_whichever_item_is_seen(dynamodb: "DynamoDBServiceResource") -> None:
    put(dynamodb, "deploy_tracker", {**MARKER, "format": 1})
    put(dynamodb, "files", {**OLD, "format": 2})
    with pytest.raises(LedgerFormatError, match="run odp ledger migrate"):
        check(dynamodb)


def test_ledger_of_a_newer_release_refuses(dynamodb: "DynamoDBServiceResource") -> None:
    put(dynamodb, "deploy_tracker", {**MARKER, "format": 3})
    with pytest.raises(LedgerFormatError, match="in format 3, this release knows format 2: deploy a newer release"):
        check(dynamodb)
