"""The data perimeter: this account, or its organization where one is configured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from deployment_account.names import PRIVATE_NETWORK_TAG
from deployment_account.qualifiers import bootstrap_role

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3

SID = "OnlyThisOrganization"


def keep_buckets_inside(buckets: Sequence[s3.Bucket], organization: str | None) -> None:
    """Deny the buckets to principals of other organizations, regardless of other policies."""
    for bucket in buckets if organization else ():
        resources = [bucket.bucket_arn, bucket.arn_for_objects("*")]
        bucket.add_to_resource_policy(_denial(bucket, str(organization), ["s3:*"], resources))


def keep_buckets_to_network(buckets: Sequence[s3.Bucket], lake: str) -> None:
    """Deny the buckets to the roles of jobs and functions, except through VPC endpoints of this account.

    So a credential that was stolen from a job opens no bucket elsewhere. The condition names the account, because the
    VPC has no ID when the buckets are created; the roles themselves are bound to the VPC. Calls of AWS services for
    such a role are allowed.
    """
    for bucket in buckets:
        statement = iam.PolicyStatement(
            sid="OnlyThroughTheNetwork",
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=["s3:*"],
            resources=[bucket.bucket_arn, bucket.arn_for_objects("*")],
            conditions={
                "StringEquals": {f"aws:PrincipalTag/{PRIVATE_NETWORK_TAG}": lake},
                "StringNotEqualsIfExists": {"aws:VpceAccount": cdk.Stack.of(bucket).account},
                "BoolIfExists": {"aws:ViaAWSService": "false"},
            },
        )
        bucket.add_to_resource_policy(statement)


def keep_key_inside(key: kms.Key, organization: str | None) -> None:
    """Deny the key to principals of other organizations, so copied data stays unreadable."""
    if organization:
        key.add_to_resource_policy(_denial(key, organization, ["kms:*"], ["*"]))


def through_endpoint(scope: cdk.Stack, organization: str | None, *, names_resources: bool) -> iam.PolicyStatement:
    """The policy of a VPC endpoint: only own principals, so nobody exports data with foreign credentials.

    Resources are those of the own account too, or of the organization; some APIs call nothing by its owner.
    """
    whose, value = ("OrgID", organization) if organization else ("Account", scope.account)
    principals = {f"aws:Principal{whose}": value}
    resources = {f"aws:Resource{whose}": value}
    conditions: dict[str, Any] = (
        {"StringEquals": {**principals, **resources}}
        if names_resources
        else {"StringEquals": principals, "StringEqualsIfExists": resources}
    )
    return iam.PolicyStatement(
        sid="OwnPrincipalsAndResources",
        principals=[iam.AnyPrincipal()],
        actions=["*"],
        resources=["*"],
        conditions=conditions,
    )


def _denial(resource: cdk.Resource, organization: str, actions: list[str], resources: list[str]) -> iam.PolicyStatement:
    """The role that deploys is excepted: with a wrong organization nobody else could correct the policy."""
    stack = cdk.Stack.of(resource)
    qualifier = stack.synthesizer.bootstrap_qualifier or cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER
    role = bootstrap_role(qualifier, "cfn-exec", stack.account, stack.region)
    deployer = stack.format_arn(service="iam", region="", resource="role", resource_name=role)
    return iam.PolicyStatement(
        sid=SID,
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=actions,
        resources=resources,
        conditions={
            "StringNotEqualsIfExists": {"aws:PrincipalOrgID": organization},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
            "ArnNotEquals": {"aws:PrincipalArn": deployer},
        },
    )
