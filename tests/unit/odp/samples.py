"""Entries of a configuration as most tests want them; each test states what it needs otherwise."""

from dataclasses import replace
from typing import Any

from odp.dynamodb.run_log import RunLogTables
from odp.records import BatchConfig, RawTableConfig, RowHistory

_BATCH = BatchConfig("10_min_refresh", "hudi", "odpf_file_processor", "G.1X", 10, 5)
_TABLE = RawTableConfig(
    refresh_cadence="10_min_refresh",
    source_table_name="s.t",
    primary_key=("ID",),
    partition_key=None,
    change_sequence="SEQ",
    hudi_table_type="copy_on_write",
    history=RowHistory.LATEST,
    table_format="hudi",
    is_active=True,
    raw_database_name="db",
    raw_database_s3_bucket="raw",
    raw_table_name="t",
)
RUN_LOG_TABLES = RunLogTables("files", "files_history", "leases", "leases_history", "quarantine")


def batch_config(**fields: Any) -> BatchConfig:
    """A cadence of ten minutes, but for the fields given."""
    return replace(_BATCH, **fields)


def table_config(**fields: Any) -> RawTableConfig:
    """An unpartitioned snapshot table s.t of that cadence, but for the fields given."""
    return replace(_TABLE, **fields)
