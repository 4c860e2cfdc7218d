"""Rights to create the table that says which Region is active, with its replica in the other Region."""

from __future__ import annotations

from scripts.bootstrap.execution_policy.grants import Grant, Scope, grant

_SERVICE = "replication.dynamodb.amazonaws.com"


def region_table(scope: Scope, partner: str) -> list[Grant]:
    """One global table; CloudFormation makes its replica by the rights of whoever makes the table."""
    place, table = scope.place, f"table/{scope.names.region_table}"
    own, replica = (f"arn:aws:dynamodb:{region}:{place.account}:{table}" for region in (place.region, partner))
    return [
        grant(
            "dynamodb",
            "CreateTableReplica DeleteTableReplica DescribeTableReplicaAutoScaling DisassociateTableReplica "
            "UpdateContributorInsights BatchWriteItem DeleteItem GetItem PutItem Query Scan UpdateItem",
            own,
            replica,
            because="DynamoDB fills a replica in the name of whoever makes it",
        ),
        grant(
            "dynamodb",
            "CreateTable DeleteTable UpdateTable DescribeTable DescribeContinuousBackups UpdateContinuousBackups "
            "DescribeContributorInsights DescribeKinesisStreamingDestination "
            "DescribeTimeToLive UpdateTimeToLive GetResourcePolicy PutResourcePolicy DeleteResourcePolicy "
            "ListTagsOfResource TagResource UntagResource",
            replica,
        ),
        grant(
            "kms",
            "CreateGrant Decrypt DescribeKey RevokeGrant",
            f"arn:aws:kms:{partner}:{place.account}:key/*",
            because="KMS makes up the ids of keys; the replica is encrypted under the key of this lake there",
            condition={"StringEquals": {**scope.tagged["StringEquals"], "kms:ViaService": _via(partner)}},
        ),
        grant(
            "application-autoscaling",
            "DescribeScalableTargets DescribeScalingPolicies DescribeScheduledActions",
            "*",
            because="CloudFormation asks whether a table scales by itself, and AWS knows no resource for that",
        ),
        grant(
            "iam",
            "CreateServiceLinkedRole",
            scope.global_arn("iam", f"role/aws-service-role/{_SERVICE}/*"),
            because="AWS names the role with which DynamoDB replicates",
            condition={"StringEquals": {"iam:AWSServiceName": _SERVICE}},
        ),
    ]


def _via(region: str) -> str:
    return f"dynamodb.{region}.amazonaws.com"
