"""The native engine itself in memory: the product's writer on the tester's catalog, with faults."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
from odp.native.table_writer import NativeTableWriter
from odp.records import LandedFile, RawTableConfig
from odp.refresh import LastCommit, RefreshPlan

from lake.tables.change import TableDefinition
from lake.tables.iceberg_native.row_change import Limits
from lake.tables.iceberg_native.table import NativeIcebergTable
from rehearsal.torture.memory.iceberg_catalog import RunCatalog
from rehearsal.torture.memory.staging import StagingBucket
from rehearsal.torture.parquet_files import parquet


@dataclass(frozen=True)
class NativeEngine:
    """Applies refreshes for one run; `ask_lease` is called right before the catalog is asked for the commit."""

    catalog: RunCatalog
    staging: StagingBucket
    bucket: str
    limits: Limits
    ask_lease: Callable[[RefreshPlan, Callable[[], None]], None]

    @cached_property
    def _writer(self) -> NativeTableWriter:
        return NativeTableWriter(self._open_table, self._open_file, {"raw": self.bucket})

    def last_refresh(self, config: RawTableConfig) -> LastCommit | None:
        """Read the newest commit."""
        return self._writer.last_refresh(config)

    def apply(self, config: RawTableConfig, refresh: RefreshPlan, check_lease: Callable[[], None]) -> LastCommit:
        """Make the refresh visible in one commit."""
        return self._writer.apply(config, refresh, lambda: self.ask_lease(refresh, check_lease))

    def publish(self, config: RawTableConfig, published_commit: str) -> str:
        """Comment columns, and return the newest commit's time."""
        return self._writer.publish(config, published_commit)

    def _open_table(self, definition: TableDefinition) -> NativeIcebergTable:
        return NativeIcebergTable(self.catalog, definition, self.limits)

    def _open_file(self, file: LandedFile) -> Any:  # noqa: ANN401 - pyarrow has no types
        current = self.staging.current(file.key)
        if current is None:
            raise FileNotFoundError(file.key)
        return pa.BufferReader(parquet(current.file))
