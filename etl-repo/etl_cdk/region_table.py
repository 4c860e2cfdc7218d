"""The global table odpf_region: which Region is active, and which files landed in the other one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam

from deployment_account.secondary import regions_json
from etl_cdk.state_tables import EXPIRES_AT, StatePolicy

if TYPE_CHECKING:
    from constructs import Construct

    from deployment_account.environments import Environment
    from deployment_account.names import Names

KEYS: Mapping[str, str] = {"region_kind": "HASH", "entry_id": "RANGE"}
EPOCHS, MARKS = ("epoch",), ("landed", "landed#*")
"""The partitions of epochs, which people alone begin, and those of marks. Tests compare them with the runtime's."""


class RegionTable(dynamodb.CfnGlobalTable):
    """A global table with a replica in both Regions, made by the primary's stack.

    Its writes are judged by the replica of the Region that makes them, and the last writer wins. Epochs are read and
    begun in a way that suffers both; see lake/ledger/regions.py. The keys are known by their alias: this stack cannot
    ask the other Region for the id of its key.
    """

    def __init__(
        self, scope: Construct, id_: str, *, names: Names, environment: Environment, policy: StatePolicy
    ) -> None:
        super().__init__(
            scope,
            id_,
            table_name=names.region_table,
            billing_mode="PAY_PER_REQUEST",
            attribute_definitions=[
                self.AttributeDefinitionProperty(attribute_name=name, attribute_type="S") for name in KEYS
            ],
            key_schema=[self.KeySchemaProperty(attribute_name=name, key_type=kind) for name, kind in KEYS.items()],
            # what a replica is fed by
            stream_specification=self.StreamSpecificationProperty(stream_view_type="NEW_AND_OLD_IMAGES"),
            sse_specification=self.SSESpecificationProperty(sse_enabled=True, sse_type="KMS"),
            time_to_live_specification=self.TimeToLiveSpecificationProperty(attribute_name=EXPIRES_AT, enabled=True),
            replicas=[
                self.ReplicaSpecificationProperty(
                    region=each.region,
                    sse_specification=self.ReplicaSSESpecificationProperty(kms_master_key_id=names.data_key_alias),
                    point_in_time_recovery_specification=self.PointInTimeRecoverySpecificationProperty(
                        point_in_time_recovery_enabled=True
                    ),
                    deletion_protection_enabled=policy.is_protected,
                    tags=[cdk.CfnTag(key=key, value=value) for key, value in sorted(environment.tags.items())] or None,
                )
                for each in environment.regions
            ],
        )
        self.apply_removal_policy(policy.removal_policy)


@dataclass(frozen=True)
class RegionAccess:
    """What code in one Region is told of the two, and the replica of the global table there."""

    told: str
    table_arn: str

    @classmethod
    def of(cls, scope: Construct, names: Names, environment: Environment) -> RegionAccess | None:
        """The access of an environment in this Region; None if it has one Region only."""
        told = regions_json(names, environment)
        if not told:
            return None
        table = cdk.Stack.of(scope).format_arn(service="dynamodb", resource="table", resource_name=names.region_table)
        return cls(told, table)

    def allow_epochs(self, role: iam.IRole) -> None:
        """Let a role read which Region is active, and nothing else of the table."""
        self._allow(role, ["dynamodb:Query"], EPOCHS)

    def allow_marks(self, role: iam.IRole) -> None:
        """Let a role mark the files that it registers, and read the marks of the other Region, but begin no epoch."""
        self._allow(role, ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], MARKS)

    def _allow(self, role: iam.IRole, actions: Sequence[str], kinds: Sequence[str]) -> None:
        conditions = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(kinds)}}
        statement = iam.PolicyStatement(actions=list(actions), resources=[self.table_arn], conditions=conditions)
        role.add_to_principal_policy(statement)


def told_of(access: RegionAccess | None) -> str:
    """What code is told of the two Regions; empty where there is one."""
    return access.told if access else ""
