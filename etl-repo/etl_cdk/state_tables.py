"""The state of a data flow: DynamoDB tables and catalog databases, retained in protected environments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_glue as glue
from aws_cdk import aws_kms as kms

if TYPE_CHECKING:
    from constructs import Construct


EXPIRES_AT = "expires_at"


@dataclass(frozen=True)
class StatePolicy:
    """The retention of an environment's state."""

    key: kms.IKey
    is_protected: bool

    @property
    def removal_policy(self) -> cdk.RemovalPolicy:
        """The removal policy: retain or destroy."""
        return cdk.RemovalPolicy.RETAIN if self.is_protected else cdk.RemovalPolicy.DESTROY


class StateTable(dynamodb.Table):
    """An on-demand table with string keys, encrypted under the data key, with point-in-time recovery.

    With expiry, items with `expires_at` (epoch seconds) are deleted within days after that time.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        keys: tuple[str, ...],
        policy: StatePolicy,
        forgets: bool = False,
    ) -> None:
        partition_key, *sort_key = (dynamodb.Attribute(name=key, type=dynamodb.AttributeType.STRING) for key in keys)
        super().__init__(
            scope,
            id_,
            table_name=name,
            partition_key=partition_key,
            sort_key=sort_key[0] if sort_key else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=policy.key,
            time_to_live_attribute=EXPIRES_AT if forgets else None,
            deletion_protection=policy.is_protected,
            removal_policy=policy.removal_policy,
        )


class CatalogDatabase(glue.CfnDatabase):
    """A catalog database whose tables are below its name in a bucket; jobs create the tables."""

    def __init__(self, scope: Construct, id_: str, *, name: str, bucket: str, policy: StatePolicy) -> None:
        super().__init__(
            scope,
            id_,
            catalog_id=cdk.Stack.of(scope).account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(name=name, location_uri=f"s3://{bucket}/{name}"),
        )
        self.apply_removal_policy(policy.removal_policy)
