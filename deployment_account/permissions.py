"""Permissions spelt out action by action; CDK's ready-made grants are wider than what the runtime calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from constructs import Construct

KEY_USE = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
"""What DynamoDB asks of the callers of a table under a customer's key; S3 and SQS ask for less."""


def allow(
    role: iam.IRole,
    actions: Sequence[str],
    resources: Sequence[str],
    *,
    because: str = "",
    conditions: Mapping[str, Any] | None = None,
) -> None:
    """Let a role do exactly these actions on exactly these resources; a pattern among them needs its reason.

    A bucket is known by its name, which anybody may take once it is free: so its account is part of the permission.
    """
    if any("*" in action for action in actions):
        raise ValueError(f"{', '.join(actions)}: name each action")
    for pattern in (resource for resource in resources if "*" in resource):
        if not because:
            raise ValueError(f"{as_nag_writes(cdk.Stack.of(role).resolve(pattern))}: say why it must be a pattern")
        acknowledge_pattern(role, pattern, because=because)
    conditions = {**_of_own_account(role, actions), **(conditions or {})}
    statement = iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions)
    role.add_to_principal_policy(statement)


def allow_key_use(role: iam.IRole, key: kms.IKey) -> None:
    """Let a role read and write what rests under the key."""
    allow(role, KEY_USE, [key.key_arn])


def acknowledge_pattern(role: iam.IRole, pattern: str, *, because: str) -> None:
    """Record for cdk-nag why a role's policy names this one pattern of resources."""
    written = as_nag_writes(cdk.Stack.of(role).resolve(pattern))
    cdk.Validations.of(role).acknowledge(
        cdk.Acknowledgment(id=f"AwsSolutions-IAM5[Resource::{written}]", reason=because)
    )


def _of_own_account(role: iam.IRole, actions: Sequence[str]) -> dict[str, Any]:
    """S3 alone names resources without their account.

    Lists stay free of conditions: S3 also asks for them when an object is missing, and answers 403 where one fails.
    """
    if not all(action.startswith("s3:") and not action.startswith("s3:List") for action in actions):
        return {}
    return {"StringEquals": {"aws:ResourceAccount": cdk.Stack.of(role).account}}


def service_of_this_account(scope: Construct, service: str) -> iam.ServicePrincipal:
    """A service that says in whose name it acts, which must be this account's."""
    account = cdk.Stack.of(scope).account
    return iam.ServicePrincipal(service, conditions={"StringEquals": {"aws:SourceAccount": account}})


def as_nag_writes(resolved: Any) -> str:  # noqa: ANN401  a resolved token is any CloudFormation expression
    """A resource as cdk-nag names it: references in angle brackets inside the plain text."""
    match resolved:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(as_nag_writes(part) for part in parts)
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case _:
            return str(resolved)
