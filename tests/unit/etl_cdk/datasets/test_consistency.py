"""What a dataset declares must not contradict itself, nor the datasets beside it."""

import json
from typing import Any

import pytest
from etl_cdk.datasets.dataset_check import check_dataset, check_datasets
from taxi.datasets.dataset import Dataset
from taxi.errors import DatasetError

from tests.unit.taxi.datasets.definitions import definition, layout


def checked(**fields: Any) -> Dataset:
    return check_dataset("trips.json", json.dumps(definition(**fields)))


COLUMNS = definition()["columns"]
SOURCES = layout()["columns"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"partition_by": "begun_at"}, "partition_by: unknown column 'begun_at'; did you mean 'began_at'?"),
        ({"partition_by": "fare"}, "partition_by: fare must be a required timestamp, as every row needs a day"),
        (
            {"columns": {**COLUMNS, "began_at": {"type": "timestamp", "required": False}}},
            "partition_by: began_at must be a required timestamp",
        ),
        (
            {"columns": {**COLUMNS, "loaded_at": {"type": "timestamp", "required": False}}},
            "columns: loaded_at is what every load adds itself; name another",
        ),
        ({"columns": {**COLUMNS, "Toll": {"type": "text", "required": False}}}, "columns: 'Toll' is no column name"),
    ],
)
def test_contradiction_of_columns_is_refused(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(DatasetError, match=f"  trips.json: {problem}"):
        checked(**fields)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"columns": {**SOURCES, "Tipp": "tipp"}}, "columns: Tipp: unknown column 'tipp'; did you mean 'tip'?"),
        ({"columns": {**SOURCES, "TIP": "tip"}}, r"columns: names source columns \(in any case\) twice: tip"),
        ({"columns": {**SOURCES, "Bonus": "tip"}}, "columns: names conformed columns twice: tip"),
        ({"optional": ["Tpi"]}, "optional: unknown source column 'Tpi'; did you mean 'Tip'?"),
        ({"optional": ["Fare"]}, "the required column fare needs a source column that is not optional"),
        ({"columns": {"Start": "began_at"}, "optional": []}, "the required column fare needs a source column"),
        ({"timestamp_formats": None}, "timestamp_formats is missing; say how the timestamps are written"),
        ({"format": "parquet"}, "timestamp_formats: Parquet files hold timestamps themselves; remove the field"),
    ],
)
def test_contradiction_of_a_layout_is_refused(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(DatasetError, match=f"  trips.json: layouts: plain: {problem}"):
        checked(layouts=[layout(**fields)])


def test_layouts_that_one_file_could_fit_both_are_refused() -> None:
    longer = layout(name="longer", columns={**SOURCES, "Extra": "tip"}, optional=["Tip", "Extra"])
    del longer["columns"]["Tip"]
    longer["optional"] = ["Extra"]
    with pytest.raises(DatasetError, match="layouts: plain and longer could both fit one csv file"):
        checked(layouts=[layout(), longer])


def test_layouts_are_told_apart_by_a_column_that_only_one_has() -> None:
    other = layout(name="other", columns={"Begin": "began_at", "Fare": "fare"}, optional=[])
    assert len(checked(layouts=[layout(), other]).layouts) == 2


def test_layouts_of_different_formats_may_have_the_same_columns() -> None:
    other = layout(name="other", format="parquet", timestamp_formats=None)
    assert len(checked(layouts=[layout(), other]).layouts) == 2


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"prefix": "rides/trips/more/"}, "rides and trips: one's prefix lies within the other's"),
        ({"table": "trips_table"}, "rides and trips: both fill the table trips_table"),
    ],
)
def test_datasets_that_get_in_each_others_way_are_refused(fields: dict[str, str], problem: str) -> None:
    other = definition(**{"name": "rides", "prefix": "other/", "table": "other", **fields})
    with pytest.raises(DatasetError, match=problem):
        check_datasets({"trips.json": json.dumps(definition()), "rides.json": json.dumps(other)})
