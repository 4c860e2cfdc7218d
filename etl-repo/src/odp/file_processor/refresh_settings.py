"""The settings of a refresh run: arguments of the Glue job, variables of the native function."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class RefreshSettings:
    """Where plans, ledger and configuration are, and how much a refresh takes at a time."""

    plan_bucket: str
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
    regions: str = field(default="", kw_only=True)
    """JSON of the two Regions; empty without a secondary."""
