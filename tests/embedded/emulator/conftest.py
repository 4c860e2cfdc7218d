"""Makers of small functions, jobs and state machines."""

import io
import json
import zipfile
from collections.abc import Callable
from itertools import count
from textwrap import dedent
from typing import Any

import boto3
import pytest
from botocore.config import Config

from rehearsal.emulator.process import Emulator
from tests.embedded.emulator.roles import policy
from tests.embedded.waiting import eventually

PATIENCE = 300
"""Seconds; a run with Spark takes a tenth of it on a machine without other load."""

_names = count()


@pytest.fixture
def make_function(aws: Callable[[str], Any], make_role: Callable[..., str]) -> Callable[..., str]:
    """Deploy Python source as a function whose handler is `handle`, beside what an archive has."""

    def make(
        source: str,
        *allowed: str,
        environment: dict[str, str] | None = None,
        archive: bytes = b"",
        architecture: str = "x86_64",
    ) -> str:
        name = f"function-{next(_names)}"
        code = io.BytesIO(archive)
        with zipfile.ZipFile(code, "a") as file:
            file.writestr("code.py", dedent(source))
        aws("lambda").create_function(
            FunctionName=name, Runtime="python3.11", Handler="code.handle", Timeout=20,
            Role=make_role(f"{name}-role", "lambda.amazonaws.com", *allowed),
            Code={"ZipFile": code.getvalue()}, Environment={"Variables": environment or {}},
            Architectures=[architecture],
        )  # fmt: skip
        return name

    return make


@pytest.fixture
def invoke(aws: Callable[[str], Any]) -> Callable[..., Any]:
    """Invoke a function and return what it answered."""

    def call(name: str, event: object = None) -> Any:
        answer = aws("lambda").invoke(FunctionName=name, Payload=json.dumps(event or {}).encode())
        return json.loads(answer["Payload"].read())

    return call


@pytest.fixture
def make_job(aws: Callable[[str], Any], make_role: Callable[..., str], bucket: str) -> Callable[..., str]:
    """Make a job of a script's source; most scripts here need no Spark, and their kind of job gets no JVM."""

    def make(script: str | None, *, role: str | None = None, concurrent: int = 3, kind: str = "pythonshell") -> str:
        name = f"job-{next(_names)}"
        if script is not None:
            aws("s3").put_object(Bucket=bucket, Key=f"{name}.py", Body=dedent(script).encode())
        aws("glue").create_job(
            Name=name, Role=role or make_role(f"{name}-role", "glue.amazonaws.com", "s3:*", "glue:*"),
            Command={"Name": kind, "ScriptLocation": f"s3://{bucket}/{name}.py", "PythonVersion": "3"},
            ExecutionProperty={"MaxConcurrentRuns": concurrent},
            DefaultArguments={"--greeting": "default", "--conf": "a=1"}, Timeout=30, GlueVersion="5.1",
        )  # fmt: skip
        return name

    return make


@pytest.fixture
def state_of(aws: Callable[[str], Any]) -> Callable[..., dict[str, Any]]:
    """Wait until a run is in one of the states and return it."""

    def wait(job: str, run: str, *states: str) -> dict[str, Any]:
        wanted = states or ("SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED")

        def read() -> dict[str, Any]:
            found: dict[str, Any] = aws("glue").get_job_run(JobName=job, RunId=run)["JobRun"]
            return found

        return eventually(read, lambda found: found["JobRunState"] in wanted, PATIENCE)

    return wait


@pytest.fixture
def run_job(aws: Callable[[str], Any], state_of: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Run a job to its end."""

    def run(job: str, **request: Any) -> dict[str, Any]:
        started = aws("glue").start_job_run(JobName=job, **request)
        return state_of(job, started["JobRunId"])

    return run


@pytest.fixture
def start_machine(aws: Callable[[str], Any], make_role: Callable[..., str]) -> Callable[..., str]:
    """Start an execution of a state machine of one task, as a role with the given rights."""

    def start(task: dict[str, Any], *allowed: str, service: str = "states.amazonaws.com", map_over: int = 0) -> str:
        name = f"machine-{next(_names)}"
        states: dict[str, Any] = {"Task": {"Type": "Task", "End": True, **task}}
        if map_over:
            states = {"Map": {"Type": "Map", "End": True, "ItemProcessor": {"StartAt": "Task", "States": states}}}
        definition = {"StartAt": next(iter(states)), "States": states}
        machine = aws("stepfunctions").create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=make_role(f"{name}-role", service, *allowed)
        )
        given = json.dumps(list(range(map_over)) if map_over else {})
        arn = machine["stateMachineArn"]
        return str(aws("stepfunctions").start_execution(stateMachineArn=arn, input=given)["executionArn"])

    return start


@pytest.fixture
def end_of(aws: Callable[[str], Any]) -> Callable[[str], dict[str, Any]]:
    """Wait for an execution's end."""

    def wait(execution: str) -> dict[str, Any]:
        def read() -> dict[str, Any]:
            found: dict[str, Any] = aws("stepfunctions").describe_execution(executionArn=execution)
            return found

        return eventually(read, lambda found: found["status"] != "RUNNING", PATIENCE)

    return wait


@pytest.fixture
def as_role(emulator: Emulator, aws: Callable[[str], Any], account: str) -> Callable[..., Callable[[str], Any]]:
    """Clients of a role of the test's account, with these rights; its account's root may assume it."""

    def make(name: str, *rights: dict[str, Any]) -> Callable[[str], Any]:
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
        role = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
        aws("iam").put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=policy(*rights))
        found = aws("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return lambda service: boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=emulator.endpoint,
            region_name="us-east-1",
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found["SessionToken"],
            config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
        )

    return make
