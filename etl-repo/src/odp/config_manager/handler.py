"""Lambda entry point of the Configuration Manager."""

from __future__ import annotations

import functools
import json
import logging
from typing import Any

from lake.functions import Message, count, delivered_again, entry_point, failed_messages
from lake.landing.object_created import EventError
from lake.ledger.connection import dynamodb_resource
from lake.metrics import Metric
from odp.config_manager.deployment import ConfigurationManager, LakeSettings, PhysicalNames
from odp.config_manager.request import REQUEST_KEY, announced_request
from odp.config_manager.running_check import SynthesisedResources
from odp.configuration import RequestStatus
from odp.dynamodb.configuration_store import DynamoDbConfigurationStore
from odp.dynamodb.deploy_tracker import DynamoDbDeployTracker
from odp.dynamodb.table_leases import DynamoDbWrittenTables
from odp.s3 import S3ConfigRequests
from odp.variables import ConfigManagerVariables

logger = logging.getLogger(__name__)


@functools.cache
def _manager() -> ConfigurationManager:
    dynamodb, variables = dynamodb_resource(), ConfigManagerVariables.read()
    tracker = variables.config_deploy_tracker_table
    return ConfigurationManager(
        lake=_lake(variables),
        requests=S3ConfigRequests(variables.config_bucket, REQUEST_KEY),
        tracker=DynamoDbDeployTracker(dynamodb, tracker),
        store=DynamoDbConfigurationStore(
            dynamodb, variables.batch_config_table, variables.raw_table_config_table, tracker
        ),
        tables=DynamoDbWrittenTables(dynamodb, variables.file_processing_tracker_table),
    )


def _lake(variables: ConfigManagerVariables) -> LakeSettings:
    return LakeSettings(
        names=PhysicalNames(variables.database_prefix),
        cadence_defaults=json.loads(variables.cadence_defaults),
        deployed=SynthesisedResources(
            cadences=variables.deployed_cadences,
            glue_jobs=variables.deployed_glue_jobs,
            sources=frozenset(json.loads(variables.sources)),
        ),
    )


@entry_point("config-manager", ConfigManagerVariables)
def handle(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Deploy the newest configuration request; a message whose deployment could not end is delivered again."""
    return delivered_again(failed_messages(event, _deploy))


def _deploy(message: Message) -> None:
    try:
        announced = announced_request(message, ConfigManagerVariables.read().config_bucket)
    except EventError as error:
        # nothing is lost: the newest request is in the bucket, and its own event announces it
        logger.warning("a message announces no configuration request: %s", error)
        count(Metric.MALFORMED_REQUESTS)
        return
    deployment = _manager().handle(announced)
    if deployment is not None and deployment.status is RequestStatus.REFUSED:
        count(Metric.REFUSED_CONFIGURATIONS)
