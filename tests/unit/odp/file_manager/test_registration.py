"""Rule 1 at the door: an object version is one file, however often and in whatever company its event comes."""

import json
from typing import Any

import pytest
from odp.errors import RetryableError
from odp.file_manager.registration import Registration, register_batch
from odp.file_manager.s3_event import landed_object
from odp.records import FileType, LandedFile, Quarantined, QuarantineKind

REJECTED_FILE, MALFORMED_MESSAGE = QuarantineKind.REJECTED_FILE, QuarantineKind.MALFORMED_MESSAGE


def s3_event(key: str = "s/t/LOAD00000001.parquet", /, **s3_object: Any) -> dict[str, Any]:
    described = {"key": key, "size": 10, "etag": "e1", "version-id": "v1", "sequencer": "0A", **s3_object}
    return {
        "time": "2026-01-05T12:00:00Z",
        "detail": {"bucket": {"name": "staging"}, "object": {k: v for k, v in described.items() if v is not None}},
    }


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
    landed = landed_object(s3_event("dms/s/t/2026/01/05/20260105-120102123.parquet"))
    assert isinstance(landed, LandedFile)
    assert (landed.source_table_name, landed.file_type, landed.size) == ("s.t", FileType.CHANGES, 10)
    assert (landed.version_id, landed.sequencer, landed.landed_at) == ("v1", "0A", "2026-01-05T12:00:00Z")


def test_repeated_event_gives_the_same_file_id_even_when_its_sequencer_is_gone() -> None:
    assert landed_object(s3_event()).file_id == landed_object(s3_event(sequencer=None, etag="")).file_id


@pytest.mark.parametrize("other", [{"version-id": "v2"}, {"key": "s/t/LOAD00000002.parquet"}])
def test_new_upload_of_the_same_or_another_key_gives_another_file_id(other: dict[str, str]) -> None:
    assert landed_object(s3_event()).file_id != landed_object(s3_event(**other)).file_id


def test_unversioned_bucket_tells_two_uploads_of_equal_content_apart_by_their_sequencer() -> None:
    first, second = (landed_object(s3_event(**{"version-id": None, "sequencer": s})) for s in ("0A", "0B"))
    assert first.file_id != second.file_id


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
