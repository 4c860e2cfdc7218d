"""IAM's quotas for the length of policies hold, whoever writes them; white space does not count."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError, WaiterError

Aws = Callable[[str], Any]
TOO_LONG = "Maximum policy size of 10240 bytes exceeded"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def policy_of(characters: int) -> dict[str, Any]:
    """A policy that has so many characters without white space."""

    def policy(padding: int) -> dict[str, Any]:
        resource = f"arn:aws:s3:::b/{'x' * padding}"
        return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": resource}]}

    empty = len(json.dumps(policy(0), separators=(",", ":")))
    return policy(characters - empty)


@pytest.fixture
def role(aws: Aws) -> str:
    aws("iam").create_role(RoleName="measured", AssumeRolePolicyDocument=json.dumps(TRUST))
    return "measured"


def put(aws: Aws, role: str, name: str, characters: int) -> None:
    aws("iam").put_role_policy(
        RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy_of(characters), indent=8)
    )


def test_inline_policies_of_a_role_have_10240_characters_together(aws: Aws, role: str) -> None:
    put(aws, role, "one", 6000)
    put(aws, role, "two", 4240)
    put(aws, role, "two", 4240)
    with pytest.raises(ClientError, match=f"LimitExceeded.*{TOO_LONG} for role measured"):
        put(aws, role, "three", 100)
    with pytest.raises(ClientError, match="LimitExceeded"):
        put(aws, role, "two", 4241)


def deployed(aws: Aws, resources: dict[str, Any]) -> list[str]:
    """Deploy a stack; gives the reasons of what failed."""
    stacks, name = aws("cloudformation"), f"measured-{uuid4().hex[:8]}"
    template = json.dumps({"Resources": resources})
    stacks.create_stack(StackName=name, TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
    try:
        stacks.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    except WaiterError:
        events = stacks.describe_stack_events(StackName=name)["StackEvents"]
        return [each["ResourceStatusReason"] for each in events if each["ResourceStatus"] == "CREATE_FAILED"]
    return []


def a_role(trust: dict[str, Any] = TRUST, **more: Any) -> dict[str, Any]:
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust, **more}}


def inline(*lengths: int) -> list[dict[str, Any]]:
    return [{"PolicyName": f"p{n}", "PolicyDocument": policy_of(length)} for n, length in enumerate(lengths)]


def policy(length: int) -> dict[str, Any]:
    properties = {"PolicyName": "default", "PolicyDocument": policy_of(length), "Roles": [{"Ref": "Role"}]}
    return {"Type": "AWS::IAM::Policy", "Properties": properties}


def managed(length: int) -> dict[str, Any]:
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": policy_of(length)}}


LONG_TRUST = {**TRUST, "Statement": [{**TRUST["Statement"][0], "Sid": "x" * 2048}]}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        ({"Role": a_role(Policies=inline(5120, 5120)), "Managed": managed(6144)}, ""),
        ({"Role": a_role(), "Policy": policy(10240)}, ""),
        ({"Role": a_role(Policies=inline(5120, 5121))}, TOO_LONG),
        (
            {"Role": a_role(Policies=inline(240)), "Policy": policy(10001)},
            TOO_LONG,
        ),
        ({"Managed": managed(6145)}, "Cannot exceed quota for PolicySize: 6144"),
        ({"Role": a_role(LONG_TRUST)}, "Cannot exceed quota for ACLSizePerRole: 2048"),
    ],
)
def test_a_stack_whose_policies_are_too_long_fails_and_says_why(
    aws: Aws, resources: dict[str, Any], reason: str
) -> None:
    failures = deployed(aws, resources)
    assert bool(failures) == bool(reason)
    assert any(reason in each for each in failures) or not reason
