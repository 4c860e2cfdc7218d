"""Refreshes a batch of a plan with either engine: the code that the Glue job and the native function share."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from lake.errors import RejectedInputError
from lake.landing.listings import EVENTS_TAKE
from lake.landing.s3_listing import S3Listing
from lake.ledger.connection import dynamodb_resource
from lake.ledger.regions import DynamoDbRegions, Role, RunEpoch
from lake.log_keys import log_keys
from odp.dynamodb.file_tracker import DynamoDbFileTracker
from odp.dynamodb.quarantine import DynamoDbQuarantine
from odp.dynamodb.run_log import DynamoDbRunLog, RunLogTables
from odp.dynamodb.running_configuration import DynamoDbTableConfigs, RunningVersion
from odp.dynamodb.table_leases import DynamoDbTableLeases
from odp.errors import MissingConfigurationError
from odp.file_manager.missing_files import MissingFiles
from odp.file_manager.sources import Sources
from odp.file_processor.batch_refresh import TableRefresher, refresh_batch
from odp.file_processor.refresh_ports import always
from odp.file_processor.refresh_settings import RefreshSettings
from odp.file_processor.selection.late_files import Limits
from odp.file_processor.standby import as_standby, lost_on_the_way
from odp.ports import TableConfigs, TableWriter
from odp.records import BatchPlan
from odp.refresh import RefreshOutcome, RefreshStatus
from odp.s3 import S3ObjectContents, S3PlanStorage

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BatchRun:
    """One run: a batch of a plan, and the id under which the run takes leases and is recorded."""

    plan_key: str
    batch: int
    run_id: str


@dataclass(frozen=True, slots=True)
class RunEngine:
    """The writer of a run's tables, and how many tables it writes at a time."""

    writer: TableWriter
    at_a_time: int
    may_begin: Callable[[], bool] = always
    """Whether the run has time for one more table or commit; the files that it leaves wait for the next execution."""


def refresh_planned_batch(settings: RefreshSettings, run: BatchRun, engine: RunEngine) -> list[RefreshOutcome]:
    """Refresh the tables of one batch, several at a time.

    Raises:
        RefreshFailedError: after all tables were tried, naming those that failed.
    """
    plan = S3PlanStorage(settings.plan_bucket).read(run.plan_key)
    if run.batch not in range(len(plan.batches)):
        message = (
            f"{run.plan_key} has {len(plan.batches)} batches, counted from 0, and so none of the number {run.batch}"
        )
        raise RejectedInputError(message)
    source_tables = plan.batches[run.batch]
    dynamodb = dynamodb_resource()
    refresher = refresher_in_region(settings, dynamodb, engine, run.run_id, plan)
    running = RunningVersion(dynamodb, settings.config_deploy_tracker_table)
    configs = DynamoDbTableConfigs(dynamodb, settings.raw_table_config_table, running)

    def refresh_one(source_table: str) -> RefreshOutcome | None:
        with log_keys(table=source_table):
            if not engine.may_begin():
                logger.info("%s waits for the next execution: this run has too little time left", source_table)
                return None
            return _refresh_configured(refresher, configs, plan.refresh_cadence, source_table)

    with log_keys(execution=plan.execution_name, run=run.run_id):
        outcomes = refresh_batch(source_tables, refresh_one, at_a_time=engine.at_a_time)
        refreshed = sum(outcome.status is not RefreshStatus.STOPPED for outcome in outcomes)
        logger.info("refreshed %d of %d tables", refreshed, len(source_tables))
    return outcomes


def refresher_in_region(
    settings: RefreshSettings, dynamodb: DynamoDBServiceResource, engine: RunEngine, run_id: str, plan: BatchPlan
) -> TableRefresher:
    """Give the refresher of a run, which commits only under the plan's epoch and in the role that the plan is for."""
    regions = DynamoDbRegions.from_json(dynamodb, settings.regions)
    if regions is None:
        return refresher_of(settings, dynamodb, engine, run_id)
    role = Role.STANDBY if plan.is_standby else Role.ACTIVE
    refresher = refresher_of(settings, dynamodb, engine, run_id, RunEpoch(regions, plan.epoch, role))
    lag = regions.settings.lag
    if role is Role.STANDBY:
        return as_standby(refresher, lag)
    return replace(refresher, lost_on_the_way=lost_on_the_way(regions.newest(), lag))


def refresher_of(
    settings: RefreshSettings,
    dynamodb: DynamoDBServiceResource,
    engine: RunEngine,
    run_id: str,
    epoch: RunEpoch | None = None,
) -> TableRefresher:
    """Give the refresher of a run; its threads share the adapters."""
    lag = epoch.regions.settings.lag if epoch else timedelta()
    buckets = json.loads(settings.buckets)
    files = DynamoDbFileTracker(dynamodb, settings.file_tracker_table, settings.file_tracker_history_table)
    quarantine = DynamoDbQuarantine(dynamodb, settings.quarantine_table)
    return TableRefresher(
        files=files,
        staged_files=MissingFiles(
            S3Listing(buckets), files, quarantine, Sources.from_json(settings.sources), events_take=EVENTS_TAKE + lag
        ),
        contents=S3ObjectContents(buckets),
        leases=DynamoDbTableLeases(dynamodb, settings.file_processing_tracker_table, epoch=epoch),
        writer=engine.writer,
        run_log=DynamoDbRunLog(dynamodb, _run_log_tables(settings)),
        quarantine=quarantine,
        run_id=run_id,
        limits=Limits(
            files=settings.max_files_per_refresh,
            bytes=settings.max_bytes_per_refresh,
            replayed_files=settings.max_replayed_files,
        ),
        has_time=engine.may_begin,
    )


def _refresh_configured(
    refresher: TableRefresher, configs: TableConfigs, refresh_cadence: str, source_table: str
) -> RefreshOutcome | None:
    """Refresh a table of a plan; None if it was paused, moved or removed after the planning: its files wait."""
    try:
        config = configs.table(refresh_cadence, source_table)
    except MissingConfigurationError as removed:
        logger.info("%s since the plan was made", removed)
        return None
    if not config.is_active:
        logger.info("%s was deactivated since the plan was made", source_table)
        return None
    return refresher.refresh(config)


def _run_log_tables(settings: RefreshSettings) -> RunLogTables:
    return RunLogTables(
        pending=settings.file_tracker_table,
        history=settings.file_tracker_history_table,
        leases=settings.file_processing_tracker_table,
        refreshes=settings.file_processing_tracker_history_table,
        quarantine=settings.quarantine_table,
        history_days=settings.history_days,
    )
