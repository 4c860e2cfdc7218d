"""Glue refuses starts that come too fast, and an execution with many batches outlasts that."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from etl_cdk.refresh_workflow import WorkflowLimits, refresh_workflow

from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings

BATCHES = 12
SYNC = "arn:aws:states:::glue:startJobRun.sync"
RIGHTS = ("glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun", "lambda:InvokeFunction")
PLANNING = """
    def handle(event, context):
        if event.get("step") == "release":
            return {{}}
        return {{
            "batches": list(range({batches})), "plan_key": "odp/plans/1.json", "glue_job_name": "{job}",
            "glue_job_worker_type": "G.1X", "glue_job_workers": [2] * {batches}, "glue_job_execution_class": "STANDARD",
            "glue_job_timeout_minutes": 60,
        }}
"""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One that takes two starts a second."""
    folder = tmp_path_factory.mktemp("throttling")
    with Emulator(EmulatorSettings(run_directory=folder, glue_slots=2, glue_starts_per_second=2)) as emulator:
        yield emulator


def test_starts_that_come_too_fast_are_refused_with_glues_words(
    aws: Callable[[str], Any], make_job: Callable[..., str]
) -> None:
    glue, job = aws("glue"), make_job("print()", concurrent=50)
    glue.meta.config.merge(Config(retries={"max_attempts": 0}))
    refused = []
    for _ in range(20):
        try:
            glue.start_job_run(JobName=job)
        except ClientError as error:
            refused.append(error.response["Error"])
    assert {(each["Code"], each["Message"]) for each in refused} == {("ThrottlingException", "Rate exceeded")}
    assert len(glue.get_job_runs(JobName=job)["JobRuns"]) == 20 - len(refused)


def test_step_functions_gives_the_refusal_its_general_name(
    make_job: Callable[..., str], start_machine: Callable[..., str], end_of: Callable[[str], dict[str, Any]]
) -> None:
    task = {"Resource": SYNC, "Parameters": {"JobName": make_job("print()", concurrent=50)}}
    ended = end_of(start_machine(task, *RIGHTS, map_over=10))
    assert (ended["status"], ended["error"]) == ("FAILED", "Glue.AWSGlueException")
    assert "Rate exceeded" in ended["cause"]


def test_an_execution_with_many_batches_succeeds_although_glue_throttles(
    aws: Callable[[str], Any], make_job: Callable[..., str], make_function: Callable[..., str],
    make_role: Callable[..., str], end_of: Callable[[str], dict[str, Any]],
) -> None:  # fmt: skip
    job = make_job("print()", concurrent=20)
    planning = make_function(PLANNING.format(batches=BATCHES, job=job))
    definition = refresh_workflow(planning, planning, WorkflowLimits(max_concurrent_batches=10))
    machine = aws("stepfunctions").create_state_machine(
        name="refresh", definition=json.dumps(definition),
        roleArn=make_role("refresh", "states.amazonaws.com", *RIGHTS),
    )  # fmt: skip
    arn = aws("stepfunctions").start_execution(
        stateMachineArn=machine["stateMachineArn"], input=json.dumps({"refresh_cadence": "10_min_refresh"})
    )["executionArn"]
    ended = end_of(arn)
    assert ended["status"] == "SUCCEEDED", (ended.get("error"), ended.get("cause"))
    runs = aws("glue").get_job_runs(JobName=job)["JobRuns"]
    batches = sorted(int(run["Arguments"]["--batch"]) for run in runs)
    assert batches == list(range(BATCHES)), "each batch ran once"
    history = aws("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    failures = [event for page in history for event in page["events"] if event["type"] == "TaskFailed"]
    assert len(failures) >= 3, "ten starts at once met a rate of two a second"
