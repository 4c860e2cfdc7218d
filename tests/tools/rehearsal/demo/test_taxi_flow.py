"""How the demo waits for the taxi flow, what ends the wait, and how many trips the flow is given."""

import itertools
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pytest

from rehearsal.demo import taxi_flow
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.demo.executions import Patience
from rehearsal.demo.failures import ExplainedError
from rehearsal.demo.taxi_flow import sample_of, wait_until_loaded
from tests.tools.rehearsal.demo.test_refresh import Pages, next_of

START = datetime(2026, 1, 1, tzinfo=UTC)


def item(name: str, status: str, **fields: str) -> dict[str, Any]:
    return {"dataset": "yellow", "s3_key": name, "file_status": status, "landed_at": name, **fields}


def execution(name: str, status: str, at: datetime = START) -> dict[str, Any]:
    return {"name": name, "executionArn": f"arn:{name}", "status": status, "startDate": at, "stopDate": at}


class Lake:
    """A deployed lake at one poll after the other."""

    def __init__(self, items: list[Any], executions: list[Any], runs: tuple[dict[str, Any], ...] = ()) -> None:
        self._items, self._executions, self._runs = items, executions, list(runs)
        self.dynamodb = SimpleNamespace(Table=lambda _: self)

    def published(self, name: str) -> str:
        return name

    def client(self, _: str) -> "Lake":
        return self

    def scan(self, **_: Any) -> dict[str, Any]:
        return {"Items": next_of(self._items)}

    def describe_execution(self, executionArn: str) -> dict[str, str]:  # noqa: N803 - as boto3 names it
        return {"name": executionArn.removeprefix("arn:"), "status": "FAILED", "cause": "1 files of yellow failed"}

    def get_paginator(self, operation: str) -> Pages:
        if operation == "list_executions":
            return Pages({"executions": next_of(self._executions)})
        return Pages({"get_jobs": {"Jobs": [{"Name": "job"}]}, "get_job_runs": {"JobRuns": self._runs}}[operation])

    def wait(self, files: int) -> tuple[list[dict[str, Any]], list[str]]:
        said: list[str] = []
        return wait_until_loaded(cast("DeployedLake", self), files, START, said.append), said


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taxi_flow, "_POLL_SECONDS", 0.0)


LANDED, COMPLETED = [item("a", "landed")], [item("a", "completed")]
RUN = {"Id": "jr_1", "JobRunState": "RUNNING", "StartedOn": START}


def test_files_that_have_ended_are_waited_for_until_no_execution_is_at_work() -> None:
    running, ended = [execution("e1", "RUNNING")], [execution("e1", "SUCCEEDED")]
    items, said = Lake([LANDED, COMPLETED], [running, running, ended]).wait(1)
    assert items == COMPLETED
    assert said == ["0 of 1 files", "1 of 1 files", "1 of 1 files"]


def test_slow_run_is_waited_for_though_nothing_else_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taxi_flow, "Patience", lambda: Patience(0))
    running = [execution("e1", "RUNNING")]
    lake = Lake([LANDED] * 50 + [COMPLETED], [*[running] * 50, [execution("e1", "SUCCEEDED")]], (RUN,))
    assert lake.wait(1)[0] == COMPLETED


def test_failed_execution_that_left_files_behind_ends_the_demo_with_its_own_cause_and_that_of_the_files() -> None:
    failed = {**RUN, "JobRunState": "FAILED"}
    older = {**failed, "Id": "jr_0", "StartedOn": START - timedelta(hours=1)}
    items = [item("a", "failed", error="out of memory"), item("b", "landed")]
    with pytest.raises(ExplainedError) as failure:
        Lake([items], [[execution("e1", "FAILED")]], (failed, older)).wait(2)
    assert str(failure.value) == (
        "the taxi flow's execution e1 ended as FAILED: 1 files of yellow failed; a: failed – out of memory; b: landed"
    )
    assert failure.value.failed_runs == {"jr_1"}


def test_failure_before_these_files_landed_is_none_of_theirs() -> None:
    older = execution("e0", "FAILED", START - timedelta(hours=1))
    assert Lake([LANDED, COMPLETED], [[older]]).wait(1)[0] == COMPLETED


def test_flow_in_which_nothing_goes_on_is_stuck_and_says_how_the_files_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taxi_flow, "Patience", lambda: Patience(0))
    with pytest.raises(ExplainedError, match="nothing went on in the taxi flow for 0 min; a: landed"):
        Lake([LANDED], [[]]).wait(1)


@pytest.mark.parametrize(("rows", "most", "kept"), [(10, 10, 10), (11, 10, 6), (100, 10, 10), (9, 10, 9)])
def test_flow_is_given_every_nth_trip_and_no_more_than_it_needs(
    rows: int, most: int, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taxi_flow, "MOST_TRIPS", most)
    sample = sample_of(pa.table({"trip": range(rows)})).column("trip").to_pylist()
    assert (len(sample), sample[0]) == (kept, 0)
    assert len({second - first for first, second in itertools.pairwise(sample)}) == 1
