"""The hook itself: it refuses what it is there for."""

from typing import TYPE_CHECKING, Any

import pytest
from odp.dynamodb import running_configuration

from lake.ledger import connection

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource


class Stale:
    """A client that forgets to ask for consistency."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def get_paginator(self, name: str) -> Any:
        paginator = self._client.get_paginator(name)
        paginate = paginator.paginate
        paginator.paginate = lambda **request: paginate(**{**request, "ConsistentRead": False})
        return paginator


def test_stale_reads_of_the_product_are_refused_and_those_of_a_test_are_not(
    dynamodb: "DynamoDBServiceResource",
) -> None:
    stale: Any = Stale(dynamodb.meta.client)
    with pytest.raises(AssertionError, match="stale Scan"):
        list(running_configuration.scan(stale, "files"))
    assert dynamodb.meta.client.scan(TableName="files")["Items"] == []
    keys = [{"source_table_name": "s.t", "file_id": "f"}]
    assert list(connection.read_items(dynamodb.meta.client, "files", keys)) == []
