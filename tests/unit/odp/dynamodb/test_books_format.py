"""C18: in books that another release wrote nothing is registered before they are migrated."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest
from odp.dynamodb.deploy_tracker import MARKER, DynamoDbBooksFormat
from odp.errors import BooksFormatError

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

OLD = {"source_table_name": "s.t", "file_id": "0123456789abcdef0123456789abcdef"}


def check(dynamodb: "DynamoDBServiceResource") -> None:
    DynamoDbBooksFormat(dynamodb, "deploy_tracker", ("files", "files_history")).require_current()


def put(dynamodb: "DynamoDBServiceResource", table: str, item: Mapping[str, Any]) -> None:
    dynamodb.Table(table).put_item(Item=item)


def marked(dynamodb: "DynamoDBServiceResource") -> Any:
    return dynamodb.Table("deploy_tracker").get_item(Key=MARKER).get("Item", {}).get("format")


def test_new_books_are_marked_and_never_looked_into_again(dynamodb: "DynamoDBServiceResource") -> None:
    check(dynamodb)
    assert marked(dynamodb) == 2
    put(dynamodb, "files", OLD)
    check(dynamodb)


def test_books_in_this_format_are_marked(dynamodb: "DynamoDBServiceResource") -> None:
    put(dynamodb, "files_history", {**OLD, "format": 2})
    put(dynamodb, "files", {"source_table_name": "#pending", "file_id": "s.t", "files": 1})
    check(dynamodb)
    assert marked(dynamodb) == 2


@pytest.mark.parametrize("table", ["files", "files_history"])
def test_books_that_an_older_release_wrote_refuse_with_the_way_out_until_they_are_migrated(
    dynamodb: "DynamoDBServiceResource", table: str
) -> None:
    put(dynamodb, table, OLD)
    for _ in range(2):
        with pytest.raises(BooksFormatError, match="in format 1, this release writes format 2: run odp books migrate"):
            check(dynamodb)
    assert marked(dynamodb) is None


def test_books_whose_migration_has_begun_refuse_whichever_item_is_seen(dynamodb: "DynamoDBServiceResource") -> None:
    put(dynamodb, "deploy_tracker", {**MARKER, "format": 1})
    put(dynamodb, "files", {**OLD, "format": 2})
    with pytest.raises(BooksFormatError, match="run odp books migrate"):
        check(dynamodb)


def test_books_of_a_newer_release_refuse(dynamodb: "DynamoDBServiceResource") -> None:
    put(dynamodb, "deploy_tracker", {**MARKER, "format": 3})
    with pytest.raises(BooksFormatError, match="in format 3, this release knows format 2: deploy a newer release"):
        check(dynamodb)
