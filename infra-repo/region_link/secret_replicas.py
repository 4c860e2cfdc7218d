"""Replicas of this Region's secrets in the partner's, under the partner's key of secrets."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import boto3

from region_link.answer import Made
from region_link.patience import once_allowed

logger = logging.getLogger(__name__)


def answer(event: Mapping[str, Any]) -> Made:
    """Give every secret that has a value its replica; with the resource the replicas go.

    The value of a secret is set by people, later than the stack that makes it. One without a value has nothing to
    replicate, and the next deployment looks again.
    """
    properties = event["ResourceProperties"]
    region = properties["ReplicaRegion"]
    secrets = boto3.client("secretsmanager")
    for name in properties["Names"]:
        if event["RequestType"] == "Delete":
            _remove(secrets, name, region)
        else:
            _replicate(secrets, name, region, properties["ReplicaKey"])
    return Made(f"replicas-in-{region}")


def _replicate(secrets: Any, name: str, region: str, key: str) -> None:  # noqa: ANN401 - boto3 has no types in Lambda
    found = once_allowed(lambda: secrets.describe_secret(SecretId=name))
    if not found.get("VersionIdsToStages"):
        logger.warning("%s has no value yet, so it has no replica: deploy again when it has one", name)
        return
    if any(_is_well(replica, region) for replica in found.get("ReplicationStatus", ())):
        return
    once_allowed(
        lambda: secrets.replicate_secret_to_regions(
            SecretId=name,
            AddReplicaRegions=[{"Region": region, "KmsKeyId": key}],
            # a replica whose first attempt failed is made anew, but never a secret of somebody else
            ForceOverwriteReplicaSecret=False,
        )
    )
    logger.info("%s gets a replica in %s", name, region)


def _is_well(replica: Mapping[str, Any], region: str) -> bool:
    return bool(replica["Region"] == region and replica["Status"] != "Failed")


def _remove(secrets: Any, name: str, region: str) -> None:  # noqa: ANN401
    try:
        found = secrets.describe_secret(SecretId=name)
    except secrets.exceptions.ResourceNotFoundException:
        return
    if any(replica["Region"] == region for replica in found.get("ReplicationStatus", ())):
        secrets.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=[region])
