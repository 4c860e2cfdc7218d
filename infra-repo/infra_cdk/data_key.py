"""The key under which an environment's data rests."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

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


class DataKey(Construct):
    """A rotated key for buckets, tables, queues, topics and logs, open to those services on this account's behalf."""

    def __init__(self, scope: Construct, id_: str, *, removal_policy: cdk.RemovalPolicy) -> None:
        super().__init__(scope, id_)
        self.key = kms.Key(
            self,
            "Key",
            description="Data at rest: buckets, tables, queues, topics and logs",
            enable_key_rotation=True,
            removal_policy=removal_policy,
        )
        self._let_events_reach_encrypted_queues()
        self._let_alarms_reach_encrypted_topics()
        self._let_logs_be_encrypted()

    def _let_events_reach_encrypted_queues(self) -> None:
        """Without a source condition: AWS does not pass one for EventBridge, the queue's own policy holds it."""
        self._allow("EventBridgeToEncryptedQueues", iam.ServicePrincipal("events.amazonaws.com"), SERVICE_USE)

    def _let_alarms_reach_encrypted_topics(self) -> None:
        account = cdk.Stack.of(self).account
        principal = iam.ServicePrincipal(
            "cloudwatch.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": account}}
        )
        self._allow("AlarmsToEncryptedTopics", principal, SERVICE_USE)

    def _let_logs_be_encrypted(self) -> None:
        stack = cdk.Stack.of(self)
        groups = stack.format_arn(service="logs", resource="*", arn_format=cdk.ArnFormat.NO_RESOURCE_NAME)
        principal = iam.ServicePrincipal(
            f"logs.{stack.region}.amazonaws.com",
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        )
        self._allow("EncryptedLogGroups", principal, LOG_USE)

    def _allow(self, sid: str, principal: iam.IPrincipal, actions: list[str]) -> None:
        """In a key policy `*` is the key itself."""
        self.key.add_to_resource_policy(
            iam.PolicyStatement(sid=sid, principals=[principal], actions=actions, resources=["*"])
        )
