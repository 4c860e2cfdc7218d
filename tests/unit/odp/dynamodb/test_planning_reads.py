"""Rule 13, decision 4: to query all summaries costs less than to read the summaries of a cadence's tables by name.

Requests are counted as they are sent. Read units follow from the items' sizes by the rules of DynamoDB: a Query rounds
the sum of a page up to 4 KB, BatchGetItem rounds each item up to 4 KB, also one that is not there.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import botocore.client
import pytest
from odp.dynamodb.file_tracker import DynamoDbPendingWork

from lake.ledger.connection import read_items

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

UNIT = 4096
Requests = list[tuple[str, dict[str, Any], dict[str, Any]]]


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Requests:
    found: Requests = []
    call = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined] # the stubs lack it

    def noted(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        answer = call(self, operation, parameters)
        found.append((operation, parameters, answer))
        return answer

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", noted)
    return found


def size_of(item: dict[str, Any]) -> int:
    """Give the bytes that DynamoDB counts; a number has a byte for two digits and one more."""
    return sum(
        len(name) + (len(value) if isinstance(value, str) else math.ceil(len(str(value)) / 2) + 1)
        for name, value in item.items()
    )


def read_units(requests: Requests) -> int:
    units = 0
    for operation, parameters, answer in requests:
        if operation == "Query":
            units += math.ceil(sum(map(size_of, answer["Items"])) / UNIT)
        elif operation == "BatchGetItem":
            ((table, wanted),) = parameters["RequestItems"].items()
            items = answer["Responses"][table]
            units += sum(math.ceil(size_of(item) / UNIT) for item in items) + len(wanted["Keys"]) - len(items)
    return units


def names(schema: str, count: int) -> list[str]:
    return [f"{schema}.customer_orders_{number:05}" for number in range(count)]


def summaries(pending: Sequence[str], others: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The summary of a table stays when nothing waits: refusals compare its registrations."""
    for name in (*pending, *others):
        files = 20 if name in pending else 0
        numbers = {"files": files, "bytes": files * 262_144, "registrations": 43_200, "format": 2}
        yield {"source_table_name": "#pending", "file_id": name, **numbers}


# tables of the cadence, those of them that have pending files, tables of others that ever had files
LAKES = [(600, 10, 40), (40, 10, 600)]


@pytest.mark.parametrize(("cadence", "pending", "others"), LAKES)
def test_query_of_all_summaries_costs_one_request_and_fewer_read_units_than_their_names(
    dynamodb: "DynamoDBServiceResource", requests: Requests, cadence: int, pending: int, others: int
) -> None:
    of_cadence = names("erp", cadence)
    with dynamodb.Table("files").batch_writer() as writer:
        for item in summaries(of_cadence[:pending], [*of_cadence[pending:], *names("crm", others)]):
            writer.put_item(Item=item)
    requests.clear()
    work = DynamoDbPendingWork(dynamodb, "files").pending_work()
    by_query = len(requests), read_units(requests)
    assert work.keys() == set(of_cadence[:pending])
    requests.clear()
    keys = ({"source_table_name": "#pending", "file_id": name} for name in of_cadence)
    assert len(list(read_items(dynamodb.meta.client, "files", keys))) == cadence
    by_name = len(requests), read_units(requests)
    assert by_query[0] == 1
    assert by_query[0] <= by_name[0]
    assert by_query[1] < by_name[1]
