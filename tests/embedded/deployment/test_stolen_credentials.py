"""The credentials of prod's jobs and functions, stolen: they open no bucket from outside the private network.

The buckets are those of prod's reviewed template, and the roles' rights those of its reviewed policies.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings
from tests.embedded.deployment.prods_storage import (
    ACCOUNT,
    REGION,
    Client,
    clients_of,
    clients_with,
    deployed,
    make_role,
    refused,
)

BUCKETS = ("AccessLogs", "AthenaResults", "Config", "Conformed", "PurposeBuilt", "Raw", "Staging")
MARK = {"odp:private-network": "odp-prod"}
WRITER = {"odp:data-writer": "odp-prod"}
FUNCTION = "odp-prod-etl-Odp-FileManagerHandlerFunction-1A2B3C4D5E6F"
ROLE = "odp-prod-etl-Odp-FileManagerHandlerRole-1A2B3C4D5E6F"
DELIVERY = "odp-prod-etl-Odp-ConfigManagerDeliveryRol-1A2B3C4D5E6F"
DEPLOYER = f"cdk-odpprod-cfn-exec-role-{ACCOUNT}-{REGION}"
SNAPSHOT = Path(__file__).resolve().parents[2] / "synth" / "snapshots" / "prod" / "etl-Odp.json"

HANDLER = """
    import boto3, os
    from botocore.config import Config
    from botocore.exceptions import ClientError

    def handle(event, context):
        client = boto3.client(event["service"], config=Config(s3={"addressing_style": "path"}))
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        try:
            getattr(client, event["call"])(**event["request"])
            code = ""
        except ClientError as error:
            code = error.response["Error"]["Code"]
        return {"code": code, **{name: os.environ[name] for name in names}}
"""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One of its own: the account is prod's."""
    with Emulator(EmulatorSettings(run_directory=tmp_path_factory.mktemp("stolen"))) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def aws(emulator: Emulator) -> Callable[[str], Any]:
    return lambda service: emulator.client(service, account=ACCOUNT)


@pytest.fixture(scope="module")
def vpc(aws: Callable[[str], Any]) -> str:
    """A VPC with the gateway endpoints."""
    ec2 = aws("ec2")
    made = str(ec2.create_vpc(CidrBlock="10.30.0.0/16")["Vpc"]["VpcId"])
    for service in ("s3", "dynamodb"):
        ec2.create_vpc_endpoint(VpcId=made, ServiceName=f"com.amazonaws.{REGION}.{service}", VpcEndpointType="Gateway")
    return made


def denials(vpc: str) -> list[dict[str, Any]]:
    """What the reviewed template denies to the File Manager's role, in this VPC."""
    resources = json.loads(SNAPSHOT.read_text())["Resources"]
    (policy,) = [one for id_, one in resources.items() if id_.startswith("FileManagerHandlerRoleDefaultPolicy")]
    found = [one for one in policy["Properties"]["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]
    for statement in found:
        if "StringNotEqualsIfExists" in statement["Condition"]:
            statement["Condition"]["StringNotEqualsIfExists"] = {"aws:SourceVpc": vpc}
    return found


@pytest.fixture(scope="module")
def stack(emulator: Emulator, aws: Callable[[str], Any], vpc: str) -> dict[str, str]:
    """The buckets, with an object in each; and the roles, which may do everything but what is denied to them."""
    found = deployed(emulator)
    for bucket in BUCKETS:
        aws("s3").put_object(Bucket=found[bucket], Key="secret", Body=b"rows")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    bound = json.dumps({"Version": "2012-10-17", "Statement": [everything, *denials(vpc)]})
    make_role(emulator, "by-buckets-alone", tags={**MARK, **WRITER})
    make_role(emulator, ROLE, bound, tags={**MARK, **WRITER})
    for name in ("Administrator", DELIVERY, DEPLOYER, "odp-prod-infra-Storage-BackupRole"):
        make_role(emulator, name)
    return found


@pytest.fixture(scope="module")
def inside(aws: Callable[[str], Any], vpc: str, stack: dict[str, str]) -> Callable[..., dict[str, str]]:
    """Let a function in the VPC call something by the role."""
    assert stack
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    aws("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=policy)
    ec2 = aws("ec2")
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.30.0.0/19")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="functions", Description="functions", VpcId=vpc)["GroupId"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("code.py", dedent(HANDLER))
    aws("lambda").create_function(
        FunctionName=FUNCTION, Runtime="python3.11", Handler="code.handle", Timeout=30,
        Role=f"arn:aws:iam::{ACCOUNT}:role/{ROLE}", Code={"ZipFile": archive.getvalue()},
        VpcConfig={"SubnetIds": [subnet], "SecurityGroupIds": [group]},
    )  # fmt: skip

    def call(service: str, name: str, **request: str) -> dict[str, str]:
        event = json.dumps({"service": service, "call": name, "request": request}).encode()
        answer = json.loads(aws("lambda").invoke(FunctionName=FUNCTION, Payload=event)["Payload"].read())
        assert "code" in answer, answer
        return dict(answer)

    return call


@pytest.fixture(scope="module")
def thief(emulator: Emulator, inside: Callable[..., dict[str, str]], stack: dict[str, str]) -> Client:
    """Clients with the function's own credentials, anywhere else."""
    stolen = inside("s3", "get_object", Bucket=stack["Raw"], Key="secret")
    return clients_with(
        emulator, *(stolen[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"))
    )


CALLS: dict[str, dict[str, Any]] = {
    "get_object": {"Key": "secret"},
    "list_objects_v2": {},
    "put_object": {"Key": "db/table/x", "Body": "x"},
    "delete_object": {"Key": "db/table/x"},
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("bucket", BUCKETS)
def test_from_outside_the_buckets_refuse_what_a_jobs_or_functions_role_may(
    emulator: Emulator, stack: dict[str, str], bucket: str, call: str
) -> None:
    """The bucket policy by itself: this role's own policy denies nothing."""
    s3 = clients_of(emulator, "by-buckets-alone")("s3")
    assert refused(lambda: getattr(s3, call)(Bucket=stack[bucket], **CALLS[call]))


@pytest.mark.parametrize("bucket", BUCKETS)
def test_with_stolen_credentials_nothing_is_read(thief: Client, stack: dict[str, str], bucket: str) -> None:
    assert refused(lambda: thief("s3").get_object(Bucket=stack[bucket], Key="secret"))


def test_with_stolen_credentials_nothing_else_is_called_either(thief: Client) -> None:
    assert refused(thief("dynamodb").list_tables)
    assert refused(thief("sqs").list_queues)
    assert refused(thief("glue").get_databases)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_the_function_itself_reads_through_the_endpoint(
    inside: Callable[..., dict[str, str]], stack: dict[str, str], bucket: str
) -> None:
    assert inside("s3", "get_object", Bucket=stack[bucket], Key="secret")["code"] == ""


def test_the_function_itself_writes_where_it_may_and_asks_dynamodb(
    inside: Callable[..., dict[str, str]], stack: dict[str, str]
) -> None:
    assert inside("s3", "put_object", Bucket=stack["Raw"], Key="db/table/y", Body="y")["code"] == ""
    assert inside("dynamodb", "list_tables")["code"] == ""


@pytest.mark.parametrize("who", ["Administrator", DELIVERY, DEPLOYER, "odp-prod-infra-Storage-BackupRole"])
@pytest.mark.parametrize("bucket", BUCKETS)
def test_people_deployments_and_backups_work_from_where_they_are(
    emulator: Emulator, stack: dict[str, str], bucket: str, who: str
) -> None:
    s3 = clients_of(emulator, who)("s3")
    assert not refused(lambda: s3.get_object(Bucket=stack[bucket], Key="secret"))
