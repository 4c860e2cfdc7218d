"""Glue job entry point of the File Processor: refreshes the tables of one batch of a plan by Spark."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from lake.job_arguments import parse_arguments
from lake.log_keys import log_as_text
from lake.spark_session import job_session, task_slots, with_settings
from odp.file_processor.apply.table_writer import SparkTableWriter
from odp.file_processor.planned_batch import BatchRun, RunEngine, refresh_planned_batch
from odp.file_processor.refresh_settings import RefreshSettings
from odp.refresh import RefreshOutcome


@dataclass(frozen=True)
class JobArguments(RefreshSettings):
    """The arguments of one run; each field is an argument of the same name."""

    JOB_NAME: str
    JOB_RUN_ID: str
    plan_key: str
    batch: int


def main(argv: Sequence[str]) -> list[RefreshOutcome]:
    """Refresh the tables of one batch, several at a time; raises RefreshFailedError when any failed."""
    log_as_text()
    arguments = parse_arguments(JobArguments, argv)
    spark = with_settings(job_session(f"{arguments.JOB_NAME} {arguments.plan_key} {arguments.batch}"))
    engine = RunEngine(SparkTableWriter(spark, json.loads(arguments.buckets)), at_a_time=task_slots(spark))
    run = BatchRun(arguments.plan_key, arguments.batch, arguments.JOB_RUN_ID)
    return refresh_planned_batch(arguments, run, engine)


if __name__ == "__main__":
    main(sys.argv[1:])
