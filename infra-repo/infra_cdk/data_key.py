"""The key that encrypts an environment's data."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from deployment_account.key_users import let_alarms_reach_topics, let_events_reach, let_logs_be_encrypted


class DataKey(Construct):
    """A rotated key for buckets, tables, queues, topics and logs, which these services use for this account."""

    def __init__(self, scope: Construct, id_: str, *, removal_policy: cdk.RemovalPolicy) -> None:
        super().__init__(scope, id_)
        self.key = kms.Key(
            self,
            "Key",
            description="Data at rest: buckets, tables, queues, topics and logs",
            enable_key_rotation=True,
            removal_policy=removal_policy,
        )
        let_events_reach(self.key, "EventBridgeToEncryptedQueues")
        let_alarms_reach_topics(self.key)
        let_logs_be_encrypted(self.key)
