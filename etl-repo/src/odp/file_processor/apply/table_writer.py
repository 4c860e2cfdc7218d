"""Writes tables of any format with Spark: one commit for each refresh, whose proof says what it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from lake.errors import LakeError
from lake.tables.format import Table, open_table
from odp.file_processor.apply.commit_proof import read_commit, read_source_names
from odp.file_processor.apply.refresh_change import RefreshChange, refuse_earlier_keys
from odp.file_processor.apply.spark_failures import explained
from odp.file_processor.apply.table_format import definition_of, format_of
from odp.records import LandedFile, RawTableConfig
from odp.refresh import LastCommit, RefreshPlan

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class SparkTableWriter:
    """Applies refreshes to tables in the session it is given; `buckets` has the physical bucket of each role."""

    def __init__(self, spark: SparkSession, buckets: Mapping[str, str] = MappingProxyType({})) -> None:
        self._spark = spark
        self._buckets = buckets

    def last_refresh(self, config: RawTableConfig) -> LastCommit | None:
        """Read the newest refresh from the table itself; None when the table has none."""
        commit = self._table(self._placed(config)).last_commit()
        return read_commit(commit) if commit else None

    def apply(self, config: RawTableConfig, refresh: RefreshPlan, check_lease: Callable[[], None]) -> LastCommit:
        """Make the refresh visible in one commit that carries its file ids and the table's state."""
        placed = self._placed(config)
        files, replayed = self._files(refresh.files), self._files(refresh.replayed)
        table = self._table(placed)
        stored = table.existing()
        if stored is not None:
            refuse_earlier_keys(placed, stored)
        here = replace(refresh, files=files, replayed=replayed)
        with explained(self._spark, config, (*files, *replayed)):
            RefreshChange(self._spark, placed, here, table, stored, check_lease).apply()
        committed = self.last_refresh(config)
        is_new = committed is not None and (stored is None or committed.commit_time > stored.commit_time)
        if committed is None or not is_new or committed.file_ids != refresh.file_ids:
            message = (
                f"{config.qualified_name}: the newest commit is not the one just written; is another writer at work?"
            )
            raise LakeError(message)
        return committed

    def publish(self, config: RawTableConfig, published_commit: str) -> str:
        """Bring the Data Catalog up to the newest commit; gives its time.

        A column that the source calls otherwise has the source's name as its comment.
        """
        return self._table(self._placed(config)).publish(published_commit, read_source_names)

    def _table(self, placed: RawTableConfig) -> Table:
        return open_table(format_of(placed), self._spark, definition_of(placed))

    def _placed(self, config: RawTableConfig) -> RawTableConfig:
        """Give the configuration with the physical bucket; one that is no role is physical already."""
        bucket = config.raw_database_s3_bucket
        return replace(config, raw_database_s3_bucket=self._buckets.get(bucket, bucket))

    def _files(self, files: tuple[LandedFile, ...]) -> tuple[LandedFile, ...]:
        return tuple(replace(file, bucket=self._buckets.get(file.bucket, file.bucket)) for file in files)
