"""Reads the run's Hive metastore through the JVM that the script has started, if it has used one."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rehearsal.emulator.glue_runner import metastore_files
from rehearsal.emulator.glue_runner.catalog_entries import Entry

_EVERY_PARTITION = -1


@dataclass(frozen=True)
class Metastore:
    """The metastore's entries as plain data: one Thrift object, one JSON text, one call into the JVM.

    Classes are named in full and lists read as arrays, since py4j looks for each part of a dotted name in every jar and
    takes any failure for the end of a list.
    """

    client: Any
    serializer: Any

    @classmethod
    def used_by_script(cls, database: Path) -> Self | None:
        """Return the metastore, or None if the script has made none."""
        from pyspark import SparkContext

        jvm = SparkContext._jvm  # noqa: SLF001 - the script may have stopped its session, the JVM is still there
        if jvm is None or not metastore_files.is_open(database):
            return None
        conf = getattr(jvm, "org.apache.hadoop.hive.conf.HiveConf")()
        for name, value in metastore_files.settings(database).items():
            conf.set(name, value)
        protocol = getattr(jvm, "org.apache.thrift.protocol.TSimpleJSONProtocol$Factory")()
        return cls(
            client=getattr(jvm, "org.apache.hadoop.hive.metastore.HiveMetaStoreClient")(conf),
            serializer=getattr(jvm, "org.apache.thrift.TSerializer")(protocol),
        )

    def databases(self) -> list[Entry]:
        """Return the databases; the one that Hive always makes only if the script has put tables there."""
        databases = self.client.getAllDatabases().toArray()
        names = [name for name in databases if name != "default" or self.table_names(name)]
        return [self._plain(self.client.getDatabase(name)) for name in names]

    def table_names(self, database: str) -> list[str]:
        """Return the names of a database's tables."""
        return list(self.client.getAllTables(database).toArray())

    def table(self, database: str, name: str) -> Entry:
        """Return one table."""
        return self._plain(self.client.getTable(database, name))

    def partitions(self, database: str, table: str) -> list[Entry]:
        """Return all partitions of a table."""
        partitions = self.client.listPartitions(database, table, _EVERY_PARTITION).toArray()
        return [self._plain(found) for found in partitions]

    def _plain(self, thrift_object: Any) -> Entry:  # noqa: ANN401 - a Java object
        entry: Entry = json.loads(self.serializer.toString(thrift_object))
        return entry
