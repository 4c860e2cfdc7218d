"""Sizes of jobs and runs that Glue refuses; its words are from public reports (aws-samples/cql-replicator#98, #181)."""

from typing import Any

import pytest

from rehearsal.emulator.glue_runner.job_run import JobRun, new_record, refusal

JOB: dict[str, Any] = {"Command": {"Name": "glueetl"}, "GlueVersion": "5.1", "WorkerType": "G.1X", "NumberOfWorkers": 2}


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"NumberOfWorkers": 1}, "To use Worker Type G.1X, minimum allowed value of Number of Workers is 2."),
        ({"NumberOfWorkers": 0}, "minimum allowed value"),
        ({"NumberOfWorkers": 300}, "To use Worker Type G.1X, maximum allowed value of Number of Workers is 299."),
        ({"WorkerType": "G.3X"}, "G.3X"),
        ({"WorkerType": "G.025X"}, "G.025X"),
        ({"WorkerType": None}, "both"),
        ({"NumberOfWorkers": None}, "both"),
        ({"MaxCapacity": 10.0}, "Max Capacity"),
        ({"Timeout": 0}, "Timeout"),
        ({"Timeout": 10_080}, "Timeout"),
        ({"ExecutionClass": "CHEAP"}, "CHEAP"),
        ({"ExecutionClass": "FLEX", "WorkerType": "G.4X"}, "G.4X"),
        ({"ExecutionClass": "FLEX", "WorkerType": "R.1X"}, "R.1X"),
        ({"ExecutionClass": "FLEX", "GlueVersion": "2.0"}, "3.0"),
        ({"ExecutionClass": "FLEX", "GlueVersion": None}, "3.0"),
        ({"ExecutionClass": "FLEX", "Command": {"Name": "pythonshell"}}, "glueetl"),
        ({"ExecutionClass": "FLEX", "JobRunQueuingEnabled": True}, "JobRunQueuing"),
    ],
)
def test_glue_refuses(properties: dict[str, Any], reason: str) -> None:
    assert reason in refusal(JOB | properties)


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"NumberOfWorkers": 299},
        {"WorkerType": "R.8X"},
        {"Timeout": 10_079},
        {"ExecutionClass": "STANDARD"},
        {"ExecutionClass": "FLEX"},
        {"ExecutionClass": "FLEX", "WorkerType": "G.2X", "GlueVersion": "3.0"},
        {"WorkerType": None, "NumberOfWorkers": None, "MaxCapacity": 0.0625, "Command": {"Name": "pythonshell"}},
        {"WorkerType": None, "NumberOfWorkers": None},
    ],
)
def test_glue_takes(properties: dict[str, Any]) -> None:
    assert refusal(JOB | properties) == ""


@pytest.mark.parametrize(("worker", "number", "dpus"), [("G.1X", 2, 2), ("G.2X", 3, 6), ("R.8X", 2, 16)])
def test_run_tells_its_workers_and_their_dpus(worker: str, number: int, dpus: float) -> None:
    record = new_record({"Name": "refresh", **JOB}, {"WorkerType": worker, "NumberOfWorkers": number})
    assert (record["WorkerType"], record["NumberOfWorkers"], record["MaxCapacity"]) == (worker, number, dpus)


@pytest.mark.parametrize(
    ("request_", "tells"),
    [
        ({}, False),
        ({"ExecutionClass": "FLEX"}, True),
        ({"Arguments": {"--enable-auto-scaling": "true"}}, True),
        ({"Arguments": {"--enable-auto-scaling": "false"}}, False),
    ],
)
def test_dpu_seconds_are_told_of_runs_whose_workers_may_change(
    request_: dict[str, Any], tells: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([1_000.0, 1_030.0])
    run = JobRun(new_record({"Name": "refresh", **JOB}, {"NumberOfWorkers": 4, **request_}))
    monkeypatch.setattr("rehearsal.emulator.glue_runner.job_run.time.time", lambda: next(clock))
    run.running()
    run.end("SUCCEEDED")
    assert run.record.get("DPUSeconds") == (120.0 if tells else None)


def test_execution_class_of_a_run_is_the_requests_then_the_jobs_then_standard() -> None:
    job = {"Name": "refresh", **JOB}
    assert new_record(job, {})["ExecutionClass"] == "STANDARD"
    assert new_record(job | {"ExecutionClass": "FLEX"}, {})["ExecutionClass"] == "FLEX"
    assert new_record(job | {"ExecutionClass": "FLEX"}, {"ExecutionClass": "STANDARD"})["ExecutionClass"] == "STANDARD"
