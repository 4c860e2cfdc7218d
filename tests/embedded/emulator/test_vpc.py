"""What Lambda and Glue refuse in a VPC; stolen credentials do not work outside it."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

from rehearsal.emulator.process import Emulator

Aws = Callable[[str], Any]
OF_LAMBDA = tuple(f"ec2:{verb}NetworkInterface{s}" for verb, s in (("Create", ""), ("Delete", ""), ("Describe", "s")))
OF_GLUE = (
    *OF_LAMBDA,
    *(f"ec2:Describe{what}" for what in ("Subnets", "SecurityGroups", "VpcEndpoints", "RouteTables")),
    "glue:GetConnection",
)


@dataclass(frozen=True)
class Network:
    vpc: str
    subnet: str
    group: str


@pytest.fixture
def network(aws: Aws) -> Network:
    """A VPC with a subnet, an S3 endpoint, and a group whose members reach each other."""
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="jobs", Description="jobs", VpcId=vpc)["GroupId"]
    ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", VpcEndpointType="Gateway")
    return Network(vpc, subnet, group)


@pytest.fixture
def reference_itself(aws: Aws, network: Network) -> Callable[..., None]:
    def open_ports(first: int = 0, last: int = 65535, *, to: str = "") -> None:
        pair = {"GroupId": to or network.group}
        rule = {"IpProtocol": "tcp", "FromPort": first, "ToPort": last, "UserIdGroupPairs": [pair]}
        aws("ec2").authorize_security_group_ingress(GroupId=network.group, IpPermissions=[rule])

    return open_ports


# functions


READ = """
    import boto3, os
    from botocore.config import Config

    def handle(event, context):
        s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
        found = s3.get_object(Bucket=event["bucket"], Key="secret")["Body"].read().decode()
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        return {"found": found, **{name: os.environ[name] for name in names}}
"""


def code(source: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("code.py", dedent(source))
    return archive.getvalue()


def made(aws: Aws, role: str, network: Network | None, name: str = "inside") -> None:
    config = {"SubnetIds": [network.subnet], "SecurityGroupIds": [network.group]} if network else {}
    aws("lambda").create_function(
        FunctionName=name, Runtime="python3.11", Handler="code.handle", Role=role, Timeout=30,
        Code={"ZipFile": code(READ)}, **({"VpcConfig": config} if config else {}),
    )  # fmt: skip


@pytest.mark.parametrize("missing", OF_LAMBDA)
def test_a_function_in_a_vpc_is_refused_if_its_role_may_not_make_interfaces(
    aws: Aws, network: Network, make_role: Callable[..., str], missing: str
) -> None:
    role = make_role("role", "lambda.amazonaws.com", *[action for action in OF_LAMBDA if action != missing])
    action = missing.removeprefix("ec2:")
    with pytest.raises(ClientError, match=f"does not have permissions to call {action} on EC2"):
        made(aws, role, network)
    made(aws, role, None)
    with pytest.raises(ClientError, match=action):
        aws("lambda").update_function_configuration(
            FunctionName="inside", VpcConfig={"SubnetIds": [network.subnet], "SecurityGroupIds": [network.group]}
        )


def test_a_template_with_such_a_function_fails(aws: Aws, network: Network, make_role: Callable[..., str]) -> None:
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.11",
            "Handler": "index.handle",
            "Role": make_role("role", "lambda.amazonaws.com"),
            "Code": {"ZipFile": "def handle(event, context): ..."},
            "VpcConfig": {"SubnetIds": [network.subnet], "SecurityGroupIds": [network.group]},
        },
    }
    client = aws("cloudformation")
    client.create_stack(StackName="function", TemplateBody=json.dumps({"Resources": {"Function": function}}))
    with pytest.raises(WaiterError):
        client.get_waiter("stack_create_complete").wait(StackName="function", WaiterConfig={"Delay": 1})
    reasons = [
        one.get("ResourceStatusReason", "") for one in client.describe_stack_events(StackName="function")["StackEvents"]
    ]
    assert any("CreateNetworkInterface on EC2" in reason for reason in reasons)


def test_a_template_puts_a_function_into_its_vpc(aws: Aws, network: Network, make_role: Callable[..., str]) -> None:
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": "inside",
            "Runtime": "python3.11",
            "Handler": "index.handle",
            "Role": make_role("role", "lambda.amazonaws.com", *OF_LAMBDA),
            "Code": {"ZipFile": "def handle(event, context): ..."},
            "VpcConfig": {"SubnetIds": [network.subnet], "SecurityGroupIds": [network.group]},
        },
    }
    client = aws("cloudformation")
    client.create_stack(StackName="function", TemplateBody=json.dumps({"Resources": {"Function": function}}))
    client.get_waiter("stack_create_complete").wait(StackName="function", WaiterConfig={"Delay": 1})
    config = aws("lambda").get_function_configuration(FunctionName="inside")["VpcConfig"]
    assert (config["VpcId"], config["SubnetIds"]) == (network.vpc, [network.subnet])


@pytest.fixture
def closed_bucket(aws: Aws, account: str, bucket: str) -> str:
    """A bucket that lets everybody in by an endpoint of the account only, but for the account's root."""
    aws("s3").put_object(Bucket=bucket, Key="secret", Body=b"rows")
    denial = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}/*"],
        "Condition": {
            "StringNotEqualsIfExists": {"aws:VpceAccount": account},
            "BoolIfExists": {"aws:ViaAWSService": "false"},
        },
    }
    aws("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [denial]}))
    return bucket


def test_code_in_the_vpc_reaches_the_bucket_and_whoever_stole_its_credentials_does_not(
    aws: Aws,
    emulator: Emulator,
    network: Network,
    closed_bucket: str,
    make_role: Callable[..., str],
    invoke: Callable[..., Any],
) -> None:
    role = make_role("role", "lambda.amazonaws.com", "s3:GetObject", *OF_LAMBDA)
    made(aws, role, network)
    made(aws, role, None, "outside")
    stolen = invoke("inside", {"bucket": closed_bucket})
    assert stolen["found"] == "rows"
    thief = boto3.client(
        "s3",
        endpoint_url=emulator.endpoint,
        region_name="us-east-1",
        aws_access_key_id=stolen["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=stolen["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=stolen["AWS_SESSION_TOKEN"],
        config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        thief.get_object(Bucket=closed_bucket, Key="secret")
    pretending = Config(s3={"addressing_style": "path"}, user_agent_extra=f"app/{network.vpc}.0123456789abcdef")
    with pytest.raises(ClientError, match="AccessDenied"):
        boto3.client(
            "s3", endpoint_url=emulator.endpoint, region_name="us-east-1", config=pretending,
            aws_access_key_id=stolen["AWS_ACCESS_KEY_ID"], aws_secret_access_key=stolen["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=stolen["AWS_SESSION_TOKEN"],
        ).get_object(Bucket=closed_bucket, Key="secret")  # fmt: skip
    assert "AccessDenied" in invoke("outside", {"bucket": closed_bucket})["errorMessage"]
    assert "AWS_SDK_UA_APP_ID" not in os.environ


def test_without_an_endpoint_in_the_vpc_nothing_tells_of_the_network(
    aws: Aws, network: Network, closed_bucket: str, make_role: Callable[..., str], invoke: Callable[..., Any]
) -> None:
    ec2 = aws("ec2")
    (endpoint,) = [one["VpcEndpointId"] for one in ec2.describe_vpc_endpoints()["VpcEndpoints"]]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    made(aws, make_role("role", "lambda.amazonaws.com", "s3:GetObject", *OF_LAMBDA), network)
    assert "AccessDenied" in invoke("inside", {"bucket": closed_bucket})["errorMessage"]


INTERFACE = """
    import boto3

    def handle(event, context):
        boto3.client("ec2").create_network_interface(SubnetId=event["subnet"])
"""


def test_code_of_a_function_does_not_make_interfaces_itself(
    aws: Aws, account: str, network: Network, make_role: Callable[..., str], invoke: Callable[..., Any]
) -> None:
    role = make_role("role", "lambda.amazonaws.com", *OF_LAMBDA)
    functions = f"arn:aws:lambda:us-east-1:{account}:function:inside"
    denial = {
        "Effect": "Deny",
        "Action": "ec2:*",
        "Resource": "*",
        "Condition": {"ArnLike": {"lambda:SourceFunctionArn": functions}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [denial]})
    aws("iam").put_role_policy(RoleName="role", PolicyName="denied", PolicyDocument=policy)
    made(aws, role, network)
    aws("lambda").update_function_code(FunctionName="inside", ZipFile=code(INTERFACE))
    assert "UnauthorizedOperation" in str(invoke("inside", {"subnet": network.subnet}))


# jobs


@pytest.fixture
def connect(aws: Aws, network: Network) -> Callable[..., None]:
    def make(name: str = "private") -> None:
        physical = {
            "SubnetId": network.subnet,
            "SecurityGroupIdList": [network.group],
            "AvailabilityZone": "us-east-1a",
        }
        aws("glue").create_connection(
            ConnectionInput={
                "Name": name,
                "ConnectionType": "NETWORK",
                "ConnectionProperties": {},
                "PhysicalConnectionRequirements": physical,
            }
        )

    return make


@pytest.fixture
def run_by(
    aws: Aws, bucket: str, make_role: Callable[..., str], state_of: Callable[..., dict[str, Any]]
) -> Callable[..., dict[str, Any]]:
    """Run a job by connections to its end."""

    def run(*connections: str, script: str = "", without: str = "", kind: str = "pythonshell") -> dict[str, Any]:
        aws("s3").put_object(Bucket=bucket, Key="job.py", Body=dedent(script).encode())
        allowed = [action for action in (*OF_GLUE, "s3:GetObject", "s3:ListBucket") if action != without]
        aws("glue").create_job(
            Name="job", Role=make_role("job-role", "glue.amazonaws.com", *allowed), GlueVersion="5.1",
            Command={"Name": kind, "ScriptLocation": f"s3://{bucket}/job.py", "PythonVersion": "3"},
            Connections={"Connections": list(connections)},
        )  # fmt: skip
        return state_of("job", aws("glue").start_job_run(JobName="job")["JobRunId"])

    return run


def test_a_run_by_a_connection_that_does_not_exist_fails(run_by: Callable[..., dict[str, Any]]) -> None:
    ended = run_by("forgotten")
    assert ended["JobRunState"] == "FAILED"
    assert "forgotten" in ended["ErrorMessage"]


def test_a_run_in_a_group_without_a_rule_for_itself_fails(
    run_by: Callable[..., dict[str, Any]], connect: Callable[..., None]
) -> None:
    connect()
    ended = run_by("private")
    assert ended["JobRunState"] == "FAILED"
    assert "At least one security group must open all ingress ports" in ended["ErrorMessage"]


def test_a_rule_for_some_ports_or_another_group_is_not_enough(
    aws: Aws,
    network: Network,
    run_by: Callable[..., dict[str, Any]],
    connect: Callable[..., None],
    reference_itself: Callable[..., None],
) -> None:
    other = aws("ec2").create_security_group(GroupName="others", Description="others", VpcId=network.vpc)["GroupId"]
    reference_itself(1, 65535)
    reference_itself(to=other)
    connect()
    assert "must open all ingress ports" in run_by("private")["ErrorMessage"]


@pytest.mark.parametrize("missing", ["ec2:CreateNetworkInterface", "ec2:DescribeSubnets", "glue:GetConnection"])
def test_a_run_whose_role_may_not_enter_the_network_fails(
    run_by: Callable[..., dict[str, Any]],
    connect: Callable[..., None],
    reference_itself: Callable[..., None],
    missing: str,
) -> None:
    reference_itself()
    connect()
    ended = run_by("private", without=missing)
    assert ended["JobRunState"] == "FAILED"
    assert missing in ended["ErrorMessage"]


def test_a_run_in_a_vpc_without_an_s3_endpoint_fails(
    aws: Aws, run_by: Callable[..., dict[str, Any]], connect: Callable[..., None], reference_itself: Callable[..., None]
) -> None:
    ec2 = aws("ec2")
    ec2.delete_vpc_endpoints(
        VpcEndpointIds=[one["VpcEndpointId"] for one in ec2.describe_vpc_endpoints()["VpcEndpoints"]]
    )
    reference_itself()
    connect()
    assert "VPC S3 endpoint validation failed" in run_by("private")["ErrorMessage"]


def test_a_run_in_the_vpc_reaches_what_lets_in_the_vpc_alone(
    closed_bucket: str,
    run_by: Callable[..., dict[str, Any]],
    connect: Callable[..., None],
    reference_itself: Callable[..., None],
) -> None:
    reference_itself()
    connect()
    script = f"""
        import boto3
        from botocore.config import Config

        s3 = boto3.client("s3", config=Config(s3={{"addressing_style": "path"}}))
        assert s3.get_object(Bucket="{closed_bucket}", Key="secret")["Body"].read() == b"rows"
    """
    ended = run_by("private", script=script)
    assert ended["JobRunState"] == "SUCCEEDED", ended.get("ErrorMessage")


def test_spark_in_the_vpc_reaches_it_too(
    closed_bucket: str,
    run_by: Callable[..., dict[str, Any]],
    connect: Callable[..., None],
    reference_itself: Callable[..., None],
) -> None:
    reference_itself()
    connect()
    script = f"""
        from pyspark.sql import SparkSession

        spark = SparkSession.builder.getOrCreate()
        assert [row.value for row in spark.read.text("s3://{closed_bucket}/secret").collect()] == ["rows"]
    """
    ended = run_by("private", script=script, kind="glueetl")
    assert ended["JobRunState"] == "SUCCEEDED", ended.get("ErrorMessage")
