"""Copies the run's metastore into the Data Catalog, which on AWS is the metastore itself, with the job's own rights."""

from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import boto3

from rehearsal.emulator.glue_runner.catalog_entries import Entry, database_input, differs, partition_input, table_input
from rehearsal.emulator.glue_runner.metastore import Metastore

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
