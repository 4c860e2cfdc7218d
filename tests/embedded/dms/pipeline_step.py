"""What a pipeline does with the stack of replications: prepare its change, stop what it changes, change, let go on."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from deployment_account.pipeline_programs import replication_build
from rehearsal.deployment.assembly import Assembly
from rehearsal.deployment.deployer import bootstrap, publish
from rehearsal.emulator.process import Emulator
from rehearsal.pipeline.build_environment import build_environment

ACCOUNT, PIPELINES, SECONDS = "222222222222", "111111111111", 120
STACK = "odp-dev-etl-Replication"


class Build:
    """The build that stops and starts replications, with the role that the pipeline gives it."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        name, session = "odp-dev-replication-step", "build"
        operator = f"arn:aws:iam::{ACCOUNT}:role/odp-dev-replication-operator"
        self._emulator, self._folder = emulator, folder
        iam, sts = (emulator.client(service, account=PIPELINES) for service in ("iam", "sts"))
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{PIPELINES}:root"}, "Action": "sts:AssumeRole"}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
        allowed = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": operator}
        iam.put_role_policy(RoleName=name, PolicyName="a", PolicyDocument=json.dumps({"Statement": [allowed]}))
        self._session = sts.assume_role(RoleArn=f"arn:aws:iam::{PIPELINES}:role/{name}", RoleSessionName=session)
        self._place = {
            "role": operator,
            "region": "us-east-1",
            "account": ACCOUNT,
            "stack": STACK,
            "change_set": "PipelineChange",
            "environment": "dev",
            "prefix": "odp-dev-",
            "memory": "/odp/dev/replication-stopped/",
        }

    def run(self, step: str) -> str:
        """What a step says."""
        given = self._session["Credentials"]
        variables = build_environment(self._folder, {"python": "3.11"}, self._emulator.settings, {}) | {
            "AWS_ENDPOINT_URL": self._emulator.endpoint,
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
            "STEP": step,
        }
        commands = replication_build(self._place)["phases"]["build"]["commands"]
        script = "set -e\n" + "\n".join(commands)
        run = subprocess.run(["bash", "-c", script], env=variables, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout


def prepare(assembly: Assembly, emulator: Emulator) -> None:
    """Prepare the change of the stack as a pipeline does."""
    bootstrap(assembly, emulator)
    publish(assembly, emulator)
    cloudformation, (stack,) = emulator.client("cloudformation", account=ACCOUNT), assembly.stacks
    named = {"StackName": STACK, "ChangeSetName": "PipelineChange"}
    cloudformation.delete_change_set(**named)
    cloudformation.create_change_set(
        **named,
        ChangeSetType="UPDATE",
        TemplateURL=stack.template_url.replace("s3://", f"{emulator.endpoint}/"),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Tags=[{"Key": key, "Value": value} for key, value in stack.tags.items()],
    )

    def is_there() -> bool:
        return cloudformation.describe_change_set(**named)["Status"] in ("CREATE_COMPLETE", "FAILED")

    until(is_there)


def execute(emulator: Emulator) -> None:
    cloudformation = emulator.client("cloudformation", account=ACCOUNT)
    cloudformation.execute_change_set(StackName=STACK, ChangeSetName="PipelineChange")

    def is_done() -> bool:
        return bool(cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"] == "UPDATE_COMPLETE")

    until(is_done)


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.2)
