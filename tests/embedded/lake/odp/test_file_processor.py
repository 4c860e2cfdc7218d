"""Rules 8 and 9 on the deployed File Processor with real Spark: a broken file, then a killed run, then all is well.

Three executions follow each other, and each test looks at what one of them left.
"""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from odp.records import FileStatus, SkipReason

from deployment_account.names import OdpTable
from rehearsal.demo.deployed_lake import DeployedLake
from tests.embedded.lake.crashes import kill
from tests.embedded.lake.odp.executions import CADENCE, Execution, plan_now
from tests.embedded.lake.odp.ledger import Item, Ledger
from tests.embedded.waiting import OFTEN, eventually

WHOLE, NO_PARQUET, NO_KEY, ALSO_WHOLE = (f"taxi_trips.table_{number}" for number in range(1, 5))
BROKEN = {NO_PARQUET, NO_KEY}
Put = Callable[..., str]


@dataclass(frozen=True)
class Outcome:
    """What one execution left behind."""

    execution: dict[str, Any]
    glue_runs: list[dict[str, Any]]
    tables: dict[str, Item]
    refreshes: dict[str, Item]
    pending: set[str]
    planned_next: set[str]
    """The tables that an execution started now would refresh."""

    @classmethod
    def of(cls, execution: Execution, ledger: Ledger) -> "Outcome":
        described, runs = execution.ended(), execution.glue_runs()
        ids = {run["Id"] for run in runs}
        history = ledger.items(OdpTable.FILE_PROCESSING_TRACKER_HISTORY)
        return cls(
            execution=described,
            glue_runs=runs,
            tables=_by_source(ledger.items(OdpTable.FILE_PROCESSING_TRACKER)),
            refreshes={item["source_table_name"]: item for item in history if item["glue_job_run_id"] in ids},
            pending={item["source_table_name"] for item in ledger.items(OdpTable.FILE_TRACKER)},
            planned_next=set(chain(*plan_now(ledger.lake, f"after-{execution.name}"))),
        )


def _by_source(leases: list[Item]) -> dict[str, Item]:
    return {f"taxi_trips.{item['raw_table_name'].rsplit('.', 1)[-1]}": item for item in leases}


def load_file(*keys: int, key_column: str = "PK_ID") -> bytes:
    rows = {
        key_column: pa.array(keys, pa.int64()),
        "VENDORID": pa.array([1] * len(keys), pa.int64()),
        "FARE_AMOUNT": pa.array([2.5] * len(keys)),
        "CDC_TIMESTAMP_SEQ": pa.array([""] * len(keys)),
        "CDC_OPERATION": pa.array(["INSERT"] * len(keys)),
    }
    buffer = io.BytesIO()
    pq.write_table(pa.table(rows), buffer)
    return buffer.getvalue()


def key_of(table: str) -> str:
    return f"{table.replace('.', '/')}/LOAD00000001.parquet"


@pytest.fixture(scope="module")
def ledger(deployed_lake: DeployedLake) -> Iterator[Ledger]:
    ledger = Ledger(deployed_lake)
    ledger.start_anew()
    yield ledger
    ledger.wait_for_file_manager()


@pytest.fixture(scope="module")
def with_broken_files(ledger: Ledger, put: Put) -> Outcome:
    """The first execution: one batch of four tables; two cannot be read."""
    put(key_of(WHOLE), load_file(1, 2, 3))
    put(key_of(ALSO_WHOLE), load_file(1, 2))
    put(key_of(NO_PARQUET), b"PAR1, but nothing else of Parquet")
    put(key_of(NO_KEY), load_file(1, key_column="ROW_ID"))
    ledger.pending(4)
    return Outcome.of(Execution(ledger.lake), ledger)


@pytest.fixture(scope="module")
def killed(ledger: Ledger, put: Put, with_broken_files: Outcome) -> Outcome:
    """The second execution: good files under the old names, and a crash as soon as a lease is held."""
    for table in BROKEN:
        put(key_of(table), load_file(1, 2, 3, 4))
    ledger.pending(2 * len(BROKEN))
    execution = Execution(ledger.lake)
    eventually(
        lambda: [item for item in ledger.items(OdpTable.FILE_PROCESSING_TRACKER) if "lease_owner" in item],
        seconds=300,
        rarest=OFTEN,
    )
    (run,) = execution.glue_runs()
    kill(run["Id"])
    return Outcome.of(execution, ledger)


@pytest.fixture(scope="module")
def recovered(ledger: Ledger, killed: Outcome) -> Outcome:
    """The third execution, an hour later: the leases of the killed run have expired, nothing more of the loads came."""
    ledger.let_an_hour_pass()
    leases = ledger.lake.dynamodb.Table(ledger.lake.table(OdpTable.FILE_PROCESSING_TRACKER))
    for item in killed.tables.values():
        if "lease_owner" in item:
            leases.put_item(Item={**item, "lease_expires_at": 1})
    return Outcome.of(Execution(ledger.lake), ledger)


def test_rule_9_table_with_a_broken_file_is_an_error_with_its_stack_trace_and_its_file_stays_pending(
    with_broken_files: Outcome,
) -> None:
    assert with_broken_files.pending == BROKEN
    for table in BROKEN:
        assert with_broken_files.tables[table]["refresh_status"] == "refresh_error"
        assert with_broken_files.refreshes[table]["refresh_status"] == "refresh_error"
        assert "Traceback (most recent call last)" in with_broken_files.refreshes[table]["stack_trace"]
        assert with_broken_files.refreshes[table]["files_processed"] == 0
    assert "no column PK_ID" in with_broken_files.refreshes[NO_KEY]["error_message"]
    assert "is not a Parquet file" in with_broken_files.refreshes[NO_PARQUET]["error_message"]


def test_rule_11_table_that_was_refused_starts_nothing_until_another_file_of_it_lands(
    with_broken_files: Outcome, killed: Outcome
) -> None:
    assert with_broken_files.planned_next == set()
    assert killed.glue_runs


def test_rule_9_other_tables_of_the_batch_are_completed_and_readable(
    with_broken_files: Outcome, ledger: Ledger
) -> None:
    rows = {WHOLE: 3, ALSO_WHOLE: 2}
    for table, count in rows.items():
        assert with_broken_files.tables[table]["refresh_status"] == "completed"
        refresh = with_broken_files.refreshes[table]
        assert (refresh["rows_inserted"], refresh["rows_updated"], refresh["rows_deleted"]) == (count, 0, 0)
        assert (refresh["files_processed"], "error_message" in refresh) == (1, False)
    assert rows_of(ledger.lake, *rows) == rows


def test_rule_9_job_run_and_state_machine_fail_and_name_the_tables(with_broken_files: Outcome) -> None:
    (run,) = with_broken_files.glue_runs
    assert run["JobRunState"] == "FAILED"
    assert "RefreshFailedError: 2 of 4 tables failed (" in run["ErrorMessage"]
    assert all(table in run["ErrorMessage"] for table in BROKEN)
    assert (with_broken_files.execution["status"], with_broken_files.execution["error"]) == ("FAILED", "RefreshFailed")
    cause = with_broken_files.execution["cause"]
    assert "1 of 1 batches failed: batch 0" in cause
    assert any(table in cause for table in BROKEN)


def test_no_lease_outlives_a_run_that_failed_in_order(with_broken_files: Outcome) -> None:
    assert not [item for item in with_broken_files.tables.values() if "lease_owner" in item]


def test_killed_run_is_failed_and_keeps_its_leases_until_they_expire(killed: Outcome) -> None:
    (run,) = killed.glue_runs
    assert (run["JobRunState"], killed.execution["status"]) == ("FAILED", "FAILED")
    held = {table for table, item in killed.tables.items() if "lease_owner" in item}
    assert held
    assert held <= BROKEN <= killed.pending
    assert held.isdisjoint(killed.planned_next)
    assert all(killed.tables[table]["refresh_status"] == "updating_table" for table in held)


def test_rule_8_next_run_takes_the_leases_over_and_applies_everything_once(
    killed: Outcome, recovered: Outcome, ledger: Ledger
) -> None:
    """Defect 11 of the reference: the tables of a killed job were skipped for ever."""
    assert recovered.execution["status"] == "SUCCEEDED"
    assert recovered.pending == set()
    assert {table: item["refresh_status"] for table, item in recovered.tables.items()} == dict.fromkeys(
        [WHOLE, ALSO_WHOLE, *BROKEN], "completed"
    )
    for table in BROKEN:
        assert recovered.tables[table]["fencing_token"] > killed.tables[table]["fencing_token"]
        assert recovered.refreshes[table]["rows_inserted"] == 4
    assert rows_of(ledger.lake, WHOLE, *BROKEN) == {WHOLE: 3, NO_PARQUET: 4, NO_KEY: 4}


def test_each_version_of_an_overwritten_file_is_in_the_history_once(recovered: Outcome, ledger: Ledger) -> None:
    history = ledger.items(OdpTable.FILE_TRACKER_HISTORY)
    versions = [(item["source_table_name"], item["version_id"]) for item in history]
    assert len(set(versions)) == len(versions) == 6
    skipped = [item for item in history if item["file_ingestion_status"] == FileStatus.SKIPPED]
    assert {item["source_table_name"] for item in skipped} == BROKEN
    assert [item["status_reason"] for item in skipped] == [SkipReason.OVERWRITTEN] * 2
    assert Counter(item["file_ingestion_status"] for item in history)[FileStatus.APPLIED] == 4


def rows_of(lake: DeployedLake, *tables: str) -> dict[str, int]:
    found = lake.catalog_tables(CADENCE)
    return {table: lake.read(found[table]).num_rows for table in tables}
