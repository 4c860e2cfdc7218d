"""Lets AWS services use a customer-managed key for the account that owns it."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from deployment_account.names import Names

SERVICE_USE = ["kms:Decrypt", "kms:GenerateDataKey"]
LOG_USE = [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
]


def let_events_reach(key: kms.Key, sid: str) -> None:
    """Without a source condition, because AWS passes none for EventBridge; the target's own policy has it."""
    _allow(key, sid, iam.ServicePrincipal("events.amazonaws.com"), SERVICE_USE)


def let_alarms_reach_topics(key: kms.Key) -> None:
    """CloudWatch alarms of this account publish to topics under the key."""
    condition = {"StringEquals": {"aws:SourceAccount": cdk.Stack.of(key).account}}
    principal = iam.ServicePrincipal("cloudwatch.amazonaws.com", conditions=condition)
    _allow(key, "AlarmsToEncryptedTopics", principal, SERVICE_USE)


def let_logs_be_encrypted(key: kms.Key) -> None:
    """CloudWatch encrypts the log groups of this account and Region under the key."""
    stack = cdk.Stack.of(key)
    groups = stack.format_arn(service="logs", resource="*", arn_format=cdk.ArnFormat.NO_RESOURCE_NAME)
    principal = iam.ServicePrincipal(
        f"logs.{stack.region}.amazonaws.com",
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    )
    _allow(key, "EncryptedLogGroups", principal, LOG_USE)


def keep_other_environments_out(key: kms.IKey, names: Names) -> None:
    """Refuse the key to roles of other environments' pipelines and bootstraps, whatever their policies allow.

    A key has no name, so no policy of theirs can leave it out.
    """
    stack = cdk.Stack.of(key)

    def roles(pattern: str) -> str:
        return stack.format_arn(service="iam", region="", resource="role", resource_name=pattern)

    statement = iam.PolicyStatement(
        sid="OnlyThisEnvironment",
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=["kms:*"],
        resources=["*"],
        conditions={
            "ArnLike": {"aws:PrincipalArn": [roles("cdk-*"), roles(f"{names.platform}-*")]},
            "ArnNotLike": {"aws:PrincipalArn": [roles(f"cdk-{names.qualifier}-*"), roles(names.generated)]},
        },
    )
    key.add_to_resource_policy(statement)


def _allow(key: kms.Key, sid: str, principal: iam.IPrincipal, actions: list[str]) -> None:
    """In a key policy `*` is the key itself."""
    key.add_to_resource_policy(iam.PolicyStatement(sid=sid, principals=[principal], actions=actions, resources=["*"]))
