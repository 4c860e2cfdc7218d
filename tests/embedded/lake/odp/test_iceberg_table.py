"""The deployed state machine refreshes an Iceberg table with Spark: a load, changes with a new column, and a reload.

Three executions follow each other, and each test looks at what one of them left.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from deployment_account.names import OdpTable
from rehearsal.demo.deployed_lake import CatalogTable, DeployedLake
from tests.embedded.lake.odp.executions import CADENCE, Execution
from tests.embedded.lake.odp.ledger import Item, Ledger

TABLE = "taxi_trips.table_6"
FOLDER = TABLE.replace(".", "/")
Put = Callable[..., str]


@dataclass(frozen=True)
class Refreshed:
    """What one execution left: its status, the entry of its run, and the rows as others read them."""

    status: str
    refresh: Item
    rows: list[dict[str, Any]]
    entry: CatalogTable


def dms_file(**columns: Any) -> bytes:
    count = len(columns["PK_ID"])
    rows = {"CDC_TIMESTAMP_SEQ": [""] * count, "CDC_OPERATION": ["INSERT"] * count, "VENDORID": [1] * count}
    buffer = io.BytesIO()
    pq.write_table(pa.table({**columns, **rows}), buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def ledger(deployed_lake: DeployedLake) -> Iterator[Ledger]:
    """Empty ledger of a lake whose manifests have one table in Iceberg."""
    ledger = Ledger(deployed_lake)
    ledger.start_anew()
    configs = deployed_lake.dynamodb.Table(deployed_lake.table(OdpTable.RAW_TABLE_CONFIG))
    (before,) = (item for item in configs.scan()["Items"] if item["source_table_name"] == TABLE)
    iceberg = {"table_storage_type": "iceberg", "hudi_partition_key": "bucket(2, PK_ID)", "engine": "spark"}
    configs.put_item(Item={**before, **iceberg})
    yield ledger
    configs.put_item(Item=before)
    if entry := deployed_lake.catalog_tables(CADENCE).get(TABLE):
        deployed_lake.client("glue").delete_table(DatabaseName=entry["DatabaseName"], Name=entry["Name"])
    ledger.wait_for_file_manager()


def refreshed(ledger: Ledger, pending: int) -> Refreshed:
    ledger.pending(pending)
    ledger.let_an_hour_pass()
    execution = Execution(ledger.lake)
    status = execution.ended()["status"]
    ids = {run["Id"] for run in execution.glue_runs()}
    history = ledger.items(OdpTable.FILE_PROCESSING_TRACKER_HISTORY)
    (refresh,) = (item for item in history if item["glue_job_run_id"] in ids)
    assert status == "SUCCEEDED", refresh.get("stack_trace")
    entry = ledger.lake.catalog_tables(CADENCE)[TABLE]
    rows = ledger.lake.read(entry).to_pylist()
    return Refreshed(status, refresh, sorted(rows, key=lambda row: row["PK_ID"]), entry)


@pytest.fixture(scope="module")
def loaded(ledger: Ledger, put: Put) -> Refreshed:
    put(f"{FOLDER}/LOAD00000001.parquet", dms_file(PK_ID=[1, 2, 3], FARE_AMOUNT=[1.5, 2.5, 3.5]))
    return refreshed(ledger, 1)


@pytest.fixture(scope="module")
def changed(ledger: Ledger, put: Put, loaded: Refreshed) -> Refreshed:
    columns = {"Op": ["U", "D", "I"], "PK_ID": [1, 2, 4], "FARE_AMOUNT": [9.5, 2.5, 4.5], "NOTE": ["new", None, None]}
    put(f"{FOLDER}/20260101-100000001.parquet", dms_file(**columns))
    return refreshed(ledger, 1)


@pytest.fixture(scope="module")
def reloaded(ledger: Ledger, put: Put, changed: Refreshed) -> Refreshed:
    put(f"{FOLDER}/LOAD00000001.parquet", dms_file(PK_ID=[7, 8], FARE_AMOUNT=[7.5, 8.5]))
    return refreshed(ledger, 1)


def outcome(refreshed: Refreshed) -> tuple[str, str, int, int, int]:
    counts = (refreshed.refresh[f"rows_{name}"] for name in ("inserted", "updated", "deleted"))
    return (refreshed.status, refreshed.refresh["refresh_status"], *map(int, counts))


def test_load_makes_an_iceberg_table_of_the_catalog_below_its_location(loaded: Refreshed) -> None:
    assert outcome(loaded) == ("SUCCEEDED", "completed", 3, 0, 0)
    assert [(row["PK_ID"], row["FARE_AMOUNT"]) for row in loaded.rows] == [(1, 1.5), (2, 2.5), (3, 3.5)]
    assert loaded.entry["Parameters"]["table_type"].upper() == "ICEBERG"
    location = loaded.entry["StorageDescriptor"]["Location"]
    assert location.endswith(f"/{loaded.entry['DatabaseName']}/{loaded.entry['Name']}")


def test_changes_update_delete_insert_and_add_a_column_in_one_commit(changed: Refreshed) -> None:
    assert outcome(changed) == ("SUCCEEDED", "completed", 1, 1, 1)
    assert [(row["PK_ID"], row["FARE_AMOUNT"], row["NOTE"]) for row in changed.rows] == [
        (1, 9.5, "new"),
        (3, 3.5, None),
        (4, 4.5, None),
    ]


def test_reload_replaces_rows_and_columns(reloaded: Refreshed) -> None:
    assert outcome(reloaded) == ("SUCCEEDED", "completed", 2, 0, 0)
    assert [(row["PK_ID"], row["FARE_AMOUNT"], "NOTE" in row) for row in reloaded.rows] == [
        (7, 7.5, False),
        (8, 8.5, False),
    ]
