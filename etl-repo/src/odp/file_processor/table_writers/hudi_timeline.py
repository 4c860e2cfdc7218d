"""Reads a Hudi table's timeline through the JVM: what the newest commit holds, and what changed since an older one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lake.spark_session import elements, hadoop_configuration, hadoop_path, java_class
from lake.tables.columns import Columns
from odp.file_processor.apply.table_schema import HeldTable
from odp.file_processor.table_writers.hudi_commit_metadata import (
    CONTENT,
    FILE_IDS,
    FINAL_ROWS,
    STATE,
    TableContent,
    read_commit_metadata,
    read_content,
    read_final_rows,
)
from odp.file_processor.table_writers.hudi_schema import has_column, table_columns
from odp.refresh import LastCommit, RowCounts

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_NO_PREVIOUS_FILE = "null"  # HoodieWriteStat.NULL_COMMIT: the file group began with this commit

_TABLE_CONFIG = "org.apache.hudi.common.table.HoodieTableConfig"
_ORDERING_FIELD = "hoodie.table.precombine.field"


@dataclass(frozen=True, slots=True)
class Commit:
    """One completed commit: its time, its metadata object in the JVM."""

    time: str
    metadata: Any

    @property
    def columns(self) -> Columns:
        """The type of each column of the table as of this commit."""
        return table_columns(self._schema)

    def has_column(self, name: str) -> bool:
        """Whether the table has this column as of this commit, which may be one of the framework's own."""
        return has_column(self._schema, name)

    @property
    def _schema(self) -> str:
        return str(self.metadata.getMetadata("schema"))

    @property
    def content(self) -> TableContent:
        """What the table holds as of this commit, if that is a refresh."""
        return read_content({key: self.metadata.getMetadata(key) for key in (CONTENT, STATE)})

    @property
    def refresh(self) -> LastCommit | None:
        """The refresh that the commit made visible; None if it is one of Hudi's own or changed no row."""
        extra = {key: self.metadata.getMetadata(key) for key in (FILE_IDS, STATE)}
        if extra[FILE_IDS] is None:
            return None
        file_ids, state = read_commit_metadata(extra)
        return LastCommit(self.time, file_ids, state, self.counts)

    @property
    def counts(self) -> RowCounts:
        """What the commit's own statistics say, less the deletes that met no row.

        Hudi puts the delete of an unknown key where the row would be inserted. In a file group that is there it counts
        an insert and a delete, which cancel out; in one that begins with the commit only the delete.
        """
        deleted = self.metadata.getTotalRecordsDeleted()
        counts = RowCounts(
            inserted=self.metadata.fetchTotalInsertRecordsWritten(),
            updated=self.metadata.fetchTotalUpdateRecordsWritten(),
            deleted=deleted,
        )
        final = read_final_rows({FINAL_ROWS: self.metadata.getMetadata(FINAL_ROWS)})
        without_row = final.updates_without_row(counts) if final else 0
        if deleted:  # a load deletes nothing, and may have begun thousands of files
            deleted -= sum(stat.getNumDeletes() for stat in self._begun)
        return replace(counts, deleted=deleted, updates_without_row=without_row)

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
    yield from _commits(table_of(spark, base_path))


def _commits(table: Any) -> Iterator[Commit]:  # noqa: ANN401 - a Java object
    timeline = table.getActiveTimeline().getCommitsTimeline().filterCompletedInstants()
    for instant in elements(timeline.getReverseOrderedInstants()):
        yield Commit(instant.requestedTime(), timeline.readCommitMetadata(instant))


def table_of(spark: SparkSession, base_path: str) -> Any:  # noqa: ANN401 - a Java object
    """Give Hudi's own view of a table that is there: its properties, its timeline as of now."""
    storage_configurations = java_class(spark, "org.apache.hudi.hadoop.fs.HadoopFSUtils")
    storage = storage_configurations.getStorageConfWithCopy(hadoop_configuration(spark))
    tables = java_class(spark, "org.apache.hudi.common.table.HoodieTableMetaClient")
    return tables.builder().setConf(storage).setBasePath(base_path).build()


def forget_ordering_field(spark: SparkSession, base_path: str) -> None:
    """Take the ordering field from the properties of a table that an earlier release made.

    Hudi would compare a change with the row that it finds, whatever the options of the write say; without an ordering
    field the last commit wins.
    """
    table = table_of(spark, base_path)
    names = java_class(spark, "java.util.HashSet")()
    names.add(_ORDERING_FIELD)
    java_class(spark, _TABLE_CONFIG).delete(table.getStorage(), table.getMetaPath(), names)


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


def last_refresh(spark: SparkSession, base_path: str) -> LastCommit | None:
    """Read the newest commit that this framework wrote as a refresh."""
    return next(filter(None, (commit.refresh for commit in commits_newest_first(spark, base_path))), None)


@dataclass(frozen=True, slots=True)
class ExistingTable:
    """What a table is before a refresh: as of its newest commit, and as of its newest refresh."""

    newest: Commit
    content: TableContent
    ordering_field: str
    """The column whose values Hudi would compare; only tables that an earlier release made have one."""

    @property
    def columns(self) -> Columns:
        """The type of each column of the source."""
        return self.newest.columns

    @property
    def held(self) -> HeldTable:
        """What decides which schema may follow."""
        content = self.content
        names = None if content.source_names is None else dict(content.source_names)
        return HeldTable(self.columns, content.newest_load, content.newest_change, names)


def existing_table(spark: SparkSession, base_path: str) -> ExistingTable | None:
    """Read what the table is; None when no refresh has reached it."""
    if not _is_made(spark, base_path):
        return None
    table = table_of(spark, base_path)
    ordering_field = str(table.getTableConfig().getPreCombineField() or "")
    newest: Commit | None = None
    for commit in _commits(table):
        newest = newest or commit
        if commit.refresh:
            return ExistingTable(newest, commit.content, ordering_field)
    return None


def catalog_differs(commits: Iterator[Commit], published_commit: str) -> bool:
    """Tell whether schema, names or partitions may have changed since the commit that the catalog shows.

    A new file group does not prove a new partition, but a new partition always begins one: erring costs one sync.
    """
    newest: Commit | None = None
    for commit in commits:
        newest = newest or commit
        if commit.time == published_commit:
            has_names = source_names([commit]) == source_names([newest])
            return not has_names or commit.columns != newest.columns
        if commit.began_file_groups:
            return True
    return True


def source_names(commits: Iterable[Commit]) -> dict[str, str]:
    """Give the source's name of each column that the table calls otherwise, as the newest refresh says."""
    return dict(next((commit.content.source_names or () for commit in commits if commit.refresh), ()))
