"""Writes Hudi tables with Spark: one commit for each refresh, whose metadata proves what it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from py4j.protocol import Py4JJavaError

from odp.errors import OdpError, RejectedInputError
from odp.file_processor.changes import cast_to, latest_change_per_key, read_changes, without_deleted
from odp.file_processor.parquet_footers import read_columns
from odp.file_processor.schema_changes import Columns, must_rewrite
from odp.file_processor.table_schema import decide_table_columns
from odp.file_processor.table_writers.hudi_catalog import sync_catalog
from odp.file_processor.table_writers.hudi_index import decide_look_up
from odp.file_processor.table_writers.hudi_options import (
    NOTHING_HELD,
    bound_columns,
    record_key,
    rewrite_options,
    write_options,
)
from odp.file_processor.table_writers.hudi_timeline import (
    catalog_differs,
    commits_newest_first,
    held_table,
    last_refresh,
    remove_unfinished_making,
)
from odp.records import RawTableConfig, VersioningType
from odp.refreshes import CommittedRefresh, Refresh, RefreshKind

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class HudiSparkWriter:
    """Applies refreshes to Hudi tables in the session it is given."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark

    def last_refresh(self, config: RawTableConfig) -> CommittedRefresh | None:
        """Read the newest refresh from the table's timeline; None when the table has none."""
        return last_refresh(self._spark, config.base_path)

    def apply(self, config: RawTableConfig, refresh: Refresh, check_lease: Callable[[], None]) -> CommittedRefresh:
        """Make the refresh visible in one commit that carries its file ids and the table's state.

        The lease is checked last before Hudi begins its instant. A run that is overtaken after that finds its instant
        rolled back, as each writer first does with those that it finds under way, and cannot complete it.
        """
        files = (*refresh.files, *refresh.replayed)
        file_columns = read_columns(self._spark, files)
        held = held_table(self._spark, config.base_path)
        if held is None:
            remove_unfinished_making(self._spark, config.base_path)
        columns = decide_table_columns(config, refresh, file_columns, held)
        if held and refresh.kind is RefreshKind.CHANGES and must_rewrite(held.columns, columns, bound_columns(config)):
            self._rewrite(config, held.columns, columns, check_lease)
        changes = read_changes(self._spark, files, file_columns, columns, config)
        rows = latest_change_per_key(changes, keys=record_key(config), order_by=config.hudi_precombine_field)
        is_snapshot = config.table_data_versioning_type is VersioningType.SNAPSHOT
        if is_snapshot and refresh.kind is not RefreshKind.CHANGES:
            rows = without_deleted(rows)
        is_merged = held is not None and refresh.kind is RefreshKind.CHANGES
        look_up = decide_look_up(self._spark, config, changes) if is_merged else NOTHING_HELD
        _write(rows, write_options(config, refresh, columns, look_up), config, check_lease)
        committed = self.last_refresh(config)
        if committed is None or committed.file_ids != refresh.file_ids:
            message = (
                f"{config.qualified_name}: the newest commit is not the one just written; is another writer at work?"
            )
            raise OdpError(message)
        return committed

    def _rewrite(
        self, config: RawTableConfig, held: Columns, columns: Columns, check_lease: Callable[[], None]
    ) -> None:
        """Put the table's rows as they are into wider columns, in a commit of its own that no reader notices."""
        rows = self._spark.read.format("hudi").load(config.base_path).select(*cast_to(columns, held))
        _write(rows, rewrite_options(config, columns), config, check_lease)

    def publish(self, config: RawTableConfig, published_commit: str) -> str:
        """Sync the Data Catalog if schema or partitions changed since the commit it shows; gives the newest commit."""
        commits = list(commits_newest_first(self._spark, config.base_path))
        if catalog_differs(iter(commits), published_commit):
            sync_catalog(self._spark, config)
        return commits[0].time


def _write(
    rows: DataFrame, options: Mapping[str, str], config: RawTableConfig, check_lease: Callable[[], None]
) -> None:
    writer = rows.write.format("hudi").options(**options).mode("append")
    check_lease()
    try:
        writer.save(config.base_path)
    except Py4JJavaError as error:
        if "HoodieKeyException" not in str(error):
            raise
        message = (
            f"{config.source_table_name}: a row has no value in its key {', '.join(config.hudi_primary_key)} (NULL or "
            "an empty text), which Hudi cannot keep; name columns as hudi_primary_key that every row has"
        )
        raise RejectedInputError(message) from error
