"""The environment variables of the Batch Manager."""

from __future__ import annotations

from lake.variables import Text, Variables


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
