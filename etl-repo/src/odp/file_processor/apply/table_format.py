"""What a table's configuration means to its format: the definition of the table, and the kind of a change."""

from __future__ import annotations

from lake.errors import RejectedInputError
from lake.tables.capabilities import TableFormat
from lake.tables.change import ChangeKind, TableDefinition
from lake.tables.registry import FORMATS
from odp.file_processor.apply.source_columns import with_table_names
from odp.file_processor.apply.technical_columns import record_key
from odp.records import DELETE, OPERATION, RawTableConfig, RowHistory
from odp.refresh import RefreshKind, RefreshPlan


def format_of(config: RawTableConfig) -> TableFormat:
    """Give the format that the configuration names; raises RejectedInputError if this release has none of that name."""
    if config.table_format not in FORMATS:
        message = (
            f"{config.qualified_name} is configured as a table of the format {config.table_format!r}, which this "
            f"release does not write; name one of {', '.join(FORMATS)} in its manifest"
        )
        raise RejectedInputError(message)
    return FORMATS[config.table_format]


def definition_of(config: RawTableConfig) -> TableDefinition:
    """Define the table that a configuration with a physical bucket describes; only snapshot tables delete rows."""
    named = with_table_names(config)
    is_snapshot = config.history is RowHistory.LATEST
    return TableDefinition(
        database=config.raw_database_name,
        name=config.raw_table_name,
        location=config.base_path,
        record_key=record_key(named),
        key_columns=named.primary_key,
        partition_by=named.partition,
        delete_marker=(OPERATION, DELETE) if is_snapshot else None,
        table_type=config.hudi_table_type,
    )


def bound_columns(config: RawTableConfig) -> frozenset[str]:
    """Return the columns, by the table's names, from whose values record keys and partitions are made."""
    named = with_table_names(config)
    return frozenset(filter(None, (*named.primary_key, named.partition_key)))


def change_kind(config: RawTableConfig, refresh: RefreshPlan) -> ChangeKind:
    """Decide what a refresh means for the table's rows; a historical table keeps them whatever comes."""
    is_snapshot = config.history is RowHistory.LATEST
    is_replaced = is_snapshot and refresh.kind in (RefreshKind.RELOAD, RefreshKind.EMPTY)
    return ChangeKind.REPLACE if is_replaced else ChangeKind.MERGE
