"""The deployed Batch Manager: no work, no cost; and who has work is in one balanced batch."""

import json
from collections.abc import Callable
from itertools import chain

from odp.dynamodb.file_tracker import DynamoDbFileTracker
from odp.dynamodb.table_leases import DynamoDbTableLeases
from odp.records import FileType, LandedFile

from deployment_account.names import OdpTable, Shared
from rehearsal.demo.deployed_lake import DeployedLake
from tests.embedded.lake.odp.executions import Execution, invoke_batch_manager, plan_now
from tests.embedded.lake.odp.ledger import Ledger
from tests.embedded.waiting import eventually

TABLES = [f"taxi_trips.table_{number}" for number in range(1, 19)]
GIBIBYTE = 1024**3


def landed(table: str, size: int = 1000) -> LandedFile:
    schema, name = table.split(".")
    key = f"{schema}/{name}/LOAD00000001.parquet"
    return LandedFile(
        table,
        f"0/LOAD00000001.parquet/{table}",
        FileType.FULL_LOAD,
        schema,
        name,
        "b",
        key,
        size,
        "e",
        "2026-01-01T00:00:00Z",
    )


def test_rule_11_cadence_without_pending_files_succeeds_without_a_plan_or_a_glue_run(lake: DeployedLake) -> None:
    execution = Execution(lake)
    assert execution.ended()["status"] == "SUCCEEDED"
    assert execution.glue_runs() == []
    plans = lake.client("s3").list_objects_v2(Bucket=lake.published(Shared.CONFIG_BUCKET), Prefix="odp/plans/")
    assert not [plan for plan in plans.get("Contents", []) if execution.name in plan["Key"]]


def test_table_that_is_pending_but_not_configured_starts_nothing(
    lake: DeployedLake, tracker: DynamoDbFileTracker
) -> None:
    tracker.register(landed("taxi_trips.table_19"))
    assert plan_now(lake, "unknown-table") == []


def test_rule_14_eighteen_small_tables_share_a_run_of_two_workers(
    lake: DeployedLake, tracker: DynamoDbFileTracker
) -> None:
    for number, table in enumerate(TABLES, start=1):
        tracker.register(landed(table, 1000 * number))
    assert [sorted(batch) for batch in plan_now(lake, "all-tables")] == [sorted(TABLES)]
    assert invoke_batch_manager(lake, "all-tables-again")["glue_job_workers"] == [2]


def test_rule_14_huge_table_gets_a_run_and_workers_of_its_own_and_the_others_are_about_equal(
    lake: DeployedLake, tracker: DynamoDbFileTracker
) -> None:
    sizes = {table: 20_000_000 * number for number, table in enumerate(TABLES[1:], start=1)}
    for table, size in {TABLES[0]: 5 * GIBIBYTE, **sizes}.items():
        tracker.register(landed(table, size))
    huge, *others = plan_now(lake, "one-huge-table")
    assert huge == [TABLES[0]]
    assert sorted(chain(*others)) == sorted(TABLES[1:])
    weights = [sum(sizes[table] for table in batch) for batch in others]
    assert max(weights) <= GIBIBYTE
    assert max(weights) - min(weights) <= 0.1 * sum(weights) / len(weights)
    state = invoke_batch_manager(lake, "one-huge-table-again")
    assert state["glue_job_workers"] == [6, *[2] * len(others)]


def test_state_between_states_names_batches_by_number_and_the_job_by_its_configuration(
    lake: DeployedLake, tracker: DynamoDbFileTracker
) -> None:
    tracker.register(landed(TABLES[0]))
    assert invoke_batch_manager(lake, "one-table") == {
        "outcome": "planned",
        "refresh_cadence": "10_min_refresh",
        "plan_key": "odp/plans/10_min_refresh/one-table.json",
        "glue_job_name": "odpf_file_processor",
        "glue_job_worker_type": "G.1X",
        "glue_job_execution_class": "STANDARD",
        "glue_job_timeout_minutes": 60,
        "glue_job_workers": [2],
        "spark_batches": 1,
        "batches": [0],
    }


def test_table_that_another_run_is_writing_is_in_no_batch_until_its_lease_expires(
    lake: DeployedLake, tracker: DynamoDbFileTracker
) -> None:
    for table in TABLES[:3]:
        tracker.register(landed(table))
    name = lake.table(OdpTable.FILE_PROCESSING_TRACKER)
    living, expired = DynamoDbTableLeases(lake.dynamodb, name), DynamoDbTableLeases(lake.dynamodb, name, seconds=-1)
    assert living.acquire("odpf_demo_taxi_trips_raw.table_2", "jr_other")
    assert expired.acquire("odpf_demo_taxi_trips_raw.table_3", "jr_dead")
    assert plan_now(lake, "one-is-held") == [[TABLES[0], TABLES[2]]]


def test_rule_11_execution_that_comes_while_another_one_of_its_cadence_runs_ends_at_once_and_says_so(
    lake: DeployedLake, put: Callable[..., str], ledger: Ledger
) -> None:
    """Code review C14: the demo's own schedule overlapped a running execution and took two of its tables."""
    put("taxi_trips/table_1/LOAD00000001.parquet", b"PAR1, but nothing else of Parquet")
    ledger.pending(1)
    first = Execution(lake)
    eventually(first.glue_runs)
    second = Execution(lake)
    ended = second.ended()
    assert (ended["status"], second.glue_runs()) == ("SUCCEEDED", [])
    output = json.loads(ended["output"])
    assert (output["outcome"], output["running"]) == ("another execution of this cadence is running", first.arn)
    first.stop()
    assert ledger.claims() == [first.arn]
    assert len(plan_now(lake, "after-an-aborted-one")) == 1, "the dead owner blocks nobody"
    assert ledger.claims() == []


def test_execution_that_has_ended_leaves_its_cadence_free(
    lake: DeployedLake, put: Callable[..., str], ledger: Ledger
) -> None:
    put("taxi_trips/table_1/LOAD00000001.parquet", b"PAR1, but nothing else of Parquet")
    ledger.pending(1)
    execution = Execution(lake)
    assert execution.ended()["status"] == "FAILED"
    assert ledger.claims() == []
