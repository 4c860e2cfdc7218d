"""The log groups of functions, jobs and state machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_logs as logs

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from constructs import Construct


@dataclass(frozen=True)
class LogPolicy:
    """The retention and key of an environment's logs."""

    key: kms.IKey
    days: int


class Log(logs.LogGroup):
    """An encrypted log group that is kept for the configured days."""

    def __init__(self, scope: Construct, id_: str, *, policy: LogPolicy, name: str | None = None) -> None:
        super().__init__(
            scope, id_, log_group_name=name, encryption_key=policy.key, removal_policy=cdk.RemovalPolicy.DESTROY
        )
        resource = self.node.default_child
        if not isinstance(resource, logs.CfnLogGroup):
            raise TypeError(f"{self.node.path} has no log group resource")
        # the construct's own property is an enumeration without a way from a number of days
        resource.retention_in_days = policy.days
