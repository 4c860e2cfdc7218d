"""The deployed state machine runs both engines in one execution, and moves tables from the function to Spark.

Four executions follow each other, and each test looks at what one of them left.
"""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from deployment_account.names import OdpTable, Shared
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.emulator.process import Emulator
from tests.embedded.lake.crashes import kill_function
from tests.embedded.lake.odp.executions import CADENCE, Execution
from tests.embedded.lake.odp.ledger import Item, Ledger
from tests.embedded.waiting import OFTEN, eventually

HUDI, OF_SPARK, HISTORY, DYING = (f"taxi_trips.table_{number}" for number in (11, 8, 9, 10))
ICEBERG = {"table_storage_type": "iceberg", "hudi_partition_key": ""}
CONFIGURED = {
    OF_SPARK: {**ICEBERG, "engine": "spark"},
    HISTORY: {**ICEBERG, "table_data_versioning_type": "H"},
    DYING: ICEBERG,
}
HANDLER = "odp.native.handler.handle"
LARGE = 2_000_000
Put = Callable[..., str]


@dataclass(frozen=True)
class Outcome:
    """What one execution left: how it ended, the engine of each table of its plan, and its runs by table."""

    described: dict[str, Any]
    planned: dict[str, str]
    runs: dict[str, Item]
    leases: dict[str, Item]
    pending: set[str]


def dms_file(first: int, count: int) -> bytes:
    """Rows whose keys follow each other."""
    columns = {
        "PK_ID": pa.array(range(first, first + count)),
        "VENDORID": pa.array([1] * count),
        "FARE_AMOUNT": pa.array([2.5] * count),
        "CDC_TIMESTAMP_SEQ": pa.array([""] * count),
        "CDC_OPERATION": pa.array(["INSERT"] * count),
    }
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def load(table: str) -> str:
    return f"{table.replace('.', '/')}/LOAD00000001.parquet"


@pytest.fixture(scope="module")
def ledger(deployed_lake: DeployedLake) -> Iterator[Ledger]:
    """Empty ledger of a lake whose manifests have tables in both formats."""
    ledger = Ledger(deployed_lake)
    ledger.start_anew()
    configs = deployed_lake.dynamodb.Table(deployed_lake.table(OdpTable.RAW_TABLE_CONFIG))
    before = [item for item in configs.scan()["Items"] if item["source_table_name"] in CONFIGURED]
    for item in before:
        configs.put_item(Item={**item, **CONFIGURED[item["source_table_name"]]})
    yield ledger
    for item in before:
        configs.put_item(Item=item)
        if entry := deployed_lake.catalog_tables(CADENCE).get(item["source_table_name"]):
            deployed_lake.client("glue").delete_table(DatabaseName=entry["DatabaseName"], Name=entry["Name"])
    ledger.wait_for_file_manager()


def source_of(item: Item) -> str:
    return f"taxi_trips.{item['raw_table_name'].rsplit('.', 1)[-1]}"


def plan_of(lake: DeployedLake, execution: Execution) -> dict[str, str]:
    key = f"odp/plans/{CADENCE}/{execution.name}.json"
    plan = json.loads(lake.client("s3").get_object(Bucket=lake.published(Shared.CONFIG_BUCKET), Key=key)["Body"].read())
    return {table: engine for batch, engine in zip(plan["batches"], plan["engines"], strict=True) for table in batch}


def executed(ledger: Ledger, meanwhile: Callable[[], None] = lambda: None) -> Outcome:
    ledger.let_an_hour_pass()
    known = {item["glue_job_run_id"] for item in ledger.items(OdpTable.FILE_PROCESSING_TRACKER_HISTORY)}
    execution = Execution(ledger.lake)
    meanwhile()
    described = execution.ended()
    history = ledger.items(OdpTable.FILE_PROCESSING_TRACKER_HISTORY)
    return Outcome(
        described,
        plan_of(ledger.lake, execution),
        {item["source_table_name"]: item for item in history if item["glue_job_run_id"] not in known},
        {source_of(item): item for item in ledger.items(OdpTable.FILE_PROCESSING_TRACKER)},
        {item["source_table_name"] for item in ledger.items(OdpTable.FILE_TRACKER)},
    )


@pytest.fixture(scope="module")
def loaded(ledger: Ledger, put: Put) -> Outcome:
    """The first execution: a table in Hudi, one in Iceberg that its manifest gives to Spark, one that it does not."""
    for table in (HUDI, OF_SPARK, HISTORY):
        put(load(table), dms_file(1, 3))
    ledger.pending(3)
    return executed(ledger)


@pytest.fixture(scope="module")
def left(ledger: Ledger, put: Put, loaded: Outcome) -> Outcome:
    """The second execution: the load of a historical table that has rows is beyond the native engine."""
    put(load(HISTORY), dms_file(2, 3))
    ledger.pending(1)
    return executed(ledger)


@pytest.fixture(scope="module")
def killed(ledger: Ledger, put: Put, emulator: Emulator, left: Outcome) -> Outcome:
    """The third execution: Spark refreshes that table, and the function dies during another one."""
    put(load(DYING), dms_file(1, LARGE))
    ledger.pending(2)

    def kill() -> None:
        tracker = OdpTable.FILE_PROCESSING_TRACKER
        eventually(
            lambda: [i for i in ledger.items(tracker) if str(i.get("lease_owner", "")).startswith("native-")],
            seconds=300,
            rarest=OFTEN,
        )
        pages = ledger.lake.client("lambda").get_paginator("list_functions").paginate()
        (name,) = (each["FunctionName"] for page in pages for each in page["Functions"] if each["Handler"] == HANDLER)
        kill_function(name, emulator.endpoint)

    return executed(ledger, kill)


@pytest.fixture(scope="module")
def moved(ledger: Ledger, killed: Outcome) -> Outcome:
    """The fourth execution: the lease of the killed run has expired."""
    leases = ledger.lake.dynamodb.Table(ledger.lake.table(OdpTable.FILE_PROCESSING_TRACKER))
    leases.put_item(Item={**killed.leases[DYING], "lease_expires_at": 1})
    return executed(ledger)


def keys_of(ledger: Ledger, table: str) -> list[int]:
    return sorted(ledger.lake.read(ledger.lake.catalog_tables(CADENCE)[table])["PK_ID"].to_pylist())


def test_one_execution_runs_both_engines_each_for_its_tables(loaded: Outcome, ledger: Ledger) -> None:
    assert loaded.described["status"] == "SUCCEEDED", loaded.runs
    assert loaded.planned == {HUDI: "spark", OF_SPARK: "spark", HISTORY: "native"}
    assert {table: run["engine"] for table, run in loaded.runs.items()} == loaded.planned
    assert loaded.runs[HISTORY]["glue_job_run_id"].startswith("native-")
    assert loaded.runs[HUDI]["glue_job_run_id"] == loaded.runs[OF_SPARK]["glue_job_run_id"]
    for table in (HUDI, OF_SPARK, HISTORY):
        assert keys_of(ledger, table) == [1, 2, 3]


def test_lease_has_the_size_of_an_iceberg_table_from_both_engines(loaded: Outcome) -> None:
    for table in (OF_SPARK, HISTORY):
        size = loaded.leases[table]["table_size"]
        assert (size["rows"], size["files"] > 0, size["bytes"] > 0) == (3, True, True)
    assert "table_size" not in loaded.leases[HUDI]


def test_table_beyond_the_native_engine_is_left_whole_with_its_files_and_the_reason(
    left: Outcome, ledger: Ledger
) -> None:
    assert left.described["status"] == "SUCCEEDED"
    run = left.runs[HISTORY]
    assert (left.planned, run["engine"], run["refresh_status"]) == ({HISTORY: "native"}, "native", "completed")
    assert run["beyond_engine"].startswith("BeyondEngineError: ")
    assert (run["files_processed"], "error_message" in run, left.pending) == (0, False, {HISTORY})


def test_next_execution_gives_it_to_spark_and_the_run_log_says_why(left: Outcome, killed: Outcome) -> None:
    run = killed.runs[HISTORY]
    assert (killed.planned[HISTORY], run["engine"], run["refresh_status"]) == ("spark", "spark", "completed")
    assert run["beyond_engine"] == left.runs[HISTORY]["beyond_engine"]
    assert HISTORY not in killed.pending


def test_killed_function_fails_its_batch_alone_and_writes_nothing(killed: Outcome, ledger: Ledger) -> None:
    assert killed.described["status"] == "FAILED"
    assert "1 of 2 batches failed: batch 1: " in killed.described["cause"]
    assert (killed.planned[DYING], DYING in killed.runs, killed.pending) == ("native", False, {DYING})
    assert killed.leases[DYING]["lease_owner"].startswith("native-")


def test_its_table_goes_to_spark_as_soon_as_the_lease_has_expired_and_the_run_log_says_so(
    killed: Outcome, moved: Outcome, ledger: Ledger
) -> None:
    run = moved.runs[DYING]
    assert (moved.described["status"], moved.planned, run["engine"]) == ("SUCCEEDED", {DYING: "spark"}, "spark")
    owner = killed.leases[DYING]["lease_owner"]
    assert f"{owner} ended without recording its end: it ran out of memory or time" in run["beyond_engine"]
    assert (run["rows_inserted"], moved.pending) == (LARGE, set())
    assert len(keys_of(ledger, DYING)) == LARGE
