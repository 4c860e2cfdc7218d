"""Parquet files, whose types differ from month to month: cast by rule, or malformed, never NULL in silence."""

from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from pyspark.errors import PySparkException
from taxi.records import LoadStatus

from tests.spark.taxi.lake import Lake
from tests.spark.taxi.trips import parquet, trip

SOUND = [trip()] * 40
MONTHS: dict[str, dict[str, pa.DataType]] = {
    "integers": {"passenger_count": pa.int64(), "RatecodeID": pa.int32(), "VendorID": pa.int8()},
    "doubles": {"passenger_count": pa.float64(), "RatecodeID": pa.float32(), "PULocationID": pa.float64()},
    "decimals": {"fare_amount": pa.decimal128(12, 3), "passenger_count": pa.decimal128(20, 1)},
    "texts": {"fare_amount": pa.string(), "passenger_count": pa.large_string(), "store_and_fwd_flag": pa.string()},
    "nulls": {"store_and_fwd_flag": pa.null(), "congestion_surcharge": pa.null(), "passenger_count": pa.null()},
    "zoned": {"tpep_pickup_datetime": pa.timestamp("ms", "UTC"), "tpep_dropoff_datetime": pa.timestamp("ms")},
    "dictionary": {"store_and_fwd_flag": pa.dictionary(pa.int8(), pa.string())},
}


def _month(types: dict[str, pa.DataType]) -> pa.Table:
    plain = parquet(*SOUND)
    columns = {}
    for name in plain.column_names:
        column, wanted = plain[name], types.get(name)
        if wanted is None:
            columns[name] = column
        elif pa.types.is_null(wanted):
            columns[name] = pa.nulls(len(SOUND))
        elif pa.types.is_dictionary(wanted):
            columns[name] = column.dictionary_encode()
        else:
            columns[name] = column.cast(wanted)
    return pa.table(columns)


def test_types_that_differ_between_months_become_the_declared_ones_together(lake: Lake) -> None:
    files = {month: lake.put_parquet(f"{month}.parquet", _month(types)) for month, types in MONTHS.items()}
    outcomes = lake.conform(*files.values())
    assert {outcome.error for outcome in outcomes.values()} == {""}
    rows = lake.rows(
        "source_file", "passenger_count", "rate_code_id", "pickup_zone_id", "fare_amount", "pickup_at",
        "store_and_forward_flag", "congestion_surcharge",
    )  # fmt: skip
    assert len(rows) == len(SOUND) * len(MONTHS)
    fixed = (1, 142, Decimal("8.00"), datetime.fromisoformat("2021-01-01 10:00:00"))
    for month, file in files.items():
        found = {row[1:] for row in rows if row[0] == file.key}
        passengers, flag, surcharge = (None, None, None) if month == "nulls" else (1, "N", Decimal("2.50"))
        assert found == {(passengers, *fixed, flag, surcharge)}, month


def test_a_value_that_cannot_be_cast_makes_its_row_malformed_and_is_named_with_its_row_number(lake: Lake) -> None:
    broken = {
        "passenger_count": ("1.5", pa.float64(), "passenger_count: '1.5' is not a whole number of 32 bits"),
        "VendorID": ("3000000000", pa.int64(), "VendorID: '3000000000' is not a whole number of 32 bits"),
        "fare_amount": ("nan", pa.float64(), "fare_amount: 'NaN' is not an amount of money"),
        "trip_distance": ("inf", pa.float64(), "trip_distance: 'Infinity' is not a finite number"),
        "tolls_amount": ("many", pa.string(), "tolls_amount: 'many' is not an amount of money"),
        "PULocationID": ("", pa.int64(), "PULocationID: a value is required"),
        "tpep_pickup_datetime": ("", pa.timestamp("us"), "tpep_pickup_datetime: a value is required"),
    }
    files = {
        name: lake.put_parquet(f"{name}.parquet", parquet(*SOUND, trip(but={name: value}), types={name: type_}))
        for name, (value, type_, _) in broken.items()
    }
    outcomes = lake.conform(*files.values())
    for name, (_, _, reason) in broken.items():
        outcome = outcomes[files[name].file_id]
        assert (outcome.status, outcome.rows_loaded, outcome.rows_quarantined) == (LoadStatus.LOADED, 40, 1)
        (row,) = lake.quarantine.kept[files[name].file_id]
        assert (row.line, row.reason.startswith(reason)) == (41, True), row.reason
        assert '"DOLocationID":43' in row.text


def test_a_column_in_another_case_and_columns_of_later_years_are_known(lake: Lake) -> None:
    table = parquet({**trip(), "Airport_fee": "1.25", "cbd_congestion_fee": "0.75"})
    file = lake.put_parquet("2025.parquet", table)
    assert lake.conform(file)[file.file_id].error == ""
    assert lake.rows("airport_fee", "cbd_congestion_fee") == [(Decimal("1.25"), Decimal("0.75"))]


def test_a_column_that_a_file_has_in_two_cases_is_one_where_never_both_have_a_value(lake: Lake) -> None:
    neither = {**trip(3), "airport_fee": "", "Airport_fee": ""}
    old, new = {**trip(1), "airport_fee": "1.25", "Airport_fee": ""}, {**neither, "Airport_fee": "1.75"}
    both = {**trip(4), "airport_fee": "1.25", "Airport_fee": "1.75"}
    table = parquet(*[neither] * 40, old, new, both, types={"Airport_fee": pa.string()})
    file, other = lake.put_parquet("2023.parquet", table), lake.put_parquet("plain.parquet", parquet(trip(5)))
    outcomes = lake.conform(file, other)
    assert (outcomes[file.file_id].rows_loaded, outcomes[other.file_id].rows_loaded) == (42, 1)
    (row,) = lake.quarantine.kept[file.file_id]
    assert (row.line, row.reason) == (43, "airport_fee, Airport_fee: several have a value")
    assert '"airport_fee":1.25' in row.text
    assert '"Airport_fee":"1.75"' in row.text
    fees = {(at.day, fee) for at, fee in lake.rows("pickup_at", "airport_fee")}
    assert fees == {(1, Decimal("1.25")), (3, Decimal("1.75")), (3, None), (5, None)}
    lake.build()


def test_not_a_number_is_null_in_a_whole_number_that_may_be_null(lake: Lake) -> None:
    types = {"passenger_count": pa.float64(), "RatecodeID": pa.string(), "PULocationID": pa.float64()}
    nothing, broken = trip(passenger_count="nan", RatecodeID="NaN"), trip(PULocationID="nan")
    file = lake.put_parquet("nan.parquet", parquet(*SOUND, nothing, broken, types=types))
    assert lake.conform(file)[file.file_id].rows_loaded == 41
    assert [row.reason[:12] for row in lake.quarantine.kept[file.file_id]] == ["PULocationID"]
    assert lake.rows("passenger_count", "rate_code_id").count((None, None)) == 1


def test_a_time_that_tables_cannot_hold_is_quarantined_whatever_its_type(lake: Lake) -> None:
    beyond = {pa.date32(): 2**31 - 1, pa.timestamp("us"): 2**63 - 1, pa.timestamp("ms"): 253402300800000}
    table = parquet(*SOUND, trip())
    values = [table["tpep_pickup_datetime"][0].as_py()] * len(SOUND)
    columns = {
        type_: pa.concat_arrays([pa.array(values).cast(type_), _raw(value, type_)]) for type_, value in beyond.items()
    }
    files = {
        type_: lake.put_parquet(f"{type_}.parquet", table.set_column(1, "tpep_pickup_datetime", column))
        for type_, column in columns.items()
    }
    outcomes = lake.conform(*files.values())
    for type_, file in files.items():
        outcome = outcomes[file.file_id]
        assert (outcome.error, outcome.rows_loaded, outcome.rows_quarantined) == ("", 40, 1), type_


def _raw(value: int, type_: pa.DataType) -> pa.Array:
    return pa.array([value], pa.int32() if pa.types.is_date32(type_) else pa.int64()).view(type_)


def test_files_that_cannot_be_read_fail_with_the_reason_and_their_neighbour_is_loaded(lake: Lake) -> None:
    whole = pa.BufferOutputStream()
    pa.parquet.write_table(parquet(*SOUND), whole)
    content = whole.getvalue().to_pybytes()
    nested = parquet(*SOUND).set_column(0, "VendorID", pa.array([[1]] * len(SOUND)))
    late = parquet(*SOUND).set_column(1, "tpep_pickup_datetime", pa.array([5] * len(SOUND)))
    without_fare = parquet(*SOUND).drop_columns(["fare_amount"])
    files = {
        "cannot be read as Parquet": lake.put("cut.parquet", content[: len(content) // 2]),
        "cannot be read as Parquet:": lake.put("empty.parquet", b""),
        "VendorID (array<bigint>, but vendor_id is integer)": lake.put_parquet("nested.parquet", nested),
        "tpep_pickup_datetime (bigint, but pickup_at is timestamp)": lake.put_parquet("late.parquet", late),
        "missing columns: fare_amount": lake.put_parquet("short.parquet", without_fare),
    }
    sound = lake.put("sound.parquet", content)
    outcomes = lake.conform(*files.values(), sound)
    for error, file in files.items():
        assert outcomes[file.file_id].status is LoadStatus.FAILED
        assert error in outcomes[file.file_id].error
    assert outcomes[sound.file_id].rows_loaded == len(SOUND)


def test_a_file_whose_pages_are_damaged_fails_alone(lake: Lake) -> None:
    sink = pa.BufferOutputStream()
    pa.parquet.write_table(parquet(*SOUND), sink, compression="snappy", use_dictionary=False)
    content = bytearray(sink.getvalue().to_pybytes())
    content[40:200] = b"\xff" * 160  # its footer is whole, so that nothing is known before it is read
    damaged = lake.put("damaged.parquet", bytes(content))
    sound = [lake.put_parquet(f"{number}.parquet", parquet(*SOUND)) for number in range(3)]
    outcomes = lake.conform(sound[0], damaged, *sound[1:])
    assert outcomes[damaged.file_id].status is LoadStatus.FAILED
    assert "the file cannot be read: " in outcomes[damaged.file_id].error
    assert [outcomes[file.file_id].rows_loaded for file in sound] == [40, 40, 40]


def test_when_no_file_can_be_read_the_run_fails_and_not_the_files(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [lake.put_parquet(f"{number}.parquet", parquet(*SOUND)) for number in range(2)]
    monkeypatch.setattr("taxi.conformed.source_rows._paths", lambda _: ["s3://nowhere/at/all.parquet"])
    with pytest.raises(Exception, match="nowhere"):
        lake.conform(*files)


class Unreachable:
    """What PySpark captures of a throwable: S3 did not answer while rows were read."""

    def toString(self) -> str:  # noqa: N802 - as Java names it
        return "java.net.SocketTimeoutException: Read timed out"

    def getCause(self) -> None:  # noqa: N802
        return None


def times_out(*_: object, **__: object) -> None:
    error = PySparkException("[FAILED_READ_FILE] Encountered error while reading file")
    error._origin = Unreachable()  # type: ignore[attr-defined]
    raise error


@pytest.mark.parametrize(
    "place",
    [
        "taxi.conformed.parsed_files.ParsedFiles._counted",
        "taxi.conformed.file_layouts.open_parquet",
        "taxi.iceberg.IcebergConformedTable.replace_files",
        # it fails the whole run, as a table that cannot be written does
        pytest.param("rehearsal.local_spark.FolderFiles.version", marks=pytest.mark.slow),
    ],
)
def test_a_failure_that_passes_leaves_files_pending_and_the_next_try_loads_them(
    place: str, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code review, C13: a throttled S3 failed the file of a bundle of one for good."""
    files = [lake.put_parquet(f"{number}.parquet", parquet(*SOUND)) for number in range(3)]
    for bundle in (files[:1], files):
        with monkeypatch.context() as patch:
            patch.setattr(place, times_out)
            outcomes = lake.conform(*bundle)
        assert [outcomes[file.file_id].status for file in bundle] == [LoadStatus.PENDING] * len(bundle)
        assert all("FAILED_READ_FILE" in outcome.error for outcome in outcomes.values())
    assert [lake.conform(*files)[file.file_id].rows_loaded for file in files] == [40] * 3
