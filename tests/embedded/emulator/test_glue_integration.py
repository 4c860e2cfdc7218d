"""glue:startJobRun and .sync in a state machine."""

import json
import time
from collections.abc import Callable
from typing import Any

START, SYNC = "arn:aws:states:::glue:startJobRun", "arn:aws:states:::glue:startJobRun.sync"
RIGHTS = ("glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun")


def _task(resource: str, job: str, **more: Any) -> dict[str, Any]:
    return {"Resource": resource, "Parameters": {"JobName": job, **more}}


def test_sync_waits_for_the_run_and_hands_it_on(
    make_job: Callable[..., str], start_machine: Callable[..., str], end_of: Callable[[str], dict[str, Any]]
) -> None:
    job = make_job("import time; time.sleep(1)")
    ended = end_of(start_machine(_task(SYNC, job, Arguments={"--batch": "1"}), *RIGHTS))
    run = json.loads(ended["output"])
    assert (run["JobName"], run["JobRunState"], run["Arguments"]["--batch"]) == (job, "SUCCEEDED", "1")
    assert run["CompletedOn"] > 1_000_000_000_000, "times are milliseconds, as Step Functions hands them on"


def test_sync_takes_worker_type_and_number_from_a_query(
    make_job: Callable[..., str], aws: Callable[[str], Any], make_role: Callable[..., str],
    end_of: Callable[[str], dict[str, Any]],
) -> None:  # fmt: skip
    arguments = {"JobName": make_job("print()"), "WorkerType": "G.2X", "NumberOfWorkers": "{% 1 + 2 %}"}
    state = {"Type": "Task", "Resource": SYNC, "Arguments": arguments, "End": True}
    machine = aws("stepfunctions").create_state_machine(
        name="jsonata", roleArn=make_role("jsonata", "states.amazonaws.com", *RIGHTS),
        definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": "Run", "States": {"Run": state}}),
    )  # fmt: skip
    started = aws("stepfunctions").start_execution(stateMachineArn=machine["stateMachineArn"])
    run = json.loads(end_of(started["executionArn"])["output"])
    assert (run["WorkerType"], run["NumberOfWorkers"]) == ("G.2X", 3)


def test_a_failed_run_fails_the_task_with_the_run_as_cause(
    make_job: Callable[..., str], start_machine: Callable[..., str], end_of: Callable[[str], dict[str, Any]]
) -> None:
    ended = end_of(start_machine(_task(SYNC, make_job("raise ValueError('bad file')")), *RIGHTS))
    assert ended["error"] == "States.TaskFailed"
    cause = json.loads(ended["cause"])
    assert (cause["JobRunState"], cause["ErrorMessage"]) == ("FAILED", "ValueError: bad file")


def test_without_sync_the_task_ends_with_the_start(
    make_job: Callable[..., str], start_machine: Callable[..., str], end_of: Callable[[str], dict[str, Any]],
    state_of: Callable[..., dict[str, Any]],
) -> None:  # fmt: skip
    job = make_job("import time; time.sleep(1)")
    output = json.loads(end_of(start_machine(_task(START, job), "glue:StartJobRun"))["output"])
    assert state_of(job, output["JobRunId"])["JobRunState"] == "SUCCEEDED"


def test_errors_of_the_api_have_glues_names(
    make_job: Callable[..., str], start_machine: Callable[..., str], end_of: Callable[[str], dict[str, Any]],
    aws: Callable[[str], Any],
) -> None:  # fmt: skip
    job = make_job("import time; time.sleep(20)", concurrent=1)
    run = aws("glue").start_job_run(JobName=job)["JobRunId"]
    assert end_of(start_machine(_task(SYNC, job), *RIGHTS))["error"] == "Glue.ConcurrentRunsExceededException"
    aws("glue").batch_stop_job_run(JobName=job, JobRunIds=[run])
    assert end_of(start_machine(_task(SYNC, "missing"), *RIGHTS))["error"] == "Glue.EntityNotFoundException"


def test_a_role_without_the_right_cannot_start_a_run(
    make_job: Callable[..., str], start_machine: Callable[..., str], end_of: Callable[[str], dict[str, Any]],
    aws: Callable[[str], Any],
) -> None:  # fmt: skip
    job = make_job("print('never')")
    ended = end_of(start_machine(_task(SYNC, job), "glue:GetJobRun"))
    assert ended["error"] == "Glue.AccessDeniedException"
    assert "glue:StartJobRun" in ended["cause"]
    assert aws("glue").get_job_runs(JobName=job)["JobRuns"] == []


def test_a_stopped_execution_stops_its_run(
    make_job: Callable[..., str], start_machine: Callable[..., str], aws: Callable[[str], Any],
    state_of: Callable[..., dict[str, Any]],
) -> None:  # fmt: skip
    job = make_job("import time; time.sleep(20)")
    execution = start_machine(_task(SYNC, job), *RIGHTS)
    deadline = time.monotonic() + 120
    while not (runs := aws("glue").get_job_runs(JobName=job)["JobRuns"]):
        assert time.monotonic() < deadline, aws("stepfunctions").describe_execution(executionArn=execution)
        time.sleep(0.05)
    state_of(job, runs[0]["Id"], "RUNNING")
    aws("stepfunctions").stop_execution(executionArn=execution)
    assert state_of(job, runs[0]["Id"])["JobRunState"] == "STOPPED"
