"""Translates what a Hive metastore says of databases, tables and partitions into the Data Catalog's words."""

from typing import Any

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
    """Tell whether an entry of the catalog lacks anything of what is wanted."""
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
