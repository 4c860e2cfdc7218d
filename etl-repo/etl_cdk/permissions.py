"""Permissions spelt out action by action; CDK's ready-made grants are wider than what the runtime calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms

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


def allow(role: iam.IRole, actions: Sequence[str], resources: Sequence[str]) -> None:
    """Let a role do exactly these actions on exactly these resources."""
    role.add_to_principal_policy(iam.PolicyStatement(actions=list(actions), resources=list(resources)))


def allow_key_use(role: iam.IRole, key: kms.IKey) -> None:
    """Let a role read and write what rests under the key."""
    allow(role, KEY_USE, [key.key_arn])
