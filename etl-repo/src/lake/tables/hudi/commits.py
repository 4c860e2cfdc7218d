"""A Hudi table's timeline through the JVM: commits, their proofs, what changed since one, and what must be removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lake.spark_session import elements, hadoop_configuration, hadoop_path, java_class
from lake.tables.change import PROOF_PREFIX, Commit, Proof, WrittenRows
from lake.tables.columns import Columns
from lake.tables.format import CommentsOf
from lake.tables.hudi.schema import table_columns

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


_NO_PREVIOUS_FILE = "null"  # HoodieWriteStat.NULL_COMMIT: the file group began with this commit


@dataclass(frozen=True, slots=True)
class HudiCommit:
    """One completed commit: its time, its metadata object in the JVM."""

    time: str
    metadata: Any

    @property
    def columns(self) -> Columns:
        """The type of each column of the table as of this commit, without those that Hudi adds."""
        return table_columns(str(self.metadata.getMetadata("schema")))

    @property
    def proof(self) -> Proof:
        """The proof of the change that the commit made visible; empty if it is one of Hudi's own or changed no row."""
        entries = ((str(entry.getKey()), entry) for entry in elements(self.metadata.getExtraMetadata().entrySet()))
        return {name: str(entry.getValue()) for name, entry in entries if name.startswith(PROOF_PREFIX)}

    @property
    def change(self) -> Commit | None:
        """The change that the commit made visible; None without a proof."""
        proof = self.proof
        return Commit(self.time, proof, self.rows) if proof else None

    @property
    def rows(self) -> WrittenRows:
        """What the commit's own statistics say, less the deletes that met no row.

        Hudi puts the delete of an unknown key where the row would be inserted. In a file group that is there it counts
        an insert and a delete, which cancel out; in one that begins with the commit only the delete.
        """
        deleted = self.metadata.getTotalRecordsDeleted()
        # a load deletes nothing, and may have begun thousands of files
        without_row = sum(stat.getNumDeletes() for stat in self._begun) if deleted else 0
        return WrittenRows(
            inserted=self.metadata.fetchTotalInsertRecordsWritten(),
            updated=self.metadata.fetchTotalUpdateRecordsWritten(),
            deleted=deleted - without_row,
            deletes_without_row=without_row,
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


def commits_newest_first(spark: SparkSession, base_path: str) -> Iterator[HudiCommit]:
    """Give the completed commits of a table; none when there is no table yet."""
    if is_made(spark, base_path):
        yield from commits_of(table_of(spark, base_path))


def commits_of(table: Any) -> Iterator[HudiCommit]:  # noqa: ANN401 - a Java object
    """Give the completed commits of a table by Hudi's own view of it, the newest first."""
    timeline = table.getActiveTimeline().getCommitsTimeline().filterCompletedInstants()
    for instant in elements(timeline.getReverseOrderedInstants()):
        yield HudiCommit(instant.requestedTime(), timeline.readCommitMetadata(instant))


def table_of(spark: SparkSession, base_path: str) -> Any:  # noqa: ANN401 - a Java object
    """Give Hudi's own view of a table that is there: its properties, its timeline as of now."""
    storage_configurations = java_class(spark, "org.apache.hudi.hadoop.fs.HadoopFSUtils")
    storage = storage_configurations.getStorageConfWithCopy(hadoop_configuration(spark))
    tables = java_class(spark, "org.apache.hudi.common.table.HoodieTableMetaClient")
    return tables.builder().setConf(storage).setBasePath(base_path).build()


def is_made(spark: SparkSession, base_path: str) -> bool:
    """Whether there is a table; Hudi keeps a backup while it rewrites the properties, and falls back on it."""
    files = metadata_path(spark, base_path).getFileSystem(hadoop_configuration(spark))
    names = ("hoodie.properties", "hoodie.properties.backup")
    return any(files.exists(metadata_path(spark, base_path, name)) for name in names)


def metadata_path(spark: SparkSession, base_path: str, name: str = "") -> Any:  # noqa: ANN401 - a Java object
    """Give the path of one of Hudi's metadata files, or of their folder."""
    return hadoop_path(spark, f"{base_path}/.hoodie/{name}")


def catalog_differs(commits: Iterator[HudiCommit], published_commit: str, comments_of: CommentsOf) -> bool:
    """Tell whether schema, comments or partitions may have changed since the commit that the catalog shows.

    A new file group does not prove a new partition, but a new partition always begins one: erring costs one sync.
    """
    newest: HudiCommit | None = None
    for commit in commits:
        newest = newest or commit
        if commit.time == published_commit:
            has_comments = comments([commit], comments_of) == comments([newest], comments_of)
            return not has_comments or commit.columns != newest.columns
        if commit.began_file_groups:
            return True
    return True


def comments(commits: Iterable[HudiCommit], comments_of: CommentsOf) -> Mapping[str, str]:
    """Give the comments of columns, as the newest proof asks for them."""
    return next((comments_of(proof) for commit in commits if (proof := commit.proof)), {})


# Cleanup before a change: remains of an earlier release, or of a run that died while it created the table.


_TABLE_CONFIG = "org.apache.hudi.common.table.HoodieTableConfig"
_ORDERING_FIELD = "hoodie.table.precombine.field"


def forget_ordering_field(spark: SparkSession, base_path: str) -> None:
    """Take the ordering field from the properties of a table that an earlier release made.

    Hudi would compare a change with the row that it finds, whatever the options of the write say; without an ordering
    field the last commit wins.
    """
    table = table_of(spark, base_path)
    names = java_class(spark, "java.util.HashSet")()
    names.add(_ORDERING_FIELD)
    java_class(spark, _TABLE_CONFIG).delete(table.getStorage(), table.getMetaPath(), names)


def remove_interrupted_creation(spark: SparkSession, base_path: str) -> None:
    """Delete the empty folders of a table whose creation was interrupted.

    Hudi takes them for a table, which it can neither load nor complete.
    """
    folder = metadata_path(spark, base_path)
    files = folder.getFileSystem(hadoop_configuration(spark))
    if files.exists(folder) and not files.listFiles(folder, True).hasNext():
        files.delete(folder, True)
