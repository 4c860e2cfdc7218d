"""The statistics of a data file, as manifests have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import (
    DataFileStatistics,
    MetricModeTypes,
    MetricsMode,
    StatisticsCollector,
    data_file_statistics_from_parquet_metadata,
)


def file_statistics(
    footer: pq.FileMetaData, plan: Mapping[int, StatisticsCollector], ids: Mapping[str, int]
) -> DataFileStatistics:
    """Read a footer; only a column of which each row group says bounds has any.

    Those of some row groups would hide the rows of the others.
    """
    unbounded = {
        ids[column.path_in_schema]
        for group in map(footer.row_group, range(footer.num_row_groups))
        for column in map(group.column, range(group.num_columns))
        if not _has_bounds(column)
    }
    counts = MetricsMode(MetricModeTypes.COUNTS)
    possible = {id_: replace(each, mode=counts) if id_ in unbounded else each for id_, each in plan.items()}
    return data_file_statistics_from_parquet_metadata(footer, possible, {**ids})


def _has_bounds(column: pq.ColumnChunkMetaData) -> bool:
    """Parquet leaves out bounds above 4,096 bytes; Python knows no text but UTF-8, and no year above 9999."""
    if not column.is_stats_set or not column.statistics.has_min_max:
        return bool(column.is_stats_set and column.statistics.null_count == column.num_values)
    try:
        _ = column.statistics.min, column.statistics.max
    except (UnicodeDecodeError, OverflowError):
        return False
    return True
