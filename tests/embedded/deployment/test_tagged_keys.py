"""A push makes no key without the tag of its lake: policies could not tell it from another team's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from deployment_account.environments import load_platform
from scripts.bootstrap.execution_policy.policies import environment_policies
from tests.configuration import KNOWN

Aws = Callable[[str], Any]
TRUST = {"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}


@pytest.fixture
def execution_role(aws: Aws) -> str:
    """A role with the policies of prod's execution role."""
    platform = load_platform(KNOWN)
    document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    role = aws("iam").create_role(RoleName="cfn-exec", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    for policy in environment_policies(platform, platform.environments["prod"]):
        made = aws("iam").create_policy(PolicyName=policy.name, PolicyDocument=policy.text)["Policy"]["Arn"]
        aws("iam").attach_role_policy(RoleName="cfn-exec", PolicyArn=made)
    return str(role)


def deploy(aws: Aws, role: str, tags: dict[str, str]) -> None:
    properties = {"KeyPolicy": {}, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    body = {"Resources": {"Key": {"Type": "AWS::KMS::Key", "Properties": properties}}}
    client = aws("cloudformation")
    client.create_stack(StackName="odp-prod-infra-Evil", TemplateBody=json.dumps(body), RoleARN=role)
    waiter = client.get_waiter("stack_create_complete")
    waiter.wait(StackName="odp-prod-infra-Evil", WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def test_a_key_with_the_tag_of_the_lake_is_made(aws: Aws, execution_role: str) -> None:
    deploy(aws, execution_role, {"odp:lake": "odp-prod", "team": "data"})


@pytest.mark.parametrize("tags", [{}, {"team": "data"}, {"odp:lake": "odp-test"}])
def test_a_key_without_it_is_refused(aws: Aws, execution_role: str, tags: dict[str, str]) -> None:
    with pytest.raises(WaiterError):
        deploy(aws, execution_role, tags)
    events = aws("cloudformation").describe_stack_events(StackName="odp-prod-infra-Evil")["StackEvents"]
    assert any("kms:CreateKey" in one.get("ResourceStatusReason", "") for one in events)
