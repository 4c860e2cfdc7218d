"""What a pipeline does with the stack of replications: prepare its change, stop what it changes, change, let go on."""

import json
import subprocess
from pathlib import Path

from deployment_account.pipeline_programs import replication_build
from rehearsal.deployment.assembly import Assembly
from rehearsal.deployment.deployer import bootstrap, publish
from rehearsal.pipeline.build_environment import build_environment
from tests.embedded.dms.shop_lake import ShopLake, eventually

PIPELINES = "111111111111"


class Build:
    """The build that stops and starts replications, with the role that the pipeline gives it."""

    def __init__(self, lake: ShopLake, folder: Path) -> None:
        prefix, session = f"odp-{lake.environment}-", "build"
        name, operator = f"{prefix}replication-step", f"arn:aws:iam::{lake.account}:role/{prefix}replication-operator"
        self._emulator, self._folder = lake.emulator, folder
        iam, sts = (lake.emulator.client(service, account=PIPELINES) for service in ("iam", "sts"))
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{PIPELINES}:root"}, "Action": "sts:AssumeRole"}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
        allowed = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": operator}
        iam.put_role_policy(RoleName=name, PolicyName="a", PolicyDocument=json.dumps({"Statement": [allowed]}))
        self._session = sts.assume_role(RoleArn=f"arn:aws:iam::{PIPELINES}:role/{name}", RoleSessionName=session)
        self._place = {
            "role": operator,
            "region": "us-east-1",
            "account": lake.account,
            "stack": lake.stack,
            "change_set": "PipelineChange",
            "environment": lake.environment,
            "prefix": prefix,
            "memory": f"/odp/{lake.environment}/replication-stopped/",
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


def prepare(assembly: Assembly, lake: ShopLake) -> None:
    """Prepare the change of the stack as a pipeline does."""
    bootstrap(assembly, lake.emulator)
    publish(assembly, lake.emulator)
    cloudformation, (stack,) = lake.client("cloudformation"), assembly.stacks
    named = {"StackName": lake.stack, "ChangeSetName": "PipelineChange"}
    cloudformation.delete_change_set(**named)
    cloudformation.create_change_set(
        **named,
        ChangeSetType="UPDATE",
        TemplateURL=stack.template_url.replace("s3://", f"{lake.emulator.endpoint}/"),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Tags=[{"Key": key, "Value": value} for key, value in stack.tags.items()],
    )

    def is_there() -> None:
        assert cloudformation.describe_change_set(**named)["Status"] in ("CREATE_COMPLETE", "FAILED")

    eventually(is_there)


def execute(lake: ShopLake) -> None:
    cloudformation = lake.client("cloudformation")
    cloudformation.execute_change_set(StackName=lake.stack, ChangeSetName="PipelineChange")

    def is_done() -> None:
        assert cloudformation.describe_stacks(StackName=lake.stack)["Stacks"][0]["StackStatus"] == "UPDATE_COMPLETE"

    eventually(is_done)
