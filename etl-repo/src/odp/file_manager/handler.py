"""Lambda entry point of the File Manager."""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from lake.functions import Message, count, delivered_again, entry_point, failed_messages
from lake.landing.listings import EVENTS_TAKE
from lake.ledger.connection import dynamodb_resource
from lake.ledger.regions import RegionSettings
from lake.metrics import Metric
from odp.dynamodb.deploy_tracker import DynamoDbLedgerFormat
from odp.dynamodb.file_tracker import DynamoDbFileTracker
from odp.dynamodb.landing_marks import DynamoDbLandingMarks
from odp.dynamodb.quarantine import DynamoDbQuarantine
from odp.file_manager.first_landings import FirstLandings
from odp.file_manager.registration import STAGING, Outcome, Staging, register_message
from odp.file_manager.sources import Sources
from odp.ports import FileRegister
from odp.s3 import S3ReplicatedObjects
from odp.variables import FileManagerVariables


@dataclass(frozen=True, slots=True)
class FileManagerPorts:
    """The adapters of the File Manager, and its sources and buckets."""

    tracker: DynamoDbFileTracker
    landings: FileRegister
    """Registers what events tell of; in a lake with two Regions, a replica's event tells of the copy."""
    events_take: timedelta
    """An object without an event is missed when it is older; a replica comes later than it landed."""
    quarantine: DynamoDbQuarantine
    staging: Staging


@functools.cache
def connected_ports() -> FileManagerPorts:
    """Connect to the lake of the environment variables; raises LedgerFormatError if its ledger is not migrated."""
    dynamodb, variables = dynamodb_resource(), FileManagerVariables.read()
    files = variables.file_tracker_table, variables.file_tracker_history_table
    DynamoDbLedgerFormat(dynamodb, variables.config_deploy_tracker_table, files).require_current()
    staging = Staging(Sources.from_json(variables.sources), {STAGING: variables.staging_bucket})
    quarantine = DynamoDbQuarantine(dynamodb, variables.quarantine_table)
    regions = RegionSettings.from_json(variables.regions)
    if regions is None:
        tracker = DynamoDbFileTracker(dynamodb, *files)
        return FileManagerPorts(tracker, tracker, EVENTS_TAKE, quarantine, staging)
    marks = DynamoDbLandingMarks(dynamodb, regions.table, dynamodb.meta.client.meta.region_name)
    tracker = DynamoDbFileTracker(dynamodb, *files, marks=marks)
    landings = FirstLandings(tracker, marks, S3ReplicatedObjects(staging.buckets))
    return FileManagerPorts(tracker, landings, EVENTS_TAKE + regions.lag, quarantine, staging)


@entry_point("file-manager", FileManagerVariables)
def handle(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Register the objects named in one SQS batch; failed messages are delivered again alone."""
    ports, outcomes = connected_ports(), Counter[Outcome]()

    def register(message: Message) -> None:
        outcomes[register_message(message, ports.landings, ports.quarantine, ports.staging)] += 1

    failed = failed_messages(event, register)
    if rejected := outcomes[Outcome.REJECTED]:
        count(Metric.REJECTED_FILES, rejected)
    return delivered_again(failed)
