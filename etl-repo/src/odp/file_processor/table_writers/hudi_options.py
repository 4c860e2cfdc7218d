"""The Hudi options of a write: table version 6 (the newest that Athena reads), one commit, keys global to the table.

What each option is for, and what was measured with and without it: docs/decisions/0003-hudi-settings.md.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from lake.tables.columns import Binary, Columns, Timestamp
from odp.file_processor.apply.own_columns import record_key
from odp.file_processor.table_writers.hudi_commit_metadata import commit_metadata
from odp.records import DELETE, OPERATION, RawTableConfig, VersioningType
from odp.refresh import RefreshKind, RefreshPlan

TIME_TRAVEL_COMMITS = 10
"""So many commits can be read as they were; each costs the storage of the files that it rewrote."""

_PAYLOAD = "org.apache.hudi.common.model.DefaultHoodieRecordPayload"
_KEY_GENERATORS = "org.apache.hudi.keygen"
_NEW_SCHEMA = {
    "hoodie.internal.write.schema.canonicalize": "false",
    "hoodie.datasource.write.schema.allow.auto.evolution.column.drop": "true",
    "hoodie.avro.schema.validate": "false",
}
"""No row of the table is left as it was, so its schema is that of the new ones.

Otherwise Hudi compares it with that of the last commit or, of a table without one, of a table of the same name in the
catalog, whatever that is.
"""

_FILES_OF_A_TASK, _BYTES_OF_A_TASK = 4, 4 << 20
"""What one task of a look-up reads the keys of; less would cost small tables more than the reading does."""


class Operation(StrEnum):
    """Hudi's write operations that this framework uses."""

    BULK_INSERT = "bulk_insert"
    UPSERT = "upsert"
    OVERWRITE_TABLE = "insert_overwrite_table"


@dataclass(frozen=True, slots=True)
class IndexLookUp:
    """How Hudi finds the rows that changes are of: in how many tasks, and whether any may be in another partition."""

    tasks: int
    moves_rows: bool


def look_up_tasks(data_files: Collection[int], task_slots: int) -> int:
    """Tell in how many tasks to read the keys of data files of these sizes in bytes, of which so many can run at once.

    Hudi then joins in as many. Its own 60 to 100 cost a small table more than the look-up itself.
    """
    return min(task_slots, max(1, ceil(len(data_files) / _FILES_OF_A_TASK), ceil(sum(data_files) / _BYTES_OF_A_TASK)))


def bound_columns(config: RawTableConfig) -> frozenset[str]:
    """Give the columns from whose values record keys and partitions are made, which are kept beside the rows."""
    return frozenset(filter(None, (*config.hudi_primary_key, config.hudi_partition_key)))


def write_operation(config: RawTableConfig, refresh: RefreshPlan, *, is_held: bool) -> Operation:
    """Give Hudi's operation for a refresh: only rows of a table that holds none can be added without a look-up."""
    is_snapshot = config.table_data_versioning_type is VersioningType.SNAPSHOT
    if is_snapshot and refresh.kind in (RefreshKind.RELOAD, RefreshKind.EMPTY):
        return Operation.OVERWRITE_TABLE
    return Operation.UPSERT if is_held else Operation.BULK_INSERT


def write_options(
    config: RawTableConfig, refresh: RefreshPlan, columns: Columns, look_up: IndexLookUp | None
) -> dict[str, str]:
    """Give all options of the one write that applies a refresh, of columns with these types.

    The look-up is None if the table holds nothing. It may say that it moves no rows only if no change has another
    partition than the row that the table has of its key.
    """
    operation = write_operation(config, refresh, is_held=look_up is not None)
    return {
        **_table_options(config, columns),
        **(_index_options(config, look_up) if look_up and operation is Operation.UPSERT else {}),
        **_payload_options(config),
        **_speed_options(),
        **({} if operation is Operation.UPSERT else _NEW_SCHEMA),
        "hoodie.clean.commits.retained": str(TIME_TRAVEL_COMMITS),
        **commit_metadata(refresh),
        "hoodie.datasource.write.operation": operation.value,
    }


def rewrite_options(config: RawTableConfig, columns: Columns) -> dict[str, str]:
    """Give all options of a write that puts the rows of a table in its place in wider columns, and nothing else."""
    return {
        **_table_options(config, columns),
        **_payload_options(config),
        **_speed_options(),
        **_NEW_SCHEMA,
        "hoodie.datasource.write.operation": Operation.OVERWRITE_TABLE.value,
    }


def _table_options(config: RawTableConfig, columns: Columns) -> dict[str, str]:
    generator = "SimpleKeyGenerator" if config.hudi_partition_key else "NonpartitionedKeyGenerator"
    return {
        "hoodie.table.name": config.raw_table_name,
        "hoodie.database.name": config.raw_database_name,
        "hoodie.datasource.write.table.type": config.hudi_table_type.upper(),
        "hoodie.datasource.write.recordkey.field": record_key(config),
        "hoodie.datasource.write.partitionpath.field": config.hudi_partition_key or "",
        "hoodie.datasource.write.keygenerator.class": f"{_KEY_GENERATORS}.{generator}",
        "hoodie.datasource.write.hive_style_partitioning": "true",
        "hoodie.datasource.write.partitionpath.urlencode": "true",  # or a value with / is a folder in a folder
        "hoodie.datasource.write.row.writer.enable": "true" if _has_row_writer(config, columns) else "false",
        "hoodie.write.table.version": "6",
        "hoodie.write.auto.upgrade": "false",
    }


def _has_row_writer(config: RawTableConfig, columns: Columns) -> bool:
    """Hudi's faster bulk insert writes some keys otherwise than its upsert, which then finds no row and adds one.

    It writes a timestamp as text, a binary as the address of an object.
    """
    return not isinstance(columns.get(record_key(config)), Timestamp | Binary)


def _index_options(config: RawTableConfig, look_up: IndexLookUp) -> dict[str, str]:
    """A change of the partition column must move its row, so the index spans partitions where there are any.

    If it may move rows, Hudi joins the changes with all keys three times instead of once, whether or not any moves.
    """
    tasks = str(look_up.tasks)
    if config.hudi_partition_key is None:
        return {"hoodie.index.type": "SIMPLE", "hoodie.simple.index.parallelism": tasks}
    return {
        "hoodie.index.type": "GLOBAL_SIMPLE",
        "hoodie.simple.index.update.partition.path": "true" if look_up.moves_rows else "false",
        "hoodie.global.simple.index.parallelism": tasks,
        "hoodie.global.index.reconcile.parallelism": tasks,
    }


def _payload_options(config: RawTableConfig) -> dict[str, str]:
    """No ordering field is named: the last commit wins; in a snapshot table a row whose operation is D is a delete."""
    options = {
        "hoodie.datasource.write.payload.class": _PAYLOAD,
        "hoodie.combine.before.insert": "false",  # the framework gives one final row of each key already
        "hoodie.combine.before.upsert": "false",
    }
    if config.table_data_versioning_type is VersioningType.SNAPSHOT:
        options |= {"hoodie.payload.delete.field": OPERATION, "hoodie.payload.delete.marker": DELETE}
    return options


def _speed_options() -> dict[str, str]:
    return {
        "hoodie.metadata.enable": "false",
        "hoodie.embed.timeline.server": "false",
        "hoodie.write.markers.type": "DIRECT",
        # neither index reads it, and it is two thirds of a file of 10,000 rows; only bulk inserts write it all the same
        "hoodie.parquet.bloom.filter.enabled": "false",
        "hoodie.parquet.compression.codec": "zstd",  # smaller than Hudi's gzip
    }
