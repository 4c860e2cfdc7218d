"""The role of schedules that start executions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from deployment_account.key_users import SERVICE_USE
from deployment_account.permissions import allow, service_of_this_account

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from constructs import Construct


def schedule_role(scope: Construct, id_: str, *, key: kms.IKey) -> iam.Role:
    """A role for schedules; it may use the key, because failed starts go to an encrypted queue.

    CDK adds the rights to start the target and to write to the queue.
    """
    role = iam.Role(scope, id_, assumed_by=service_of_this_account(scope, "scheduler.amazonaws.com"))
    allow(role, SERVICE_USE, [key.key_arn])
    return role
