"""Chooses the engine that refreshes a table: Spark in a Glue run, or the native engine in a function."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from lake.tables.capabilities import Engine
from lake.tables.registry import FORMATS
from lake.tables.size import TableSize
from odp.records import PendingWork, RawTableConfig, TableLease

MEBIBYTE = 1024**2
NATIVE_BYTES = 128 * MEBIBYTE
"""The pending bytes of a native batch, and of a table that `auto` gives to the native engine.

Measured (pyarrow 26, one x86 core): a load of 257 MiB with 16.5 million rows of 4 columns took 30 CPU seconds and
2.3 GB, because the engine keeps the keys of all pending rows. So half of that leaves a function of 3 GB half its
memory, also if it refreshes all tables of a batch at once.
"""
NATIVE_FILES = 5_000
"""The pending files of a native batch, and of a table that `auto` gives to the native engine.

A file costs at most three requests of S3 and some 30 ms: for its columns, its keys and its rows. So 5,000 files take at
most two and a half of the function's fifteen minutes. The first 16 MiB of a table cost one request for each file. Glue
reads files at once by all its cores.
"""
NATIVE_TABLES = 25
"""The tables of a native batch; each waits for some 20 requests of S3 and the Data Catalog."""
LARGEST_NATIVE = TableSize(rows=100_000_000, bytes=2_000_000_000, files=1_000)
"""The largest table that `auto` gives to the native engine, even if a refresh writes all of it again.

A native refresh writes at most 2 GiB again, in some three minutes, so no such table is left to Spark for its size.
100 million keys are searched in 5 CPU seconds. 1,000 files are some 2,000 requests, two minutes one after another.
"""
SHARE_OF_A_TABLE = 16
"""Sixteen bytes of a table count as one pending byte, so a batch's tables have at most 2 GiB."""


@dataclass(frozen=True, slots=True)
class PlannedTable:
    """A table that a plan may refresh."""

    config: RawTableConfig
    work: PendingWork
    lease: TableLease

    @property
    def engine(self) -> Engine:
        """The engine of the next refresh.

        Spark refreshes what the native engine left to it, whatever the configuration says.
        """
        if not _can_be_native(self.config) or self.lease.is_spark_only:
            return Engine.SPARK
        if self.config.engine in list(Engine):
            return Engine(self.config.engine)
        return Engine.NATIVE if self._is_small else Engine.SPARK

    @property
    def native_bytes(self) -> int:
        """The bytes by which the table fills a native batch: its pending files, and a share of its data files.

        For its requests, a pending file counts as if it had some 26 kB more.
        """
        size = self.lease.size
        of_requests = self.work.files * NATIVE_BYTES // NATIVE_FILES
        return self.work.bytes + of_requests + (size.bytes // SHARE_OF_A_TABLE if size else 0)

    @property
    def _is_small(self) -> bool:
        size = astuple(self.lease.size or TableSize(0, 0, 0))
        has_room = all(has <= most for has, most in zip(size, astuple(LARGEST_NATIVE), strict=True))
        return has_room and self.work.bytes <= NATIVE_BYTES and self.work.files <= NATIVE_FILES


def _can_be_native(config: RawTableConfig) -> bool:
    """A later release may have stored a format that this one does not know."""
    known = FORMATS.get(config.table_format)
    return known is not None and Engine.NATIVE in known.capabilities.engines
