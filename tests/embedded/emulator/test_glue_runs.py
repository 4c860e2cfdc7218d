"""How Glue runs start and end. The scripts need no Spark, so a run takes a second."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.emulator.process import Emulator

SLEEPING = """
    import subprocess, sys, time
    print("grandchild", subprocess.Popen(["sleep", "60"]).pid, flush=True)
    time.sleep(60)
"""


def test_a_script_that_ends_well_has_succeeded_with_its_times(
    make_job: Callable[..., str], run_job: Callable[..., dict[str, Any]]
) -> None:
    run = run_job(make_job("import time; time.sleep(1.2)"))
    assert run["JobRunState"] == "SUCCEEDED"
    assert run["ExecutionTime"] >= 1
    assert run["StartedOn"] < run["CompletedOn"]
    assert "ErrorMessage" not in run


def test_a_script_gets_its_arguments_the_runs_before_the_jobs(
    make_job: Callable[..., str], run_job: Callable[..., dict[str, Any]], glue_log: Callable[[str], str]
) -> None:
    script = "import json, sys; print('ARGUMENTS', json.dumps(sys.argv[1:]))"
    job = make_job(script)
    run = run_job(job, Arguments={"--greeting": "of this run", "--batch": "0"})
    line = next(line for line in glue_log(run["Id"]).splitlines() if line.startswith("ARGUMENTS"))
    given = json.loads(line.removeprefix("ARGUMENTS "))
    arguments = dict(zip(given[::2], given[1::2], strict=True))
    assert arguments["--greeting"] == "of this run"
    assert arguments["--batch"] == "0"
    assert (arguments["--JOB_NAME"], arguments["--JOB_RUN_ID"]) == (job, run["Id"])


def test_an_exception_fails_the_run_with_its_last_line(
    make_job: Callable[..., str], run_job: Callable[..., dict[str, Any]], glue_log: Callable[[str], str]
) -> None:
    run = run_job(make_job("raise ValueError('no such table')"))
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "ValueError: no such table")
    assert "Traceback" in glue_log(run["Id"])


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("import os; os._exit(4)", "exit code 4"),
        ("this is no Python", "SyntaxError: invalid syntax"),
        (None, "cannot be read"),
    ],
    ids=["exits with a code", "ends its process", "is no Python", "is missing"],
)
def test_a_script_that_does_not_end_well_fails_its_run(
    script: str | None, message: str, make_job: Callable[..., str], run_job: Callable[..., dict[str, Any]]
) -> None:
    run = run_job(make_job(script))
    assert run["JobRunState"] == "FAILED"
    assert message in run["ErrorMessage"]


def test_sys_exit_without_a_code_is_a_success(
    make_job: Callable[..., str], run_job: Callable[..., dict[str, Any]]
) -> None:
    assert run_job(make_job("import sys; sys.exit()"))["JobRunState"] == "SUCCEEDED"


def test_a_run_ends_with_its_timeout_and_leaves_no_process(
    make_job: Callable[..., str], run_job: Callable[..., dict[str, Any]], glue_log: Callable[[str], str]
) -> None:
    run = run_job(make_job(SLEEPING), Timeout=2)
    assert run["JobRunState"] == "TIMEOUT"
    _assert_gone(_grandchild(glue_log(run["Id"])))


def test_a_stopped_run_is_stopped_and_leaves_no_process(
    make_job: Callable[..., str], aws: Callable[[str], Any], state_of: Callable[..., dict[str, Any]],
    glue_log: Callable[[str], str],
) -> None:  # fmt: skip
    job = make_job(SLEEPING)
    run = aws("glue").start_job_run(JobName=job)["JobRunId"]
    state_of(job, run, "RUNNING")
    grandchild = _grandchild(_eventually(lambda: glue_log(run), contains="grandchild"))
    answer = aws("glue").batch_stop_job_run(JobName=job, JobRunIds=[run, "jr_unknown"])
    assert [stopped["JobRunId"] for stopped in answer["SuccessfulSubmissions"]] == [run]
    assert [error["JobRunId"] for error in answer["Errors"]] == ["jr_unknown"]
    assert state_of(job, run)["JobRunState"] == "STOPPED"
    _assert_gone(grandchild)


def test_more_runs_than_the_job_allows_are_refused(make_job: Callable[..., str], aws: Callable[[str], Any]) -> None:
    job, glue = make_job(SLEEPING, concurrent=1), aws("glue")
    run = glue.start_job_run(JobName=job)["JobRunId"]
    with pytest.raises(glue.exceptions.ConcurrentRunsExceededException):
        glue.start_job_run(JobName=job)
    glue.batch_stop_job_run(JobName=job, JobRunIds=[run])
    again = glue.start_job_run(JobName=job)["JobRunId"]
    glue.batch_stop_job_run(JobName=job, JobRunIds=[again])


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ({"WorkerType": "G.1X", "NumberOfWorkers": 1}, "minimum allowed value of Number of Workers is 2"),
        ({"WorkerType": "G.4X", "NumberOfWorkers": 2, "ExecutionClass": "FLEX"}, "FLEX is not supported"),
    ],
)
def test_runs_and_jobs_of_a_size_that_glue_does_not_have_are_refused(
    make_job: Callable[..., str], aws: Callable[[str], Any], size: dict[str, Any], message: str
) -> None:
    """They ran, and the numbers that the state machine passed went nowhere."""
    job, glue = make_job("print()", kind="glueetl"), aws("glue")
    with pytest.raises(glue.exceptions.InvalidInputException, match=message):
        glue.start_job_run(JobName=job, **size)
    definition = glue.get_job(JobName=job)["Job"]
    command = {name: definition[name] for name in ("Role", "Command", "GlueVersion")}
    with pytest.raises(glue.exceptions.InvalidInputException, match=message):
        glue.create_job(Name=f"{job}-refused", **command, **size)
    with pytest.raises(glue.exceptions.InvalidInputException, match=message):
        glue.update_job(JobName=job, JobUpdate={**command, **size})
    assert glue.get_job_runs(JobName=job)["JobRuns"] == []


def test_run_tells_the_size_that_its_request_asked_for(
    make_job: Callable[..., str], run_job: Callable[..., dict[str, Any]]
) -> None:
    run = run_job(make_job("print()"), WorkerType="G.2X", NumberOfWorkers=3)
    assert (run["WorkerType"], run["NumberOfWorkers"], run["MaxCapacity"]) == ("G.2X", 3, 6)


def test_runs_beyond_the_local_slots_wait_and_run_then(
    make_job: Callable[..., str], aws: Callable[[str], Any], state_of: Callable[..., dict[str, Any]]
) -> None:
    job, glue = make_job(SLEEPING, concurrent=3), aws("glue")
    first, second, third = (glue.start_job_run(JobName=job)["JobRunId"] for _ in range(3))
    running = [run for run in (first, second, third) if _is_running(state_of, job, run)]
    (waiting,) = {first, second, third} - set(running)
    glue.batch_stop_job_run(JobName=job, JobRunIds=[running[0]])
    state_of(job, waiting, "RUNNING")
    glue.batch_stop_job_run(JobName=job, JobRunIds=[running[1], waiting])
    states = [run["JobRunState"] for run in glue.get_job_runs(JobName=job)["JobRuns"]]
    assert states == ["STOPPED"] * 3


def test_a_script_sees_nothing_of_the_hosts_environment(
    make_job: Callable[..., str], run_job: Callable[..., dict[str, Any]], glue_log: Callable[[str], str],
    emulator: Emulator,
) -> None:  # fmt: skip
    run = run_job(make_job("import os; print('VARIABLES', sorted(os.environ))"))
    line = next(line for line in glue_log(run["Id"]).splitlines() if line.startswith("VARIABLES"))
    assert "AWS_SESSION_TOKEN" in line
    assert not any(name in line for name in ("STATE_DIR", "GATEWAY_PORT", "S3_DATA_DIR", "VIRTUAL_ENV"))


def test_a_script_acts_as_the_jobs_role(
    make_job: Callable[..., str], run_job: Callable[..., dict[str, Any]], make_role: Callable[..., str], bucket: str
) -> None:
    role = make_role("reader", "glue.amazonaws.com", "s3:GetObject")
    script = f"import boto3; boto3.client('s3').put_object(Bucket='{bucket}', Key='x', Body=b'')"
    run = run_job(make_job(script, role=role))
    assert run["JobRunState"] == "FAILED"
    assert "assumed-role/reader" in run["ErrorMessage"] or "Access Denied" in run["ErrorMessage"]


@pytest.mark.parametrize(
    ("service", "actions", "message"),
    [("lambda.amazonaws.com", ["s3:*"], "may not assume"), ("glue.amazonaws.com", [], "cannot be read")],
    ids=["does not trust Glue", "may not read the script"],
)
def test_a_role_that_is_not_fit_fails_the_run(
    service: str, actions: list[str], message: str, make_job: Callable[..., str], make_role: Callable[..., str],
    run_job: Callable[..., dict[str, Any]],
) -> None:  # fmt: skip
    run = run_job(make_job("print('never')", role=make_role("unfit", service, *actions)))
    assert run["JobRunState"] == "FAILED"
    assert message in run["ErrorMessage"]


def test_a_job_of_a_kind_that_cannot_be_run_here_is_refused(
    make_job: Callable[..., str], aws: Callable[[str], Any]
) -> None:
    with pytest.raises(ClientError, match="gluestreaming cannot be run here"):
        aws("glue").start_job_run(JobName=make_job("print()", kind="gluestreaming"))


def test_a_table_format_that_is_not_there_fails_the_run(
    make_job: Callable[..., str], run_job: Callable[..., dict[str, Any]]
) -> None:
    run = run_job(make_job("print()", kind="glueetl"), Arguments={"--datalake-formats": "hudi,delta"})
    assert (run["JobRunState"], "delta" in run["ErrorMessage"]) == ("FAILED", True)


def test_an_unknown_job_and_an_unknown_run_are_not_found(
    make_job: Callable[..., str], aws: Callable[[str], Any]
) -> None:
    glue = aws("glue")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.start_job_run(JobName="missing")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_job_run(JobName=make_job("print()"), RunId="jr_missing")


def test_a_runs_output_is_in_its_log_stream(
    make_job: Callable[..., str], run_job: Callable[..., dict[str, Any]], aws: Callable[[str], Any]
) -> None:
    run = run_job(make_job("print('a line of output')"))

    def messages() -> str:
        streams = aws("logs").describe_log_streams(logGroupName="/aws-glue/jobs/output")["logStreams"]
        assert run["Id"] in [stream["logStreamName"] for stream in streams]
        found = aws("logs").get_log_events(logGroupName="/aws-glue/jobs/output", logStreamName=run["Id"])["events"]
        return "\n".join(event["message"] for event in found)

    assert "a line of output" in _eventually(messages, contains="a line")


def test_a_finished_run_leaves_no_folder(
    make_job: Callable[..., str], run_job: Callable[..., dict[str, Any]], emulator: Emulator
) -> None:
    run = run_job(make_job("print()"))
    folder = emulator.settings.temporary / run["Id"]
    _eventually(lambda: str(folder.exists()), contains="False")


def _is_running(state_of: Callable[..., dict[str, Any]], job: str, run: str) -> bool:
    time.sleep(0.5)
    return bool(state_of(job, run, "STARTING", "RUNNING")["JobRunState"] == "RUNNING")


def _grandchild(log: str) -> int:
    return int(next(line for line in log.splitlines() if line.startswith("grandchild")).split()[1])


def _assert_gone(pid: int) -> None:
    _eventually(lambda: str(Path(f"/proc/{pid}").exists() and _state(pid)), contains="False")


def _state(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\tZ" not in Path(f"/proc/{pid}/status").read_text()


def _eventually(read: Callable[[], str], *, contains: str) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            found = read()
        except (AssertionError, ValueError, ClientError):
            found = ""
        if contains in found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{contains} does not come")
