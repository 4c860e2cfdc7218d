"""Lambda entry point that CloudFormation calls for the resources of a stack RegionLink."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from region_link import bucket_replication, region_names, secret_replicas
from region_link.answer import Made, tell

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)

Event = Mapping[str, Any]
NONE = "none"
"""The id of a resource that was never made: CloudFormation asks to delete it after a failed creation."""

_RESOURCES: Mapping[str, Callable[[Event], Made]] = {
    "Custom::RegionNames": region_names.answer,
    "Custom::BucketReplication": bucket_replication.answer,
    "Custom::SecretReplicas": secret_replicas.answer,
}


def handle(event: dict[str, Any], _context: object) -> None:
    """Make, change or remove the resource that the event asks for, and say how that went."""
    try:
        made = _RESOURCES[event["ResourceType"]](event)
    except Exception as failure:
        logger.exception("%s of %s failed", event["RequestType"], event["LogicalResourceId"])
        tell(event, Made(event.get("PhysicalResourceId", NONE)), f"{type(failure).__name__}: {failure}")
    else:
        logger.info("%s of %s: %s", event["RequestType"], event["LogicalResourceId"], made.id)
        tell(event, made)
