"""The environment variables of the File Manager's functions."""

from __future__ import annotations

from typing import Literal

from lake.variables import JsonText, Text, Variables


class FileManagerVariables(Variables):
    """Where files are registered, and what their keys and buckets mean."""

    file_tracker_table: Text
    file_tracker_history_table: Text
    quarantine_table: Text
    config_deploy_tracker_table: Text
    staging_bucket: Text
    sources: JsonText


class SweepVariables(FileManagerVariables):
    """What the sweep reads besides, and whom it tells."""

    file_processing_tracker_table: Text
    batch_config_table: Text
    raw_table_config_table: Text
    landed_file_days: int
    schedules: Literal["enabled", "disabled"]
    schedule_names: Text
    """What the name of a cadence's schedule begins with."""
    environment: Text
    topic_arn: Text
