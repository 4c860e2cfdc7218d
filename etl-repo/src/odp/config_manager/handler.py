"""Lambda entry point of the Configuration Manager."""

from __future__ import annotations

import functools
import json
import logging
import os
from typing import Any

from lake.cloudwatch import put_metric
from lake.ledger.connection import dynamodb_resource
from odp.config_manager.deployment import ConfigurationManager, Lake
from odp.config_manager.physical_names import PhysicalNames
from odp.config_manager.request import REQUEST_KEY
from odp.config_manager.running_check import SynthesisedResources
from odp.configuration import RequestStatus
from odp.dynamodb.configuration_store import DynamoDbConfigurationStore
from odp.dynamodb.deploy_tracker import DynamoDbDeployTracker
from odp.dynamodb.written_tables import DynamoDbWrittenTables
from odp.s3_requests import S3ConfigRequests

logger = logging.getLogger(__name__)


@functools.cache
def _manager() -> ConfigurationManager:
    dynamodb = dynamodb_resource()
    tracker = os.environ["CONFIG_DEPLOY_TRACKER_TABLE"]
    return ConfigurationManager(
        lake=_lake(),
        requests=S3ConfigRequests(os.environ["CONFIG_BUCKET"], REQUEST_KEY),
        tracker=DynamoDbDeployTracker(dynamodb, tracker),
        store=DynamoDbConfigurationStore(
            dynamodb, os.environ["BATCH_CONFIG_TABLE"], os.environ["RAW_TABLE_CONFIG_TABLE"], tracker
        ),
        tables=DynamoDbWrittenTables(dynamodb, os.environ["FILE_PROCESSING_TRACKER_TABLE"]),
    )


def _lake() -> Lake:
    return Lake(
        names=PhysicalNames(os.environ["DATABASE_PREFIX"]),
        cadence_defaults=json.loads(os.environ["CADENCE_DEFAULTS"]),
        deployed=SynthesisedResources(
            cadences=frozenset(os.environ["DEPLOYED_CADENCES"].split(",")),
            glue_jobs=frozenset(os.environ["DEPLOYED_GLUE_JOBS"].split(",")),
            sources=frozenset(json.loads(os.environ["SOURCES"])),
        ),
    )


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Deploy the newest configuration request; a message whose deployment could not end is delivered again."""
    failed = [record["messageId"] for record in event["Records"] if not _is_done(record)]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _is_done(record: dict[str, Any]) -> bool:
    try:
        announced = json.loads(record["body"])["detail"]["object"]["version-id"]
        deployment = _manager().handle(announced)
    except (
        Exception
    ):  # whatever it was, the request is still in the bucket; after its last delivery SQS keeps the event
        logger.exception("message %s failed and will be delivered again", record["messageId"])
        return False
    if deployment is not None and deployment.status is RequestStatus.REFUSED:
        put_metric("RefusedConfigurations", 1, lake=os.environ["LAKE"])
    return True
