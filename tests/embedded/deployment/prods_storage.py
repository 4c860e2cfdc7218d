"""The reviewed storage of prod, deployed in an emulator of its own, and clients of roles in prod's account."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from rehearsal.emulator.process import Emulator

ACCOUNT, REGION = "444444444444", "us-east-1"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
Client = Callable[[str], Any]
_TEMPLATE = Path(__file__).resolve().parents[2] / "synth" / "snapshots" / "prod" / "infra-Storage.json"
_STACK = "odp-prod-infra-Storage"


def deployed(emulator: Emulator) -> dict[str, str]:
    """Deploy it; gives physical ids of buckets and keys by the beginnings of logical ids."""
    client = emulator.client("cloudformation", account=ACCOUNT)
    emulator.client("ssm", account=ACCOUNT).put_parameter(
        Name="/cdk-bootstrap/odpprod/version", Value="30", Type="String"
    )
    compact = json.dumps(json.loads(_TEMPLATE.read_text()), separators=(",", ":"))
    client.create_stack(StackName=_STACK, TemplateBody=compact, Capabilities=["CAPABILITY_IAM"])
    client.get_waiter("stack_create_complete").wait(StackName=_STACK, WaiterConfig={"Delay": 1})
    found = client.describe_stack_resources(StackName=_STACK)["StackResources"]
    kept = {"AWS::S3::Bucket", "AWS::KMS::Key"}
    return {one["LogicalResourceId"][:-8]: one["PhysicalResourceId"] for one in found if one["ResourceType"] in kept}


def make_role(
    emulator: Emulator, name: str, policy: str = json.dumps(EVERYTHING), tags: Mapping[str, str] | None = None
) -> None:
    """Make a role that anybody of the account may take, with one policy."""
    iam = emulator.client("iam", account=ACCOUNT)
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        Tags=[{"Key": key, "Value": value} for key, value in (tags or {}).items()],
    )
    iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=policy)


def clients_of(emulator: Emulator, name: str) -> Client:
    """Take a role; gives its clients by service."""
    sts = emulator.client("sts", account=ACCOUNT)
    taken = sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}", RoleSessionName="test")["Credentials"]
    return clients_with(emulator, taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"])


def clients_with(emulator: Emulator, key: str, secret: str, token: str) -> Client:
    """Give the clients of whoever has these credentials, by service."""
    return lambda service: boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=emulator.endpoint,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
    )


def refused(call: Callable[[], Any]) -> bool:
    """Whether a call is denied; what fails otherwise is raised."""
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException"):
            return True
        raise
    return False
