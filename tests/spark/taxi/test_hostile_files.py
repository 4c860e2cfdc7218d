"""Files made to cost far more than their size: each fails alone, or its rows do, and all the rest is loaded."""

import io
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from taxi.conformed import bounds
from taxi.records import FileOutcome, LoadStatus

from tests.spark.taxi.lake import Lake
from tests.spark.taxi.trips import YELLOW, csv, parquet, trip

SOUND = [trip()] * 40
LONGEST_ERROR = 4_100
TOO_MANY = 4_000
"""Megabytes, for a JVM with 3 GB."""


def written(table: pa.Table, **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def loaded_beside(lake: Lake, hostile: Mapping[str, bytes | str]) -> dict[str, FileOutcome]:
    """Load hostile files in one bundle with two sound ones, which are loaded; gives what became of the hostile."""
    sound = [lake.put("0.csv", csv(*SOUND)), lake.put_parquet("z.parquet", parquet(*SOUND))]
    files = {name: lake.put(name, content) for name, content in hostile.items()}
    outcomes = lake.conform(sound[0], *files.values(), sound[1])
    assert [outcomes[file.file_id].rows_loaded for file in sound] == [len(SOUND)] * 2
    assert len(lake.rows("pickup_at")) == 2 * len(SOUND) + sum(outcomes[f.file_id].rows_loaded for f in files.values())
    return {name: outcomes[file.file_id] for name, file in files.items()}


def kept_bytes(lake: Lake) -> int:
    return sum(len(row.text.encode()) for rows in lake.quarantine.kept.values() for row in rows)


LONG = 300_000
"""Nearly five times what a line may have."""
LINES = {
    "commas in quotes": '"' + "," * LONG + '"',
    "empty quotes": ',""' * (LONG // 3),
    "quotes": '"' * LONG,
    "commas": "," * LONG,
    "one value": "x" * LONG,
    "digits": "1" * LONG,
    "blanks and one letter": " " * LONG + "x",
    "nothing": "\0" * LONG,
}


def test_a_line_that_is_too_long_is_malformed_unread_and_cut(lake: Lake) -> None:
    rows = csv(*SOUND * 10) + "".join(f"{line}\n" for line in LINES.values()) + csv(*SOUND).split("\n", 1)[1]
    (outcome,) = loaded_beside(lake, {"a.csv": rows}).values()
    assert (outcome.status, outcome.rows_quarantined) == (LoadStatus.LOADED, len(LINES))
    (kept,) = lake.quarantine.kept.values()
    assert [row.line for row in kept] == [len(SOUND) * 10 + 2 + number for number in range(len(LINES))]
    assert all(f"bytes, but a line may have {64 * 1024}" in row.reason for row in kept)
    assert [row.text for row in kept] == [line[:4_096] for line in LINES.values()]


def test_a_file_with_a_line_that_is_never_held_whole_fails_alone_wherever_the_line_is(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "READ_LINE_BYTES", 100_000)
    monkeypatch.setattr(bounds, "ROWS", 60_000)
    lake.spark.conf.set("spark.sql.files.maxPartitionBytes", "130000")
    line, rows = "x" * 500_000, csv(*SOUND)
    hostile = {
        "last.csv": f"{rows}{line}",
        "middle.csv": f"{rows}{line}\n{rows}",
        "several.csv": f"{rows}{line}\n{line}\n",
        "just.csv": f"{rows}{line[:100_000]}\n",
        "windows.csv": csv(*SOUND * 30, end="\r\n") + line,
    }
    try:
        for outcome in loaded_beside(lake, hostile).values():
            assert (outcome.status, outcome.rows_loaded) == (LoadStatus.FAILED, 0)
            assert "a line of more than" in outcome.error
        long = csv(*SOUND * 2, end="\r\n") + f"{line[:99_997]}\r\n" + "\r\n" * 33_000
        file = lake.put("blank.csv", "\ufeff" + long)
        assert lake.conform(file)[file.file_id].rows_quarantined == 1
    finally:
        lake.spark.conf.unset("spark.sql.files.maxPartitionBytes")


def test_a_file_with_too_many_lines_fails_alone_also_when_they_are_blank(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "ROWS", 1_000)
    rows = csv(*SOUND)
    outcomes = loaded_beside(lake, {"blank.csv": rows + "\n" * 1_000, "many.csv": csv(*SOUND * 30), "x.csv": rows})
    assert [outcome.status for outcome in outcomes.values()] == [
        LoadStatus.FAILED,
        LoadStatus.FAILED,
        LoadStatus.LOADED,
    ]
    assert all("rows, but at most 1,000" in outcomes[name].error for name in ("blank.csv", "many.csv"))


VALUES = {
    "fare_amount": [
        "1e-999999999",
        "1e-2147483647",
        "1E999999999",
        "9e-1000",
        "1" * 40_000,
        "0." + "0" * 40_000 + "e1",
    ],
    "trip_distance": ["1" * 60_000 + "x", "1" * 60_000, ".1" * 20_000, "1e" + "1" * 60_000, " " * 30_000 + "1x"],
    "VendorID": ["1" * 60_000, "1." + "0" * 60_000, "0" * 60_000 + "x"],
    "tpep_pickup_datetime": ["2021-" * 12_000, "1" * 60_000],
    "store_and_fwd_flag": ["x" * 4_097, "é" * 30_000],
}


def test_a_value_costs_what_its_length_costs(lake: Lake) -> None:
    """An exponent of nine digits was computed, and 60,000 digits before a letter were matched in each way there is."""
    broken = [trip(but={column: value}) for column, values in VALUES.items() for value in values]
    fine = [trip(fare_amount="1e0000000000000001"), trip(fare_amount="1e-300"), trip(store_and_fwd_flag="x" * 4_096)]
    (outcome,) = loaded_beside(lake, {"a.csv": csv(*SOUND * 20, *fine, *broken)}).values()
    assert (outcome.status, outcome.rows_quarantined) == (LoadStatus.LOADED, len(broken))
    assert all(len(row.text) <= 4_096 and len(row.reason) < 400 for row in next(iter(lake.quarantine.kept.values())))


# both are texts here, which are cut before anyone asks what they say
@pytest.mark.parametrize("column", ["passenger_count", pytest.param("store_and_fwd_flag", marks=pytest.mark.slow)])
def test_a_parquet_file_that_says_a_megabyte_in_each_row_is_neither_cached_nor_kept_in_full(
    column: str, lake: Lake
) -> None:
    """Security review, H4: 314 bytes, whose malformed rows were gigabytes of text, more than the JVM has."""
    plain = parquet(*[trip()] * TOO_MANY)
    same = pa.DictionaryArray.from_arrays(pa.array([0] * TOO_MANY, pa.int32()), pa.array(["\0" * 2**20]))
    place = plain.column_names.index(column)
    hostile = written(plain.set_column(place, column, same), compression="zstd")
    assert len(hostile) < 20_000
    (outcome,) = loaded_beside(lake, {"a.parquet": hostile}).values()
    assert (outcome.status, outcome.rows_read, outcome.rows_quarantined) == (LoadStatus.FAILED, TOO_MANY, TOO_MANY)
    assert len(outcome.error) < LONGEST_ERROR
    assert 1_000_000 < kept_bytes(lake) <= bounds.KEPT_BYTES


def _footers() -> dict[str, bytes]:
    few, many = parquet(*SOUND), pa.table({"VendorID": pa.nulls(20_000_000, pa.int32())})
    zeros = pa.table({"VendorID": pa.array([b"\0" * 2**20] * 280, pa.binary())})
    deep = pa.array([1])
    for _ in range(400):
        deep = pa.ListArray.from_arrays([0, 1], deep)
    return {
        "rows.parquet": written(many),
        "zstd.parquet": written(zeros, compression="zstd", use_dictionary=False),
        "gzip.parquet": written(zeros, compression="gzip", use_dictionary=False),
        "columns.parquet": written(pa.table({f"c{number}": [1] for number in range(3_000)})),
        "name.parquet": written(few.append_column("x" * 1_000_000, pa.nulls(len(SOUND), pa.int32()))),
        "groups.parquet": written(pa.table({"VendorID": [*range(6_000)]}), row_group_size=1),
        "metadata.parquet": written(few.replace_schema_metadata({"x": "y" * 2**25})),
        "deep.parquet": written(pa.table({"VendorID": deep})),
    }


def test_a_parquet_file_whose_footer_promises_too_much_fails_alone_before_it_is_read(lake: Lake) -> None:
    outcomes = loaded_beside(lake, _footers())
    reasons = {
        "rows": "promises 20,000,000 rows", "zstd": "promises 280 rows of", "gzip": "promises 280 rows of",
        "columns": "3,000 columns", "name": "name has 1,000,000 characters", "groups": "6,000 row groups",
        "metadata": "footer has", "deep": "",
    }  # fmt: skip
    for name, reason in reasons.items():
        outcome = outcomes[f"{name}.parquet"]
        assert (outcome.status, outcome.rows_read) == (LoadStatus.FAILED, 0), name
        assert reason in outcome.error, (name, outcome.error)
        assert len(outcome.error) < LONGEST_ERROR, name


def test_a_csv_file_whose_header_is_no_list_of_names_fails_alone(lake: Lake) -> None:
    names = ",".join(YELLOW)
    hostile = {
        "columns.csv": ",".join(f"c{number}" for number in range(10_000)) + "\n1\n",
        "commas.csv": "," * 60_000 + "\n1\n",
        "name.csv": " " * 60_000 + csv(*SOUND),
        "unknown.csv": ",".join([names, *(f"{'ü' * 100}{number}" for number in range(200))]) + "\n1\n",
        "quote.csv": '"' + names + "\n1\n",
        "nothing.csv": names.replace("VendorID", "Vendor\0ID") + "\n1\n",
    }
    for name, outcome in loaded_beside(lake, hostile).items():
        assert (outcome.status, outcome.rows_read) == (LoadStatus.FAILED, 0), name
        assert 0 < len(outcome.error) < LONGEST_ERROR, name


def test_the_first_malformed_rows_of_a_file_are_kept_and_all_are_counted(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "KEPT_ROWS", 50)
    monkeypatch.setattr(bounds, "KEPT_BYTES", 20_000)
    bad = trip(fare_amount="x")
    lake.spark.conf.set("spark.sql.files.maxPartitionBytes", "320000")
    long = trip(fare_amount="y" * 1_000)
    try:
        many = lake.put("many.csv", csv(*[trip()] * 100, *[bad] * 8_000))
        wide = lake.put("wide.csv", csv(*[long] * 1_000))
        few = lake.put("few.csv", csv(*SOUND * 10, bad, bad, bad))
        rows = lake.put_parquet("rows.parquet", parquet(*[trip()] * 4_000, *[trip(passenger_count="1.5")] * 4_000,
                                                        types={"passenger_count": pa.float64()}))  # fmt: skip
        outcomes = lake.conform(many, wide, few, rows)
    finally:
        lake.spark.conf.unset("spark.sql.files.maxPartitionBytes")
    kept = {file.key[-8:]: [row.line for row in lake.quarantine.kept[file.file_id]] for file in (many, wide, few, rows)}
    assert [outcomes[file.file_id].rows_quarantined for file in (many, wide, few, rows)] == [8_000, 1_000, 3, 4_000]
    assert kept["many.csv"] == list(range(102, 152))
    assert kept["wide.csv"] == list(range(2, 2 + len(kept["wide.csv"])))
    assert 10 <= len(kept["wide.csv"]) < 20
    assert kept["/few.csv"] == [402, 403, 404]
    assert kept[".parquet"][0] == 4_001
    assert len(kept[".parquet"]) <= 50
