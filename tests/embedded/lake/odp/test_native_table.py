"""The deployed function refreshes Iceberg tables without a JVM, before and after Spark refreshes the same table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from deployment_account.names import OdpTable, Shared
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.emulator.process import Emulator
from tests.embedded.lake.odp.cutting_proxy import CuttingProxy
from tests.embedded.lake.odp.executions import CADENCE, Execution
from tests.embedded.lake.odp.ledger import Item, Ledger
from tests.embedded.lake.odp.test_iceberg_table import dms_file

TABLE = "taxi_trips.table_7"
FOLDER = TABLE.replace(".", "/")
HANDLER = "odp.native.handler.handle"
Put = Callable[..., str]


class Native:
    """The function as whoever executes a plan invokes it, and the table that it refreshes."""

    def __init__(self, ledger: Ledger) -> None:
        self.lake = ledger.lake
        self.ledger = ledger
        self._client = self.lake.client("lambda")
        pages = self._client.get_paginator("list_functions").paginate()
        (self.function,) = (each for page in pages for each in page["Functions"] if each["Handler"] == HANDLER)

    def invoke(self, execution: str, *tables: str) -> dict[str, Any]:
        """Refresh the tables as the only batch of a plan."""
        key = f"odp/plans/{CADENCE}/{execution}.json"
        plan = {"format": 1, "refresh_cadence": CADENCE, "execution_name": execution, "batches": [tables]}
        self.lake.client("s3").put_object(
            Bucket=self.lake.published(Shared.CONFIG_BUCKET), Key=key, Body=json.dumps(plan)
        )
        answer = self._client.invoke(
            FunctionName=self.function["FunctionName"], Payload=json.dumps({"plan_key": key, "batch": "0"})
        )
        content: dict[str, Any] = json.loads(answer["Payload"].read())
        return content | ({"failed": answer["FunctionError"]} if "FunctionError" in answer else {})

    def refresh(self, execution: str, pending: int = 1) -> Item:
        """Refresh the table as soon as its files are registered, and return what the run log says."""
        self.ledger.pending(pending)
        self.ledger.let_an_hour_pass()
        known = {each["glue_job_run_id"] for each in self.runs()}
        assert self.invoke(execution, TABLE) == {"refreshed": 1}, self.runs()
        (run,) = (each for each in self.runs() if each["glue_job_run_id"] not in known)
        return run

    def runs(self) -> list[Item]:
        return self.ledger.items(OdpTable.FILE_PROCESSING_TRACKER_HISTORY)

    def rows(self, *columns: str) -> list[tuple[Any, ...]]:
        rows = self.lake.read(self.lake.catalog_tables(CADENCE)[TABLE]).to_pylist()
        return sorted(tuple(row[name] for name in columns) for row in rows)


@pytest.fixture(scope="module")
def native(deployed_lake: DeployedLake) -> Iterator[Native]:
    ledger = Ledger(deployed_lake)
    ledger.start_anew()
    configs = deployed_lake.dynamodb.Table(deployed_lake.table(OdpTable.RAW_TABLE_CONFIG))
    (before,) = (item for item in configs.scan()["Items"] if item["source_table_name"] == TABLE)
    iceberg = {"table_storage_type": "iceberg", "hudi_partition_key": "bucket(2, PK_ID)"}
    # plans give it to Spark; the function refreshes whatever the plan of its call says
    configs.put_item(Item={**before, **iceberg, "engine": "spark"})
    yield Native(ledger)
    configs.put_item(Item=before)
    if entry := deployed_lake.catalog_tables(CADENCE).get(TABLE):
        deployed_lake.client("glue").delete_table(DatabaseName=entry["DatabaseName"], Name=entry["Name"])
    ledger.wait_for_file_manager()


def counts(run: Item) -> tuple[str, int, int, int]:
    inserted, updated, deleted = (int(run[f"rows_{name}"]) for name in ("inserted", "updated", "deleted"))
    return run["refresh_status"], inserted, updated, deleted


def test_function_runs_on_the_python_for_which_there_is_arrow(native: Native) -> None:
    described = native.function
    assert (described["Runtime"], described["Architectures"]) == ("python3.13", ["arm64"])
    assert (described["MemorySize"], described["Timeout"]) == (3008, 900)


@pytest.fixture(scope="module")
def loaded(native: Native, put: Put) -> Item:
    put(f"{FOLDER}/LOAD00000001.parquet", dms_file(PK_ID=[1, 2, 3], FARE_AMOUNT=[1.5, 2.5, 3.5]))
    return native.refresh("native-load")


def test_native_and_spark_refresh_one_table_in_turn(native: Native, put: Put, loaded: Item) -> None:
    assert counts(loaded) == ("completed", 3, 0, 0)
    assert loaded["glue_job_run_id"].startswith("native-")
    assert native.rows("PK_ID", "FARE_AMOUNT") == [(1, 1.5), (2, 2.5), (3, 3.5)]

    columns = {"Op": ["U", "D", "I"], "PK_ID": [1, 2, 4], "FARE_AMOUNT": [9.5, 2.5, 4.5], "NOTE": ["new", None, None]}
    put(f"{FOLDER}/20260101-100000001.parquet", dms_file(**columns))
    assert counts(native.refresh("native-changes")) == ("completed", 1, 1, 1)
    assert native.rows("PK_ID", "FARE_AMOUNT", "NOTE") == [(1, 9.5, "new"), (3, 3.5, None), (4, 4.5, None)]

    columns = {"Op": ["U", "I"], "PK_ID": [3, 5], "FARE_AMOUNT": [3.25, 5.5], "NOTE": ["spark", None]}
    put(f"{FOLDER}/20260101-110000001.parquet", dms_file(**columns))
    native.ledger.pending(1)
    execution = Execution(native.lake)
    assert (execution.ended()["status"], len(execution.glue_runs())) == ("SUCCEEDED", 1)
    by_spark = [(1, 9.5), (3, 3.25), (4, 4.5), (5, 5.5)]
    assert native.rows("PK_ID", "FARE_AMOUNT") == by_spark

    columns = {"Op": ["D", "I"], "PK_ID": [1, 6], "FARE_AMOUNT": [9.5, 6.5], "NOTE": [None, "native"]}
    put(f"{FOLDER}/20260101-120000001.parquet", dms_file(**columns))
    assert counts(native.refresh("native-after-spark")) == ("completed", 1, 0, 1)
    assert native.rows("PK_ID", "FARE_AMOUNT") == [*by_spark[1:], (6, 6.5)]


@pytest.fixture(scope="module")
def proxy(native: Native, loaded: Item, emulator: Emulator) -> Iterator[CuttingProxy]:
    """The function's calls by boto3 go through a proxy from now on; Arrow knows no such variable in capitals."""
    client, name = native.lake.client("lambda"), native.function["FunctionName"]
    variables = native.function["Environment"]["Variables"]
    with CuttingProxy(emulator.endpoint).serving() as proxy:
        more = {"HTTP_PROXY": proxy.endpoint}
        client.update_function_configuration(FunctionName=name, Environment={"Variables": variables | more})
        yield proxy
        client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


@pytest.mark.parametrize(
    ("number", "lost", "commits"),
    [(11, {"requests": 1}, 2), (12, {"answers": 1}, 2)],
    ids=["request", "answer"],
)
def test_a_connection_that_is_cut_at_the_commit_neither_loses_nor_doubles_rows(
    native: Native, put: Put, proxy: CuttingProxy, number: int, lost: dict[str, int], commits: int
) -> None:
    before = native.rows("PK_ID", "FARE_AMOUNT")
    insert = dms_file(Op=["I"], PK_ID=[number], FARE_AMOUNT=[1.0], NOTE=["cut"])
    put(f"{FOLDER}/20260102-{number}0000001.parquet", insert)
    proxy.cut(**lost)
    assert counts(native.refresh(f"native-cut-{number}")) == ("completed", 1, 0, 0)
    assert proxy.commits == commits, "boto3 sends it again"
    assert native.rows("PK_ID", "FARE_AMOUNT") == [*before, (number, 1.0)]


def test_a_table_that_cannot_be_refreshed_fails_the_call_by_name_of_the_error(
    native: Native, put: Put, loaded: Item
) -> None:
    put(f"{FOLDER}/20260103-100000001.parquet", b"PAR1 no more")
    native.ledger.pending(1)
    answer = native.invoke("native-damaged", TABLE)
    assert (answer["errorType"], answer["failed"]) == ("RefreshFailedError", "Unhandled")
    assert TABLE in answer["errorMessage"]
