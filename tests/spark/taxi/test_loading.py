"""A bundle is loaded in one publication: every rule of what is in the conformed table afterwards."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from taxi.conformed.selection import GONE
from taxi.datasets.dataset import Column, ColumnType
from taxi.iceberg import IcebergConformedTable
from taxi.records import LoadStatus

from lake.tables.iceberg.catalog import load
from tests.spark.taxi.lake import Lake
from tests.spark.taxi.trips import csv, parquet, trip


def days(lake: Lake) -> list[tuple[str, int]]:
    """Give the file and the day of every row."""
    prefix = lake.dataset.prefix
    return sorted((key.removeprefix(prefix), at.day) for key, at in lake.rows("source_file", "pickup_at"))


def test_a_file_is_loaded_once_however_often_its_bundle_is_run(lake: Lake) -> None:
    file = lake.put("a.csv", csv(trip(1), trip(2)))
    first = lake.conform(file)
    assert lake.conform(file) == first
    assert days(lake) == [("a.csv", 1), ("a.csv", 2)]


def test_a_corrected_file_replaces_exactly_its_own_rows(lake: Lake) -> None:
    lake.conform(lake.put("a.csv", csv(trip(1), trip(2))), lake.put("b.csv", csv(trip(1), trip(2))))
    lake.conform(lake.put("a.csv", csv(trip(2, fare_amount="99"), trip(3))))
    assert days(lake) == [("a.csv", 2), ("a.csv", 3), ("b.csv", 1), ("b.csv", 2)]
    fares = {(key[-5:], float(fare)) for key, fare in lake.rows("source_file", "fare_amount")}
    assert ("a.csv", 99.0) in fares


def test_two_files_of_one_day_both_count(lake: Lake) -> None:
    lake.conform(lake.put("a.csv", csv(trip(1))))
    lake.conform(lake.put("b.csv", csv(trip(1))))
    assert days(lake) == [("a.csv", 1), ("b.csv", 1)]


def test_a_corrected_file_without_rows_takes_its_rows_away(lake: Lake) -> None:
    lake.conform(lake.put("a.csv", csv(trip(1))), lake.put("b.csv", csv(trip(1))))
    file = lake.put("a.csv", csv())
    assert lake.conform(file)[file.file_id].status is LoadStatus.LOADED
    assert days(lake) == [("b.csv", 1)]


def test_csv_and_parquet_are_mixed_in_one_bundle(lake: Lake) -> None:
    outcomes = lake.conform(
        lake.put("a.csv", csv(trip(1))),
        lake.put("b.csv", csv({name: value for name, value in trip(2).items() if name != "congestion_surcharge"})),
        lake.put_parquet("c.parquet", parquet(trip(3))),
        lake.put_parquet("d.PARQUET", parquet({**trip(4), "airport_fee": "1"})),
    )
    assert {outcome.status for outcome in outcomes.values()} == {LoadStatus.LOADED}
    assert days(lake) == [("a.csv", 1), ("b.csv", 2), ("c.parquet", 3), ("d.PARQUET", 4)]


def test_a_file_with_too_many_malformed_rows_fails_its_neighbours_do_not_and_all_is_quarantined(lake: Lake) -> None:
    bad = trip(1, fare_amount="x")
    at_the_limit = lake.put("limit.csv", csv(*[trip(1)] * 19, bad))
    beyond = lake.put("beyond.csv", csv(*[trip(2)] * 18, bad))
    outcomes = lake.conform(at_the_limit, beyond)
    assert outcomes[at_the_limit.file_id].status is LoadStatus.LOADED
    failed = outcomes[beyond.file_id]
    assert (failed.status, failed.rows_read, failed.rows_loaded, failed.rows_quarantined) == (
        LoadStatus.FAILED, 19, 0, 1,
    )  # fmt: skip
    assert failed.error.startswith("1 of 19 rows are malformed, but at most 5.0% may be; the first is line 20: fare")
    assert len(lake.quarantine.kept[beyond.file_id]) == 1
    assert {key for key, _ in days(lake)} == {"limit.csv"}


def test_a_correction_that_fails_leaves_the_rows_that_were_there(lake: Lake) -> None:
    lake.conform(lake.put("a.csv", csv(trip(1))))
    lake.conform(lake.put("a.csv", csv(trip(2, fare_amount="x"))))
    assert days(lake) == [("a.csv", 1)]


def test_what_is_loaded_is_what_the_key_holds_now(lake: Lake) -> None:
    older = lake.put("a.csv", csv(trip(1)))
    newer = lake.put("a.csv", csv(trip(2)))
    gone = lake.put("gone.csv", csv(trip(3)))
    lake.remove(gone)
    overwritten = lake.put("b.csv", csv(trip(4)))
    lake.put("b.csv", csv(trip(5)))  # its own entry is in a bundle that is still to come
    outcomes = lake.conform(older, newer, gone, overwritten)
    assert outcomes[older.file_id].status is LoadStatus.SUPERSEDED
    assert outcomes[newer.file_id].status is LoadStatus.LOADED
    assert (outcomes[gone.file_id].status, outcomes[gone.file_id].error) == (LoadStatus.FAILED, GONE)
    assert outcomes[overwritten.file_id].status is LoadStatus.SUPERSEDED
    assert days(lake) == [("a.csv", 2), ("b.csv", 5)]
    assert lake.rows("source_version")[1] != lake.rows("source_version")[0]


def test_two_hundred_small_files_are_a_few_spark_jobs(lake: Lake) -> None:
    files = [lake.put(f"{number:03}.csv", csv(trip(1 + number % 28))) for number in range(200)]
    tracker, group = lake.spark.sparkContext.statusTracker(), lake.dataset.table
    lake.spark.sparkContext.setJobGroup(group, "two hundred files")
    outcomes = lake.conform(*files)
    jobs = tracker.getJobIdsForGroup(group)
    lake.spark.sparkContext.setLocalProperty("spark.jobGroup.id", "")
    assert {outcome.status for outcome in outcomes.values()} == {LoadStatus.LOADED}
    assert len(days(lake)) == 200
    assert 0 < len(jobs) < 20, jobs
    corrected = [lake.put(f"{number:03}.csv", csv(trip(1, fare_amount="1"))) for number in range(200)]
    lake.conform(*corrected, lake.put("new.csv", csv(trip(2))))
    assert len(days(lake)) == 201


class Interrupted:
    """Rows that, when they are about to be written, let something else happen first."""

    def __init__(self, rows: DataFrame, happens: Callable[[], None]) -> None:
        self._rows, self._happens = rows, happens

    def writeTo(self, table: str) -> Any:  # noqa: N802 - as Spark names it
        self._happens()
        return self._rows.writeTo(table)


def _rows_of(lake: Lake, day: int, file: str) -> DataFrame:
    """One row as the job hands it to the table."""
    columns = [F.lit(None).cast("int").alias(name) for name in lake.dataset.columns if name != "pickup_at"]
    at = F.lit(f"2021-01-{day:02} 10:00:00").cast("timestamp")
    frame = lake.spark.range(1).select(
        at.alias("pickup_at"), *columns, F.lit(file).alias("source_file"), F.lit("v").alias("source_version"),
        F.current_timestamp().alias("loaded_at"),
    )  # fmt: skip
    declared = {field.name: field.dataType for field in lake.spark.table(lake.name.sql).schema}
    return frame.select(*(F.col(name).cast(declared[name]) for name in frame.columns))


def test_readers_see_the_old_rows_until_all_new_ones_are_there_also_when_the_run_dies(lake: Lake) -> None:
    lake.publish({"a.csv": [trip(1)], "b.csv": [trip(1)]})
    before = days(lake)
    seen: list[list[tuple[str, int]]] = []

    def die() -> None:
        seen.append(days(lake))  # the old rows have left the branch, the new ones are not there yet
        message = "the run was killed"
        raise RuntimeError(message)

    key = f"{lake.dataset.prefix}a.csv"
    with pytest.raises(RuntimeError, match="killed"):
        lake.table.replace_files(Interrupted(_rows_of(lake, 2, key), die), [key])  # type: ignore[arg-type]
    assert seen == [before]
    assert days(lake) == before
    lake.table.replace_files(_rows_of(lake, 3, key), [key])
    assert days(lake) == [("a.csv", 3), ("b.csv", 1)]
    assert list(load(lake.spark, lake.name.sql).refs()) == ["main"], "what the dead run left behind is removed"


def test_a_reader_at_any_moment_sees_one_state_or_the_other(lake: Lake) -> None:
    states = [csv(*[trip(1 + number % 3, fare_amount=str(fare))] * 50) for number, fare in enumerate((1, 2, 3))]
    lake.conform(lake.put("a.csv", states[0]))
    seen: set[tuple[int, int]] = set()
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            lake.spark.sql(f"REFRESH TABLE {lake.name.sql}")
            fares = [row[0] for row in lake.spark.table(lake.name.sql).select("fare_amount").collect()]
            seen.add((len(fares), len(set(fares))))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for state in states[1:]:
            lake.conform(lake.put("a.csv", state))
    finally:
        ended.set()
        reader.join()
    assert seen == {(50, 1)}


def test_a_run_that_was_overtaken_by_another_publishes_nothing(lake: Lake) -> None:
    lake.publish({"a.csv": [trip(1)]})
    key = f"{lake.dataset.prefix}a.csv"
    overtaking = lambda: lake.table.replace_files(_rows_of(lake, 3, key), [key])  # noqa: E731
    with pytest.raises(Exception, match="load_"):
        lake.table.replace_files(Interrupted(_rows_of(lake, 2, key), overtaking), [key])  # type: ignore[arg-type]
    assert days(lake) == [("a.csv", 3)]


def test_a_change_of_the_table_in_the_meantime_is_never_overwritten(lake: Lake) -> None:
    lake.publish({"a.csv": [trip(1)]})
    key = f"{lake.dataset.prefix}b.csv"

    def meanwhile() -> None:
        _rows_of(lake, 5, f"{lake.dataset.prefix}c.csv").writeTo(lake.name.sql).append()

    with pytest.raises(Exception, match="main is not an ancestor"):
        lake.table.replace_files(Interrupted(_rows_of(lake, 2, key), meanwhile), [key])  # type: ignore[arg-type]
    assert days(lake) == [("a.csv", 1), ("c.csv", 5)]


def test_a_column_that_the_dataset_declares_later_is_added(lake: Lake) -> None:
    lake.conform(lake.put("a.csv", csv(trip(1))))
    note = Column(ColumnType.TEXT, required=False)
    lake.dataset = replace(lake.dataset, columns={**lake.dataset.columns, "note": note})
    lake.dataset = replace(
        lake.dataset,
        layouts=tuple(replace(layout, columns={**layout.columns, "Note": "note"}) for layout in lake.dataset.layouts),
    )
    lake.conform(lake.put("b.csv", csv({**trip(2), "Note": "hi"})))
    assert lake.rows("note") == [("hi",), (None,)]


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"fare_amount": Column(ColumnType.DOUBLE, required=True)}, "fare_amount decimal(10,2) (declared: double)"),
        ({"tip_amount": None}, "tip_amount decimal(10,2) (declared: not at all)"),
    ],
)
def test_a_column_that_is_declared_otherwise_than_the_table_has_it_is_refused(
    lake: Lake, columns: dict[str, Column | None], named: str
) -> None:
    lake.table.prepare()
    declared = {name: column for name, column in {**lake.dataset.columns, **columns}.items() if column}
    changed = IcebergConformedTable(lake.spark, lake.name, replace(lake.dataset, columns=declared))
    with pytest.raises(Exception, match="declares otherwise") as refusal:
        changed.prepare()
    assert named in str(refusal.value)


def test_the_table_is_partitioned_by_day_of_format_two_and_knows_the_files_in_each_data_file(lake: Lake) -> None:
    lake.conform(lake.put("a.csv", csv(trip(1), trip(2))))
    table = load(lake.spark, lake.name.sql)
    assert str(table.spec().fields().get(0)).split(":", 1)[1].strip().startswith("pickup_at_day: day(")
    assert table.location() == f"s3://conformed/conformed/{lake.dataset.table}"
    properties = dict(table.properties())
    assert properties["write.metadata.metrics.column.source_file"] == "full"
    assert table.operations().current().formatVersion() == 2
