"""What is kept out of the lake is kept in one place, once, with its reason."""

from typing import TYPE_CHECKING

from odp.dynamodb.quarantine import DynamoDbQuarantine
from odp.records import Quarantined, QuarantineKind

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource


def test_entry_is_kept_once_with_its_reason_and_details(dynamodb: "DynamoDBServiceResource") -> None:
    quarantine = DynamoDbQuarantine(dynamodb, "quarantine")
    entry = Quarantined(QuarantineKind.REJECTED_FILE, "r1", "no DMS file", {"file_size": 3})
    assert quarantine.keep(entry) is True
    (item,) = dynamodb.Table("quarantine").scan()["Items"]
    assert (item["quarantine_kind"], item["entry_id"], item["reason"]) == ("rejected_file", "r1", "no DMS file")
    assert item["file_size"] == 3
    assert quarantine.keep(entry) is False
    assert dynamodb.Table("quarantine").scan()["Items"] == [item]
