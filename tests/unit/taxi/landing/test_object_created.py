"""What an event says of an object, whatever its key looks like."""

import pytest
from taxi.datasets.dataset import load_datasets
from taxi.landing.registration import landed_object
from taxi.records import LandedFile

from lake.landing.object_created import RejectedFile
from tests.unit.taxi.samples import object_created

DATASETS = load_datasets()


@pytest.mark.parametrize(
    "key",
    [
        "nyc-taxi/yellow/yellow_tripdata_2021-01.csv",
        "nyc-taxi/yellow/with spaces and+plus%2Bpercent%.csv",
        "nyc-taxi/yellow/2021/01/deep/er/äöü 出租车.PARQUET",
        "nyc-taxi/yellow/nyc-taxi/green/a.csv",
    ],
)
def test_key_is_taken_as_it_is_at_any_depth(key: str) -> None:
    file = landed_object(object_created(key), DATASETS)
    assert isinstance(file, LandedFile)
    assert (file.dataset, file.bucket, file.key) == ("yellow", "raw", key)
    assert (file.etag, file.size, file.landed_at, file.version_id) == ("e1", 10, "2026-01-05T12:00:00Z", "v1")
    assert len(file.file_id) == 32


def test_empty_file_lands_so_that_its_failure_will_be_told() -> None:
    assert isinstance(landed_object(object_created(size=0), DATASETS), LandedFile)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("nyc-taxi/blue/a.csv", "lies below the prefix of no dataset; those are nyc-taxi/green/, nyc-taxi/yellow/"),
        ("nyc-taxi/yellow.csv", "lies below the prefix of no dataset"),
        ("a.csv", "lies below the prefix of no dataset"),
        ("nyc-taxi/yellow/a.csv.gz", "ends with neither .csv nor .parquet, so yellow cannot read it"),
        ("nyc-taxi/yellow/_SUCCESS", "ends with neither .csv nor .parquet"),
        ("nyc-taxi/yellow/a.csv/", "is a folder, not a file"),
    ],
)
def test_object_that_can_be_no_file_is_rejected_with_the_reason(key: str, reason: str) -> None:
    rejected = landed_object(object_created(key), DATASETS)
    assert isinstance(rejected, RejectedFile)
    assert rejected.reason.startswith(f"{key}: {reason}")


@pytest.mark.parametrize(("key", "size", "is_folder"), [("nyc-taxi/yellow/", 0, True), ("nyc-taxi/yellow/", 3, False)])
def test_key_that_is_the_prefix_is_a_folder_unless_it_holds_data(key: str, size: int, is_folder: bool) -> None:
    rejected = landed_object(object_created(key, size=size), DATASETS)
    assert isinstance(rejected, RejectedFile)
    assert rejected.is_folder is is_folder


def test_repeated_event_gives_the_same_file_id_even_when_its_sequencer_is_gone() -> None:
    events = (object_created(), object_created(sequencer=None, etag="e9"))
    first, second = (landed_object(event, DATASETS) for event in events)
    assert first.file_id == second.file_id


@pytest.mark.parametrize("other", [{"version-id": "v2"}, {"key": "nyc-taxi/yellow/b.csv"}])
def test_new_upload_of_the_same_or_another_key_gives_another_file_id(other: dict[str, str]) -> None:
    first, second = (landed_object(event, DATASETS) for event in (object_created(), object_created(**other)))
    assert first.file_id != second.file_id


def test_unversioned_bucket_tells_two_uploads_of_equal_content_apart_by_their_sequencer() -> None:
    events = (object_created(**{"version-id": None, "sequencer": sequencer}) for sequencer in ("0A", "0B"))
    first, second = (landed_object(event, DATASETS) for event in events)
    assert first.file_id != second.file_id
