"""Both jobs against duckdb on the same files."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pytest
from pyspark.sql import SparkSession
from taxi.records import LandedFile, LoadStatus

from lake.tables.iceberg.catalog import TableName
from rehearsal.source.generator import generate_trips
from rehearsal.source.taxi_files import Delivery, taxi_deliveries
from rehearsal.source.trips import load_trips
from rehearsal.validation.taxi_results import QUESTIONS, ExpectedResults
from tests.spark.taxi.lake import Lake

GIVEN = os.environ.get("TRIPS")
"""Trips of TLC to be used in place of made-up ones, as with `make demo`."""


def _put(lake: Lake, delivery: Delivery) -> LandedFile:
    return lake.put(delivery.key, delivery.content)


def _read(spark: SparkSession, name: TableName) -> pa.Table:
    return pa.Table.from_pylist([row.asDict() for row in spark.table(name.sql).collect()])


@pytest.mark.slow  # the demo, which is a test too, compares the same
def test_every_purpose_built_table_holds_what_duckdb_computes_from_the_files(lake: Lake) -> None:
    trips = load_trips(Path(GIVEN)) if GIVEN else generate_trips(5_000)
    deliveries = taxi_deliveries(trips)
    outcomes = lake.conform(*(_put(lake, delivery) for delivery in deliveries.first))
    assert LoadStatus.FAILED not in {outcome.status for outcome in outcomes.values()}
    lake.build()
    lake.conform(*(_put(lake, delivery) for delivery in deliveries.later))
    lake.build()

    broken = {(row.source_file[-13:], row.line) for rows in lake.quarantine.kept.values() for row in rows}
    assert broken == {(file.key[-13:], line) for file in deliveries.final for line in file.broken_lines}
    expected = ExpectedResults(deliveries.final)
    assert len(lake.rows("pickup_at")) == expected.trips
    for question in QUESTIONS:
        found = _read(lake.spark, lake.result_name(question.table.removeprefix("yellow_")))
        comparison = expected.compare(question, found)
        assert comparison.is_equal, comparison


GREEN_SQL = """
    SELECT source, lpep_pickup_datetime::DATE AS day, count(*) AS trips, count(VendorID) AS vendors,
           sum(passenger_count)::BIGINT AS passengers, sum(total_amount) AS totals, sum(trip_type)::BIGINT AS types,
           round(sum(trip_distance), 4) AS miles, max(lpep_dropoff_datetime) AS last, min(store_and_fwd_flag) AS flag
    FROM (SELECT * REPLACE (total_amount::DECIMAL(10, 2) AS total_amount)
          FROM (SELECT 'csv' AS source, * FROM read_csv('{csv}')
                UNION ALL BY NAME
                SELECT 'parquet' AS source, * FROM read_parquet('{parquet}')))
    GROUP BY ALL ORDER BY ALL
"""


def _green(trips: pa.Table) -> pa.Table:
    """Yellow trips as the green meters write them."""
    names = [name.replace("tpep", "lpep") for name in trips.column_names]
    green = trips.rename_columns(names).drop_columns(["airport_fee", "cbd_congestion_fee"])
    green = green.append_column("ehail_fee", pa.nulls(len(trips), pa.float64()))
    return green.append_column("trip_type", pc.if_else(pc.greater(green["PULocationID"], 100), 1, 2))


def test_green_trips_of_both_layouts_are_what_duckdb_reads_in_the_files(
    make_lake: Callable[[str], Lake], tmp_path: Path
) -> None:
    lake, green = make_lake("green"), _green(generate_trips(4_000, seed=7))
    csv = tmp_path / "green.csv"
    times = {
        name: pc.strftime(green[name].cast(pa.timestamp("s")), "%Y-%m-%d %H:%M:%S") for name in green.column_names[1:3]
    }
    text = pa.table({name: times.get(name, green[name]) for name in green.column_names})
    pyarrow.csv.write_csv(text.slice(0, 2_500), csv)
    files = lake.put("green.csv", csv.read_bytes()), lake.put_parquet("green.parquet", green.slice(2_500))
    assert {outcome.error for outcome in lake.conform(*files).values()} == {""}

    paths: Mapping[str, Any] = {"csv": csv, "parquet": lake.buckets / "raw" / files[1].key}
    expected = duckdb.execute(GREEN_SQL.format(**paths)).fetchall()
    found = lake.spark.sql(f"""
        SELECT IF(source_file LIKE '%.csv', 'csv', 'parquet') AS source, CAST(pickup_at AS DATE) AS day,
               COUNT(*) AS trips, COUNT(vendor_id) AS vendors, SUM(passenger_count) AS passengers,
               SUM(total_amount) AS totals, SUM(trip_type) AS types, ROUND(SUM(trip_distance), 4) AS miles,
               MAX(dropoff_at) AS last, MIN(store_and_forward_flag) AS flag
        FROM {lake.name.sql} GROUP BY ALL ORDER BY ALL
    """).collect()  # noqa: S608 - the table's own name
    assert [tuple(row)[:7] for row in found] == [row[:7] for row in expected]
    assert [tuple(row)[8:] for row in found] == [row[8:] for row in expected]
    assert [row.miles for row in found] == pytest.approx([row[7] for row in expected])
