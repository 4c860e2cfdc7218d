"""Reads a Hudi table's timeline through the JVM: what the newest commit holds, and what changed since an older one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odp.file_processor.table_schema import HeldTable
from odp.file_processor.table_writers.hudi_options import FILE_IDS, STATE, read_commit_metadata
from odp.file_processor.table_writers.hudi_schema import table_columns
from odp.refreshes import CommittedRefresh, RowCounts
from odp.spark_session import elements, hadoop_configuration, hadoop_path, java_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_NO_PREVIOUS_FILE = "null"  # HoodieWriteStat.NULL_COMMIT: the file group began with this commit


@dataclass(frozen=True, slots=True)
class Commit:
    """One completed commit: its time, its metadata object in the JVM."""

    time: str
    metadata: Any

    @property
    def columns(self) -> dict[str, str]:
        """The type of each column of the table as of this commit."""
        return table_columns(str(self.metadata.getMetadata("schema")))

    @property
    def refresh(self) -> CommittedRefresh | None:
        """The refresh that the commit made visible; None if it is one of Hudi's own or changed no row."""
        extra = {key: self.metadata.getMetadata(key) for key in (FILE_IDS, STATE)}
        if extra[FILE_IDS] is None:
            return None
        file_ids, state = read_commit_metadata(extra)
        return CommittedRefresh(self.time, file_ids, state, self.counts)

    @property
    def counts(self) -> RowCounts:
        """What the commit's own statistics say, less the deletes that met no row.

        Hudi puts the delete of an unknown key where the row would be inserted. In a file group that is there it counts
        an insert and a delete, which cancel out; in one that begins with the commit only the delete.
        """
        deleted = self.metadata.getTotalRecordsDeleted()
        if deleted:  # a load deletes nothing, and may have begun thousands of files
            deleted -= sum(stat.getNumDeletes() for stat in self._begun)
        return RowCounts(
            inserted=self.metadata.fetchTotalInsertRecordsWritten(),
            updated=self.metadata.fetchTotalUpdateRecordsWritten(),
            deleted=deleted,
        )

    @property
    def began_file_groups(self) -> bool:
        """Whether files without a predecessor were written, as every new partition has."""
        return any(True for _ in self._begun)

    @property
    def _begun(self) -> Iterator[Any]:
        """The statistics of the files without a predecessor."""
        stats = elements(self.metadata.getWriteStats())
        return (stat for stat in stats if stat.getPrevCommit() == _NO_PREVIOUS_FILE)


def commits_newest_first(spark: SparkSession, base_path: str) -> Iterator[Commit]:
    """Give the completed commits of a table; none when there is no table yet."""
    if not _is_made(spark, base_path):
        return
    timeline = table_of(spark, base_path).getActiveTimeline().getCommitsTimeline().filterCompletedInstants()
    for instant in elements(timeline.getReverseOrderedInstants()):
        yield Commit(instant.requestedTime(), timeline.readCommitMetadata(instant))


def table_of(spark: SparkSession, base_path: str) -> Any:  # noqa: ANN401 - a Java object
    """Give Hudi's own view of a table that is there: its properties, its timeline as of now."""
    storage_configurations = java_class(spark, "org.apache.hudi.hadoop.fs.HadoopFSUtils")
    storage = storage_configurations.getStorageConfWithCopy(hadoop_configuration(spark))
    tables = java_class(spark, "org.apache.hudi.common.table.HoodieTableMetaClient")
    return tables.builder().setConf(storage).setBasePath(base_path).build()


def remove_unfinished_making(spark: SparkSession, base_path: str) -> None:
    """Remove the folders without any file that a run left which died while Hudi made the table.

    Hudi takes them for a table, which it can neither load nor complete.
    """
    folder = _metadata_path(spark, base_path)
    files = folder.getFileSystem(hadoop_configuration(spark))
    if files.exists(folder) and not files.listFiles(folder, True).hasNext():
        files.delete(folder, True)


def _is_made(spark: SparkSession, base_path: str) -> bool:
    """Whether there is a table; Hudi keeps a backup while it writes the properties anew, and falls back on it."""
    files = _metadata_path(spark, base_path).getFileSystem(hadoop_configuration(spark))
    names = ("hoodie.properties", "hoodie.properties.backup")
    return any(files.exists(_metadata_path(spark, base_path, name)) for name in names)


def _metadata_path(spark: SparkSession, base_path: str, name: str = "") -> Any:  # noqa: ANN401 - a Java object
    return hadoop_path(spark, f"{base_path}/.hoodie/{name}")


def last_refresh(spark: SparkSession, base_path: str) -> CommittedRefresh | None:
    """Read the newest commit that this framework wrote as a refresh."""
    return next(filter(None, (commit.refresh for commit in commits_newest_first(spark, base_path))), None)


def held_table(spark: SparkSession, base_path: str) -> HeldTable | None:
    """Read what the table is: its columns from the newest commit, its files from the newest refresh."""
    columns: dict[str, str] | None = None
    for commit in commits_newest_first(spark, base_path):
        columns = columns or commit.columns
        if refresh := commit.refresh:
            return HeldTable(columns, refresh.state)
    return None


def catalog_differs(commits: Iterator[Commit], published_commit: str) -> bool:
    """Tell whether schema or partitions may have changed since the commit that the catalog shows.

    A new file group does not prove a new partition, but a new partition always begins one: erring costs one sync.
    """
    newest_columns: dict[str, str] | None = None
    for commit in commits:
        newest_columns = newest_columns or commit.columns
        if commit.time == published_commit:
            return commit.columns != newest_columns
        if commit.began_file_groups:
            return True
    return True
