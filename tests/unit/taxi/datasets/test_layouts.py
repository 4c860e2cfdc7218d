"""A file is read by the declared layout that its columns fit, or refused with those that are wrong."""

import re

import pytest
from taxi.datasets.dataset import TYPE_RULES, ColumnType, FileFormat, load_datasets
from taxi.datasets.layouts import match_layout
from taxi.errors import LayoutError

from tests.unit.taxi.datasets.definitions import layout, parsed

CSV, PARQUET = FileFormat.CSV, FileFormat.PARQUET
YELLOW, GREEN = load_datasets()["yellow"], load_datasets()["green"]


def columns(header: str) -> list[str]:
    return header.split(",")


YELLOW_2018 = columns(
    "VendorID,tpep_pickup_datetime,tpep_dropoff_datetime,passenger_count,trip_distance,RatecodeID,store_and_fwd_flag,"
    "PULocationID,DOLocationID,payment_type,fare_amount,extra,mta_tax,tip_amount,tolls_amount,improvement_surcharge,"
    "total_amount"
)
YELLOW_2021 = [*YELLOW_2018, "congestion_surcharge"]
GREEN_2019 = columns(
    "VendorID,lpep_pickup_datetime,lpep_dropoff_datetime,store_and_fwd_flag,RatecodeID,PULocationID,DOLocationID,"
    "passenger_count,trip_distance,fare_amount,extra,mta_tax,tip_amount,tolls_amount,ehail_fee,improvement_surcharge,"
    "total_amount,payment_type,trip_type,congestion_surcharge"
)


@pytest.mark.parametrize(
    ("names", "absent"),
    [
        (YELLOW_2018, {"congestion_surcharge", "airport_fee", "cbd_congestion_fee"}),
        (YELLOW_2021, {"airport_fee", "cbd_congestion_fee"}),
        ([*YELLOW_2021, "airport_fee"], {"cbd_congestion_fee"}),
        ([*YELLOW_2021, "Airport_fee", "cbd_congestion_fee"], set()),
    ],
)
def test_yellow_parquet_files_of_every_year_fit_with_their_own_names(names: list[str], absent: set[str]) -> None:
    match = match_layout(YELLOW, PARQUET, names)
    assert {name for name, source in match.sources.items() if source is None} == absent
    assert {source for source in match.sources.values() if source} == set(names)


@pytest.mark.parametrize("names", [YELLOW_2018, YELLOW_2021])
def test_yellow_csv_files_fit_before_and_after_the_congestion_surcharge(names: list[str]) -> None:
    match = match_layout(YELLOW, CSV, names)
    assert match.sources["pickup_zone_id"] == "PULocationID"
    assert list(match.sources) == list(YELLOW.columns)


@pytest.mark.parametrize("names", [GREEN_2019, GREEN_2019[:-1]])
def test_green_files_fit_in_both_formats(names: list[str]) -> None:
    for file_format in (CSV, PARQUET):
        assert match_layout(GREEN, file_format, names).sources["pickup_at"] == "lpep_pickup_datetime"


def test_case_blanks_order_and_a_byte_order_mark_do_not_count_and_the_own_names_are_given() -> None:
    match = match_layout(parsed(), CSV, ["\ufeffTIP ", " fare", "Start"])
    assert match.sources == {"began_at": "Start", "fare": " fare", "tip": "\ufeffTIP "}


def test_missing_and_unknown_columns_are_named_with_what_was_meant() -> None:
    names = [*YELLOW_2021[:-1], "congestion_surchage", "bonus"]
    names.remove("fare_amount")
    with pytest.raises(LayoutError) as refusal:
        match_layout(YELLOW, CSV, names)
    assert str(refusal.value).startswith(
        "the file fits no csv layout of yellow; the closest is tlc_csv; missing columns: fare_amount; "
        "unknown columns: congestion_surchage (did you mean 'congestion_surcharge'?), bonus (known are VendorID, "
    )


def test_the_closest_of_several_layouts_is_the_one_that_the_refusal_compares_with() -> None:
    other = layout(name="other", columns={"Begin": "began_at", "Price": "fare"}, optional=[])
    with pytest.raises(LayoutError, match="closest is other; missing columns: Price$"):
        match_layout(parsed(layouts=[layout(), other]), CSV, ["begin"])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "missing columns: Start, Fare$"),
        (["Start", "Fare", ""], r"unknown columns: \(no name\)"),
        (["Start", "Fare", "FARE "], "the file names columns twice: 'Fare' and 'FARE '$"),
        (["Start", "Fare", "", ""], r"unknown columns: \(no name\) \("),
        (["Start", "Fare", "Tip", "Tip"], "the file names columns twice: 'Tip' and 'Tip'$"),
        (["Start", "Fare", "Mood", "mood"], r"unknown columns: Mood \("),
    ],
)
def test_headers_without_with_empty_or_with_repeated_names_are_refused(names: list[str], message: str) -> None:
    with pytest.raises(LayoutError, match=message):
        match_layout(parsed(), CSV, names)


def test_a_column_that_may_be_null_is_one_in_whatever_cases_a_file_has_it() -> None:
    match = match_layout(YELLOW, PARQUET, [*YELLOW_2021, "airport_fee", "Airport_fee"])
    assert match.names["airport_fee"] == ("airport_fee", "Airport_fee")
    assert match.sources["airport_fee"] == "airport_fee"
    assert match.names.keys() == {name for name, own in match.sources.items() if own}


def test_format_without_any_layout_is_refused() -> None:
    with pytest.raises(LayoutError, match="trips has no layout for parquet files"):
        match_layout(parsed(), PARQUET, ["Start", "Fare"])


@pytest.mark.parametrize(
    ("column_type", "text", "may_become"),
    [
        (ColumnType.INTEGER, "2", True),
        (ColumnType.INTEGER, "2.0", True),
        (ColumnType.INTEGER, "2.5", False),
        (ColumnType.INTEGER, "0x2", False),
        (ColumnType.INTEGER, "٢", False),
        (ColumnType.DECIMAL, "-3.50", True),
        (ColumnType.DECIMAL, ".5", True),
        (ColumnType.DECIMAL, "1,5", False),
        (ColumnType.DECIMAL, "$5", False),
        (ColumnType.DOUBLE, "1e-3", True),
        (ColumnType.DOUBLE, "NaN", False),
        (ColumnType.DOUBLE, "1d", False),
    ],
)
def test_text_may_become_a_number_only_by_the_rule_of_its_type(
    column_type: ColumnType, text: str, may_become: bool
) -> None:
    pattern = TYPE_RULES[column_type].pattern
    assert pattern is not None
    assert (re.fullmatch(pattern, text) is not None) is may_become
