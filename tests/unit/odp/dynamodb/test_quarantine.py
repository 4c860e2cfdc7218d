"""What is kept out of the lake is kept in one place, once, with its reason."""

from typing import TYPE_CHECKING, Any

import pytest
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
    assert (item["file_size"], item["format"]) == (3, 2)
    assert quarantine.keep(entry) is False
    assert dynamodb.Table("quarantine").scan()["Items"] == [item]


def test_reason_that_names_a_thousand_columns_is_kept_on_one_line_of_a_size_that_an_item_holds(
    dynamodb: "DynamoDBServiceResource",
) -> None:
    """An entry that cannot be written would be tried for ever, and its file would be nowhere."""
    reason = "column 🚕 begins\nwith a blank; " * 100_000
    assert DynamoDbQuarantine(dynamodb, "quarantine").keep(Quarantined(QuarantineKind.REJECTED_FILE, "r1", reason, {}))
    (item,) = dynamodb.Table("quarantine").scan()["Items"]
    kept = str(item["reason"])
    assert kept.startswith("column 🚕 begins")
    assert kept.isprintable()
    assert len(kept.encode()) <= 100_000


def test_entries_of_a_kind_are_listed_replaced_and_removed(dynamodb: "DynamoDBServiceResource") -> None:
    quarantine = DynamoDbQuarantine(dynamodb, "quarantine")
    kind = QuarantineKind.UNCONFIGURED_TABLE
    for files in (1, 2):
        quarantine.replace(Quarantined(kind, "s.t", "no manifest", {"files": files}))
    quarantine.keep(Quarantined(QuarantineKind.REJECTED_FILE, "f1", "no", {}))
    assert quarantine.entries(kind) == ["s.t"]
    (kept,) = [item for item in dynamodb.Table("quarantine").scan()["Items"] if item["entry_id"] == "s.t"]
    assert kept["files"] == 2
    quarantine.remove(kind, "s.t")
    assert quarantine.entries(kind) == []


def test_entries_of_tables_tell_which_a_person_dismissed(dynamodb: "DynamoDBServiceResource") -> None:
    quarantine = DynamoDbQuarantine(dynamodb, "quarantine")
    kind = QuarantineKind.VANISHED_LOAD
    gone = {"s.u": {"gone_at": "2026-01-01T00:00:00Z"}}
    for table in ("s.t", "s.u"):
        quarantine.keep(Quarantined(kind, f"{table}#f0", "gone", {"source_table_name": table} | gone.get(table, {})))
    dynamodb.Table("quarantine").update_item(
        Key={"quarantine_kind": kind.value, "entry_id": "s.u#f0"},
        UpdateExpression="SET dismissed_at = :at",
        ExpressionAttributeValues={":at": "2026-01-01"},
    )
    found = quarantine.of_tables(kind)
    assert [(entry.entry_id, entry.source_table_name, entry.is_dismissed) for entry in found] == [
        ("s.t#f0", "s.t", False),
        ("s.u#f0", "s.u", True),
    ]
    assert [entry.gone_at for entry in found] == ["", "2026-01-01T00:00:00Z"]
    assert all(entry.since.endswith("+00:00") for entry in found)


def test_unknown_entries_are_those_that_are_not_kept(dynamodb: "DynamoDBServiceResource") -> None:
    quarantine = DynamoDbQuarantine(dynamodb, "quarantine")
    entries = [Quarantined(QuarantineKind.REJECTED_FILE, f"f{number}", "no", {}) for number in range(120)]
    for entry in entries[:110]:
        quarantine.keep(entry)
    assert quarantine.unknown(entries) == entries[110:]


@pytest.mark.parametrize("more", [{}, {"format": 3, "checksum": "c"}])
def test_entry_of_another_release_is_known(dynamodb: "DynamoDBServiceResource", more: dict[str, Any]) -> None:
    quarantine = DynamoDbQuarantine(dynamodb, "quarantine")
    entry = Quarantined(QuarantineKind.REFUSED_TABLE, "db.t", "E: x", {})
    key = {"quarantine_kind": entry.kind.value, "entry_id": entry.entry_id}
    dynamodb.Table("quarantine").put_item(Item={**key, "reason": "E: x", **more})
    assert quarantine.keep(entry) is False
    assert (quarantine.unknown([entry]), quarantine.entries(entry.kind)) == ([], ["db.t"])
