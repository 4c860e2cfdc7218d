"""Queries see an Iceberg table as its current snapshot has it, whatever files lie beside."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.catalog import load_catalog
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.table import Table

from rehearsal.emulator.process import Emulator
from tests.embedded.waiting import eventually

TIMES = pa.table({"began": pa.array([datetime(2021, 1, 31, 23, 59, 1, tzinfo=UTC)], pa.timestamp("us", "UTC"))})
ROWS = pa.table({"zone": pa.array([1, 1, 2], pa.int32()), "fare": pa.array([2.5, 3.5, 4.0])})


@pytest.fixture
def catalog(emulator: Emulator, account: str) -> GlueCatalog:
    """The account's Data Catalog, with a database in it."""
    access = {
        **{f"{service}.endpoint": emulator.endpoint for service in ("glue", "s3")},
        **{f"{service}.region": "us-east-1" for service in ("glue", "s3")},
        **{f"{service}.access-key-id": account for service in ("glue", "s3")},
        **{f"{service}.secret-access-key": emulator.root_secret for service in ("glue", "s3")},
    }
    catalog = load_catalog("glue", type="glue", **access)
    assert isinstance(catalog, GlueCatalog)
    catalog.create_namespace("taxi")
    return catalog


@pytest.fixture
def table(catalog: GlueCatalog, bucket: str) -> Table:
    """An empty Iceberg table."""
    return catalog.create_table("taxi.fares", schema=ROWS.schema, location=f"s3://{bucket}/taxi/fares")


@pytest.fixture
def query(aws: Callable[[str], Any], bucket: str) -> Callable[[str], list[list[str]]]:
    """Run a query and give its rows as text."""
    athena = aws("athena")

    def run(sql: str) -> list[list[str]]:
        query_id = athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": "taxi"},
            ResultConfiguration={"OutputLocation": f"s3://{bucket}/results/"},
        )["QueryExecutionId"]
        status = eventually(
            lambda: athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]["Status"],
            lambda found: found["State"] not in ("QUEUED", "RUNNING"),
        )
        assert status["State"] == "SUCCEEDED", status
        header, *rows = athena.get_query_results(QueryExecutionId=query_id)["ResultSet"]["Rows"]
        assert header
        return [[cell.get("VarCharValue", "") for cell in row["Data"]] for row in rows]

    return run


def test_table_without_a_snapshot_is_empty(table: Table, query: Callable[[str], list[list[str]]]) -> None:
    assert query("SELECT count(*) FROM fares") == [["0"]]


def test_rows_that_a_later_snapshot_replaced_are_not_seen(
    table: Table, query: Callable[[str], list[list[str]]]
) -> None:
    table.append(ROWS)
    table.overwrite(ROWS.slice(0, 1), "zone = 1")
    assert query("SELECT zone, count(*), sum(fare) FROM fares GROUP BY zone ORDER BY zone") == [
        ["1", "1", "2.5"],
        ["2", "1", "4.0"],
    ]


def test_table_is_known_by_its_database_too(table: Table, query: Callable[[str], list[list[str]]]) -> None:
    table.append(ROWS)
    assert query("SELECT count(*) FROM taxi.fares f WHERE f.fare > 3") == [["2"]]


def test_times_with_a_zone_are_told_in_utc_wherever_the_machine_is(
    catalog: GlueCatalog, bucket: str, query: Callable[[str], list[list[str]]]
) -> None:
    catalog.create_table("taxi.times", schema=TIMES.schema, location=f"s3://{bucket}/taxi/times").append(TIMES)
    assert query("SELECT max(began), day(min(began)), hour(min(began)) FROM times") == [
        ["2021-01-31 23:59:01", "31", "23"]
    ]
