"""Runs the smoke test as an administrator of the account does, who is not its root: policies apply to him."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from deployment_account.names import Odp, OdpTable, Shared
from rehearsal.demo.deployed_lake import DeployedLake
from scripts.bootstrap import cli

ROLE = "SmokeAdministrator"
TABLES = (
    OdpTable.BATCH_CONFIG,
    OdpTable.RAW_TABLE_CONFIG,
    OdpTable.FILE_TRACKER,
    OdpTable.FILE_PROCESSING_TRACKER,
    OdpTable.QUARANTINE,
)
Item = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What the command answered."""

    code: int
    document: Item
    shown: str

    @property
    def marks(self) -> dict[int, str]:
        """The mark of each step."""
        return {step["number"]: step["mark"] for step in self.document["steps"]}

    def step(self, number: int) -> Item:
        """One step."""
        return next(step for step in self.document["steps"] if step["number"] == number)


def administrator(lake: DeployedLake) -> dict[str, str]:
    """The variables with which a person works who has taken the administrators' role."""
    iam, account = lake.client("iam"), lake.environment.account
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    if ROLE not in {role["RoleName"] for role in iam.list_roles()["Roles"]}:
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=_policy(trust))
        iam.put_role_policy(RoleName=ROLE, PolicyName="everything", PolicyDocument=_policy(everything))
    sts = lake.client("sts")
    taken = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/{ROLE}", RoleSessionName="smoke")["Credentials"]
    return {
        **lake.shell_environment(),
        "AWS_ACCESS_KEY_ID": taken["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": taken["SecretAccessKey"],
        "AWS_SESSION_TOKEN": taken["SessionToken"],
    }


def run_smoke(lake: DeployedLake, *arguments: str) -> Answer:
    """Run the command."""
    result = CliRunner(env=administrator(lake)).invoke(cli.app, ["smoke", "dev", "--json", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return Answer(result.exit_code, json.loads(result.stdout), result.stderr)


def traces(lake: DeployedLake, run: str) -> list[str]:
    """Everything in the account that names a run, but history, logs and executions."""
    found = [
        f"s3://{bucket}/{version['Key']}"
        for role in (Shared.STAGING_BUCKET, Shared.RAW_BUCKET, Shared.CONFIG_BUCKET, Shared.ATHENA_RESULTS_BUCKET)
        for bucket in (lake.published(role),)
        for page in lake.client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket)
        for version in page.get("Versions", ())
        if run in version["Key"]
    ]
    found += [f"{table}: {item}" for table in TABLES for item in items(lake, table) if run in str(item)]
    databases = lake.client("glue").get_databases()["DatabaseList"]
    for database in databases:
        tables = lake.client("glue").get_tables(DatabaseName=database["Name"])["TableList"]
        found += [f"table {table['Name']}" for table in tables if run in table["Name"]]
    alarms = lake.client("cloudwatch").describe_alarms()["MetricAlarms"]
    found += [alarm["AlarmName"] for alarm in alarms if run in alarm["AlarmName"]]
    found += [url for url in lake.client("sqs").list_queues().get("QueueUrls", ()) if run in url]
    topic = lake.published(Odp.ALERTS_TOPIC_ARN)
    subscriptions = lake.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    return found + [each["Endpoint"] for each in subscriptions if run in each["Endpoint"]]


def items(lake: DeployedLake, table: OdpTable) -> list[Item]:
    """All items of a table."""
    pages = lake.dynamodb.meta.client.get_paginator("scan").paginate(TableName=lake.table(table), ConsistentRead=True)
    return [item for page in pages for item in page["Items"]]


def running(lake: DeployedLake, run: str) -> list[str]:
    """The executions and Glue runs of a run that have not ended."""
    machine = lake.published(Odp.STATE_MACHINE_ARN)
    executions = lake.client("stepfunctions").list_executions(stateMachineArn=machine, statusFilter="RUNNING")
    found = [execution["name"] for execution in executions["executions"] if run in execution["name"]]
    return found + [each["Id"] for each in glue_runs(lake, run) if each["JobRunState"] in {"STARTING", "RUNNING"}]


def glue_runs(lake: DeployedLake, run: str) -> list[Item]:
    """The Glue runs that a run has started."""
    (job,) = {batch["glue_job_name"] for batch in items(lake, OdpTable.BATCH_CONFIG)}
    runs = lake.client("glue").get_job_runs(JobName=job)["JobRuns"]
    return [each for each in runs if run in str(each["Arguments"])]


@contextmanager
def bucket_denies(lake: DeployedLake, role: str, *actions: str) -> Iterator[None]:
    """Let a bucket's policy deny actions to everybody meanwhile."""
    s3, bucket = lake.client("s3"), lake.published(role)
    before = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    denied = {"Effect": "Deny", "Principal": "*", "Action": list(actions), "Resource": f"arn:aws:s3:::{bucket}/*"}
    policy = json.loads(before)
    policy["Statement"].append(denied)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    try:
        yield
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=before)


@contextmanager
def without_grant(lake: DeployedLake, function: str, action: str) -> Iterator[None]:
    """Take an action from the role of a function meanwhile."""
    iam = lake.client("iam")
    arn = lake.client("lambda").get_function_configuration(FunctionName=lake.published(function))["Role"]
    role = arn.rsplit("/", 1)[-1]
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    before = {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}
    for name, document in before.items():
        statements = [_without(statement, action) for statement in document["Statement"]]
        policy = {**document, "Statement": [statement for statement in statements if statement["Action"]]}
        assert policy != document
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))
    try:
        yield
    finally:
        for name, document in before.items():
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


@contextmanager
def changed_schedule(lake: DeployedLake, change: Callable[[Item], Item]) -> Iterator[None]:
    """Let the schedule of the lake's cadence be otherwise meanwhile."""
    scheduler = lake.client("scheduler")
    schedule = lake.schedule("10_min_refresh")
    wanted = ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target", "State")
    before = {name: schedule[name] for name in wanted}
    scheduler.update_schedule(**change(before))
    try:
        yield
    finally:
        scheduler.update_schedule(**before)


def _without(statement: Item, action: str) -> Item:
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    return {**statement, "Action": [each for each in actions if each != action]}


def _policy(statement: Item) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
