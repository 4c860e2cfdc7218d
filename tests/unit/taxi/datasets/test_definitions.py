"""Dataset files become datasets wherever the package is; what cannot be one ends the run with file and reason."""

import json

import pytest
from taxi.datasets.dataset import Column, ColumnType, FileFormat, dataset_of, format_of, load_datasets, read_dataset
from taxi.errors import DatasetError

from tests.unit.taxi.datasets.definitions import definition, parsed


def test_sound_file_becomes_a_dataset() -> None:
    dataset = parsed()
    assert (dataset.name, dataset.prefix, dataset.table) == ("trips", "rides/trips/", "trips_table")
    assert dataset.columns["tip"] == Column(ColumnType.DECIMAL, required=False)
    assert list(dataset.columns) == ["began_at", "fare", "tip"]
    assert dataset.layouts[0].required == ("Start", "Fare")
    assert dataset.layouts[0].timestamp_formats == ("yyyy-MM-dd",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "JSONDecodeError: Expecting"),
        ("[]", "TypeError: "),
        (json.dumps(definition(prefix=None)), "KeyError: 'prefix'"),
        (json.dumps(definition(columns={"fare": {"type": "money", "required": True}})), "ValueError: 'money'"),
        (json.dumps(definition(layouts=[1])), "TypeError: "),
        (json.dumps(definition(columns=[])), "AttributeError: "),
    ],
)
def test_what_a_run_cannot_read_ends_it_with_file_reason_and_way_out(text: str, reason: str) -> None:
    with pytest.raises(
        DatasetError, match=f"  trips.json: cannot be read: {reason}.*; deploy the etl app, which checks"
    ):
        read_dataset("trips.json", text)


def test_yellow_and_green_are_deployed() -> None:
    assert set(load_datasets()) == {"green", "yellow"}


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("nyc-taxi/yellow/a.csv", "yellow"),
        ("nyc-taxi/green/2021/01/ü %2B+.parquet", "green"),
        ("nyc-taxi/yellow/", "yellow"),
        ("nyc-taxi/yellow", None),
        ("nyc-taxi/yellowish/a.csv", None),
        ("x/nyc-taxi/yellow/a.csv", None),
    ],
)
def test_key_belongs_to_the_dataset_whose_whole_prefix_it_begins_with(key: str, name: str | None) -> None:
    found = dataset_of(key, load_datasets().values())
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("key", "file_format"),
    [
        ("a.csv", FileFormat.CSV),
        ("A.CSV", FileFormat.CSV),
        ("a.Parquet", FileFormat.PARQUET),
        ("a.csv.gz", None),
        ("csv", None),
    ],
)
def test_format_is_told_by_the_ending_of_the_key(key: str, file_format: FileFormat | None) -> None:
    assert format_of(key) is file_format
