"""The environment variables of the Configuration Manager's functions."""

from __future__ import annotations

from lake.variables import JsonText, Names, Text, Variables


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
