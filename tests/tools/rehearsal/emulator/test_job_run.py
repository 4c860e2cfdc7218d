"""A run's record and the ways its state may go."""

import json
from typing import Any

import pytest

from rehearsal.emulator.glue_runner.job_run import JobRun, new_record

JOB = {
    "Name": "refresh", "Timeout": 30, "WorkerType": "G.1X", "NumberOfWorkers": 2, "GlueVersion": "5.1",
    "DefaultArguments": {"--a": "1"}, "MaxCapacity": None,
}  # fmt: skip


@pytest.fixture
def run() -> JobRun:
    return JobRun(new_record(JOB, {}))


def test_a_new_run_starts_with_the_jobs_values() -> None:
    record = new_record(JOB, {})
    assert record["JobRunState"] == "STARTING"
    assert (record["Timeout"], record["WorkerType"], record["NumberOfWorkers"]) == (30, "G.1X", 2)
    assert record["Arguments"] == {"--a": "1"}
    assert record["Id"].startswith("jr_")
    assert record["MaxCapacity"] == 2


def test_what_the_request_names_goes_before_what_the_job_names() -> None:
    record = new_record(JOB, {"Timeout": 5, "WorkerType": "G.4X", "NumberOfWorkers": 9, "Arguments": {"--a": "2"}})
    assert (record["Timeout"], record["WorkerType"], record["NumberOfWorkers"]) == (5, "G.4X", 9)
    assert record["Arguments"] == {"--a": "2"}


def test_a_job_without_a_timeout_has_glues() -> None:
    assert new_record({"Name": "refresh"}, {})["Timeout"] == 2880


def test_two_runs_have_different_ids() -> None:
    assert new_record(JOB, {})["Id"] != new_record(JOB, {})["Id"]


def test_execution_time_counts_from_running_not_from_waiting(run: JobRun, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([1_000.0, 1_007.4])
    monkeypatch.setattr("rehearsal.emulator.glue_runner.job_run.time.time", lambda: next(clock))
    assert run.running()
    assert run.end("SUCCEEDED")
    assert run.record["ExecutionTime"] == 7
    assert run.record["CompletedOn"] == 1_007.4


@pytest.mark.parametrize(("first", "second"), [("STOPPED", "SUCCEEDED"), ("TIMEOUT", "FAILED"), ("FAILED", "STOPPED")])
def test_whoever_ends_a_run_first_decides(run: JobRun, first: str, second: str) -> None:
    assert run.end(first, "first")
    assert not run.end(second, "second")
    assert (run.record["JobRunState"], run.record["ErrorMessage"]) == (first, "first")


def test_a_run_that_was_ended_while_it_waited_never_runs(run: JobRun) -> None:
    run.end("STOPPED")
    assert not run.running()
    assert run.record["JobRunState"] == "STOPPED"
    assert run.record["ExecutionTime"] == 0


def test_waiting_ends_with_the_run(run: JobRun) -> None:
    assert not run.wait(0.01)
    run.end("SUCCEEDED")
    assert run.wait(0)
    assert run.is_over


def test_a_record_is_plain_data_that_a_restart_brings_back(run: JobRun) -> None:
    run.running()
    run.end("FAILED", "why")
    restored: dict[str, Any] = json.loads(json.dumps(run.record))
    assert restored == run.record
