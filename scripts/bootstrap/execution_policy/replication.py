"""Rights to create replications by DMS; stopping and starting are rights of people and of one role."""

from __future__ import annotations

from scripts.bootstrap.execution_policy.grants import Grant, Scope, grant

_SERVICE = "dms.amazonaws.com"
_KINDS = ("endpoint", "rep", "replication-config", "subgrp", "task")


def replication(scope: Scope) -> list[Grant]:
    """Endpoints, subnet groups, replications, and the roles that are handed to DMS."""
    own = [scope.arn("dms", f"{kind}:{scope.generated}") for kind in _KINDS]
    described = "DMS describes whole Regions and knows no resources here"
    return [
        grant(
            "dms",
            "CreateEndpoint DeleteEndpoint ModifyEndpoint "
            "CreateReplicationConfig DeleteReplicationConfig ModifyReplicationConfig "
            "CreateReplicationInstance DeleteReplicationInstance ModifyReplicationInstance "
            "CreateReplicationSubnetGroup DeleteReplicationSubnetGroup ModifyReplicationSubnetGroup "
            "CreateReplicationTask DeleteReplicationTask ModifyReplicationTask "
            "AddTagsToResource ListTagsForResource RemoveTagsFromResource",
            *own,
        ),
        grant(
            "dms",
            "CreateEndpoint ModifyEndpoint",
            scope.arn("dms", "cert:*"),
            because="DMS makes up the ids of certificates that people import, and an endpoint names one",
        ),
        grant(
            "dms",
            "DescribeEndpoints DescribeReplicationConfigs DescribeReplicationInstances DescribeReplicationSubnetGroups "
            "DescribeReplicationTasks",
            "*",
            because=described,
        ),
        grant("iam", "PassRole", scope.global_arn("iam", f"role/{scope.generated}"), condition=_passed(scope)),
        grant(
            "iam",
            "CreateServiceLinkedRole",
            scope.global_arn("iam", f"role/aws-service-role/{_SERVICE}/*"),
            because="AWS names the role with which DMS works in the VPC",
            condition={"StringEquals": {"iam:AWSServiceName": _SERVICE}},
        ),
        grant("secretsmanager", "DescribeSecret", scope.arn("secretsmanager", f"secret:{scope.parameter_path[1:]}/*")),
        grant(
            "kms",
            "CreateGrant DescribeKey",
            scope.arn("kms", "key/*"),
            because="KMS makes up the ids of keys; DMS encrypts what it caches under the key of this lake",
            condition={"StringEquals": {**_own_key(scope), "kms:ViaService": _via(scope)}},
        ),
        grant(
            "logs",
            "AssociateKmsKey DisassociateKmsKey CreateLogGroup DeleteLogGroup PutRetentionPolicy DeleteRetentionPolicy "
            "GetDataProtectionPolicy ListTagsForResource TagResource UntagResource",
            *(scope.arn("logs", f"log-group:{name}{end}") for name in _log_groups(scope) for end in ("", ":*")),
        ),
    ]


def _passed(scope: Scope) -> dict[str, dict[str, list[str]]]:
    """Of secrets, DMS takes the role in the name of its Region."""
    services = [_SERVICE, f"dms.{scope.place.region}.amazonaws.com"]
    return {"StringEquals": {"iam:PassedToService": services}}


def _own_key(scope: Scope) -> dict[str, str]:
    return dict(scope.tagged["StringEquals"])


def _via(scope: Scope) -> str:
    return f"dms.{scope.place.region}.amazonaws.com"


def _log_groups(scope: Scope) -> tuple[str, ...]:
    return (f"dms-serverless-replication-{scope.generated}", f"dms-tasks-{scope.generated}")
