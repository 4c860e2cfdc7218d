"""What the framework's rules demand of DMS: the settings of its target in S3 and of a replication, each with a reason.

Settings that are left out have DMS's default, which serves. Sources of the facts: the DMS user guide, pages Target.S3,
Tasks.CustomizingTasks.TaskSettings and its pages on full loads, LOBs, errors and DDL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deployment_account.replication_settings import Replication

Settings = dict[str, Any]


def s3_settings(replication: Replication, folder: str) -> Settings:
    """How files look and are named; bucket, key and role are the stack's."""
    settings: Settings = {
        # CSV, the default, has no types, and the lake rejects it
        "data_format": "parquet",
        "parquet_version": "parquet-2-0",
        # milliseconds would round a DATETIME(6)
        "parquet_timestamp_in_millisecond": False,
        # with `Op` in loads, too, loads and changes have one schema
        "include_op_for_full_load": True,
        # deletes are written
        "cdc_inserts_only": False,
        "cdc_inserts_and_updates": False,
        # transactions in files of their own would be CSV
        "preserve_transactions": False,
        # days sort as the framework lists them; other sequences would make it list whole folders
        "date_partition_enabled": True,
        "date_partition_sequence": "YYYYMMDD",
        "date_partition_delimiter": "SLASH",
        # how fresh a table can be, and how many files a day has
        "cdc_max_batch_interval": replication.file_seconds,
        "cdc_min_file_size": replication.file_kilobytes,
        # cannot be changed from DMS's default, S3's own keys, later
        "encryption_mode": "SSE_KMS",
        # the Data Catalog's tables are the framework's
        "glue_catalog_generation": False,
    }
    return {**settings, "bucket_folder": folder} if folder else settings


def replication_settings(replication: Replication) -> Settings:
    """How a replication loads, follows and fails: it stops a table or itself before it loses a value."""
    return {
        "TargetMetadata": {
            # without, DMS leaves out columns of large values
            "SupportLobs": True,
            # the full mode is not for S3; the limited one cuts values off, and maybe DataTruncationErrorPolicy stops it
            "FullLobMode": False,
            "LimitedSizeLobMode": True,
            "LobMaxSize": replication.largest_text_kilobytes,
            # batches keep only the net change, so historical tables would lack versions
            "BatchApplyEnabled": False,
        },
        "FullLoadSettings": {
            # anything else deletes files of changes that are not applied yet
            "TargetTablePrepMode": "DO_NOTHING",
            # after the load, changes follow without a person
            "StopTaskCachedChangesApplied": False,
            "StopTaskCachedChangesNotApplied": False,
        },
        "ChangeProcessingDdlHandlingPolicy": {
            # true deletes landed files of the table, applied or not, and tells the lake nothing
            "HandleSourceTableTruncated": False,
            "HandleSourceTableDropped": False,
            # new columns and types flow into new files
            "HandleSourceTableAltered": True,
        },
        "ErrorBehavior": _error_behavior(stops_on_truncate=replication.on_truncate == "stop"),
        # what DMS does about an error is in its log alone
        "Logging": {"EnableLogging": True},
        # it would read the whole lake
        "ValidationSettings": {"EnableValidation": False},
    }


def _error_behavior(*, stops_on_truncate: bool) -> Settings:
    return {
        # the default of the first two is LOG_ERROR: rows are left out, and a line in the log is all
        "DataErrorPolicy": "SUSPEND_TABLE",
        "DataTruncationErrorPolicy": "SUSPEND_TABLE",
        "TableErrorPolicy": "SUSPEND_TABLE",
        # a file takes every change; should DMS refuse one, the defaults would drop it, or write a line into the log
        **{f"ApplyError{what}Policy": "SUSPEND_TABLE" for what in ("Delete", "Insert", "Update", "Escalation")},
        # nothing in a file tells that a table was emptied
        "ApplyErrorFailOnTruncationDdl": stops_on_truncate,
        # a selection that matches nothing is a mistake
        "FailOnNoTablesCaptured": True,
        # a load that begins again meets its own files
        "FullLoadIgnoreConflicts": True,
        # a lost source is tried again for ever, each half hour in the end; the alarm on latency tells a person
        "RecoverableErrorCount": -1,
        "RecoverableErrorStopRetryAfterThrottlingMax": False,
    }
