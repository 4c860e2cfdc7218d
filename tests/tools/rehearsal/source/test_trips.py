from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rehearsal.source.generator import generate_trips
from rehearsal.source.trips import ADDED_LATER, TRIPS, TripsFileError, load_trips

HEADER = (
    "VendorID,tpep_pickup_datetime,tpep_dropoff_datetime,passenger_count,trip_distance,RatecodeID,store_and_fwd_flag,"
    "PULocationID,DOLocationID,payment_type,fare_amount,extra,mta_tax,tip_amount,tolls_amount,improvement_surcharge,"
    "total_amount,congestion_surcharge"
)
TRIP = "1,2021-01-01 00:30:00,2021-01-01 00:36:00,1,2.1,1,N,142,43,2,8,3,0.5,0,0,0.3,11.8,2.5"
LATE_TRIP = ",2021-01-01 00:30:00,2021-01-01 00:36:00,,2.1,,,142,43,,8,3,0.5,0,0,0.3,11.8,2.5"


def csv(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "trips.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def parquet(tmp_path: Path, trips: pa.Table) -> Path:
    path = tmp_path / "trips.parquet"
    pq.write_table(trips, path)
    return path


def message(path: Path) -> str:
    with pytest.raises(TripsFileError) as caught:
        load_trips(path)
    return str(caught.value)


def test_a_csv_is_read_into_the_canonical_schema(tmp_path: Path) -> None:
    trips = load_trips(csv(tmp_path, HEADER, TRIP))
    assert trips.schema == TRIPS
    (row,) = trips.to_pylist()
    assert (row["VendorID"], row["trip_distance"], row["store_and_fwd_flag"]) == (1, 2.1, "N")
    assert row["tpep_pickup_datetime"].isoformat() == "2021-01-01T00:30:00"
    assert row["airport_fee"] is None


def test_empty_csv_values_are_null(tmp_path: Path) -> None:
    (row,) = load_trips(csv(tmp_path, HEADER, LATE_TRIP)).to_pylist()
    names = ("VendorID", "passenger_count", "RatecodeID", "store_and_fwd_flag", "payment_type")
    assert {name: row[name] for name in names} == dict.fromkeys(names)


def test_blank_lines_quotes_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    header = "\ufeff" + ",".join(f'"{name}"' for name in HEADER.split(","))
    assert load_trips(csv(tmp_path, header, "", TRIP, "", TRIP, "")).num_rows == 2


def test_counts_written_as_decimals_are_whole_numbers(tmp_path: Path) -> None:
    trips = load_trips(csv(tmp_path, HEADER, TRIP.replace(",1,2.1,", ",1.0,2.1,")))
    assert trips["passenger_count"].to_pylist() == [1]


def test_a_generated_parquet_file_comes_back_unchanged(tmp_path: Path) -> None:
    trips = generate_trips(100)
    assert load_trips(parquet(tmp_path, trips)).equals(trips)


def test_the_changing_types_and_names_of_parquet_months_are_one_schema(tmp_path: Path) -> None:
    trips = generate_trips(50)
    month = trips.drop(["cbd_congestion_fee"]).rename_columns(
        ["Airport_fee" if name == "airport_fee" else name for name in trips.drop(["cbd_congestion_fee"]).column_names]
    )
    as_float = month.schema.get_field_index("passenger_count")
    month = month.set_column(as_float, "passenger_count", month["passenger_count"].cast(pa.float64()))
    as_int32 = month.schema.get_field_index("PULocationID")
    month = month.set_column(as_int32, "PULocationID", month["PULocationID"].cast(pa.int32()))
    assert load_trips(parquet(tmp_path, month)).equals(trips)


def test_columns_added_in_later_years_may_be_absent(tmp_path: Path) -> None:
    trips = load_trips(parquet(tmp_path, generate_trips(5).drop(sorted(ADDED_LATER))))
    assert all(trips[name].null_count == 5 for name in ADDED_LATER)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    assert "nowhere.csv: no such file. Give the path" in message(tmp_path / "nowhere.csv")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "cannot be read (Is a directory)" in message(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"\xff\xfe\x00\x01", "is neither CSV text nor Parquet"), (b"a,b\n1,2\n", "has unknown a, b")],
)
def test_a_file_that_is_no_trips_file_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "trips.csv"
    path.write_bytes(content)
    assert said in message(path)


def test_missing_and_unknown_columns_are_both_named(tmp_path: Path) -> None:
    said = message(csv(tmp_path, HEADER.replace("tpep", "lpep"), TRIP))
    assert "lacks tpep_pickup_datetime, tpep_dropoff_datetime" in said
    assert "has unknown lpep_pickup_datetime, lpep_dropoff_datetime" in said


def test_long_lists_of_columns_are_cut_short(tmp_path: Path) -> None:
    assert "and 9 more" in message(csv(tmp_path, "a", "1"))


def test_a_repeated_column_is_refused(tmp_path: Path) -> None:
    assert "repeats VendorID" in message(csv(tmp_path, f"{HEADER},VendorID", f"{TRIP},1"))


def test_a_file_without_trips_is_refused(tmp_path: Path) -> None:
    assert "holds no trips" in message(parquet(tmp_path, TRIPS.empty_table()))
    assert "trips.csv" in message(csv(tmp_path, HEADER))


def test_a_line_with_too_few_columns_is_named_by_its_number(tmp_path: Path) -> None:
    said = message(csv(tmp_path, HEADER, "", TRIP, TRIP[:20]))
    assert "line 4: 2 columns instead of 18: '1,2021-01-01 00:30:0'" in said


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        (",142,", ",x142,", "column PULocationID: 'x142' is not a whole number"),
        (",142,", ",1.5,", "column PULocationID: '1.5' is not a whole number"),
        (",2.1,", ",far,", "column trip_distance: 'far' is not a number"),
        ("2021-01-01 00:30", "2021-13-01 00:30", "column tpep_pickup_datetime: '2021-13-01 00:30:00' is not a time"),
    ],
)
def test_a_bad_value_is_named_by_line_and_column(tmp_path: Path, good: str, bad: str, said: str) -> None:
    lines = [HEADER, TRIP, "", TRIP, TRIP.replace(good, bad), TRIP, TRIP.replace(good, bad)]
    assert f"line 5, {said}" in message(csv(tmp_path, *lines))


def test_a_bad_value_in_parquet_is_named_by_row_and_column(tmp_path: Path) -> None:
    trips = generate_trips(3)
    place = trips.schema.get_field_index("passenger_count")
    broken = trips.set_column(place, "passenger_count", pa.array([1.0, 1.5, 2.0]))
    assert "row 2, column passenger_count: 1.5 is not a whole number" in message(parquet(tmp_path, broken))


def test_a_truncated_parquet_file_is_refused_as_incomplete(tmp_path: Path) -> None:
    path = parquet(tmp_path, generate_trips(100))
    path.write_bytes(path.read_bytes()[:-100])
    said = message(path)
    assert "is not a whole Parquet file of" in said
    assert said.endswith("fetch it again.")


def test_a_parquet_file_with_damaged_pages_is_refused_in_one_line(tmp_path: Path) -> None:
    path = parquet(tmp_path, generate_trips(2000))
    body = path.read_bytes()
    path.write_bytes(body[:2000] + bytes(9000) + body[11000:])
    said = message(path)
    assert "is not a whole Parquet file of" in said
    assert "\n" not in said


def test_text_that_calls_itself_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trips.parquet"
    path.write_text(f"{HEADER}\n{TRIP}\n")
    assert "is not a whole Parquet file" in message(path)
