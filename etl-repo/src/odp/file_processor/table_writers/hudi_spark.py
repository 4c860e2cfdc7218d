"""Writes Hudi tables with Spark: one commit for each refresh, whose metadata proves what it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from lake.errors import LakeError
from odp.file_processor.apply.spark_failures import explained
from odp.file_processor.table_writers.hudi_catalog import sync_catalog
from odp.file_processor.table_writers.hudi_refresh import HudiRefresh, refuse_earlier_keys
from odp.file_processor.table_writers.hudi_timeline import (
    catalog_differs,
    commits_newest_first,
    existing_table,
    last_refresh,
    remove_unfinished_making,
    source_names,
)
from odp.records import LandedFile, RawTableConfig
from odp.refresh import LastCommit, RefreshPlan

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class HudiSparkWriter:
    """Applies refreshes to Hudi tables in the session it is given; `buckets` has the physical bucket of each role."""

    def __init__(self, spark: SparkSession, buckets: Mapping[str, str] = MappingProxyType({})) -> None:
        self._spark = spark
        self._buckets = buckets

    def last_refresh(self, config: RawTableConfig) -> LastCommit | None:
        """Read the newest refresh from the table's timeline; None when the table has none."""
        return last_refresh(self._spark, self._placed(config).base_path)

    def apply(self, config: RawTableConfig, refresh: RefreshPlan, check_lease: Callable[[], None]) -> LastCommit:
        """Make the refresh visible in one commit that carries its file ids and the table's state.

        The lease is checked last before Hudi begins its instant. A run that is overtaken after that finds its instant
        rolled back, as each writer first does with those that it finds under way, and cannot complete it.
        """
        placed = self._placed(config)
        files, replayed = self._files(refresh.files), self._files(refresh.replayed)
        table = existing_table(self._spark, placed.base_path)
        if table is None:
            remove_unfinished_making(self._spark, placed.base_path)
        else:
            refuse_earlier_keys(placed, table)
        here = replace(refresh, files=files, replayed=replayed)
        with explained(self._spark, config, (*files, *replayed)):
            HudiRefresh(self._spark, placed, here, table, check_lease).apply()
        committed = self.last_refresh(config)
        is_new = committed is not None and (table is None or committed.commit_time > table.newest.time)
        if committed is None or not is_new or committed.file_ids != refresh.file_ids:
            message = (
                f"{config.qualified_name}: the newest commit is not the one just written; is another writer at work?"
            )
            raise LakeError(message)
        return committed

    def publish(self, config: RawTableConfig, published_commit: str) -> str:
        """Sync the Data Catalog if schema or partitions changed since the commit it shows; gives the newest commit."""
        placed = self._placed(config)
        commits = list(commits_newest_first(self._spark, placed.base_path))
        if catalog_differs(iter(commits), published_commit):
            sync_catalog(self._spark, placed, source_names(commits))
        return commits[0].time

    def _placed(self, config: RawTableConfig) -> RawTableConfig:
        """Give the configuration with the physical bucket; one that is no role is physical already."""
        bucket = config.raw_database_s3_bucket
        return replace(config, raw_database_s3_bucket=self._buckets.get(bucket, bucket))

    def _files(self, files: tuple[LandedFile, ...]) -> tuple[LandedFile, ...]:
        return tuple(replace(file, bucket=self._buckets.get(file.bucket, file.bucket)) for file in files)
