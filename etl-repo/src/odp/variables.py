"""The environment variables of ODP's functions, one model for each function."""

from __future__ import annotations

from typing import Literal

from lake.variables import JsonText, Names, Text, Variables

# The environment variables of the File Manager's functions.


class FileManagerVariables(Variables):
    """Where files are registered, and what their keys and buckets mean."""

    file_tracker_table: Text
    file_tracker_history_table: Text
    quarantine_table: Text
    config_deploy_tracker_table: Text
    staging_bucket: Text
    sources: JsonText
    regions: str = ""
    """What `RegionSettings` reads; empty without a secondary Region."""


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
    replications: JsonText
    """The ARNs of the replications by DMS, by source; none where another team or tool writes the files."""


# The environment variables of the Batch Manager.


class BatchManagerVariables(Variables):
    """Where the ledger, the configuration and the plans are, and whom it tells."""

    file_tracker_table: Text
    file_processing_tracker_table: Text
    batch_config_table: Text
    raw_table_config_table: Text
    config_deploy_tracker_table: Text
    quarantine_table: Text
    plan_bucket: Text
    job_timeout_minutes: int
    environment: Text
    topic_arn: Text
    regions: str = ""
    """What `RegionSettings` reads; empty without a secondary Region."""


# The environment variables of the function that refreshes tables without a JVM.


class NativeRefreshVariables(Variables):
    """What a Glue job has as arguments; the names are those of `RefreshSettings`."""

    plan_bucket: Text
    file_tracker_table: Text
    file_tracker_history_table: Text
    file_processing_tracker_table: Text
    file_processing_tracker_history_table: Text
    raw_table_config_table: Text
    config_deploy_tracker_table: Text
    quarantine_table: Text
    sources: JsonText
    buckets: JsonText
    max_files_per_refresh: int
    max_bytes_per_refresh: int
    max_replayed_files: int
    history_days: int
    regions: str = ""
    """What `RegionSettings` reads; empty without a secondary Region."""


# The environment variables of the function that gives Iceberg tables their optimizers.


class TableOptimizersVariables(Variables):
    """Where the configuration is, which optimizers tables get, and the role with which Glue runs them."""

    batch_config_table: Text
    raw_table_config_table: Text
    config_deploy_tracker_table: Text
    optimizer_types: Names
    optimizer_role_arn: Text


# The environment variables of the Configuration Manager's functions.


class ConfigManagerVariables(Variables):
    """Where requests and the configuration are, and what was synthesised for the lake."""

    batch_config_table: Text
    raw_table_config_table: Text
    config_deploy_tracker_table: Text
    file_processing_tracker_table: Text
    config_bucket: Text
    database_prefix: str
    cadence_defaults: JsonText
    deployed_cadences: Names
    deployed_glue_jobs: Names
    sources: JsonText


class ManifestUploadVariables(Variables):
    """Where a deployment's manifests go."""

    config_bucket: Text
    queue_url: Text
