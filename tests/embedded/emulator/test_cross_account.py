"""What IAM judges across accounts and by conditions on resources, where ministack alone judges otherwise."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.emulator.process import Emulator
from tests.embedded.emulator.roles import policy

Aws = Callable[[str], Any]
Session = Callable[..., Any]
TEMPLATE = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}


def allow(action: str, resource: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


@pytest.fixture
def foreign_account(account: str) -> str:
    return str(int(account) + 50_000_000_000)


@pytest.fixture
def foreign_bucket(emulator: Emulator, account: str, foreign_account: str) -> str:
    """A bucket of another account, whose policy lets the role `reader` of the test's account in."""
    s3, name = emulator.client("s3", account=foreign_account), f"foreign-{account}"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="template.json", Body=json.dumps(TEMPLATE))
    reader = {"AWS": f"arn:aws:iam::{account}:role/reader"}
    s3.put_bucket_policy(Bucket=name, Policy=policy(allow("s3:GetObject", f"arn:aws:s3:::{name}/*", Principal=reader)))
    return name


def test_a_bucket_policy_that_names_a_role_lets_in_that_role_and_no_other(
    as_role: Session, foreign_bucket: str
) -> None:
    rights = allow("s3:*", "*")
    reader, other = as_role("reader", rights)("s3"), as_role("other", rights)("s3")
    assert reader.get_object(Bucket=foreign_bucket, Key="template.json")["Body"].read()
    with pytest.raises(ClientError, match="AccessDenied"):
        other.get_object(Bucket=foreign_bucket, Key="template.json")
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.put_object(Bucket=foreign_bucket, Key="template.json", Body=b"")


def test_a_role_that_may_not_read_is_refused_although_the_bucket_would_let_it_in(
    as_role: Session, foreign_bucket: str
) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        as_role("reader", allow("sqs:*", "*"))("s3").get_object(Bucket=foreign_bucket, Key="template.json")


@pytest.mark.parametrize(("owner_is_named", "is_allowed"), [(True, True), (False, False)])
def test_the_account_of_a_bucket_is_its_owner_and_not_its_caller(
    as_role: Session, foreign_bucket: str, account: str, foreign_account: str, owner_is_named: bool, is_allowed: bool
) -> None:
    named = foreign_account if owner_is_named else account
    condition = {"StringEquals": {"s3:ResourceAccount": named}}
    reader = as_role("reader", allow("s3:GetObject", "*", Condition=condition))("s3")
    if is_allowed:
        assert reader.get_object(Bucket=foreign_bucket, Key="template.json")["Body"].read()
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            reader.get_object(Bucket=foreign_bucket, Key="template.json")


def test_a_role_may_be_picked_by_its_tag(aws: Aws, as_role: Session, account: str) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    for name, tag in (("tagged", "deploy"), ("tagged-otherwise", "lookup")):
        tags = [{"Key": "aws-cdk:bootstrap-role", "Value": tag}]
        aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust), Tags=tags)
    condition = {"StringEquals": {"iam:ResourceTag/aws-cdk:bootstrap-role": "deploy"}}
    sts = as_role("builder", allow("sts:AssumeRole", "*", Condition=condition))("sts")
    assert sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/tagged", RoleSessionName="test")["Credentials"]
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/tagged-otherwise", RoleSessionName="test")


def test_a_log_stream_is_named_by_the_pattern_of_its_group(aws: Aws, as_role: Session, account: str) -> None:
    for group in ("/ours", "/theirs"):
        aws("logs").create_log_group(logGroupName=group)
    rights = allow("logs:*", f"arn:aws:logs:us-east-1:{account}:log-group:/ours:*")
    logs = as_role("logger", rights)("logs")
    logs.create_log_stream(logGroupName="/ours", logStreamName="one")
    logs.put_log_events(logGroupName="/ours", logStreamName="one", logEvents=[{"timestamp": 0, "message": "x"}])
    with pytest.raises(ClientError, match="AccessDenied"):
        logs.create_log_stream(logGroupName="/theirs", logStreamName="one")


def test_cloudformation_reads_a_template_from_another_accounts_bucket(
    emulator: Emulator, aws: Aws, foreign_bucket: str
) -> None:
    url = f"{emulator.endpoint}/{foreign_bucket}/template.json"
    aws("cloudformation").create_stack(StackName="abroad", TemplateURL=url)
    aws("cloudformation").get_waiter("stack_create_complete").wait(StackName="abroad", WaiterConfig={"Delay": 1})
    assert len(aws("sns").list_topics()["Topics"]) == 1
