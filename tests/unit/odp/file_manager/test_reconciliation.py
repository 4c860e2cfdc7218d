"""Rule 2: S3 is the truth. What landed without an event is found in a listing, under the id that its event has."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from odp.file_manager.reconciliation import Found, Reconciliation, start_of_look_back
from odp.file_manager.s3_event import Staging, landed_object, listed_object
from odp.file_manager.sources import DEFAULT_SOURCES, Sources
from odp.records import LandedFile, ObjectVersion

from tests.unit.odp.file_manager.test_registration import Ledger, s3_event


def version(key: str, version_id: str = "v1") -> ObjectVersion:
    return ObjectVersion("staging", key, version_id, "e1", 0 if key.endswith("/") else 10, "2026-01-05T12:00:00Z")


class Bucket(Ledger):
    """A bucket and its register in memory, which remember what was asked."""

    def __init__(self, *keys: str, sources: Sources = DEFAULT_SOURCES) -> None:
        super().__init__()
        self.sources = sources
        self.keys = sorted(keys)
        self.asked: list[tuple[str, str]] = []

    def versions(self, bucket: str, prefix: str = "", after: str = "") -> Iterator[ObjectVersion]:
        self.asked.append((prefix, after))
        return (version(key) for key in self.keys if key.startswith(prefix) and key > after)

    def unknown(self, files: Sequence[LandedFile]) -> Sequence[LandedFile]:
        return [file for file in files if file.file_id not in self.files]

    def landed(self, key: str) -> LandedFile:
        """Have an event come."""
        file = landed_object(s3_event(key), Staging(self.sources))
        assert isinstance(file, LandedFile)
        self.register(file)
        return file


def test_listing_gives_a_version_the_id_that_its_event_gives_it() -> None:
    event = landed_object(s3_event("s/t/p1/LOAD00000001.parquet"))
    listed = listed_object(version("s/t/p1/LOAD00000001.parquet"))
    assert isinstance(event, LandedFile)
    assert isinstance(listed, LandedFile)
    assert replace(event, sequencer=None) == listed
    other = listed_object(version("s/t/p1/LOAD00000001.parquet", "v2"))
    assert isinstance(other, LandedFile)
    assert other.file_id != event.file_id


def test_refresh_registers_what_lies_beside_the_pending_files_of_its_table_and_of_no_other_source() -> None:
    names = ["LOAD00000001", "20260101-000000001", "20260101-000000002"]
    keys = [f"{folder}s/{table}/{name}.parquet" for folder in ("a/", "b/") for table in ("t", "tt") for name in names]
    bucket = Bucket(*keys, "a/s/t/readme.txt", "a/s/t/", sources=Sources({"default": "a", "b": "b"}))
    pending = [bucket.landed("a/s/t/LOAD00000001.parquet")]
    reconciliation = Reconciliation(bucket, bucket, bucket, bucket.sources)
    assert reconciliation.of_table(pending, "") == 2
    assert {file.source_table_name for file in bucket.files.values()} == {"s.t"}
    assert reconciliation.of_table(pending, "") == 0
    (rejected,) = bucket.quarantine.values()
    assert rejected.details["file_ingestion_path"] == "a/s/t/readme.txt"


def test_refresh_lists_from_a_day_before_the_newest_change_and_passes_over_no_load() -> None:
    bucket = Bucket(*(f"s/t/{name}.parquet" for name in ("20251201-000000001", "20260109-000000001", "LOAD00000001")))
    pending = [bucket.landed("s/t/20260111-000000001.parquet")]
    assert Reconciliation(bucket, bucket, bucket).of_table(pending, "20260110-000000001.parquet") == 2
    assert bucket.asked == [("s/t/", "s/t/20260109")]


NAME = "20260301-120000000.parquet"


@pytest.mark.parametrize(
    ("keys", "start"),
    [
        ([NAME], "20260228"),
        ([f"2026/03/01/{NAME}", f"2026/03/02/{NAME}"], "2026/02"),
        ([f"2026-03-01-23/{NAME}"], "2026-02"),
        ([f"2026_03/{NAME}"], "2026_02"),
        ([f"20260301/{NAME}"], "202602"),
        ([f"03/2026/01/{NAME}"], ""),
        ([f"01032026/{NAME}"], ""),
        ([NAME, f"2026/03/01/{NAME}"], ""),
    ],
)
def test_look_back_begins_at_the_date_where_keys_are_in_the_order_of_time_and_at_the_start_otherwise(
    keys: list[str], start: str
) -> None:
    assert start_of_look_back(NAME, keys) == start
    assert start_of_look_back("", keys) == ""


def test_sweep_registers_files_of_tables_that_no_event_ever_named_and_keeps_rejected_ones_apart() -> None:
    bucket = Bucket("s/t/LOAD00000001.parquet", "s/u/LOAD00000001.parquet", "s/u/", "readme.txt")
    bucket.landed("s/t/LOAD00000001.parquet")
    assert Reconciliation(bucket, bucket, bucket).of_bucket("staging") == Found(landed=1, rejected=1)
    assert Reconciliation(bucket, bucket, bucket).of_bucket("staging") == Found()


def test_sweep_of_a_large_bucket_asks_for_many_versions_at_once() -> None:
    bucket = Bucket(*(f"s/t/20260101-{number:09}.parquet" for number in range(2500)))
    assert Reconciliation(bucket, bucket, bucket).of_bucket("staging") == Found(landed=2500)
