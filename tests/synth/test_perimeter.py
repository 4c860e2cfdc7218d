"""Others' credentials carry nothing out through the VPC, and other organizations reach no data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.synth.configurations import known, synthesised
from tests.synth.conftest import Synthesis
from tests.synth.synthesis import ACCOUNTS, Template

ORGANIZATION = "o-a1b2c3d4e5"
DEPLOYER = "role/cdk-odpprod-cfn-exec-role-444444444444-us-east-1"


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Template]:
    """The infra stage of prod, with an organization and an interface endpoint."""
    document = known()
    more = {"organization": ORGANIZATION, "interface_endpoints": ["kms", "sts"]}
    document["environments"] = {"prod": document["environments"]["prod"] | more}
    return synthesised(document, tmp_path_factory.mktemp("inside"))


def endpoint_policies(template: Template, kind: str) -> list[dict[str, Any]]:
    found = [
        one["PolicyDocument"]["Statement"]
        for one in template.resources("AWS::EC2::VPCEndpoint").values()
        if one["VpcEndpointType"] == kind
    ]
    assert all(len(statements) == 1 for statements in found)
    return [statements[0] for statements in found]


def test_buckets_and_tables_of_other_accounts_are_not_reached_through_the_vpc(
    network: Template, environment: str
) -> None:
    """A job that was taken over could else write to a bucket of the attacker's, with keys of the attacker's."""
    own = ACCOUNTS[environment]
    policies = endpoint_policies(network, "Gateway")
    assert policies
    for policy in policies:
        assert policy["Condition"] == {"StringEquals": {"aws:PrincipalAccount": own, "aws:ResourceAccount": own}}


def test_with_an_organization_its_accounts_are_reached(inside: Mapping[str, Template]) -> None:
    network = inside["odp-prod-infra-Network"]
    ids = {"aws:PrincipalOrgID": ORGANIZATION}
    for policy in endpoint_policies(network, "Gateway"):
        assert policy["Condition"] == {"StringEquals": {**ids, "aws:ResourceOrgID": ORGANIZATION}}
    interfaces = endpoint_policies(network, "Interface")
    assert len(interfaces) == 6, "glue, kms, logs, sns, states, sts"
    for policy in interfaces:
        assert policy["Condition"]["StringEquals"] == ids
        assert policy["Condition"]["StringEqualsIfExists"] == {"aws:ResourceOrgID": ORGANIZATION}


def denials(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in statements if one.get("Sid") == "OnlyThisOrganization"]


def assert_denies_others(statement: dict[str, Any], action: str) -> None:
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", {"AWS": "*"}, action)
    deployer = statement["Condition"].pop("ArnNotEquals")["aws:PrincipalArn"]
    assert DEPLOYER in str(deployer), "or a wrong organization could never be put right"
    assert statement["Condition"] == {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }


def test_nobody_of_another_organization_reaches_buckets_and_keys(inside: Mapping[str, Template]) -> None:
    policies = inside["odp-prod-infra-Storage"].resources("AWS::S3::BucketPolicy")
    buckets = inside["odp-prod-infra-Storage"].resources("AWS::S3::Bucket")
    assert {policy["Bucket"]["Ref"] for policy in policies.values()} == buckets.keys()
    for policy in policies.values():
        (denied,) = denials(policy["PolicyDocument"]["Statement"])
        assert len(denied["Resource"]) == 2, "the bucket and its objects"
        assert_denies_others(denied, "s3:*")
    for stack in ("Storage", "Secrets", "Backup"):
        (denied,) = denials(inside[f"odp-prod-infra-{stack}"].only("AWS::KMS::Key")["KeyPolicy"]["Statement"])
        assert_denies_others(denied, "kms:*")


def test_without_an_organization_no_policy_names_one(synthesis: Synthesis) -> None:
    for name, template in synthesis.templates.items():
        if name.endswith(("-Storage", "-Secrets")):
            assert "PrincipalOrgID" not in str(template.body)
