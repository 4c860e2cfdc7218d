"""Glue job entry point of the File Processor: refreshes the tables of one batch of a plan."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake.job_arguments import parse_arguments
from lake.landing.s3_listing import S3Listing
from lake.ledger.connection import dynamodb_resource
from lake.log_keys import log_as_text, log_keys
from lake.spark_session import job_session, task_slots, with_settings
from odp.dynamodb.file_tracker import DynamoDbFileTracker
from odp.dynamodb.quarantine import DynamoDbQuarantine
from odp.dynamodb.run_log import DynamoDbRunLog, RunLogTables
from odp.dynamodb.running_configuration import DynamoDbTableConfigs, RunningVersion
from odp.dynamodb.table_leases import DynamoDbTableLeases
from odp.errors import MissingConfigurationError
from odp.file_manager.missing_files import MissingFiles
from odp.file_manager.sources import Sources
from odp.file_processor.apply.table_writer import SparkTableWriter
from odp.file_processor.batch_refresh import TableRefresher, refresh_batch
from odp.file_processor.selection.late_files import Limits
from odp.ports import TableConfigs, TableWriter
from odp.records import BatchPlan
from odp.refresh import RefreshOutcome
from odp.s3 import S3ObjectContents, S3PlanStorage

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobArguments:
    """The arguments of one run; each field is an argument of the same name."""

    JOB_NAME: str
    JOB_RUN_ID: str
    plan_bucket: str
    plan_key: str
    batch: int
    file_tracker_table: str
    file_tracker_history_table: str
    file_processing_tracker_table: str
    file_processing_tracker_history_table: str
    raw_table_config_table: str
    config_deploy_tracker_table: str
    quarantine_table: str
    sources: str
    """JSON of the sources, by name."""
    buckets: str
    """JSON of the physical names of buckets, by role."""
    max_files_per_refresh: int
    max_bytes_per_refresh: int
    max_replayed_files: int
    history_days: int


def refresh_configured(
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


def main(argv: Sequence[str]) -> list[RefreshOutcome]:
    """Refresh the tables of one batch, several at a time; raises RefreshFailedError when any failed."""
    log_as_text()
    arguments = parse_arguments(JobArguments, argv)
    plan = S3PlanStorage(arguments.plan_bucket).read(arguments.plan_key)
    with log_keys(execution=plan.execution_name, run=arguments.JOB_RUN_ID):
        return _refresh_batch_of(plan, arguments)


def _refresh_batch_of(plan: BatchPlan, arguments: JobArguments) -> list[RefreshOutcome]:
    source_tables = plan.batches[arguments.batch]
    spark = with_settings(job_session(f"{arguments.JOB_NAME} {arguments.plan_key} {arguments.batch}"))
    dynamodb = dynamodb_resource()
    refresher = _refresher(arguments, dynamodb, SparkTableWriter(spark, json.loads(arguments.buckets)))
    running = RunningVersion(dynamodb, arguments.config_deploy_tracker_table)
    table_configs = DynamoDbTableConfigs(dynamodb, arguments.raw_table_config_table, running)

    def refresh_one(source_table: str) -> RefreshOutcome | None:
        with log_keys(table=source_table):
            return refresh_configured(refresher, table_configs, plan.refresh_cadence, source_table)

    outcomes = refresh_batch(source_tables, refresh_one, at_a_time=task_slots(spark))
    logger.info("refreshed %d of %d tables", len(outcomes), len(source_tables))
    return outcomes


def _refresher(arguments: JobArguments, dynamodb: DynamoDBServiceResource, writer: TableWriter) -> TableRefresher:
    buckets = json.loads(arguments.buckets)
    files = DynamoDbFileTracker(dynamodb, arguments.file_tracker_table, arguments.file_tracker_history_table)
    quarantine = DynamoDbQuarantine(dynamodb, arguments.quarantine_table)
    return TableRefresher(
        files=files,
        staged_files=MissingFiles(S3Listing(buckets), files, quarantine, Sources.from_json(arguments.sources)),
        contents=S3ObjectContents(buckets),
        leases=DynamoDbTableLeases(dynamodb, arguments.file_processing_tracker_table),
        writer=writer,
        run_log=DynamoDbRunLog(dynamodb, _run_log_tables(arguments)),
        quarantine=quarantine,
        run_id=arguments.JOB_RUN_ID,
        limits=Limits(
            files=arguments.max_files_per_refresh,
            bytes=arguments.max_bytes_per_refresh,
            replayed_files=arguments.max_replayed_files,
        ),
    )


def _run_log_tables(arguments: JobArguments) -> RunLogTables:
    return RunLogTables(
        pending=arguments.file_tracker_table,
        history=arguments.file_tracker_history_table,
        leases=arguments.file_processing_tracker_table,
        refreshes=arguments.file_processing_tracker_history_table,
        quarantine=arguments.quarantine_table,
        history_days=arguments.history_days,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
