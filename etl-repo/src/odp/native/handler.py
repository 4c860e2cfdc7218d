"""Lambda entry point of the native engine: refreshes the Iceberg tables of one batch of a plan without a JVM."""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import Any

from lake.functions import LambdaContext, entry_point
from lake.tables.iceberg_native.data_catalog import glue_tables
from odp.file_processor.planned_batch import BatchRun, RunEngine, refresh_planned_batch
from odp.file_processor.refresh_settings import RefreshSettings
from odp.native.room import Room
from odp.native.table_writer import NativeTableWriter
from odp.records import NATIVE_RUN
from odp.s3 import S3LandedFiles
from odp.variables import NativeRefreshVariables

_LONGEST_REFRESH_MS = 300_000
"""2 GB of data files, which the engine's limits allow, take half of it."""
_MB_OF_CODE = 256
"""Python with Arrow and pyiceberg took 134 MB."""
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
    run = BatchRun(event["plan_key"], int(event["batch"]), f"{NATIVE_RUN}{context.aws_request_id}")
    at_a_time = _tables_at_a_time(context.memory_limit_in_mb)
    megabytes = (int(context.memory_limit_in_mb) - _MB_OF_CODE) // at_a_time
    engine = RunEngine(
        _writer(variables.buckets, megabytes),
        at_a_time=at_a_time,
        may_begin=lambda: context.get_remaining_time_in_millis() >= _LONGEST_REFRESH_MS,
    )
    return {"refreshed": len(refresh_planned_batch(settings, run, engine))}


@functools.cache
def _writer(buckets_json: str, megabytes: int) -> NativeTableWriter:
    buckets = json.loads(buckets_json)
    return NativeTableWriter(glue_tables(), S3LandedFiles(buckets).open, buckets, Room(megabytes << 20))


def _tables_at_a_time(memory_mb: int) -> int:
    return max(1, min(_MOST_AT_A_TIME, (int(memory_mb) - _MB_OF_PROCESS) // _MB_OF_TABLE))
