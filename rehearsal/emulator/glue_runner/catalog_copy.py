"""Copies the run's metastore into the Data Catalog, which on AWS is the metastore itself, with the job's own rights."""

import json
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Self

import boto3

from rehearsal.emulator.glue_runner import spark_settings

# Translates what a Hive metastore says of databases, tables and partitions into the Data Catalog's words.

Entry = dict[str, Any]

_STAMPED_BY_HIVE = ("transient_lastDdlTime", "numFiles", "totalSize", "numRows", "rawDataSize")


def database_input(database: Entry) -> Entry:
    """Return a database for CreateDatabase."""
    return _given(
        Name=database["name"], Description=database.get("description"), LocationUri=database.get("locationUri")
    )


def table_input(table: Entry) -> Entry:
    """Return a table for CreateTable and UpdateTable."""
    return _given(
        Name=table["tableName"],
        Owner=table.get("owner"),
        TableType=table.get("tableType"),
        Parameters=_lasting(table.get("parameters") or {}),
        PartitionKeys=[_column(column) for column in table.get("partitionKeys") or []],
        StorageDescriptor=_storage(table["sd"]),
    )


def partition_input(partition: Entry) -> Entry:
    """Return a partition for BatchCreatePartition."""
    return _given(
        Values=partition["values"],
        Parameters=_lasting(partition.get("parameters") or {}),
        StorageDescriptor=_storage(partition["sd"]),
    )


def differs(wanted: Entry, present: Entry) -> bool:
    """Whether an entry of the catalog lacks anything of what is wanted."""
    return any(present.get(name) != value for name, value in wanted.items())


def _storage(storage: Entry) -> Entry:
    serde = storage["serdeInfo"]
    return _given(
        Columns=[_column(column) for column in storage["cols"]],
        Location=storage.get("location"),
        InputFormat=storage.get("inputFormat"),
        OutputFormat=storage.get("outputFormat"),
        SerdeInfo=_given(SerializationLibrary=serde.get("serializationLib"), Parameters=serde.get("parameters") or {}),
    )


def _column(column: Entry) -> Entry:
    return _given(Name=column["name"], Type=column["type"], Comment=column.get("comment"))


def _lasting(parameters: dict[str, str]) -> dict[str, str]:
    """Leave out what Hive stamps on at every write: it would make a new version of an unchanged table."""
    return {name: value for name, value in parameters.items() if name not in _STAMPED_BY_HIVE}


def _given(**values: Any) -> Entry:  # noqa: ANN401 - the catalog's values are of many types
    return {name: value for name, value in values.items() if value is not None}


# Reads the run's Hive metastore through the JVM that the script has started, if it has used one.

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
        if jvm is None or not spark_settings.is_metastore_open(database):
            return None
        conf = getattr(jvm, "org.apache.hadoop.hive.conf.HiveConf")()
        for name, value in spark_settings.metastore_settings(database).items():
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


_PARTITIONS_PER_CALL = 100


def copy_catalog(folder: Path) -> None:
    """Copy all databases, tables and partitions that the script has made or changed; do nothing if there are none."""
    metastore = Metastore.used_by_script(folder)
    if metastore is None:
        return
    catalog = DataCatalog(boto3.client("glue"))
    for database in metastore.databases():
        catalog.put_database(database_input(database))
        name = database["name"]
        for table in metastore.table_names(name):
            catalog.put_table(name, table_input(metastore.table(name, table)))
            catalog.put_partitions(name, table, [partition_input(found) for found in metastore.partitions(name, table)])


def make_default_database() -> None:
    """Create the database `default` unless it is there, as AWS's metastore client does when it is constructed.

    On AWS a run that may not fails when it first opens the catalog; here it fails before its script begins.
    """
    DataCatalog(boto3.client("glue")).put_database({"Name": "default", "Description": "default database"})


class DataCatalog:
    """The Data Catalog, changed only where it differs from what is wanted."""

    def __init__(self, glue: Any) -> None:  # noqa: ANN401 - boto3 makes clients at run time
        self._glue = glue

    def put_database(self, wanted: Entry) -> None:
        """Create the database unless it is there: its description and place are its owner's."""
        with suppress(self._glue.exceptions.AlreadyExistsException):
            try:
                self._glue.get_database(Name=wanted["Name"])
            except self._glue.exceptions.EntityNotFoundException:
                self._glue.create_database(DatabaseInput=wanted)

    def put_table(self, database: str, wanted: Entry) -> None:
        """Create the table, or update it if it differs."""
        try:
            present = self._glue.get_table(DatabaseName=database, Name=wanted["Name"])["Table"]
        except self._glue.exceptions.EntityNotFoundException:
            self._glue.create_table(DatabaseName=database, TableInput=wanted)
            return
        if differs(wanted, present):
            self._glue.update_table(DatabaseName=database, TableInput=wanted)

    def put_partitions(self, database: str, table: str, wanted: list[Entry]) -> None:
        """Create the partitions that are missing and delete the ones that are gone."""
        where = {"DatabaseName": database, "TableName": table}
        pages = self._glue.get_paginator("get_partitions").paginate(**where)
        present = {tuple(partition["Values"]) for page in pages for partition in page["Partitions"]}
        missing = iter([partition for partition in wanted if tuple(partition["Values"]) not in present])
        while some := list(islice(missing, _PARTITIONS_PER_CALL)):
            self._glue.batch_create_partition(**where, PartitionInputList=some)
        for values in present - {tuple(partition["Values"]) for partition in wanted}:
            self._glue.delete_partition(**where, PartitionValues=list(values))
