"""Rule 1 at the door: an object version is one file, however often and in whatever company its event comes."""

import json
import re
from typing import Any

import pytest
from odp.file_manager.registration import Staging, landed_object
from odp.file_manager.sources import Sources
from odp.records import FileType, LandedFile, Quarantined, QuarantineKind

from lake.errors import RetryableError
from tests.unit.odp.file_manager.batches import Registration, register_batch

REJECTED_FILE, MALFORMED_MESSAGE = QuarantineKind.REJECTED_FILE, QuarantineKind.MALFORMED_MESSAGE


def landing_time(key: str) -> str:
    """A file of changes lands on the day in its name, if that is later than when all others do."""
    named = re.search(r"([0-9]{4})([0-9]{2})([0-9]{2})-[0-9]{9,}", key)
    return max("2026-01-05T12:00:00Z", f"{'-'.join(named.groups())}T12:00:00Z" if named else "")


def s3_event(key: str = "s/t/LOAD00000001.parquet", /, **s3_object: Any) -> dict[str, Any]:
    described = {"key": key, "size": 10, "etag": "e1", "version-id": "v1", "sequencer": "0A", **s3_object}
    return {
        "time": landing_time(key),
        "detail": {"bucket": {"name": "staging"}, "object": {k: v for k, v in described.items() if v is not None}},
    }


def id_of(event: dict[str, Any]) -> str:
    landed = landed_object(event)
    assert isinstance(landed, LandedFile)
    return landed.file_id


def message(event: Any, message_id: str = "m1") -> dict[str, Any]:
    return {"messageId": message_id, "body": event if isinstance(event, str) else json.dumps(event)}


class Ledger:
    """A tracker in memory that can be told to fail for a key."""

    def __init__(self, failing_key: str = "") -> None:
        self.files: dict[str, LandedFile] = {}
        self.quarantine: dict[str, Quarantined] = {}
        self.failing_key = failing_key

    def register(self, file: LandedFile) -> bool:
        if file.key == self.failing_key:
            raise RetryableError("throttled")
        return self.files.setdefault(file.file_id, file) is file

    def keep(self, entry: Quarantined) -> bool:
        return self.quarantine.setdefault(entry.entry_id, entry) is entry


def test_event_becomes_the_record_of_a_landed_file() -> None:
    event = s3_event("s/t/2026/01/05/20260105-120102123.parquet")
    event["detail"]["reason"] = "CopyObject"
    landed = landed_object(event)
    assert isinstance(landed, LandedFile)
    assert (landed.source_table_name, landed.file_type, landed.size) == ("s.t", FileType.CHANGES, 10)
    assert (landed.version_id, landed.sequencer, landed.landed_at) == ("v1", "0A", "2026-01-05T12:00:00Z")
    assert (landed.event_reason, landed.segment, landed.bucket) == ("CopyObject", "", "staging")


def test_part_of_a_parallel_load_is_registered_with_its_segment() -> None:
    landed = landed_object(s3_event("s/t/p2024/SEGMENT1_LOAD00000001.parquet"))
    assert isinstance(landed, LandedFile)
    assert (landed.source_table_name, landed.segment) == ("s.t", "p2024/SEGMENT1_")


def test_bucket_is_known_by_its_role_so_that_a_file_has_the_same_id_in_both_regions() -> None:
    found = []
    for physical_name in ("odp-prod-staging-us-east-1", "odp-prod-staging-us-west-2"):
        event = s3_event()
        event["detail"]["bucket"]["name"] = physical_name
        found.append(landed_object(event, Staging(buckets={"staging": physical_name})))
    assert isinstance(found[0], LandedFile)
    assert found[0].bucket == "staging"
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("event", "identity"),
    [
        (s3_event(), "0/LOAD00000001.parquet/ffe747b42a28ef6ddc556bd9adb50894"),
        (
            s3_event("s/t/p1/SEGMENT2_LOAD0000000A.parquet"),
            "0/SEGMENT2_LOAD0000000A.parquet/02a4448bc411e8b788e0bfb408b77464",
        ),
        (
            s3_event("s/t/2026/01/05/20260105-120102123.parquet"),
            "1/20260105-120102123.parquet/7e848abdd26d9ffc24b6870641970118",
        ),
        (
            s3_event("s/ü t/20260105-1201021234.parquet"),
            "1/20260105-1201021234.parquet/8f79f91babfd9b2bc1c69c633d55a205",
        ),
        (s3_event(**{"version-id": None}), "0/LOAD00000001.parquet/f44b22aee358fafe04ed6489ab148cbc"),
    ],
)
def test_ids_stay_as_they_are_in_the_ledger_of_every_release(event: dict[str, Any], identity: str) -> None:
    """A release with other ids would apply every file again."""
    assert id_of(event) == identity


def test_ids_of_a_table_sort_loads_before_changes_and_changes_by_name() -> None:
    names = ["LOAD00000001", "LOAD00000002", "p1/LOAD00000001", "2025/12/31/20251231-235959999", "20260105-120102123",
             "2026/01/05/20260105-1201021234", "20260105-120102124"]  # fmt: skip
    files = [landed_object(s3_event(f"s/t/{name}.parquet")) for name in reversed(names)]
    ordered = sorted((file for file in files if isinstance(file, LandedFile)), key=lambda file: file.file_id)
    assert [file.is_load for file in ordered] == [True] * 3 + [False] * 4
    assert [file.name for file in ordered[3:]] == [f"{name.rsplit('/', 1)[-1]}.parquet" for name in names[3:]]


def test_repeated_event_gives_the_same_file_id_even_when_its_sequencer_is_gone() -> None:
    assert id_of(s3_event()) == id_of(s3_event(sequencer=None, etag=""))


@pytest.mark.parametrize("other", [{"version-id": "v2"}, {"key": "s/t/LOAD00000002.parquet"}])
def test_new_upload_of_the_same_or_another_key_gives_another_file_id(other: dict[str, str]) -> None:
    assert id_of(s3_event()) != id_of(s3_event(**other))


def test_unversioned_bucket_tells_two_uploads_of_equal_content_apart_by_their_sequencer() -> None:
    first, second = (id_of(s3_event(**{"version-id": None, "sequencer": s})) for s in ("0A", "0B"))
    assert first != second


def test_duplicated_events_register_one_file() -> None:
    ledger = Ledger()
    result = register_batch([message(s3_event()), message(s3_event()), message(s3_event())], ledger, ledger)
    assert result == Registration(registered=1, already_known=2)
    assert len(ledger.files) == 1


def test_poisoned_messages_and_rejected_keys_never_hold_up_their_neighbours() -> None:
    ledger = Ledger()
    result = register_batch(
        [
            message("no json", "poison"),
            message({"detail": {}}, "no object"),
            message("[1]", "no event"),
            message(s3_event("s/t/readme.txt"), "rejected"),
            message(s3_event(), "good"),
        ],
        ledger,
        ledger,
    )
    assert result == Registration(registered=1, rejected=4)
    reasons = {entry.kind: entry.reason for entry in ledger.quarantine.values()}
    assert reasons[REJECTED_FILE].startswith("s/t/readme.txt: the file name is neither")
    assert reasons[MALFORMED_MESSAGE].startswith("the message is no Object Created event of S3: ")
    assert "no json" in {entry.details.get("message") for entry in ledger.quarantine.values()}


def test_poisoned_message_that_comes_again_is_in_quarantine_once() -> None:
    ledger = Ledger()
    assert register_batch([message("no json", "m1"), message("no json", "m2")], ledger, ledger) == Registration(
        rejected=1, already_known=1
    )


def test_only_the_message_whose_write_failed_is_delivered_again() -> None:
    ledger = Ledger(failing_key="s/t/LOAD00000002.parquet")
    batch = [message(s3_event(f"s/t/LOAD0000000{n}.parquet"), f"m{n}") for n in (1, 2, 3)]
    assert register_batch(batch, ledger, ledger).failed_message_ids == ("m2",)
    assert sorted(file.name for file in ledger.files.values()) == ["LOAD00000001.parquet", "LOAD00000003.parquet"]


def test_event_of_another_lakes_bucket_is_malformed_and_registers_nothing() -> None:
    ledger = Ledger()
    event = s3_event()
    event["detail"]["bucket"]["name"] = "somebody-elses"
    assert register_batch([message(event)], ledger, ledger) == Registration(rejected=1)
    assert ledger.files == {}
    (entry,) = ledger.quarantine.values()
    assert entry.kind is MALFORMED_MESSAGE
    assert "bucket somebody-elses has no role in this lake" in entry.reason


def test_folder_marker_is_neither_registered_nor_rejected() -> None:
    ledger = Ledger()
    markers = [message(s3_event(key, size=0)) for key in ("s/", "s/t/", "s/t/2026/")]
    assert register_batch(markers, ledger, ledger) == Registration(ignored=3)
    assert (ledger.files, ledger.quarantine) == ({}, {})


def test_object_with_content_whose_key_ends_like_a_folder_is_rejected() -> None:
    ledger = Ledger()
    assert register_batch([message(s3_event("s/t/", size=3))], ledger, ledger) == Registration(rejected=1)


def test_file_below_no_sources_folder_is_in_quarantine_and_in_no_table() -> None:
    ledger = Ledger()
    staging = Staging(Sources({"crm": "crm"}))
    result = register_batch([message(s3_event("erp/s/t/LOAD00000001.parquet"))], ledger, ledger, staging)
    assert result == Registration(rejected=1)
    assert ledger.files == {}
    (entry,) = ledger.quarantine.values()
    assert entry.kind is REJECTED_FILE
    assert "lies in no source's folder (crm in crm/)" in entry.reason
    assert entry.details["file_ingestion_s3_bucket"] == "staging"
