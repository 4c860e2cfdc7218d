"""The columns that the framework adds to a table, where source columns cannot make a row unique."""

from __future__ import annotations

from odp.records import RawTableConfig, RowHistory

KEY, VERSION = "_odp_key", "_odp_version"


def technical_columns(config: RawTableConfig) -> tuple[str, ...]:
    """Name the columns that the framework adds: none to a snapshot table with one key column."""
    if config.history is RowHistory.ALL:
        return (KEY, VERSION)
    return (KEY,) if len(config.primary_key) > 1 else ()


def record_key(config: RawTableConfig) -> str:
    """Name the column that makes a row of the lake unique."""
    return KEY if technical_columns(config) else config.primary_key[0]
