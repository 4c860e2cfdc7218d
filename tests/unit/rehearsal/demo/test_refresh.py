"""What ends a refresh that does not go well, and what is collected of one that does."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from deployment_account.names import OdpTable
from rehearsal.demo import refresh as refresh_module
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.demo.errors import DemoError
from rehearsal.demo.refresh import refresh_now, wait_until_registered

START = datetime(2026, 1, 1, tzinfo=UTC)


class Lake:
    """A deployed lake whose executions end at once; its Glue runs belong to this execution and to an older one."""

    def __init__(self, **ending: str) -> None:
        self.ending = {"status": "SUCCEEDED", "name": "e2", **ending}
        self.endings_before: list[dict[str, str]] = []
        self.started: list[dict[str, str]] = []
        self.registered = [0, 3, 5]
        self.dynamodb = SimpleNamespace(meta=SimpleNamespace(client=self))

    @property
    def as_deployed(self) -> DeployedLake:
        return cast("DeployedLake", self)

    def client(self, _: str) -> "Lake":
        return self

    def pending_files(self) -> int:
        return self.registered.pop(0) if len(self.registered) > 1 else self.registered[0]

    def table(self, table: OdpTable) -> str:
        return str(table)

    def schedule(self, cadence: str) -> dict[str, Any]:
        return {"Target": {"Arn": "arn:machine", "Input": f"input of {cadence}"}}

    def start_execution(self, **request: str) -> dict[str, str]:
        self.started.append(request)
        return {"executionArn": "arn:execution:machine:e2"}

    def describe_execution(self, **_: str) -> dict[str, str]:
        return self.endings_before.pop() if self.endings_before else self.ending

    def get_paginator(self, operation: str) -> "Pages":
        runs = [_glue_run("jr_old", "e1", 0), _glue_run("jr_b", "e2", 1), _glue_run("jr_a", "e2", 0)]
        history = [_history("jr_old", "t1"), _history("jr_b", "t2"), _history("jr_a", "t3")]
        pages = {"get_jobs": {"Jobs": [{"Name": "job"}]}, "get_job_runs": {"JobRuns": runs}, "scan": {"Items": history}}
        return Pages(pages[operation])


class Pages:
    def __init__(self, page: dict[str, Any]) -> None:
        self._page = page

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [self._page]


def _glue_run(run: str, execution: str, batch: int) -> dict[str, Any]:
    arguments = {"--plan_key": f"odp/plans/10_min_refresh/{execution}.json", "--batch": str(batch)}
    return {"Id": run, "StartedOn": START, "CompletedOn": START, "JobRunState": "SUCCEEDED", "Arguments": arguments}


def _history(run: str, table: str) -> dict[str, Any]:
    times = {f"refresh_{end}_date_time": START.isoformat() for end in ("start", "end")}
    counts = {"rows_inserted": 3, "rows_updated": 2, "rows_deleted": 1, "files_processed": 1}
    return {"glue_job_run_id": run, "source_table_name": f"s.{table}", **times, **counts}


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh_module, "_POLL_SECONDS", 0.0)


def test_refresh_runs_the_schedules_target_with_its_input_and_collects_its_own_runs_only() -> None:
    lake = Lake()
    run = refresh_now(lake.as_deployed, "10_min_refresh", "full load", lambda _: None)
    assert lake.started == [{"stateMachineArn": "arn:machine", "input": "input of 10_min_refresh"}]
    assert [(batch.batch, batch.run_id) for batch in run.batches] == [(0, "jr_a"), (1, "jr_b")]
    assert [(table.table, table.batch) for table in run.tables] == [("t3", 0), ("t2", 1)]
    assert (run.inserted, run.updated, run.deleted, run.files) == (6, 4, 2, 2)


def test_refresh_is_started_again_while_the_schedules_own_execution_runs() -> None:
    lake = Lake()
    meanwhile = {"status": "SUCCEEDED", "output": '{"outcome": "another execution of this cadence is running"}'}
    lake.endings_before = [meanwhile, meanwhile]
    said: list[str] = []
    run = refresh_now(lake.as_deployed, "10_min_refresh", "full load", said.append)
    assert len(lake.started) == 3
    assert run.files == 2
    assert said[:2] == ["another execution of this cadence is running"] * 2


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
        refresh_now(Lake(**ending).as_deployed, "10_min_refresh", "full load", lambda _: None)


def test_registration_is_waited_for_and_its_progress_told() -> None:
    said: list[str] = []
    wait_until_registered(Lake().as_deployed, 5, said.append)
    assert said == ["0 of 5 files", "3 of 5 files", "5 files"]


def test_files_that_nobody_registers_end_the_demo_and_say_where_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh_module, "_REGISTRATION_SECONDS", 0)
    with pytest.raises(DemoError, match="registered 0 of 6 files in 0 s; see its Lambda's log"):
        wait_until_registered(Lake().as_deployed, 6, lambda _: None)
