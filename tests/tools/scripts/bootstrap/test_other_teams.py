"""No push reaches other teams' resources in a lake's account, whatever its templates say."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from deployment_account.environments import Platform
from tests.tools.scripts.bootstrap.granted import PROD, changed, execution_policies, grants
from tests.tools.scripts.bootstrap.iam_evaluation import Context, Statement, allows

ACCOUNT = "444444444444"
OURS: Context = {"aws:ResourceTag/odp:lake": "odp-prod"}
TAGGED: Context = {"aws:RequestTag/odp:lake": "odp-prod"}
OTHERS: list[Context] = [{}, {"aws:ResourceTag/odp:lake": "odp-test"}, {"aws:ResourceTag/team": "sales"}]
Resource = tuple[str, Context]


def ec2(kind: str, context: Context) -> Resource:
    return f"arn:aws:ec2:us-east-1:{ACCOUNT}:{kind}/{kind}-0123", context


def key(context: Context) -> Resource:
    return f"arn:aws:kms:us-east-1:{ACCOUNT}:key/12345678-1234-1234-1234-123456789012", context


@pytest.fixture
def execution(platform: Platform) -> list[Statement]:
    """The policies of prod's execution role."""
    return [one.statement() for one in grants(execution_policies(platform, PROD))]


def may(execution: Sequence[Statement], action: str, *resources: Resource) -> bool:
    """A call is allowed if it is on each resource that it names."""
    return all(allows(execution, action, arn, context) for arn, context in resources)


KEY_CHANGES = [
    "kms:ScheduleKeyDeletion",
    "kms:PutKeyPolicy",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:UpdateKeyDescription",
    "kms:UntagResource",
]


@pytest.mark.parametrize("action", KEY_CHANGES)
@pytest.mark.parametrize("context", OTHERS)
def test_a_key_of_another_team_is_not_deleted_or_changed(
    execution: list[Statement], action: str, context: Context
) -> None:
    assert not may(execution, action, key(context))


@pytest.mark.parametrize("action", [*KEY_CHANGES, "kms:TagResource"])
def test_a_key_of_this_lake_is(execution: list[Statement], action: str) -> None:
    assert may(execution, action, key(OURS))


def test_a_key_is_made_with_the_tag_of_the_lake_and_not_without(execution: list[Statement]) -> None:
    """AWS asks for `kms:PutKeyPolicy` and `kms:TagResource` too, while there is no tag to read yet."""
    for action in ("kms:CreateKey", "kms:TagResource", "kms:PutKeyPolicy"):
        assert may(execution, action, ("*" if action == "kms:CreateKey" else key(TAGGED)[0], TAGGED)), action
        for tags in ({}, {"aws:RequestTag/odp:lake": "odp-test"}):
            assert not may(execution, action, ("*" if action == "kms:CreateKey" else key(tags)[0], tags)), action


@pytest.mark.parametrize("action", ["kms:EnableKeyRotation", "kms:DescribeKey", "kms:GetKeyPolicy"])
def test_what_follows_upon_making_a_key_waits_for_no_tag(execution: list[Statement], action: str) -> None:
    """KMS may take five minutes to heed a new tag; none of these harms anybody's key."""
    assert may(execution, action, key({}))


DATABASE = f"arn:aws:glue:us-east-1:{ACCOUNT}:database/{{}}"


@pytest.mark.parametrize("name", ["sales", "default", "nyc", "odp", "raw_odpf_x", "*"])
def test_a_database_of_another_team_is_not_deleted(execution: list[Statement], name: str) -> None:
    for action in ("glue:DeleteDatabase", "glue:UpdateDatabase"):
        assert not may(execution, action, (DATABASE.format(name), {}))
    for kind, action in (
        ("job", "glue:DeleteJob"),
        ("connection", "glue:DeleteConnection"),
        ("table", "glue:DeleteDatabase"),
    ):
        assert not may(execution, action, (f"arn:aws:glue:us-east-1:{ACCOUNT}:{kind}/{name}", {}))


@pytest.mark.parametrize("name", ["odpf_demo_taxi_trips_raw", "nyc_taxi_conformed", "nyc_taxi_purpose_built"])
def test_a_database_of_this_lake_is(execution: list[Statement], name: str) -> None:
    for resource in (f"database/{name}", f"table/{name}/trips", f"userDefinedFunction/{name}/f", "catalog"):
        assert may(execution, "glue:DeleteDatabase", (f"arn:aws:glue:us-east-1:{ACCOUNT}:{resource}", {}))


def test_two_lakes_of_one_account_have_databases_of_their_own(platform: Platform) -> None:
    second = {"resource_prefix": "b_", "vpc_cidr": "10.99.0.0/16", "account": ACCOUNT}
    both = changed(platform, "odp", {"a": {"account": ACCOUNT, "resource_prefix": "a_"}, "b": second})
    first: list[Statement] = [one.statement() for one in grants(execution_policies(both, PROD, "a"))]
    assert may(first, "glue:DeleteDatabase", (DATABASE.format("a_odpf_x"), {}))
    assert not may(first, "glue:DeleteDatabase", (DATABASE.format("b_odpf_x"), {}))


NETWORK_CHANGES = {
    "ec2:DeleteVpc": "vpc",
    "ec2:ModifyVpcAttribute": "vpc",
    "ec2:DeleteSubnet": "subnet",
    "ec2:ModifySubnetAttribute": "subnet",
    "ec2:DeleteRouteTable": "route-table",
    "ec2:CreateRoute": "route-table",
    "ec2:ReplaceRoute": "route-table",
    "ec2:DeleteRoute": "route-table",
    "ec2:AuthorizeSecurityGroupIngress": "security-group",
    "ec2:AuthorizeSecurityGroupEgress": "security-group",
    "ec2:RevokeSecurityGroupIngress": "security-group",
    "ec2:DeleteSecurityGroup": "security-group",
    "ec2:DeleteVpcEndpoints": "vpc-endpoint",
    "ec2:ModifyVpcEndpoint": "vpc-endpoint",
    "ec2:DeleteFlowLogs": "vpc-flow-log",
    "ec2:DeleteNatGateway": "natgateway",
    "ec2:DeleteInternetGateway": "internet-gateway",
    "ec2:ReleaseAddress": "elastic-ip",
    "ec2:DeleteTags": "vpc",
}


@pytest.mark.parametrize(("action", "kind"), NETWORK_CHANGES.items())
@pytest.mark.parametrize("context", OTHERS)
def test_the_network_of_another_team_is_not_changed(
    execution: list[Statement], action: str, kind: str, context: Context
) -> None:
    assert not may(execution, action, ec2(kind, context))
    assert may(execution, action, ec2(kind, OURS))


INTO_A_NETWORK = {
    "ec2:CreateSubnet": ("subnet", ["vpc"]),
    "ec2:CreateRouteTable": ("route-table", ["vpc"]),
    "ec2:CreateSecurityGroup": ("security-group", ["vpc"]),
    "ec2:CreateVpcEndpoint": ("vpc-endpoint", ["vpc", "subnet", "route-table", "security-group"]),
    "ec2:CreateNatGateway": ("natgateway", ["subnet", "elastic-ip"]),
    "ec2:CreateFlowLogs": ("vpc-flow-log", ["vpc"]),
}


@pytest.mark.parametrize(("action", "made"), INTO_A_NETWORK.items())
def test_nothing_is_put_into_the_network_of_another_team(
    execution: list[Statement], action: str, made: tuple[str, list[str]]
) -> None:
    new, old = made
    assert may(execution, action, ec2(new, TAGGED), *(ec2(kind, OURS) for kind in old))
    for foreign in old:
        for context in OTHERS:
            mixed = [ec2(kind, context if kind == foreign else OURS) for kind in old]
            assert not may(execution, action, ec2(new, TAGGED), *mixed), f"{foreign} {context}"


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("ec2:CreateVpc", "vpc"),
        ("ec2:CreateInternetGateway", "internet-gateway"),
        ("ec2:AllocateAddress", "elastic-ip"),
    ],
)
def test_what_stands_alone_is_made(execution: list[Statement], action: str, kind: str) -> None:
    assert may(execution, action, ec2(kind, TAGGED))


def test_what_another_lake_has_tagged_is_not_tagged_anew(execution: list[Statement]) -> None:
    """Else it could be taken over, and then be deleted."""
    theirs = {"aws:ResourceTag/odp:lake": "odp-test", **TAGGED}
    assert not may(execution, "ec2:CreateTags", ec2("vpc", theirs))
    assert not may(execution, "ec2:CreateTags", ec2("vpc", {}))
    assert not may(execution, "ec2:CreateTags", ec2("vpc", {"aws:RequestTag/odp:lake": "odp-test"}))
    assert may(execution, "ec2:CreateTags", ec2("vpc", TAGGED)), "what was just made has no tag yet"
    assert may(execution, "ec2:CreateTags", ec2("vpc", OURS))
    assert not may(execution, "kms:TagResource", key({"aws:ResourceTag/odp:lake": "odp-test", **TAGGED}))
