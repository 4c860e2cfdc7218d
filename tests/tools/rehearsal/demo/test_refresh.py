"""What ends a refresh that does not go well, and what is collected of one that does."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from deployment_account.names import OdpTable
from rehearsal.demo import executions as refresh_module
from rehearsal.demo.cost import function_usd
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.demo.executions import Landing, Patience, refresh_now, wait_until_registered
from rehearsal.demo.failures import DemoError, ExplainedError

START = datetime(2026, 1, 1, tzinfo=UTC)


OLDER = START - timedelta(hours=1)
LANDING = Landing(START, 0)
PHASE = ("full load", LANDING)
CADENCES = ("10_min_refresh",)


def executed(name: str, status: str = "SUCCEEDED", **fields: Any) -> dict[str, Any]:
    return {"name": name, "status": status, "startDate": START, "stopDate": START, **fields}


class Lake:
    """A deployed lake whose executions end at once; its Glue runs belong to this execution and to an older one."""

    def __init__(self, **ending: str) -> None:
        self.ending = {"status": "SUCCEEDED", "name": "e2", **ending}
        self.environment = SimpleNamespace(odp=SimpleNamespace(native_memory_mb=2_048))
        self.endings: list[dict[str, str]] = []
        self.started: list[dict[str, str]] = []
        self.registered = [0, 3, 5]
        self.pending = [0]
        self.executions = [[executed("e1", startDate=OLDER, stopDate=OLDER), executed("e2")]]
        self.runs = [_glue_run("jr_old", "e1", 0), _glue_run("jr_b", "e2", 1), _glue_run("jr_a", "e2", 0)]
        self.history = [_history("jr_old", "t1"), _history("jr_b", "t2"), _history("jr_a", "t3")]

    @property
    def as_deployed(self) -> DeployedLake:
        return cast("DeployedLake", self)

    def client(self, _: str) -> "Lake":
        return self

    def pending_files(self) -> int:
        return int(next_of(self.pending))

    def registered_files(self) -> int:
        return int(next_of(self.registered))

    def items(self, table: OdpTable) -> list[dict[str, Any]]:
        assert table is OdpTable.FILE_PROCESSING_TRACKER_HISTORY
        return self.history

    def schedule(self, cadence: str) -> dict[str, Any]:
        return {"Target": {"Arn": "arn:machine", "Input": f"input of {cadence}"}}

    def start_execution(self, **request: str) -> dict[str, str]:
        self.started.append(request)
        return {"executionArn": "arn:execution:machine:e2"}

    def describe_execution(self, **_: str) -> dict[str, str]:
        return next_of(self.endings) if self.endings else self.ending

    def get_paginator(self, operation: str) -> "Pages":
        if operation == "list_executions":
            return Pages({"executions": next_of(self.executions)})
        pages = {
            "get_jobs": {"Jobs": [{"Name": "job"}]},
            "get_job_runs": {"JobRuns": self.runs},
        }
        return Pages(pages[operation])


def next_of(values: list[Any]) -> Any:
    """What is seen next, the last for ever."""
    return values.pop(0) if len(values) > 1 else values[0]


class Pages:
    def __init__(self, page: dict[str, Any]) -> None:
        self._page = page

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [self._page]


def _glue_run(run: str, execution: str, batch: int, **fields: Any) -> dict[str, Any]:
    arguments = {"--plan_key": f"odp/plans/10_min_refresh/{execution}.json", "--batch": str(batch)}
    ended = {"StartedOn": START, "CompletedOn": START, "JobRunState": "SUCCEEDED"}
    size = {"WorkerType": "G.1X", "NumberOfWorkers": 2, "ExecutionClass": "STANDARD"}
    return {"Id": run, "Arguments": arguments, **ended, **size, **fields}


def _history(run: str, table: str) -> dict[str, Any]:
    times = {f"refresh_{end}_date_time": START.isoformat() for end in ("start", "end")}
    counts = {"rows_inserted": 3, "rows_updated": 2, "rows_deleted": 1, "files_processed": 1}
    return {"glue_job_run_id": run, "source_table_name": f"s.{table}", **times, **counts}


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh_module, "_POLL_SECONDS", 0.0)


def test_refresh_runs_the_schedules_target_with_its_input_and_collects_its_own_runs_only() -> None:
    lake = Lake()
    run = refresh_now(lake.as_deployed, CADENCES, PHASE, lambda _: None)
    assert lake.started == [{"stateMachineArn": "arn:machine", "input": "input of 10_min_refresh"}]
    assert [(batch.batch, batch.run_id) for batch in run.batches] == [(0, "jr_a"), (1, "jr_b")]
    assert [(table.table, table.batch) for table in run.tables] == [("t3", 0), ("t2", 1)]
    assert (run.inserted, run.updated, run.deleted, run.files) == (6, 4, 2, 2)


def test_refresh_is_started_again_while_the_schedules_own_execution_runs() -> None:
    """An execution that finds the cadence claimed succeeds at once, and its files stay pending."""
    lake = Lake(output='{"outcome": "another execution of this cadence is running"}')
    of_the_schedule = executed("e1", "RUNNING", startDate=START)
    lake.executions = [[of_the_schedule, executed("e2")], [executed("e1"), executed("e2")]]
    lake.pending = [2, 2, 0]
    said: list[str] = []
    run = refresh_now(lake.as_deployed, CADENCES, PHASE, said.append)
    assert len(lake.started) == 3
    assert [batch.run_id for batch in run.batches] == ["jr_old", "jr_a", "jr_b"]
    assert len(said) == 4, "it waited for the schedule's own execution once"


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        ({"status": "FAILED", "error": "E", "cause": "batch 0: t1 failed"}, "e2 ended as FAILED: batch 0: t1 failed"),
        ({"status": "FAILED", "error": "States.Runtime"}, "e2 ended as FAILED: States.Runtime"),
        ({"status": "TIMED_OUT"}, "e2 ended as TIMED_OUT: no cause given"),
    ],
)
def test_execution_that_does_not_succeed_ends_the_demo_with_its_cause(ending: dict[str, str], message: str) -> None:
    with pytest.raises(DemoError, match=message):
        refresh_now(Lake(**ending).as_deployed, CADENCES, PHASE, lambda _: None)


def test_failed_execution_names_its_failed_runs_so_that_no_other_log_is_shown() -> None:
    lake = Lake(status="FAILED", cause="batch 0: t1 failed")
    lake.runs = [
        _glue_run("jr_old", "e1", 0, JobRunState="FAILED", StartedOn=OLDER),
        _glue_run("jr_a", "e2", 0, JobRunState="FAILED"),
        _glue_run("jr_b", "e2", 1),
    ]
    with pytest.raises(ExplainedError) as failure:
        refresh_now(lake.as_deployed, CADENCES, PHASE, lambda _: None)
    assert failure.value.failed_runs == {"jr_a"}


def test_what_the_schedule_did_meanwhile_counts_too_and_is_waited_for() -> None:
    """With ROWS=1369769 "4 tables refreshed" was said where 6 had changes: a scheduled execution took two of them."""
    lake = Lake()
    scheduled = executed("e3", "RUNNING")
    lake.executions = [[executed("e2"), scheduled], [executed("e2"), scheduled], [executed("e2"), executed("e3")]]
    lake.runs += [_glue_run("jr_c", "e3", 0), _glue_run("jr_d", "e3", 1)]
    lake.history += [_history("jr_c", "t4"), _history("jr_d", "t2")]
    said: list[str] = []
    run = refresh_now(lake.as_deployed, CADENCES, PHASE, said.append)
    assert [(batch.batch, batch.run_id) for batch in run.batches] == [
        (0, "jr_a"),
        (1, "jr_b"),
        (2, "jr_c"),
        (3, "jr_d"),
    ]
    assert [(table.table, table.batch) for table in run.tables] == [("t3", 0), ("t2", 1), ("t4", 2), ("t2", 3)]
    assert said[-1] == "4 of 4 Glue runs ended, 3 tables refreshed"
    assert len(said) == 3


def test_files_that_are_left_are_applied_by_further_executions() -> None:
    lake = Lake()
    lake.pending = [7, 3, 0]
    refresh_now(lake.as_deployed, CADENCES, PHASE, lambda _: None)
    assert len(lake.started) == 3


def test_files_that_stay_pending_whatever_succeeds_end_the_demo() -> None:
    lake = Lake()
    lake.pending = [7]
    with pytest.raises(DemoError, match="7 files stay pending after 4 executions of 10_min_refresh that succeeded"):
        refresh_now(lake.as_deployed, CADENCES, PHASE, lambda _: None)


def test_execution_that_is_stuck_ends_the_demo_with_how_far_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh_module, "Patience", lambda: Patience(0))
    lake = Lake()
    lake.executions = [[executed("e2", "RUNNING")]]
    with pytest.raises(DemoError, match="executions e2 run, and nothing went on for 0 min: 2 of 2 Glue runs ended"):
        refresh_now(lake.as_deployed, CADENCES, PHASE, lambda _: None)


def test_registration_is_waited_for_and_its_progress_told() -> None:
    said: list[str] = []
    wait_until_registered(Lake().as_deployed, 5, LANDING, said.append)
    assert said == ["0 of 5 files", "3 of 5 files", "5 files"]


def test_files_that_were_there_before_are_not_those_that_are_waited_for() -> None:
    lake, said = Lake(), list[str]()
    lake.registered = [20, 23, 25]
    landing = Landing.begin(lake.as_deployed)
    wait_until_registered(lake.as_deployed, 5, landing, said.append)
    assert said == ["3 of 5 files", "5 files"]


def test_files_that_nobody_registers_end_the_demo_and_say_where_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh_module, "Patience", lambda: Patience(0))
    with pytest.raises(DemoError, match="registered 5 of 6 files and none more for 0 min; see its Lambda's log"):
        wait_until_registered(Lake().as_deployed, 6, LANDING, lambda _: None)


def test_all_cadences_are_refreshed_together_and_each_execution_must_succeed() -> None:
    lake = Lake()
    run = refresh_now(lake.as_deployed, ("10_min_refresh", "1_min_refresh"), PHASE, lambda _: None)
    assert [request["input"] for request in lake.started] == ["input of 10_min_refresh", "input of 1_min_refresh"]
    assert len(run.executions) == 2
    lake = Lake()
    lake.endings = [{"status": "SUCCEEDED", "name": "e2"}, {"status": "TIMED_OUT", "name": "e2"}]
    with pytest.raises(DemoError, match="e2 ended as TIMED_OUT"):
        refresh_now(lake.as_deployed, ("10_min_refresh", "1_min_refresh"), PHASE, lambda _: None)


def test_batch_on_spark_is_billed_by_its_workers_for_a_minute_at_least() -> None:
    lake = Lake()
    lake.runs[1]["CompletedOn"] = START + timedelta(minutes=30)
    run = refresh_now(lake.as_deployed, CADENCES, PHASE, lambda _: None)
    assert [(batch.engine, batch.capacity) for batch in run.batches] == [("spark", "2 G.1X")] * 2
    minute = 2 * 0.44 / 60
    assert [batch.usd for batch in run.batches] == [pytest.approx(minute), pytest.approx(30 * minute)]


def _native(run: str, table: str, seconds: tuple[float, float], **fields: Any) -> dict[str, Any]:
    start, end = ((START + timedelta(seconds=each)).isoformat() for each in seconds)
    times = {"refresh_start_date_time": start, "refresh_end_date_time": end}
    return _history(run, table) | times | {"engine": "native", "refresh_status": "completed"} | fields


def test_native_runs_of_the_phase_are_batches_of_their_own_billed_by_memory_and_time() -> None:
    lake, said = Lake(), list[str]()
    lake.history += [
        _native("native-2", "zones", (3, 4)),
        _native("native-1", "vendors", (1, 2)),
        _native("native-1", "rate_codes", (1, 3.5)),
        _native("native-0", "zones", (-9, -8)),
    ]
    run = refresh_now(lake.as_deployed, CADENCES, PHASE, said.append)
    native = run.of_engine("native")
    assert [(batch.batch, batch.run_id, batch.seconds, batch.capacity) for batch in native.batches] == [
        (2, "native-1", 2.5, "2,048 MB"),
        (3, "native-2", 1.0, "2,048 MB"),
    ]
    assert [batch.usd for batch in native.batches] == pytest.approx([function_usd(2.5, 2_048), function_usd(1, 2_048)])
    assert [table.table for table in native.tables] == ["vendors", "rate_codes", "zones"]
    assert all(batch.has_succeeded for batch in native.batches)
    assert said[-1] == "2 of 2 Glue runs ended, 5 tables refreshed, 3 of them natively"


def test_phase_without_a_glue_run_says_nothing_of_any() -> None:
    lake, said = Lake(), list[str]()
    lake.runs = []
    lake.history = [_native("native-1", name, (1, 2)) for name in ("vendors", "zones")]
    refresh_now(lake.as_deployed, CADENCES, PHASE, said.append)
    assert said[-1] == "2 tables refreshed natively"


def test_native_run_with_a_table_that_failed_has_not_succeeded_and_what_it_left_to_spark_says_why() -> None:
    lake = Lake()
    lake.history += [
        _native("native-1", "vendors", (1, 2), refresh_status="failed"),
        _native("native-2", "zones", (1, 2), beyond_engine="it would write 3 GB again"),
    ]
    run = refresh_now(lake.as_deployed, CADENCES, PHASE, lambda _: None)
    failed, left = run.of_engine("native").batches
    assert (failed.has_succeeded, left.has_succeeded) == (False, True)
    assert [table.left_because for table in run.tables_of(left)] == ["it would write 3 GB again"]
