"""Lambda entry point of the native engine: refreshes the Iceberg tables of one batch of a plan without a JVM."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any

from lake.functions import LambdaContext, entry_point
from lake.tables.iceberg_native.lake_io import glue_catalog
from lake.tables.iceberg_native.table import open_tables
from odp.file_processor.planned_batch import BatchRun, Engine, refresh_planned_batch
from odp.file_processor.refresh_settings import RefreshSettings
from odp.native.table_writer import NativeTableWriter
from odp.s3 import S3LandedFiles
from odp.variables import NativeRefreshVariables

_ONE_TABLE_LASTS = 300_000
"""Milliseconds that the longest refresh may take: 2 GB of data files, which the engine's limits allow, take half."""
_MB_OF_PROCESS = 512
_MB_OF_TABLE = 1024
"""A million changed rows, which the engine's limits allow, take 700 MB."""
_MOST_AT_A_TIME = 4
"""Threads shorten only the waiting for S3 and DynamoDB."""


@entry_point("native-refresh", NativeRefreshVariables)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Refresh the tables of one batch; those for which too little time is left wait for the next execution.

    Raises:
        RefreshFailedError: after all tables were tried, naming those that failed.
    """
    variables = NativeRefreshVariables.read()
    fields = (field.name for field in dataclasses.fields(RefreshSettings))
    settings = RefreshSettings(**{name: getattr(variables, name) for name in fields})
    run = BatchRun(event["plan_key"], int(event["batch"]), f"native-{context.aws_request_id}")
    engine = Engine(
        _writer(json.loads(variables.buckets)),
        at_a_time=_tables_at_a_time(context.memory_limit_in_mb),
        may_begin=lambda: context.get_remaining_time_in_millis() >= _ONE_TABLE_LASTS,
    )
    return {"refreshed": len(refresh_planned_batch(settings, run, engine))}


def _writer(buckets: dict[str, str]) -> NativeTableWriter:
    catalog = glue_catalog(_where_arrow_finds_s3())
    return NativeTableWriter(open_tables(catalog), S3LandedFiles(buckets).open, buckets)


def _where_arrow_finds_s3() -> dict[str, str]:
    """Like boto3, Arrow reads credentials from the environment, but neither the Region nor AWS_ENDPOINT_URL."""
    found = {"s3.region": os.environ.get("AWS_REGION"), "s3.endpoint": os.environ.get("AWS_ENDPOINT_URL")}
    return {name: value for name, value in found.items() if value}


def _tables_at_a_time(memory_mb: int) -> int:
    return max(1, min(_MOST_AT_A_TIME, (int(memory_mb) - _MB_OF_PROCESS) // _MB_OF_TABLE))
