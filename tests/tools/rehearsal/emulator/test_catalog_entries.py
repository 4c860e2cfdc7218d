"""From a metastore's words to the Data Catalog's."""

from typing import Any

from rehearsal.emulator.glue_runner.catalog_copy import database_input, differs, partition_input, table_input

STORAGE = {
    "cols": [{"name": "id", "type": "bigint"}, {"name": "fare", "type": "double", "comment": "in dollars"}],
    "location": "s3://raw/lake/trips",
    "inputFormat": "org.apache.hudi.hadoop.HoodieParquetInputFormat",
    "outputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "compressed": 0,
    "serdeInfo": {"serializationLib": "ParquetHiveSerDe", "parameters": {"path": "s3://raw/lake/trips"}},
    "bucketCols": [],
}
TABLE = {
    "tableName": "trips", "dbName": "lake", "owner": "glue", "tableType": "EXTERNAL_TABLE", "sd": STORAGE,
    "partitionKeys": [{"name": "vendorid", "type": "int"}],
    "parameters": {"EXTERNAL": "TRUE", "transient_lastDdlTime": "1795394157", "totalSize": "0"},
}  # fmt: skip
WANTED_STORAGE = {
    "Columns": [{"Name": "id", "Type": "bigint"}, {"Name": "fare", "Type": "double", "Comment": "in dollars"}],
    "Location": "s3://raw/lake/trips",
    "InputFormat": "org.apache.hudi.hadoop.HoodieParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "ParquetHiveSerDe", "Parameters": {"path": "s3://raw/lake/trips"}},
}


def test_a_table_keeps_columns_keys_place_and_formats() -> None:
    assert table_input(TABLE) == {
        "Name": "trips", "Owner": "glue", "TableType": "EXTERNAL_TABLE", "Parameters": {"EXTERNAL": "TRUE"},
        "PartitionKeys": [{"Name": "vendorid", "Type": "int"}], "StorageDescriptor": WANTED_STORAGE,
    }  # fmt: skip


def test_a_table_without_partitions_has_no_keys() -> None:
    assert table_input({**TABLE, "partitionKeys": []})["PartitionKeys"] == []


def test_a_partition_keeps_its_values_and_place() -> None:
    partition = {"values": ["2"], "sd": {**STORAGE, "location": "s3://raw/lake/trips/VENDORID=2"}, "parameters": {}}
    made = partition_input(partition)
    assert made["Values"] == ["2"]
    assert made["StorageDescriptor"]["Location"] == "s3://raw/lake/trips/VENDORID=2"


def test_a_database_keeps_its_name_and_place() -> None:
    given: dict[str, Any] = {"name": "lake", "locationUri": "file:/warehouse/lake.db", "parameters": {}}
    assert database_input(given) == {"Name": "lake", "LocationUri": "file:/warehouse/lake.db"}


def test_a_table_that_the_catalog_has_with_more_beside_it_does_not_differ() -> None:
    wanted = table_input(TABLE)
    assert not differs(wanted, {**wanted, "VersionId": "3", "CreateTime": "yesterday"})


def test_a_table_with_another_column_differs() -> None:
    wanted = table_input(TABLE)
    assert differs(wanted, {**wanted, "StorageDescriptor": {**WANTED_STORAGE, "Columns": []}})
