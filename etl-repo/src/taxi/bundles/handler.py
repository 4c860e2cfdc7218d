"""Lambda entry point of the state machine's steps that claim and close bundles."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lake.errors import RejectedInputError
from lake.functions import count, entry_point
from lake.ledger.connection import dynamodb_resource
from lake.ledger.regions import DynamoDbRegions, Role, RunEpoch
from lake.log_keys import log_keys
from lake.metrics import Metric
from taxi.bundles.bundling import Bundling, Claim, ClaimResult
from taxi.bundles.closing import Closing, error_text
from taxi.datasets.dataset import load_datasets
from taxi.dynamodb.audit import DynamoDbAudit
from taxi.dynamodb.leases import DynamoDbDatasetLeases
from taxi.s3 import S3Bundles
from taxi.step_functions import StepFunctionsStates
from taxi.variables import BundlesVariables

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Steps:
    """What the steps work with; `regions` is None without a secondary Region."""

    dynamodb: DynamoDBServiceResource
    variables: BundlesVariables
    bundles: S3Bundles
    executions: StepFunctionsStates
    regions: DynamoDbRegions | None

    def bundling(self, epoch: RunEpoch | None) -> Bundling:
        """Give what claims bundles under an epoch."""
        most, number = self.variables.max_files_per_run, epoch.number if epoch else 0
        return Bundling(
            self._files, self._leases(epoch), self.bundles, self.executions, max_files_per_run=most, epoch=number
        )

    @property
    def closing(self) -> Closing:
        """What ends bundles, of whatever epoch: it only notes in this Region what became of the files."""
        return Closing(self._files, self._leases(None), self.bundles)

    @property
    def _files(self) -> DynamoDbAudit:
        return DynamoDbAudit(self.dynamodb, self.variables.audit_table)

    def _leases(self, epoch: RunEpoch | None) -> DynamoDbDatasetLeases:
        seconds = self.variables.lease_seconds
        return DynamoDbDatasetLeases(self.dynamodb, self.variables.audit_table, seconds=seconds, epoch=epoch)


@functools.cache
def _steps() -> Steps:
    dynamodb, variables = dynamodb_resource(), BundlesVariables.read()
    regions = DynamoDbRegions.from_json(dynamodb, variables.regions)
    return Steps(dynamodb, variables, S3Bundles(variables.bundle_bucket), StepFunctionsStates(), regions)


@entry_point("taxi-bundles", BundlesVariables)
def handle(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Claim or close a bundle of one dataset for one execution."""
    execution = event["execution"]
    with log_keys(dataset=event["dataset"], execution=execution, correlation_id=execution):
        return _claim_or_close(event)


def _claim_or_close(event: dict[str, Any]) -> dict[str, Any]:
    if event["dataset"] not in load_datasets():
        message = f"{event['dataset']!r} is no dataset; start the execution with one of {', '.join(load_datasets())}"
        raise RejectedInputError(message)
    if event["step"] == "claim":
        return _claim(_steps(), event)
    if event["step"] == "close":
        return _steps().closing.close(event["bundle_key"], error_text(event.get("error"))).state_input
    message = f"{event['step']!r} is no step of this function; name claim or close"
    raise RejectedInputError(message)


def _claim(steps: Steps, event: dict[str, Any]) -> dict[str, Any]:
    """Claim a bundle in the active Region; in the standby the files wait, however long."""
    epoch = None
    if steps.regions:
        newest = steps.regions.newest()
        if newest.role_of(steps.regions.own_region) is Role.STANDBY:
            logger.info("nothing is loaded here: %s is the active Region", newest.active)
            return Claim(ClaimResult.STANDBY).state_input
        epoch = RunEpoch(steps.regions, newest.number, Role.ACTIVE)
    bundling = steps.bundling(epoch)
    if waiting := bundling.long_waiting(event["dataset"]):
        count(Metric.WAITING_TAXI_FILES, waiting)
    return bundling.claim(event["dataset"], event["execution"], event.get("execution_arn", "")).state_input
